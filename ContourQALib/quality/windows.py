"""ContourWindows: what an error network is shown of one contour, and how its answers become one map again.

Arrays here run to superior, posterior and left (`preprocessing.to_standard_axes`). Numpy only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.geometry import Vector
from ContourQALib.metrics.surface import box
from ContourQALib.quality.preprocessing import (
    PreprocessingSettings,
    cut_window,
    normalize,
    same_spacing,
    sample,
    window_center,
    window_positions,
)

OVERLAP = 0.25
"""Neighboring windows share this part of their length."""

MOST_WINDOWS = 12
"""A contour is looked at in no more windows; one that needs more is no organ that a model knows."""


@dataclass(frozen=True, eq=False)
class ContourWindows:
    """The windows of one contour.

    Attributes:
        inputs: float32 (W, 3, K, J, I): image, mask, and hint (2 p - 1, or 0 everywhere without one).
        centers: voxel (K, J, I) of the array around which each lies.
        shape: of the array.
        spacing_mm: of the array, along K, J, I.
        seen_share: share of the contour inside the windows.
    """

    inputs: np.ndarray
    centers: tuple[np.ndarray, ...]
    shape: tuple[int, int, int]
    spacing_mm: Vector
    seen_share: float


def cut_windows(
    values: np.ndarray,
    mask: np.ndarray,
    hint: np.ndarray | None,
    spacing_mm: Vector,
    settings: PreprocessingSettings,
) -> ContourWindows:
    """One window around a contour's center of mass, or several side by side where it is larger than one.

    Args:
        values: intensities (K, J, I).
        mask: bool (K, J, I), not empty.
        hint: float32 in [0, 1], a probability map or a second segmentation; None without one.
        spacing_mm: of all, along K, J, I.
        settings: size, spacing and intensities of a window.
    """
    centers = window_centers(mask, spacing_mm, settings)
    inputs = np.stack([window_input(values, mask, hint, center, spacing_mm, settings) for center in centers])
    seen = np.zeros(mask.shape, bool)
    for center in centers:
        seen[_covered(center, mask.shape, spacing_mm, settings)] = True
    share = float(np.count_nonzero(seen & mask) / np.count_nonzero(mask))
    k, j, i = mask.shape
    return ContourWindows(inputs, tuple(centers), (k, j, i), spacing_mm, share)


def window_input(
    values: np.ndarray,
    mask: np.ndarray,
    hint: np.ndarray | None,
    center: np.ndarray,
    spacing_mm: Vector,
    settings: PreprocessingSettings,
) -> np.ndarray:
    """The network's input in one window: float32 (3, K, J, I)."""
    result = np.zeros((3, *settings.size), np.float32)
    window, inside = cut_window(values, center, spacing_mm, settings)
    result[0] = normalize(window, inside, settings)
    result[1] = cut_window(mask, center, spacing_mm, settings)[0]
    if hint is not None:
        result[2] = 2 * cut_window(hint.astype(np.float32), center, spacing_mm, settings)[0] - 1
    return result


def window_centers(mask: np.ndarray, spacing_mm: Vector, settings: PreprocessingSettings) -> list[np.ndarray]:
    """Centers of the windows that show a contour; those that would show nothing of it are left out."""
    spans = box(mask)
    middle = window_center(mask, settings)
    if spans is None:
        return [middle]
    size = np.asarray(settings.size) * np.asarray(settings.spacing_mm) / np.asarray(spacing_mm)
    places = []
    for axis, span in enumerate(spans):
        low, high = span.start - 0.5, span.stop - 0.5
        reach = size[axis] / 2
        if low >= middle[axis] - reach and high <= middle[axis] + reach:
            places.append([float(middle[axis])])
            continue
        count = max(2, math.ceil((high - low - OVERLAP * size[axis]) / ((1 - OVERLAP) * size[axis])))
        first, last = low + reach, high - reach
        places.append([(low + high) / 2] if last <= first else list(np.linspace(first, last, count)))
    centers = [np.array([k, j, i]) for k in places[0] for j in places[1] for i in places[2]]
    shown = [c for c in centers if mask[_covered(c, mask.shape, spacing_mm, settings)].any()]
    return shown[:MOST_WINDOWS]


def merged(
    errors: np.ndarray, windows: ContourWindows, settings: PreprocessingSettings
) -> tuple[np.ndarray, tuple[slice, slice, slice]]:
    """The error maps of a contour's windows as one map of the box that holds them all.

    Returns:
        float32 (K, J, I) of the box, where windows overlap their mean, 0 where none looked; and the box in
        the array.
    """
    places = [_covered(center, windows.shape, windows.spacing_mm, settings) for center in windows.centers]
    k, j, i = (
        slice(min(place[axis].start for place in places), max(place[axis].stop for place in places))
        for axis in range(3)
    )
    corner = (k.start, j.start, i.start)
    total = np.zeros((k.stop - k.start, j.stop - j.start, i.stop - i.start), np.float32)
    looked = np.zeros(total.shape, np.uint8) if len(places) > 1 else None
    for error, center, where in zip(errors, windows.centers, places, strict=True):
        inside = tuple(slice(w.start - c, w.stop - c) for w, c in zip(where, corner, strict=True))
        total[inside] += sample(error, _positions_inside(where, center, windows.spacing_mm, settings))[0]
        if looked is not None:
            looked[inside] += 1
    if looked is not None:
        np.divide(total, looked, out=total, where=looked > 1)
    return total, (k, j, i)


def _covered(
    center: np.ndarray, shape: Sequence[int], spacing_mm: Vector, settings: PreprocessingSettings
) -> tuple[slice, slice, slice]:
    """The voxels of the array whose centers lie in a window."""
    step = np.asarray(settings.spacing_mm) / np.asarray(spacing_mm)
    spans = []
    for axis, positions in enumerate(window_positions(center, spacing_mm, settings)):
        low = max(0, math.ceil(positions[0] - step[axis] / 2))
        high = min(shape[axis], math.ceil(positions[-1] + step[axis] / 2))
        spans.append(slice(low, max(low, high)))
    return spans[0], spans[1], spans[2]


def _positions_inside(
    where: Sequence[slice], center: np.ndarray, spacing_mm: Vector, settings: PreprocessingSettings
) -> list[np.ndarray]:
    """Where voxels of the array lie in a window, in its own voxels."""
    step = np.asarray(settings.spacing_mm) / np.asarray(spacing_mm)
    if same_spacing(spacing_mm, settings):
        step = np.ones(3)
    return [
        (np.arange(span.start, span.stop) - positions[0]) / step[axis]
        for axis, (span, positions) in enumerate(
            zip(where, window_positions(center, spacing_mm, settings), strict=True)
        )
    ]
