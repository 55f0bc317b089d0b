"""Headers of NIfTI files, and whether all their voxels are there (ITK reads missing ones as zero)."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

from ContourQALib.errors import FormatError, GeometryError
from ContourQALib.formats.header import Header, damaged
from ContourQALib.formats.inflating import inflated_length

BYTES_PER_VOXEL = {
    2: 1, 4: 2, 8: 4, 16: 4, 32: 8, 64: 8, 128: 3, 256: 1, 512: 2, 768: 4, 1024: 8, 1280: 8, 1536: 16,
    1792: 16, 2048: 32, 2304: 4,
}  # fmt: skip
"""Size of each data type of the NIfTI-1 standard."""

COMPLEX = {32, 1792, 2048}
COLORS = {128: 3, 2304: 4}
HEADER_BYTES = 348
FIRST_START = 352
"""Where voxels start at the earliest; a header may say 0 for it."""

LARGEST_START = 1 << 24
"""Header extensions are text: voxels that start later than 16 MiB are a damaged header."""


def read_header(path: Path) -> Header:
    """Header of a .nii or .nii.gz file.

    Raises:
        FormatError: not a NIfTI file, or fewer voxels than its header announces.
        GeometryError: a position or orientation that is not a finite number.
    """
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
    length = path.stat().st_size
    if head[:2] == b"\x1f\x8b":
        length = inflated_length(path)
        try:
            with gzip.open(path) as inflated:
                head = inflated.read(HEADER_BYTES)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise damaged(path) from error
    order = "<" if head[:4] == struct.pack("<i", 348) else ">"
    if (
        len(head) < HEADER_BYTES
        or struct.unpack_from(order + "i", head)[0] != 348
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
        raise GeometryError(
            f"{path} has a position or orientation that is not a finite number; export it again."
        )

    data_start = struct.unpack_from(order + "f", head, 108)[0]
    if not 0 <= data_start < LARGEST_START:
        raise FormatError(f"{path} says that its voxels start at byte {data_start:g}; export it again.")
    if length < max(int(data_start), FIRST_START) + math.prod(size) * BYTES_PER_VOXEL[data_type]:
        raise damaged(path)
    # NIfTI keeps vectors along the fifth axis and time along the fourth.
    vectors = size[4] if axes > 4 else 1
    return Header(
        path,
        tuple(size[:4]),
        tuple(spacing[:4]),
        components=COLORS.get(data_type, 1) * vectors,
        is_complex=data_type in COMPLEX,
    )
