"""Canvas: where polygons become voxels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from os import PathLike

from ContourQALib.case import Image, SeriesIdentity
from ContourQALib.formats.dicom.recognizing import names_dicom
from ContourQALib.formats.dicom.source_series import source_series
from ContourQALib.formats.volume import read_volume
from ContourQALib.geometry import Grid


@dataclass(frozen=True)
class Canvas:
    """A grid, and the DICOM series it is of, against which the references of contours are checked.

    Attributes:
        grid: the voxels that polygons are rasterized on.
        series: None where the grid is that of a file that is no DICOM.
    """

    grid: Grid
    series: SeriesIdentity | None = None

    @classmethod
    def of(cls, image: Image) -> Canvas:
        """The canvas of an image that was read."""
        return cls(image.grid, image.series)


def read_canvas(
    path: str | PathLike[str], series: str | None = None, referenced: Collection[str] = ()
) -> Canvas:
    """The canvas of an image, without the pixels of a DICOM series.

    Args:
        path: as of `read_image`.
        series: likewise.
        referenced: likewise.

    Raises:
        FormatError: as of `read_image`.
        GeometryError: likewise.
    """
    if not names_dicom(path):
        return Canvas(read_volume(path).grid)
    source = source_series(path, series, referenced)
    return Canvas(source.grid, source.identity)
