"""Boxes of a segment's voxels, read and written where they lie: what a brush changes, without the rest.

`segmentations.set_segment` makes a labelmap anew, which is right for a whole contour. A brush changes a few
hundred voxels thirty times a second, of a labelmap that may have millions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ContourQALib.errors import StructureError
from ContourQALib.mrml import labelmaps
from ContourQALib.mrml.labelmaps import Index
from ContourQALib.mrml.rasterizing import BINARY_LABELMAP
from ContourQALib.mrml.segmentations import contour_of, set_segment, shares_layer

MARGIN_VOXELS = 16
"""A labelmap that is too small grows by this much more than is needed: a stroke goes on in its direction."""


def read_patch(node: Any, segment_id: str, first: Index, shape: tuple[int, int, int]) -> np.ndarray:
    """A copy of a segment's voxels in a box; what lies outside of its labelmap is not in it.

    Args:
        node: vtkMRMLSegmentationNode whose segments are labelmaps.
        segment_id: the segment's ID.
        first: (i, j, k) of the box on the labelmap's lattice.
        shape: of the box, (K, J, I).

    Returns:
        bool (K, J, I).

    Raises:
        StructureError: there is no such segment, or it is no labelmap.
    """
    labelmap, label = _labelmap(node, segment_id)
    patch = np.zeros(shape, bool)
    values = labelmaps.voxels_of(labelmap)
    if values is not None:
        ours, theirs = _overlap(first, shape, labelmap.GetExtent()[::2], values.shape)
        patch[ours] = values[theirs] == label
    return patch


def write_patch(node: Any, segment_id: str, first: Index, patch: np.ndarray) -> None:
    """Replace a segment's voxels in a box; no other segment changes.

    The labelmap grows where the patch has foreground outside of it. One that is shared with other segments is
    parted from them first. Surfaces that the segmentation holds are not made anew.

    Args:
        node: vtkMRMLSegmentationNode whose segments are labelmaps.
        segment_id: the segment's ID.
        first: (i, j, k) of the patch on the labelmap's lattice.
        patch: bool (K, J, I).

    Raises:
        StructureError: there is no such segment, or it is no labelmap.
    """
    import slicer

    segmentation = node.GetSegmentation()
    labelmap, label = _labelmap(node, segment_id)
    if shares_layer(segmentation, segment_id):
        set_segment(node, segment_id, contour_of(node, segment_id))
        labelmap, label = _labelmap(node, segment_id)
    _grow(labelmap, first, patch)
    values = labelmaps.voxels_of(labelmap)
    if values is None:
        return
    ours, theirs = _overlap(first, patch.shape, labelmap.GetExtent()[::2], values.shape)
    values[theirs] = np.where(patch[ours], label, 0)
    labelmap.GetPointData().GetScalars().Modified()
    labelmap.Modified()
    segmentation.InvokeEvent(slicer.vtkSegmentation.SourceRepresentationModified, segment_id)


def _labelmap(node: Any, segment_id: str) -> tuple[Any, int]:
    segmentation = node.GetSegmentation()
    segment = segmentation.GetSegment(segment_id) if segment_id in segmentation.GetSegmentIDs() else None
    labelmap = segment.GetRepresentation(BINARY_LABELMAP) if segment is not None else None
    if segment is None or labelmap is None:
        raise StructureError(
            f"Segmentation {node.GetName()} holds no labelmap of segment {segment_id}; choose another one."
        )
    return labelmap, segment.GetLabelValue()


def _grow(labelmap: Any, first: Index, patch: np.ndarray) -> None:
    """Let a labelmap hold the foreground of a patch."""
    from vtkmodules.util.numpy_support import numpy_to_vtk

    box = labelmaps.box_of(patch, True)
    if box is None:
        return
    begin = np.add(first, [part.start for part in box[::-1]])
    end = np.add(first, [part.stop for part in box[::-1]])
    values = labelmaps.voxels_of(labelmap)
    if values is None:
        old_begin, old_end = begin, begin
    else:
        old_begin = np.array(labelmap.GetExtent()[::2])
        old_end = old_begin + values.shape[::-1]
    new_begin = np.where(begin < old_begin, begin - MARGIN_VOXELS, old_begin)
    new_end = np.where(end > old_end, end + MARGIN_VOXELS, old_end)
    if (new_begin == old_begin).all() and (new_end == old_end).all():
        return
    grown = np.zeros((new_end - new_begin)[::-1], np.uint8 if values is None else values.dtype)
    if values is not None:
        _, place = _overlap(tuple(old_begin), values.shape, tuple(new_begin), grown.shape)
        grown[place] = values
    labelmap.SetExtent(*(int(n) for pair in zip(new_begin, new_end - 1, strict=True) for n in pair))
    labelmap.GetPointData().SetScalars(numpy_to_vtk(grown.ravel(), deep=True))


def _overlap(
    first: Index, shape: tuple[int, ...], other_first: Index, other_shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where two boxes of one lattice overlap, as slices (K, J, I) of the one and of the other."""
    ours, theirs = [], []
    for start, size, other, other_size in zip(
        first[::-1], shape, other_first[::-1], other_shape, strict=True
    ):
        low, high = max(start, other), min(start + size, other + other_size)
        high = max(low, high)
        ours.append(slice(low - start, high - start))
        theirs.append(slice(low - other, high - other))
    return tuple(ours), tuple(theirs)
