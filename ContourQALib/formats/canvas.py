"""Canvas: the grid on which polygons become voxels, and into which the slices of a SEG belong."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from os import PathLike

from ContourQALib.case import Contour, Image, SeriesIdentity
from ContourQALib.errors import ContourQAError
from ContourQALib.formats.dicom.contour_header import read_contour_header
from ContourQALib.formats.dicom.contour_object import contour_object
from ContourQALib.formats.dicom.recognizing import Kind, names_dicom
from ContourQALib.formats.dicom.source_series import series_beside, source_series
from ContourQALib.formats.dicom.structure_contours import series_drawn_on
from ContourQALib.formats.dicom.structure_set import read_structure_set
from ContourQALib.formats.volume import read_volume
from ContourQALib.geometry import Grid, Relation


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

    def holding(self, contour: Contour) -> Contour:
        """A contour of a SEG, whose file may lack slices without it, on the whole grid that it is part of.

        One that lies on another lattice, or partly outside, stays as it is.
        """
        if contour.grid.relation_to(self.grid) is not Relation.LATTICE:
            return contour
        placed = contour.on(self.grid)
        return contour if placed.lost_cc > contour.lost_cc else placed


def canvas_beside(path: str | PathLike[str]) -> Canvas | None:
    """The canvas of the series that an RTSTRUCT or SEG refers to, if it lies beside the file and is whole.

    Args:
        path: the file, or a folder with one alone.

    Raises:
        FormatError: the file cannot be read.
    """
    file, kind = contour_object(path)
    structures = read_structure_set(file) if kind is Kind.STRUCTURE_SET else None
    uids = read_contour_header(file).series_uids
    try:
        source = series_beside(file, uids) if structures is None else series_drawn_on(structures)
    except ContourQAError:  # nobody named these files; what is wrong with them must not stop what was named
        return None
    return None if source is None else Canvas(source.grid, source.identity)


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
