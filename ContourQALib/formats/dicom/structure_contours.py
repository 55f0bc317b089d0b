"""Contours of an RTSTRUCT as masks or shares of voxels: which grid they belong on, and whether they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from os import PathLike

from ContourQALib.case import RASTERIZED_TAG, REMARKS_TAG, Contour, Drawn, ProbabilityMap, SeriesIdentity
from ContourQALib.errors import ContourQAError, FormatError, GeometryError
from ContourQALib.formats.dicom.elements import NO_FRAME
from ContourQALib.formats.dicom.source_series import SourceSeries, series_beside
from ContourQALib.formats.dicom.structure_set import (
    FRAME_TAG,
    LeftOutRoi,
    StructureSet,
    read_structure_set,
)
from ContourQALib.geometry import Grid
from ContourQALib.planar.coverage import coverage
from ContourQALib.planar.planar_structure import PlanarStructure
from ContourQALib.planar.rasterizing import rasterize


def read_structures(
    path: str | PathLike[str],
    grid: Grid | None = None,
    series: SeriesIdentity | None = None,
    each: Callable[[Contour], Contour] | None = None,
    on_left_out: Callable[[LeftOutRoi], None] | None = None,
) -> tuple[Contour, ...]:
    """Read the structures of an RTSTRUCT file as masks on a grid (`planar.rasterizing` says by which rule).

    The tag `RASTERIZED_TAG` of each says how it became one and what was not as it should be.

    Args:
        path: the file.
        grid: where the masks shall lie; else that of the series referred to, which is looked for in the
            file's folder and in the folder above it.
        series: the image's series, where it is DICOM: the contours shall belong to it.
        each: applied to every contour before the next is made, as in `formats.contours.read_contours`.
        on_left_out: told of every region of interest that is none of the contours. Without it one that has
            contours and cannot be used is an error.

    Raises:
        FormatError: the file cannot be read, it has no contours that enclose an area, they belong to another
            frame of reference, or no grid is given and the series is not there.
        GeometryError: contours are not planar, or lie outside the grid.
    """
    return _read(path, rasterize, grid, series, each, on_left_out)


def read_structure_shares(
    path: str | PathLike[str],
    grid: Grid | None = None,
    series: SeriesIdentity | None = None,
    each: Callable[[ProbabilityMap], ProbabilityMap] | None = None,
    on_left_out: Callable[[LeftOutRoi], None] | None = None,
) -> tuple[ProbabilityMap, ...]:
    """Read the structures of an RTSTRUCT file as the share of each voxel that is inside (`planar.coverage`).

    Arguments and errors are those of `read_structures`.
    """
    return _read(path, coverage, grid, series, each, on_left_out)


def _read(
    path: str | PathLike[str],
    make: Callable[[PlanarStructure, Grid], Drawn],
    grid: Grid | None,
    series: SeriesIdentity | None,
    each: Callable[[Drawn], Drawn] | None,
    on_left_out: Callable[[LeftOutRoi], None] | None,
) -> tuple[Drawn, ...]:
    found = read_structure_set(path)
    if grid is None:
        source = series_drawn_on(found)
        if source is None:
            raise FormatError(
                f"{found.path} does not lie beside the images that it was drawn on; name them with --image."
            )
        grid, series = source.grid, source.identity
    drawn: list[Drawn] = []
    refused: list[tuple[str, ContourQAError]] = []
    for structure in found.structures:
        try:
            one = _made(structure, make, grid, series)
        except (FormatError, GeometryError) as error:
            if on_left_out is None:
                raise
            refused.append((structure.name, error))
        else:
            drawn.append(each(one) if each else one)
    if refused and not drawn:
        raise refused[0][1]
    if not drawn:
        raise FormatError(
            f"{found.path} holds no contour that encloses an area, only {len(found.left_out)} regions of"
            " interest that are points, open or empty; name another file."
        )
    if on_left_out is not None:
        for region in found.left_out:
            on_left_out(region)
        for name, reason in refused:
            on_left_out(LeftOutRoi(name, str(reason)))
    return tuple(drawn)


def _made(
    structure: PlanarStructure,
    make: Callable[[PlanarStructure, Grid], Drawn],
    grid: Grid,
    series: SeriesIdentity | None,
) -> Drawn:
    belonging = "" if series is None else _belonging(structure, series)
    made = make(structure, grid)
    said = [made.tags[RASTERIZED_TAG], structure.tags.get(REMARKS_TAG, ""), belonging]
    kept = {tag: text for tag, text in made.tags.items() if tag != REMARKS_TAG}
    return replace(made, tags={**kept, RASTERIZED_TAG: "; ".join(filter(None, said))})


def _belonging(structure: PlanarStructure, series: SeriesIdentity) -> str:
    """What is to be said of contours that are laid over a series, "" where all is as it should be.

    The frame of reference decides whether positions mean the same (PS3.3 C.7.4.1); a structure that names
    slices of the series belongs to it whatever frame it states: some programs write one of
    their own.

    Raises:
        FormatError: it lies in another frame of reference and names no slice of the series.
    """
    total = len(structure.contours)
    slices = set(series.instance_uids)
    named = sum(contour.instance_uid in slices for contour in structure.contours)
    elsewhere = sum(bool(contour.instance_uid) for contour in structure.contours) - named
    frame_uid = structure.tags.get(FRAME_TAG, "")
    remarks = []
    if not (frame_uid and series.frame_uid):
        remarks.append(NO_FRAME)
    elif frame_uid != series.frame_uid:
        if not named:
            raise FormatError(
                f"{structure.described} was drawn in another frame of reference than the image and names none"
                " of its slices; name the image series that it was drawn on."
            )
        remarks.append(f"another frame of reference, but {named} of {total} contours name the image's slices")
    if elsewhere:
        remarks.append(
            f"{elsewhere} of {total} contours refer to images that are not in the series, used by position"
        )
    return "; ".join(remarks)


def series_drawn_on(structures: StructureSet) -> SourceSeries | None:
    """The series that a structure set refers to, in its file's folder or the folder above; else None.

    Raises:
        FormatError: as of `series_beside`.
        GeometryError: likewise.
    """
    slices = {contour.instance_uid for structure in structures.structures for contour in structure.contours}
    return series_beside(structures.path, structures.series_uids, slices)
