"""OverlayColors: the color map of volumes that lie above an image, and how such a volume is displayed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ContourQALib.mrml.color_tables import color_table

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
    """Our color table; added where the scene has none."""
    places = np.linspace(0, 1, 256)
    channels = [np.interp(places, [s for s, _ in STOPS], [c[n] for _, c in STOPS]) for n in range(3)]
    return color_table(scene, NAME, OWNED, np.stack(channels, axis=1), places)
