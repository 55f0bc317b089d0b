"""OverlayColors: the color map of volumes that lie above an image, and how such a volume is displayed."""

from __future__ import annotations

from typing import Any

import numpy as np

SEEN = 0.08
"""Probabilities of error below this are not shown: their veil over everything says nothing of a place."""

CERTAIN = 1.0

STOPS = (
    (0.00, (1.00, 0.95, 0.60)),
    (0.35, (1.00, 0.70, 0.15)),
    (0.65, (0.93, 0.33, 0.10)),
    (1.00, (0.60, 0.00, 0.05)),
)
"""From pale yellow through orange to dark red: darker is more, for the color-blind and in gray as well."""

NAME = "ContourQA from pale yellow to dark red"
OWNED = "ContourQA.Colors"


def show_with_colors(scene: Any, volume_node: Any, low: float, high: float) -> None:
    """Display a volume with our color map from 0 to `high`, transparent below `low`."""
    volume_node.CreateDefaultDisplayNodes()
    display = volume_node.GetDisplayNode()
    was_modifying = display.StartModify()
    try:
        display.SetAndObserveColorNodeID(_colors(scene).GetID())
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(0.0, high)
        display.SetAutoThreshold(False)
        display.SetThreshold(low, high)
        display.SetApplyThreshold(True)
        display.SetInterpolate(
            False
        )  # a voxel's value, and no value between two voxels, is what was predicted
    finally:
        display.EndModify(was_modifying)


def _colors(scene: Any) -> Any:
    """Our color node; added where the scene has none."""
    nodes = scene.GetNodesByClass("vtkMRMLColorTableNode")
    nodes.UnRegister(None)
    for number in range(nodes.GetNumberOfItems()):
        if nodes.GetItemAsObject(number).GetAttribute(OWNED):
            return nodes.GetItemAsObject(number)
    node = scene.CreateNodeByClass("vtkMRMLColorTableNode")
    node.UnRegister(None)
    node.SetName(NAME)
    node.SetAttribute(OWNED, "1")
    node.SetTypeToUser()
    node.SetNumberOfColors(256)
    places = np.linspace(0, 1, 256)
    channels = [np.interp(places, [s for s, _ in STOPS], [c[n] for _, c in STOPS]) for n in range(3)]
    for index, (red, green, blue) in enumerate(zip(*channels, strict=True)):
        node.SetColor(index, f"{index / 255:.2f}", float(red), float(green), float(blue), 1.0)
    return scene.AddNode(node)
