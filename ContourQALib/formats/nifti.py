"""Headers of NIfTI files, and whether all their voxels are there and numbers.

ITK reads missing voxels as zero, and NaN and infinite ones too.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ContourQALib.errors import FormatError, GeometryError
from ContourQALib.formats.header import Header, damaged, misplaced, not_finite
from ContourQALib.formats.inflating import inflated

BYTES_PER_VOXEL = {
    2: 1, 4: 2, 8: 4, 16: 4, 32: 8, 64: 8, 128: 3, 256: 1, 512: 2, 768: 4, 1024: 8, 1280: 8, 1536: 16,
    1792: 16, 2048: 32, 2304: 4,
}  # fmt: skip
"""Size of each data type of the NIfTI-1 standard."""

FLOATS = {16: "f4", 64: "f8"}
COMPLEX = {32, 1792, 2048}
COLORS = {128: 3, 2304: 4}
HEADER_BYTES = 348
SCALE_TOLERANCE = 1e-3
"""Relative; programs keep both as float32 and round some to three decimals."""

FIRST_START = 352
"""Where voxels start at the earliest; a header may say 0 for it."""

LARGEST_START = 1 << 24
"""Header extensions are text: voxels that start later than 16 MiB are a damaged header."""


def read_header(path: Path) -> Header:
    """Header of a .nii or .nii.gz file.

    Raises:
        FormatError: not a NIfTI file, fewer voxels than its header announces, NaN or infinite ones.
        GeometryError: a position or orientation that is not a finite number, or contradicts the voxel sizes.
    """
    content = _content(path)
    head = content[:HEADER_BYTES].tobytes()
    order = "<" if head[:4] == struct.pack("<i", HEADER_BYTES) else ">"
    if (
        len(head) < HEADER_BYTES
        or struct.unpack_from(order + "i", head)[0] != HEADER_BYTES
        or head[344:348] != b"n+1\0"
    ):
        raise FormatError(f"{path} is not a NIfTI-1 file although its name ends in .nii; export it again.")
    axes, *size = struct.unpack_from(order + "8h", head, 40)
    data_type = struct.unpack_from(order + "h", head, 70)[0]
    spacing = struct.unpack_from(order + "7f", head, 80)
    if not 1 <= axes <= 7 or data_type not in BYTES_PER_VOXEL:
        raise FormatError(
            f"{path} has {axes} axes of voxel type {data_type}, which cannot be read; export it again."
        )
    size, spacing = size[:axes], spacing[:axes]
    if min(size) < 1:
        raise FormatError(f"{path} holds no voxels (size {tuple(size)}); export it again.")
    qform, sform = struct.unpack_from(order + "2h", head, 252)
    pose = struct.unpack_from(order + "6f", head, 256) if qform > 0 else ()
    pose += struct.unpack_from(order + "12f", head, 280) if sform > 0 else ()
    if not all(map(math.isfinite, pose)):
        raise misplaced(path)
    if sform > 0 and qform <= 0:
        _check_scales(path, spacing, np.reshape(pose, (3, 4)))

    data_start = struct.unpack_from(order + "f", head, 108)[0]
    if not 0 <= data_start < LARGEST_START:
        raise FormatError(f"{path} says that its voxels start at byte {data_start:g}; export it again.")
    data_start = max(int(data_start), FIRST_START)
    data = content[data_start : data_start + math.prod(size) * BYTES_PER_VOXEL[data_type]]
    if len(data) < math.prod(size) * BYTES_PER_VOXEL[data_type]:
        raise damaged(path)
    if data_type in FLOATS:
        values = data.view(order + FLOATS[data_type])
        if not (np.isfinite(values.min()) and np.isfinite(values.max())):
            raise not_finite(path)
    # NIfTI keeps vectors along the fifth axis and time along the fourth.
    vectors = size[4] if axes > 4 else 1
    return Header(
        path,
        tuple(size[:4]),
        tuple(spacing[:4]),
        components=COLORS.get(data_type, 1) * vectors,
        is_complex=data_type in COMPLEX,
    )


def _content(path: Path) -> np.ndarray:
    """All bytes of a file, inflated where they are compressed."""
    with path.open("rb") as file:
        start = file.read(2)
    if start != b"\x1f\x8b":
        # numpy maps no file that is empty
        return np.memmap(path, np.uint8, "r") if start else np.zeros(0, np.uint8)
    content = bytearray()
    try:
        for piece in inflated(path):
            content += piece
    except zlib.error as error:
        raise damaged(path) from error
    return np.frombuffer(content, np.uint8)


def _check_scales(path: Path, spacing: Sequence[float], rows: np.ndarray) -> None:
    """Raise where the voxel sizes and the only matrix of a header contradict each other.

    ITK takes the sizes, other programs the matrix. A sheared matrix is left to ITK, which refuses it.
    """
    columns = rows[:, : min(len(spacing), 3)]
    products = columns.T @ columns
    scales = np.sqrt(np.diag(products))
    is_sheared = np.abs(products - np.diag(np.diag(products))).max() > SCALE_TOLERANCE * products.max()
    sizes = np.array(spacing[:3])
    if not is_sheared and np.abs(scales - sizes).max() > SCALE_TOLERANCE * np.abs(sizes).max():
        raise GeometryError(
            f"{path} has the voxel spacing {tuple(map(float, sizes))} mm but an orientation matrix for"
            f" {tuple(map(float, scales))} mm; export it again."
        )
