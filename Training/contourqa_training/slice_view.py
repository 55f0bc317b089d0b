"""Axial slices as the segmentation network sees them, and the way back to the image's grid.

An image is turned so that its slices run from inferior to superior, their rows to posterior and their columns
to left; intensities become 0 to 255; every slice is padded or cropped about its center. `to_grid` undoes turn
and frame without interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ContourQALib.case import Image
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid
from ContourQALib.quality.preprocessing import to_standard_axes

TOP = 255
"""The network's 1. A step is 1.6 HU in a window of 400 HU, below a CT's noise, in a quarter of float32."""


@dataclass(frozen=True)
class SliceSettings:
    """How images become slices.

    Attributes:
        size: voxels along both sides of a slice.
        intensity: "window" maps a window of CT numbers to [0, 1], the same for all images; "percentile" maps
            two percentiles of each image there, for MR.
        level_hu: middle of the window. The paper windows "moderately" and gives no numbers; this is the
            common window of soft tissue, in which the mandible is white.
        width_hu: its width.
        lower_percentile: becomes 0.
        upper_percentile: becomes 1.
        around_organs: learn only from slices near an organ, not from all (the paper).
        margin_mm: how near.
        away_every: of the slices farther away every n-th is learned from as well, so that the network sees
            what is no organ; 0 for none.

    Raises:
        SettingError: a value that cannot be used.
    """

    size: int = 128
    intensity: Literal["window", "percentile"] = "window"
    level_hu: float = 40.0
    width_hu: float = 400.0
    lower_percentile: float = 1.0
    upper_percentile: float = 99.0
    around_organs: bool = False
    margin_mm: float = 15.0
    away_every: int = 0

    def __post_init__(self) -> None:
        if self.intensity not in ("window", "percentile"):
            raise SettingError(f"slices.intensity must be window or percentile, not {self.intensity!r}.")
        if self.size < 1 or self.width_hu <= 0 or self.margin_mm < 0 or self.away_every < 0:
            raise SettingError(
                "slices.size and slices.width_hu must be above 0, slices.margin_mm and away_every not below."
            )
        if not 0 <= self.lower_percentile < self.upper_percentile <= 100:
            raise SettingError("slices needs 0 <= lower_percentile < upper_percentile <= 100.")


def image_slices(image: Image, settings: SliceSettings) -> np.ndarray:
    """All slices of an image: uint8 (slices, size, size), which `as_input` makes the network's input of.

    What lies outside the image is 0, as dark as the lower end of the window.
    """
    if settings.intensity == "window":
        low = settings.level_hu - settings.width_hu / 2
        high = settings.level_hu + settings.width_hu / 2
    else:
        percentiles = [settings.lower_percentile, settings.upper_percentile]
        low, high = (float(value) for value in np.percentile(image.values, percentiles))
    if not high > low:  # an image without contrast
        return to_slices(np.zeros(image.grid.shape, np.uint8), image.grid, settings.size)
    scaled = (np.clip(image.values.astype(np.float32), low, high) - low) * (TOP / (high - low))
    return to_slices(np.rint(scaled).astype(np.uint8), image.grid, settings.size)


def as_input(slices: np.ndarray) -> np.ndarray:
    """The network's input, float32 (N, 1, size, size) in [0, 1], of uint8 slices (N, size, size)."""
    return (slices.astype(np.float32) / np.float32(TOP))[:, None]


def to_slices(values: np.ndarray, grid: Grid, size: int) -> np.ndarray:
    """An array (K, J, I) on `grid` as slices (slices, size, size), zero where the array has no voxels."""
    turned = to_standard_axes(values, grid.axes)
    rows, columns = (_overlap(length, size) for length in turned.shape[1:])
    slices = np.zeros((len(turned), size, size), values.dtype)
    slices[:, rows[1], columns[1]] = turned[:, rows[0], columns[0]]
    return slices


def to_grid(slices: np.ndarray, grid: Grid) -> np.ndarray:
    """Slices (slices, size, size) as an array (K, J, I) on `grid`, zero where they do not reach.

    Undoes `to_slices`: each voxel gets its own value back.
    """
    values = np.zeros(grid.shape, slices.dtype)
    turned = to_standard_axes(values, grid.axes)  # a view: writing to it writes to `values`
    rows, columns = (_overlap(length, slices.shape[1]) for length in turned.shape[1:])
    turned[:, rows[0], columns[0]] = slices[:, rows[1], columns[1]]
    return values


def _overlap(length: int, size: int) -> tuple[slice, slice]:
    """Where a side of `length` voxels and a frame of `size` about its center overlap: in either's indices."""
    both = min(length, size)
    first, second = (length - both) // 2, (size - both) // 2
    return slice(first, first + both), slice(second, second + both)
