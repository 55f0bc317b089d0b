"""Every figure of a sweep by brute force: a mask per threshold, distance transforms both ways, percentiles.

Nothing of ContourQALib is used, and no method it uses: the surface comes from an erosion, distances from
distance transforms instead of trees or searches, the percentiles from whole sorted lists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage

SLACK_MM = 1e-9
"""A distance that equals the surface Dice tolerance but for rounding counts as within it."""

FIGURES = (
    "dice",
    "sensitivity",
    "specificity",
    "volume_cc",
    "msd_mm",
    "masd_mm",
    "hd_mm",
    "hd95_mm",
    "hd95_pooled_mm",
    "hd95_slicerrt_mm",
    "surface_dice",
)

Distances = Callable[[], float]


def brute_force(
    values: np.ndarray,
    reference: np.ndarray,
    spacing: Sequence[float],
    thresholds: np.ndarray,
    tolerance_mm: float = 2.0,
) -> dict[str, np.ndarray]:
    """Curves of `FIGURES` for the masks P >= float32(t); `spacing` is along the array's axes, mm.

    A two-dimensional array has areas instead of volumes: `volume_cc` is then mm2 / 1000.
    """
    values = np.asarray(values, np.float32)
    own_surface = _surface(reference)
    to_reference = _distance_map(own_surface, spacing)
    rows = []
    for threshold in thresholds:
        mask = values >= np.float32(threshold)
        surface = _surface(mask)
        rows.append(
            {
                **_overlap(mask, reference, math.prod(spacing)),
                **_surfaces(
                    _distance_map(surface, spacing)[own_surface], to_reference[surface], tolerance_mm
                ),
            }
        )
    return {name: np.array([row[name] for row in rows]) for name in FIGURES}


def _surface(mask: np.ndarray) -> np.ndarray:
    cross = ndimage.generate_binary_structure(mask.ndim, 1)
    return mask & ~ndimage.binary_erosion(mask, cross, border_value=0)


def _distance_map(surface: np.ndarray, spacing: Sequence[float]) -> np.ndarray:
    if not surface.any():
        return np.full(surface.shape, math.inf)
    return np.asarray(ndimage.distance_transform_edt(~surface, sampling=tuple(spacing)))


def _overlap(mask: np.ndarray, reference: np.ndarray, voxel_mm: float) -> dict[str, float]:
    tp, fp = int((mask & reference).sum()), int((mask & ~reference).sum())
    fn, tn = int((~mask & reference).sum()), int((~mask & ~reference).sum())

    def share(part: int, whole: int) -> float:
        return part / whole if whole else math.nan

    return {
        "dice": share(2 * tp, 2 * tp + fp + fn),
        "sensitivity": share(tp, tp + fn),
        "specificity": share(tn, tn + fp),
        "volume_cc": (tp + fp) * voxel_mm / 1000.0,
    }


def _surfaces(from_reference: np.ndarray, from_mask: np.ndarray, tolerance_mm: float) -> dict[str, float]:
    a, b = np.sort(from_reference), np.sort(from_mask)
    both = np.concatenate([a, b])
    undefined = math.nan if not both.size else math.inf if not (a.size and b.size) else None

    def figure(defined: Distances) -> float:
        return float(defined()) if undefined is None else undefined

    def slicerrt(distances: np.ndarray) -> float:
        # floor(0.95 n - 1) in whole numbers: no rounding of 0.95 can move the rank
        return float(distances[max(0, (95 * distances.size - 100) // 100)])

    within = int((both <= tolerance_mm + SLACK_MM).sum())
    return {
        "msd_mm": figure(both.mean),
        "masd_mm": figure(lambda: (a.mean() + b.mean()) / 2),
        "hd_mm": figure(lambda: max(a[-1], b[-1])),
        "hd95_mm": figure(lambda: max(np.percentile(a, 95), np.percentile(b, 95))),
        "hd95_pooled_mm": figure(lambda: np.percentile(both, 95)),
        "hd95_slicerrt_mm": figure(lambda: (slicerrt(a) + slicerrt(b)) / 2),
        "surface_dice": within / both.size if both.size else math.nan,
    }
