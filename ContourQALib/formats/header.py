"""What a file's header says before its voxels are read, and the checks that need nothing more.

ITK repairs some impossible headers without a word (a spacing of zero becomes one, a negative one its
absolute value, missing voxels zero), so the headers are read here as they were written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ContourQALib.errors import FormatError, GeometryError
from ContourQALib.formats.file_type import KINDS, check_readable, extension_of

LONGEST_HEADER = 1 << 24
"""Bytes; a file whose header goes on behind them is none."""

DATA_FILE = re.compile(
    rb"^[ \t]*(?:data ?file[ \t]*:(?!=)|ElementDataFile[ \t]*=)[ \t]*(?P<name>[^\r\n]*?)[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)
"""The line by which a header names the file of its voxels."""


@dataclass(frozen=True)
class Header:
    """The header of an image file as it was written.

    Attributes:
        path: the file.
        size: samples along the spatial axes I, J, K, and a fourth axis such as time where there is one.
        spacing: voxel spacing along the first axes of `size`, unrepaired; mm in most files.
        components: values per voxel: 3 for RGB, the layers of a segmentation.
        is_complex: whether voxels are complex numbers.
        fields: free metadata by key (NRRD).
        voxels: all values in the order of the file, where they were inflated to see that they are whole
            (NRRD); None where they are still to be read.
    """

    path: Path
    size: tuple[int, ...]
    spacing: tuple[float, ...]
    components: int = 1
    is_complex: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    voxels: np.ndarray | None = None

    def check(self, layers_allowed: bool = False) -> None:
        """Raise for a header that no image, contour or probability map of ours can have.

        Args:
            layers_allowed: whether several values per voxel are meant (the layers of a segmentation).

        Raises:
            FormatError: complex or several values per voxel, no voxels, or more than one volume.
            GeometryError: a spacing that is not a positive number.
        """
        if self.is_complex:
            raise FormatError(f"{self.path} holds complex numbers; give a magnitude image.")
        if self.components > 1 and not layers_allowed:
            raise FormatError(
                f"{self.path} holds {self.components} values per voxel (color or vector);"
                " give one value per voxel."
            )
        if len(self.size) < 2 or min(self.size) < 1:
            raise FormatError(f"{self.path} holds no volume (size {self.size}); give a 2D or 3D image.")
        if math.prod(self.size[3:]) > 1:
            raise FormatError(
                f"{self.path} is 4D with {math.prod(self.size[3:])} volumes; give one 3D volume."
            )
        spacing = self.spacing[:3]
        if not all(math.isfinite(mm) and mm > 0 for mm in spacing):
            raise GeometryError(
                f"{self.path} has the voxel spacing {tuple(spacing)} mm,"
                " which must be positive in every direction; export it again."
            )


def damaged(path: Path) -> FormatError:
    """The error of a file that ends early or whose compressed data do not decompress."""
    return FormatError(f"{path} is damaged or truncated; copy or export it again.")


def not_finite(path: Path) -> FormatError:
    """The error of an image with values that are no numbers."""
    return FormatError(f"{path} holds NaN or infinite values; replace them before using it.")


def misplaced(path: Path) -> GeometryError:
    """The error of a header whose position or axes are no numbers."""
    return GeometryError(
        f"{path} has a position or orientation that is not a finite number; export it again."
    )


def data_file(path: Path, name: str) -> Path:
    """The separate file `name` with the voxels of the header file `path`.

    Raises:
        FormatError: it is missing or cannot be read.
    """
    data = path.parent / name
    try:
        return check_readable(data)
    except FormatError as error:
        raise FormatError(
            f"{path} keeps its voxels in the file {name!r}, which cannot be read; put it in the same folder."
        ) from error


def named_data_files(path: Path) -> tuple[Path, ...]:
    """The separate files that a NRRD or MetaImage header says its voxels lie in; none for any other file.

    They are as the header names them, and may be anywhere. A pattern such as slice_%03d.raw stands for the
    files that it fits.

    Raises:
        FormatError: the file is missing or cannot be read.
    """
    if KINDS.get(extension_of(path)) not in ("NRRD", "MetaImage"):
        return ()
    with check_readable(path).open("rb") as file:
        head = file.read(LONGEST_HEADER)
    if KINDS[extension_of(path)] == "NRRD":
        head = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    found = DATA_FILE.search(head)
    if found is None or found["name"].upper() == b"LOCAL":
        return ()
    names = head[found.end() :].split(b"\n") if found["name"].upper().startswith(b"LIST") else [found["name"]]
    texts = (name.strip().decode("utf-8", "surrogateescape") for name in names)
    return tuple(path.parent / (text.split()[0] if "%" in text else text) for text in texts if text)
