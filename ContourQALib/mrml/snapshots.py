"""Snapshots: pictures of slices with outlines, for reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.slice_camera import Orientation, SliceCamera


def take(
    scene: Any,
    volume_node: Any,
    segmentation_nodes: Sequence[Any],
    ras: Sequence[float],
    orientation: Orientation = "axial",
    size: tuple[int, int] = (512, 512),
    *,
    structures: Sequence[str] = (),
    field_of_view_mm: float | None = None,
    camera: SliceCamera | None = None,
) -> bytes:
    """A picture of a slice as PNG: the volume with the outlines of segmentations; see `SliceCamera.take`.

    The scene is not changed and its observers are not told of anything.

    Args:
        scene: the scene of the nodes.
        volume_node: shown with its own window and colors.
        segmentation_nodes: drawn above it.
        ras: what is to be in the middle, mm.
        orientation: axial, coronal or sagittal.
        size: of the picture, pixels across and down; a camera has its own.
        structures: names of the segments to draw; by default those that are not hidden one by one.
        field_of_view_mm: shorter side of the picture; by default the structures about the middle.
        camera: takes the picture; for many pictures make one and keep it.

    Raises:
        SceneError: a node is missing, empty or not of `scene`, or a transform is not linear.
        SettingError: size or orientation cannot be used.
    """
    for node in (volume_node, *segmentation_nodes):
        if node is not None and not scene.IsNodePresent(node):
            raise SceneError(f"{node.GetName()} is not in the scene any more; choose another node.")
    if camera is not None:
        return camera.take(volume_node, segmentation_nodes, ras, orientation, structures, field_of_view_mm)
    with SliceCamera(size) as own:
        return own.take(volume_node, segmentation_nodes, ras, orientation, structures, field_of_view_mm)
