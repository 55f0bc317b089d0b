"""Nodes that a page shows while it is in front, beside those of the open case."""

from __future__ import annotations

from typing import Any

from ContourQALib.case import Contour
from ContourQALib.mrml import segmentations
from ContourQALib.mrml.outlines import Color, display_of, outline


def own(node: Any) -> Any:
    """The node, from now on one that other pages do not list and that no scene file holds."""
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    return node


def outlined(scene: Any, contour: Contour, name: str, color: Color, pixels: int, volume: Any = None) -> Any:
    """Draw one contour as an outline in the slices.

    Args:
        scene: takes the node.
        contour: what is drawn.
        name: of the node.
        color: of the outline.
        pixels: its width.
        volume: the volume that it is drawn on; None where nothing asks for it.

    Returns:
        A vtkMRMLSegmentationNode of one segment.
    """
    node = own(segmentations.add_segmentation(scene, [contour], name, volume))
    display = display_of(node)
    outline(display, pixels)
    display.SetVisibility3D(False)
    display.SetSegmentOverrideColor(only_segment(node), *color)
    return node


def only_segment(node: Any) -> str:
    """ID of the segment of a segmentation that has one."""
    return str(node.GetSegmentation().GetNthSegmentID(0))
