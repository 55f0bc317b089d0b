"""Masks of segments that are there only as surfaces or as contours on slices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ContourQALib.case import RASTERIZED_TAG
from ContourQALib.errors import GeometryError
from ContourQALib.mrml import labelmaps
from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.frames import grid_of, lps_to_ras, matrix_of
from ContourQALib.mrml.reference_geometry import reference_geometry
from ContourQALib.planar.planar_structure import PlanarContour, PlanarStructure
from ContourQALib.planar.rasterizing import rasterize

BINARY_LABELMAP = "Binary labelmap"
"""Slicer's name of masks, `vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()`."""

PLANAR_CONTOUR = "Planar contour"
"""Slicer's name of contours on slices, as SlicerRT loads them from an RTSTRUCT."""

Geometry = tuple[np.ndarray, tuple[int, int, int]]
"""4x4 index-to-RAS matrix of a grid, before parent transforms, and its size (I, J, K)."""


def rasterized(segmentation: Any, segment: Any, what: str, geometry: Geometry | None) -> tuple[Any, int, str]:
    """Labelmap of a segment without one; nothing of the segmentation changes.

    Contours on slices become a mask by the rule of `planar.rasterizing`, whether or not SlicerRT is
    installed; surfaces by Slicer's own conversion on a copy, with the parameters that the segmentation has.
    Both on the segmentation's reference geometry; where it has none, on `geometry`. Without either it is left
    to Slicer, which chooses a grid.

    Args:
        segmentation: the vtkSegmentation.
        segment: one of its vtkSegments.
        what: how errors call the segment.
        geometry: of an image.

    Returns:
        The vtkOrientedImageData, the segment's label in it, and words that say how and on which grid it was
        made.

    Raises:
        SceneError: contours are not flat or lie outside the grid, or this Slicer knows no conversion.
    """
    reference = reference_geometry(segmentation)
    where = "a grid of its own choice"
    if reference is not None:
        geometry, where = reference, "the segmentation's reference geometry"
    elif geometry is not None:
        where = "the image's grid"
    drawn = segment.GetRepresentation(PLANAR_CONTOUR)
    if drawn is not None and geometry is not None:
        labelmap, how = _from_contours(drawn, segment.GetName(), what, geometry)
        return labelmap, 1, f"{how}; made by ContourQA on {where}"
    labelmap, label = _converted(segmentation, segment, what, geometry)
    source = segmentation.GetSourceRepresentationName().lower()
    return labelmap, label, f"Made from its {source} by 3D Slicer on {where}"


def _from_contours(drawn: Any, name: str, what: str, geometry: Geometry) -> tuple[Any, str]:
    matrix, size = geometry
    contours = _contours_of(drawn)
    try:
        grid = grid_of(matrix, size)
        if not contours:
            return labelmaps.labelmap_of(np.zeros(grid.shape, bool), (0, 0, 0), matrix), "It has no contours"
        contour = rasterize(PlanarStructure(name, contours), grid)
    except GeometryError as error:
        raise SceneError(f"{what} cannot become a mask: {error}") from error
    return labelmaps.labelmap_of(contour.mask, (0, 0, 0), matrix), contour.tags[RASTERIZED_TAG]


def _contours_of(drawn: Any) -> tuple[PlanarContour, ...]:
    """The closed lines and the polygons of a vtkPolyData, LPS before parent transforms."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    if not drawn.GetNumberOfPoints():
        return ()
    points = lps_to_ras(vtk_to_numpy(drawn.GetPoints().GetData()))
    found = []
    for cells in (drawn.GetLines(), drawn.GetPolys()):
        if not cells.GetNumberOfCells():
            continue
        ends = vtk_to_numpy(cells.GetOffsetsArray())
        for ids in np.split(vtk_to_numpy(cells.GetConnectivityArray()), ends[1:-1]):
            closed = len(ids) > 1 and ids[0] == ids[-1]  # a line ends where it began, a polygon does not
            found.append(PlanarContour(points[ids[:-1] if closed else ids]))
    return tuple(found)


def _converted(segmentation: Any, segment: Any, what: str, geometry: Geometry | None) -> tuple[Any, int]:
    """Labelmap of a segment, and its label there, by the conversion that this Slicer has."""
    import slicer

    copy = slicer.vtkSegmentation()
    copy.SetSourceRepresentationName(segmentation.GetSourceRepresentationName())
    copy.CopyConversionParameters(segmentation)
    reference = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    if geometry is not None and not segmentation.GetConversionParameter(reference):
        matrix, size = geometry
        extent = [end for n in size for end in (0, n - 1)]
        text = slicer.vtkSegmentationConverter.SerializeImageGeometry(matrix_of(matrix), extent)
        copy.SetConversionParameter(reference, text)
    detached = slicer.vtkSegment()
    detached.DeepCopy(segment)
    made = copy.AddSegment(detached, "segment") and copy.CreateRepresentation(BINARY_LABELMAP)
    labelmap = detached.GetRepresentation(BINARY_LABELMAP) if made else None
    if labelmap is None:
        source = segmentation.GetSourceRepresentationName().lower()
        if source == PLANAR_CONTOUR.lower():
            raise SceneError(
                f"{what} is there only as {source}, without an image that says on which grid it becomes a"
                " mask; choose the image it was drawn on, or set the segmentation's reference geometry."
            )
        raise SceneError(
            f"{what} is there only as {source}, which this Slicer cannot turn into a mask; export it as a"
            " labelmap where it was drawn."
        )
    return labelmap, detached.GetLabelValue()
