"""Descriptors: a few numbers that say what an image looks like around a contour, without any network.

MR intensities have no unit: they are mapped so that the 2nd and 98th percentile of the surroundings become 0
and 1, and a scanner's gain and offset cancel. CT is taken in HU. Numpy and scipy only.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.case import Image
from ContourQALib.metrics.surface import box

MARGIN_MM = 12.0
"""The surroundings reach this far beyond the contour's box."""

SHELL_MM = 4.0
"""What lies this close outside the contour is its rim."""

CT_LIMITS_HU = (-1024.0, 1600.0)
"""Metal and padding beyond them say nothing about tissue."""

PERCENTILES = (10.0, 30.0, 50.0, 70.0, 90.0)

INSIDE, RIM, AROUND, GRAIN = "inside the contour", "at its rim", "around it", "in its grain or sharpness"

GROUPS: tuple[str, ...] = (AROUND,) * (len(PERCENTILES) + 1) + (INSIDE,) * 2 + (RIM,) * 2 + (GRAIN,) * 4
"""What each descriptor describes, in the order of `describe`."""

_SAMPLED = 16384
"""Voxels that percentiles are taken of, evenly from all: sorting them all would take most of the time."""

_FLOOR = 1e-3
"""Added before a logarithm: a part of a thousand is no contrast."""


def describe(image: Image, mask: np.ndarray, modality: str) -> np.ndarray | None:
    """The descriptors (D,) of a contour's surroundings, all about 1 in size.

    In this order: percentiles of the surroundings and the logarithm of their spread; mean and spread inside
    the contour; mean and spread at its rim; the logarithm of the mean step between neighboring voxels along
    K, J and I, and of the ratio of steps two voxels apart to steps one apart (1 for noise, about 2 for a
    smooth image).

    Args:
        image: the image.
        mask: bool (K, J, I) on the image's grid.
        modality: "CT" or any other, which is taken as MR.

    Returns:
        None where nothing can be described: an empty mask, or surroundings of one intensity.
    """
    found = box(mask)
    if found is None:
        return None
    spacing = np.asarray(image.grid.spacing_kji)
    margin = np.maximum(np.ceil(MARGIN_MM / spacing), 1).astype(int)
    spans = tuple(
        slice(max(axis.start - int(m), 0), axis.stop + int(m)) for axis, m in zip(found, margin, strict=True)
    )
    values, within = np.asarray(image.values[spans], np.float32), mask[spans]
    if modality == "CT":
        scaled = np.clip(values, *CT_LIMITS_HU) / 1000.0
    else:
        low, high = np.percentile(_sample(values), (2.0, 98.0))
        if not high > low:
            return None
        scaled = np.clip((values - low) / (high - low), -1.0, 2.0)
    spread = float(scaled.std())
    if not spread > 0:
        return None
    inside = scaled[within]
    rim = scaled[_rim(within, spacing)]
    rim = rim if rim.size else inside
    near = [_step(scaled, axis, 1) for axis in range(3)]
    far = float(np.mean([_step(scaled, axis, 2) for axis in (1, 2)]))
    grain = float(np.mean(near[1:]))
    return np.array(
        [
            *np.percentile(_sample(scaled), PERCENTILES),
            np.log(spread + _FLOOR),
            inside.mean(),
            inside.std(),
            rim.mean(),
            rim.std(),
            *(np.log(step + _FLOOR) for step in near),
            np.log((far + _FLOOR) / (grain + _FLOOR)),
        ],
        float,
    )


def _sample(values: np.ndarray) -> np.ndarray:
    """Voxels at an odd distance from each other, which no power of two of a grid repeats."""
    return values.ravel()[:: (values.size // _SAMPLED) | 1]


def _rim(mask: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Voxels outside the mask within `SHELL_MM`, measured along the axes."""
    from scipy import ndimage

    steps = np.maximum(np.rint(SHELL_MM / spacing), 1).astype(int)
    grown = ndimage.maximum_filter(mask, size=tuple(int(2 * n + 1) for n in steps))
    return np.asarray(grown & ~mask)


def _step(values: np.ndarray, axis: int, apart: int) -> float:
    """Mean absolute difference of voxels so many apart; 0 where there is none."""
    if values.shape[axis] <= apart:
        return 0.0
    ahead, behind = [slice(None)] * 3, [slice(None)] * 3
    ahead[axis], behind[axis] = slice(apart, None), slice(None, -apart)
    steps = values[tuple(ahead)] - values[tuple(behind)]
    return float(np.abs(steps, out=steps).mean())
