"""DrawnSegments: what a scene's segmentations look like in slice views, read from their display nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from slicer import (
    vtkMRMLDisplayableNode,
    vtkMRMLScene,
    vtkMRMLSegmentationDisplayNode,
    vtkMRMLSegmentationNode,
    vtkMRMLTransformableNode,
    vtkSegmentation,
    vtkSegmentationConverter,
)
from vtkmodules.util.misc import calldata_type
from vtkmodules.vtkCommonCore import VTK_OBJECT, vtkCommand

from ContourQALib.mrml.frames import to_world
from ContourQALib.mrml.segment_pixels import SegmentPixels

BINARY_LABELMAP = vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()

CHANGES = (
    vtkCommand.ModifiedEvent,
    vtkMRMLDisplayableNode.DisplayModifiedEvent,
    vtkMRMLTransformableNode.TransformModifiedEvent,
    vtkSegmentation.SegmentAdded,
    vtkSegmentation.SegmentRemoved,
    vtkSegmentation.SegmentModified,
    vtkSegmentation.SegmentsOrderModified,
    vtkSegmentation.SourceRepresentationModified,
    vtkSegmentation.RepresentationModified,
)
"""Events of a segmentation node after which it may look different."""

Rgba = tuple[float, float, float, float]
"""Red, green, blue and opacity in [0, 1]."""


@dataclass(frozen=True, eq=False)
class DrawnSegment:
    """One segment as a slice view draws it.

    Attributes:
        pixels: gives the pixels that it covers.
        fill: of its inside; None where it is not filled.
        outline: of its edge; None where there is none.
        width_pixels: of the edge.
    """

    pixels: SegmentPixels
    fill: Rgba | None
    outline: Rgba | None
    width_pixels: int


class DrawnSegments:
    """Every visible segment of a scene, read again after something changed.

    Slicer's own drawing of segments in slice views is switched off by showing them in the 3D view alone.

    Args:
        scene: the MRML scene.
        elsewhere: ID of the view node that Slicer may draw segments in.
        changed: called after each change.
    """

    def __init__(self, scene: Any, elsewhere: str, changed: Callable[[], None]) -> None:
        self._scene, self._elsewhere, self._changed = scene, elsewhere, changed
        self._segments: tuple[DrawnSegment, ...] | None = None
        self.version = 0
        for event, heard in (
            (vtkMRMLScene.NodeAddedEvent, self._on_added),
            (vtkMRMLScene.NodeRemovedEvent, self._on_removed),
        ):
            scene.AddObserver(event, _with_node(heard))
        for node in (*_every(scene, "vtkMRMLSegmentationDisplayNode"), *_nodes(scene)):
            self._on_added(node)

    @property
    def all(self) -> tuple[DrawnSegment, ...]:
        """The visible segments, in the order in which they are drawn: later ones above."""
        if self._segments is None:
            self._segments = tuple(segment for node in _nodes(self._scene) for segment in _segments_of(node))
        return self._segments

    def _on_added(self, node: Any) -> None:
        if isinstance(node, vtkMRMLSegmentationDisplayNode):
            node.AddViewNodeID(self._elsewhere)
        elif isinstance(node, vtkMRMLSegmentationNode):
            for event in CHANGES:
                node.AddObserver(event, self._on_changed)
            self._on_changed()

    def _on_removed(self, node: Any) -> None:
        if isinstance(node, vtkMRMLSegmentationNode):
            self._on_changed()

    def _on_changed(self, *_: Any) -> None:
        self._segments = None
        self.version += 1
        self._changed()


def _segments_of(node: Any) -> Iterator[DrawnSegment]:
    """The visible segments of a node; filled ones lie below outlines."""
    display, segmentation = node.GetDisplayNode(), node.GetSegmentation()
    if display is None or segmentation is None or not (display.GetVisibility() and display.GetVisibility2D()):
        return
    transform = to_world(node, f"Segmentation {node.GetName()}")
    width = display.GetSliceIntersectionThickness()
    for segment_id in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segment_id)
        labelmap = segment.GetRepresentation(BINARY_LABELMAP)
        if labelmap is None or not display.GetSegmentVisibility(segment_id):
            continue
        color = _color(display, segment, segment_id)
        fill = outline = None
        if display.GetVisibility2DFill() and display.GetSegmentVisibility2DFill(segment_id):
            opacity = display.GetSegmentOpacity2DFill(segment_id) * display.GetOpacity2DFill()
            fill = _seen(color, opacity * display.GetOpacity())
        if display.GetVisibility2DOutline() and display.GetSegmentVisibility2DOutline(segment_id):
            opacity = display.GetSegmentOpacity2DOutline(segment_id) * display.GetOpacity2DOutline()
            outline = _seen(color, opacity * display.GetOpacity())
        pixels = None
        if fill or outline:
            pixels = SegmentPixels.of_labelmap(labelmap, segment.GetLabelValue(), transform)
        if pixels is not None:
            yield DrawnSegment(pixels, fill, outline, width)


def _color(display: Any, segment: Any, segment_id: str) -> np.ndarray:
    color = np.array(display.GetSegmentOverrideColor(segment_id))
    return color if (color >= 0).all() else np.array(segment.GetColor())


def _seen(color: np.ndarray, opacity: float) -> Rgba | None:
    red, green, blue = (float(value) for value in color)
    return (red, green, blue, float(opacity)) if opacity > 0 else None


def _nodes(scene: Any) -> Iterator[Any]:
    return _every(scene, "vtkMRMLSegmentationNode")


def _every(scene: Any, kind: str) -> Iterator[Any]:
    return (scene.GetNthNodeByClass(n, kind) for n in range(scene.GetNumberOfNodesByClass(kind)))


def _with_node(heard: Callable[[Any], None]) -> Callable[..., None]:
    def hear(_scene: Any, _event: str, node: Any) -> None:
        heard(node)

    observer: Callable[..., None] = calldata_type(VTK_OBJECT)(hear)
    return observer
