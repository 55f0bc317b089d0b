"""Masks of segments that are there only as surfaces or as contours on slices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.frames import matrix_of

BINARY_LABELMAP = "Binary labelmap"
"""Slicer's name of masks, `vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()`."""


def rasterized(
    segmentation: Any, segment: Any, what: str, geometry: tuple[np.ndarray, tuple[int, int, int]] | None
) -> tuple[Any, int, str]:
    """Labelmap of a segment without one, made by Slicer's own conversion on a copy of it.

    The conversion's parameters are those that the segmentation has. Where they name no reference geometry,
    `geometry` is the reference; without either Slicer chooses a grid.

    Args:
        segmentation: the vtkSegmentation.
        segment: one of its vtkSegments.
        what: how errors call the segment.
        geometry: the 4x4 index-to-RAS matrix, before parent transforms, and the size (I, J, K) of an image.

    Returns:
        The vtkOrientedImageData, the segment's label in it, and words that say on which grid it was made.

    Raises:
        SceneError: this Slicer knows no conversion.
    """
    import slicer

    copy = slicer.vtkSegmentation()
    copy.SetSourceRepresentationName(segmentation.GetSourceRepresentationName())
    copy.CopyConversionParameters(segmentation)
    reference = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    where = "the segmentation's reference geometry"
    if not segmentation.GetConversionParameter(reference):
        where = "a grid of its own choice"
        if geometry is not None:
            matrix, size = geometry
            extent = [end for n in size for end in (0, n - 1)]
            text = slicer.vtkSegmentationConverter.SerializeImageGeometry(matrix_of(matrix), extent)
            copy.SetConversionParameter(reference, text)
            where = "the image's grid"
    detached = slicer.vtkSegment()
    detached.DeepCopy(segment)
    source = segmentation.GetSourceRepresentationName()
    made = copy.AddSegment(detached, "segment") and copy.CreateRepresentation(BINARY_LABELMAP)
    labelmap = detached.GetRepresentation(BINARY_LABELMAP) if made else None
    if labelmap is None:
        raise SceneError(
            f"{what} is there only as {source.lower()}, which this Slicer cannot turn into a mask; install"
            " the SlicerRT extension, or export it as a labelmap where it was drawn."
        )
    return labelmap, detached.GetLabelValue(), where
