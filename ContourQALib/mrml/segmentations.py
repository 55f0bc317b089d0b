"""Segments of segmentation nodes to contours, and contours to segments."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ContourQALib.case import RASTERIZED_TAG, Contour
from ContourQALib.errors import GeometryError, StructureError
from ContourQALib.geometry import Grid
from ContourQALib.mrml import labelmaps
from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.frames import grid_of, ijk_to_ras, numbers_of, steps_between, to_world, world_grid
from ContourQALib.mrml.rasterizing import BINARY_LABELMAP, rasterized
from ContourQALib.mrml.reference_geometry import reference_matrix, set_reference
from ContourQALib.mrml.scene_change import scene_change
from ContourQALib.mrml.segment_tags import set_tags, tags_of
from ContourQALib.mrml.volumes import grid_of_volume

STATUS_TAG = "Segmentation.Status"
"""Slicer's tag of how far a segment is."""


EXPORT = "export it to a labelmap on the image's grid and import that, in the Segmentations module"
"""What helps against shear: Slicer resamples when it exports, but not when it hardens the transform."""


@dataclass(frozen=True)
class Segment:
    """What a list of segments shows.

    Attributes:
        id: the segment's ID in its segmentation.
        name: the structure's name.
        color: red, green, blue in [0, 1].
        status: Slicer's word: "notstarted", "inprogress", "completed" or "flagged".
    """

    id: str
    name: str
    color: tuple[float, float, float]
    status: str


def segments_of(node: Any) -> tuple[Segment, ...]:
    """The segments of a segmentation node in their order; no voxel is read.

    Raises:
        SceneError: there is no node, or it is no segmentation.
    """
    segmentation = _segmentation(node)
    return tuple(_listed(segmentation, id_) for id_ in segmentation.GetSegmentIDs())


def contour_of(node: Any, segment_id: str, image_grid: Grid | None = None) -> Contour:
    """The contour of a segment, where the views show it: parent transforms are applied.

    Its grid is the lattice of the segment's labelmap, cropped to the segment's own box; an empty segment is
    one empty voxel. A segment without a labelmap is rasterized on a copy; the tag `ContourQA.Rasterized` says
    how it became a mask. Nothing of the node changes.

    Args:
        node: vtkMRMLSegmentationNode.
        segment_id: the segment's ID.
        image_grid: where a segment without labelmap is rasterized if the segmentation names no reference
            geometry, in the world.

    Raises:
        StructureError: there is no such segment.
        SceneError: there is no segmentation, its transform is not linear, its axes are sheared, or a segment
            without labelmap cannot be rasterized.
    """
    segmentation = _segmentation(node)
    segment = _segment(node, segment_id)
    what = _described(node, segment)
    labelmap, label, how = _labelmap(node, segment, what, image_grid)
    mask, to_node = labelmaps.cropped(labelmap, label)
    if labelmap.IsEmpty():  # nothing has no place of its own
        reference = reference_matrix(segmentation)
        to_node = to_node if reference is None else reference
    grid = world_grid(node, to_node, mask.shape[::-1], what, EXPORT)
    tags = tags_of(segment)
    if how is not None:
        tags[RASTERIZED_TAG] = f"{how}, voxels of {' x '.join(f'{mm:.3g}' for mm in grid.spacing)} mm"
    red, green, blue = segment.GetColor()
    return Contour(mask, grid, segment.GetName() or segment_id, (red, green, blue), tags)


def contours_of(
    node: Any, ids: Sequence[str] | None = None, image_grid: Grid | None = None
) -> Iterator[Contour]:
    """Contours one by one, so that a caller can let the application breathe between them.

    Args:
        node: vtkMRMLSegmentationNode.
        ids: of the segments; all in their order by default.
        image_grid: as in `contour_of`.

    Raises:
        StructureError, SceneError: as `contour_of`.
    """
    for id_ in _segmentation(node).GetSegmentIDs() if ids is None else ids:
        yield contour_of(node, id_, image_grid)


def add_segmentation(scene: Any, contours: Sequence[Contour], name: str, volume_node: Any = None) -> Any:
    """Add a segmentation with one segment for each contour, overlapping or not.

    Args:
        scene: the MRML scene.
        contours: their names, colors and tags become the segments'; Slicer chooses missing colors.
        name: of the node; the scene appends a number where it is taken.
        volume_node: the image that was contoured; its grid becomes the segmentation's reference geometry. The
            largest of the contours' grids does where there is none.

    Returns:
        The new vtkMRMLSegmentationNode.

    Raises:
        SceneError: the volume holds no image, or its transform is not linear, or its axes are sheared.
    """
    with scene_change(scene):
        node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        node.CreateDefaultDisplayNodes()
        if volume_node is not None:
            grid_of_volume(volume_node)  # refuses what the next line passes over in silence
            node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
        elif contours:
            largest = max((contour.grid for contour in contours), key=lambda grid: math.prod(grid.size))
            set_reference(node.GetSegmentation(), largest)
        for contour in contours:
            add_segment(node, contour)
    return node


def add_segment(node: Any, contour: Contour) -> str:
    """Add a contour to a segmentation as a segment of its own layer.

    Args:
        node: vtkMRMLSegmentationNode whose segments are labelmaps.
        contour: in the world; its name, color and tags become the segment's.

    Returns:
        The segment's ID.

    Raises:
        SceneError: the segmentation is not one of labelmaps, or its transform is not linear or shears.
    """
    import slicer

    segmentation = _segmentation(node)
    segment = slicer.vtkSegment()
    segment.SetName(contour.name)
    if contour.color is not None:
        segment.SetColor(contour.color)
    set_tags(segment, contour.tags)
    segment.AddRepresentation(BINARY_LABELMAP, _new_labelmap(node, contour))
    segmentation.AddSegment(segment)
    return str(segmentation.GetSegmentIdBySegment(segment))


def set_segment(node: Any, segment_id: str, contour: Contour) -> None:
    """Replace the labelmap of a segment; name, color and tags stay as they are.

    A layer that the segment shared with others keeps theirs. A closed surface that the segmentation holds
    beside its labelmaps is made anew for this segment alone.

    Args:
        node: vtkMRMLSegmentationNode whose segments are labelmaps.
        segment_id: the segment's ID.
        contour: the new contour, in the world.

    Raises:
        StructureError: there is no such segment.
        SceneError: the segmentation is not one of labelmaps, or its transform is not linear or shears.
    """
    import slicer

    segmentation = _segmentation(node)
    segment = _segment(node, segment_id)
    labelmap = _new_labelmap(node, contour)
    if shares_layer(segmentation, segment_id):
        # a hundredth of the time of Slicer's SeparateSegmentLabelmap, which passes twice through the layer
        labelmaps.erase(segment.GetRepresentation(BINARY_LABELMAP), segment.GetLabelValue())
    names: list[str] = []
    segment.GetContainedRepresentationNames(names)
    derived = [name for name in names if name != BINARY_LABELMAP]
    for name in derived:
        segment.RemoveRepresentation(name)
    segment.SetLabelValue(1)
    segment.AddRepresentation(BINARY_LABELMAP, labelmap)
    segmentation.InvokeEvent(slicer.vtkSegmentation.SourceRepresentationModified, segment_id)
    for name in derived:
        segmentation.CreateRepresentation(name)


def shares_layer(segmentation: Any, segment_id: str) -> bool:
    """Whether other segments of a vtkSegmentation lie in the same labelmap."""
    others: list[str] = []
    segmentation.GetSegmentIDsSharingBinaryLabelmapRepresentation(segment_id, others, False)
    return bool(others)


def _segmentation(node: Any) -> Any:
    if node is None:
        raise SceneError("There is no segmentation; choose one.")
    if not node.IsA("vtkMRMLSegmentationNode"):
        raise SceneError(f"{node.GetName()} is not a segmentation; choose one.")
    segmentation = node.GetSegmentation()
    if segmentation is None:
        raise SceneError(
            f"Segmentation {node.GetName()} holds no segments; load it again or choose another one."
        )
    return segmentation


def _segment(node: Any, segment_id: str) -> Any:
    segmentation = _segmentation(node)
    if segment_id not in segmentation.GetSegmentIDs():  # asked for otherwise, VTK prints an error
        raise StructureError(
            f"Segmentation {node.GetName()} holds no segment {segment_id}; choose the segments again."
        )
    return segmentation.GetSegment(segment_id)


def _described(node: Any, segment: Any) -> str:
    return f"Segment {segment.GetName()} of {node.GetName()}"


def _listed(segmentation: Any, segment_id: str) -> Segment:
    segment = segmentation.GetSegment(segment_id)
    red, green, blue = segment.GetColor()
    status = tags_of(segment).get(STATUS_TAG) or "notstarted"
    return Segment(segment_id, segment.GetName() or segment_id, (red, green, blue), status)


def _labelmap(node: Any, segment: Any, what: str, image_grid: Grid | None) -> tuple[Any, int, str | None]:
    """Labelmap of a segment, its label there, and how it was made if the segment is none by itself."""
    segmentation = node.GetSegmentation()
    labelmap = segment.GetRepresentation(BINARY_LABELMAP)
    source = segmentation.GetSourceRepresentationName()
    if labelmap is not None:
        made = source != BINARY_LABELMAP
        how = f"Made from its {source.lower()} by 3D Slicer earlier" if made else None
        return labelmap, segment.GetLabelValue(), how
    geometry = None
    if image_grid is not None:
        matrix = np.linalg.inv(to_world(node, what)) @ numbers_of(ijk_to_ras(image_grid))
        geometry = (matrix, image_grid.size)
    return rasterized(segmentation, segment, what, geometry)


def _new_labelmap(node: Any, contour: Contour) -> Any:
    """Labelmap of a contour in a node's frame, on the segmentation's lattice where the voxels coincide."""
    segmentation = node.GetSegmentation()
    if segmentation.GetNumberOfSegments() and segmentation.GetSourceRepresentationName() != BINARY_LABELMAP:
        source = segmentation.GetSourceRepresentationName().lower()
        raise SceneError(
            f"Segmentation {node.GetName()} is made of {source}s; make the binary labelmap its source"
            " representation in the Segmentations module first."
        )
    what = f"Segmentation {node.GetName()}"
    transform = to_world(node, what)
    reference = reference_matrix(segmentation)
    try:
        if reference is not None:
            first = steps_between(contour.grid, grid_of(transform @ reference, contour.grid.size))
            if first is not None:
                return labelmaps.labelmap_of(contour.mask, first, reference)
        # a labelmap has perpendicular axes before the transform too
        own = np.linalg.inv(transform) @ numbers_of(ijk_to_ras(contour.grid))
        grid_of(own, contour.grid.size)
    except GeometryError as error:
        raise SceneError(
            f"{what} has, moved by its transform, axes that are not perpendicular; {EXPORT}."
        ) from error
    return labelmaps.labelmap_of(contour.mask, (0, 0, 0), own)
