"""Volume: voxels and grid of one file, read through SimpleITK after its header was checked."""

from __future__ import annotations

import glob
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ContourQALib.errors import FormatError, GeometryError
from ContourQALib.formats.file_type import KINDS, extension_of, stem_of
from ContourQALib.formats.header import Header, damaged, not_finite
from ContourQALib.formats.header_reading import read_header
from ContourQALib.geometry import Grid

READERS = {"NIfTI": "NiftiImageIO", "NRRD": "NrrdImageIO", "MetaImage": "MetaImageIO"}
"""ITK's reader of each kind: left to choose, it refuses extensions in capitals."""


@dataclass(frozen=True, eq=False)
class Volume:
    """The voxels of a file.

    Attributes:
        values: (K, J, I), or (K, J, I, layers) where several values per voxel were asked for.
        grid: where they lie, LPS mm.
        header: the file's header.
    """

    values: np.ndarray
    grid: Grid
    header: Header

    @property
    def path(self) -> Path:
        """The file."""
        return self.header.path


def read_volume(path: str | PathLike[str], layers: bool = False) -> Volume:
    """Read a NIfTI, NRRD or MetaImage file; a 2D image becomes a volume of one slice.

    Args:
        path: the file.
        layers: whether the file is a segmentation that may hold several values per voxel; `values` then has a
            fourth axis even for one.

    Raises:
        FormatError: the file is missing, damaged or of another kind, holds several volumes, colors, complex,
            NaN or infinite values.
        GeometryError: its spacing or orientation is impossible.
    """
    return read_voxels(read_header(path), layers)


def read_voxels(header: Header, layers: bool = False) -> Volume:
    """Read the file of a header that was read before; as `read_volume` otherwise."""
    import SimpleITK as sitk

    header.check(layers_allowed=layers)
    sitk.ProcessObject.SetGlobalWarningDisplay(False)  # ITK repeats on stderr what we say in a sentence
    reader = sitk.ImageFileReader()
    reader.SetImageIO(READERS[KINDS[extension_of(header.path)]])
    try:
        with alone(header.path) as file:
            reader.SetFileName(str(file))
            if header.voxels is None:
                values = _Kept(reader.Execute()).values
            else:
                reader.ReadImageInformation()
                values = header.voxels
    except RuntimeError as error:
        if "orthonormal" in str(error):
            raise GeometryError(
                f"{header.path} has axes that are not perpendicular (a sheared image)."
            ) from error
        raise damaged(header.path) from error
    if values.dtype.kind not in "biuf":
        raise FormatError(f"{header.path} holds voxels of type {values.dtype}; export numbers.")
    if values.dtype.kind == "f" and not (np.isfinite(values.min()) and np.isfinite(values.max())):
        raise not_finite(header.path)
    grid = _grid(reader, header)
    return Volume(values.reshape(grid.shape + ((-1,) if layers else ())), grid, header)


class _Kept:
    """The voxels of a SimpleITK image, which lives as long as any array that shows them.

    Args:
        image: nobody else may change it.

    Attributes:
        values: all axes in numpy's order, not copied: a CT is 80 MB.
    """

    def __init__(self, image: Any) -> None:
        import SimpleITK as sitk

        self._image = image
        shown = sitk.GetArrayViewFromImage(image)
        address, _read_only = shown.__array_interface__["data"]
        self.__array_interface__ = shown.__array_interface__ | {"data": (address, False)}

    @property
    def values(self) -> np.ndarray:
        return np.asarray(self)  # numpy keeps what it asks for the interface


@contextmanager
def alone(path: Path) -> Iterator[Path]:
    """The file, or a copy of it where files of the same stem lie beside it.

    ITK's NIfTI reader takes x.nii, without a word, where x.nii.gz is asked for and both are there.
    """
    rivals = [p for p in path.parent.glob(f"{glob.escape(stem_of(path))}.*") if p.name != path.name]
    if KINDS[extension_of(path)] != "NIfTI" or not rivals:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        yield copy


def _grid(image: Any, header: Header) -> Grid:
    """Grid of an image of two to four axes, those after the third having one sample, or of its reader."""
    axes = image.GetDimension()
    used = min(axes, 3)
    size, spacing, origin, direction = [1, 1, 1], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0], np.eye(3)
    size[:used] = image.GetSize()[:used]
    spacing[:used] = image.GetSpacing()[:used]
    origin[:used] = image.GetOrigin()[:used]
    direction[:used, :used] = np.reshape(image.GetDirection(), (axes, axes))[:used, :used]
    try:
        return Grid(
            (size[0], size[1], size[2]),
            (spacing[0], spacing[1], spacing[2]),
            (origin[0], origin[1], origin[2]),
            tuple(direction.ravel()),
        )
    except GeometryError as error:
        raise GeometryError(f"{header.path}: {error}") from error
