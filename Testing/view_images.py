"""Images that lie in the patient in several ways, and how a scene's views get them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ContourQALib.case import Image
from ContourQALib.geometry import Grid

SIZE = (40, 50, 30)
SPACING = (1.0, 1.5, 3.0)
ORIGIN = (-20.0, -30.0, 100.0)

TURN = np.deg2rad(25)
OBLIQUE = (np.cos(TURN), 0.0, np.sin(TURN), 0.0, 1.0, 0.0, -np.sin(TURN), 0.0, np.cos(TURN))
"""Turned about the axis of J: I and K lie askew."""

SAGITTAL = (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
"""I runs to the back, J downwards, K to the left, as of sagittal MR slices."""


def image(direction: tuple[float, ...] = Grid(SIZE).direction) -> Image:
    values = np.random.default_rng(0).integers(-100, 200, SIZE[::-1], dtype=np.int16)
    return Image(values, Grid(SIZE, SPACING, ORIGIN, direction))


def show(views: Any, an_image: Image) -> Any:
    from ContourQALib.mrml import volumes

    volume = volumes.add_volume(views.app.scene, an_image, "Image")
    volume.GetDisplayNode().SetAutoWindowLevel(False)
    views.show_volume(volume)
    return volume
