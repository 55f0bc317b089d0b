"""What a file's header says before its voxels are read, and the checks that need nothing more.

ITK repairs some impossible headers without a word (a spacing of zero becomes one, a negative one its
absolute value, missing voxels zero), so the headers are read here as they were written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ContourQALib.errors import FormatError, GeometryError
from ContourQALib.formats.file_type import check_readable


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
    """

    path: Path
    size: tuple[int, ...]
    spacing: tuple[float, ...]
    components: int = 1
    is_complex: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)

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
