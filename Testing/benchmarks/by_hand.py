"""The best a user can write with numpy and scipy: crop by hand, then trees. The rival to beat.

`plain` is what most would write. `tuned` asks no tree about voxels that both surfaces share, builds the tree
that is cheapest for one query, and in a sweep looks up distances to the reference in one distance map.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

Figures = dict[str, float]

TOLERANCE_MM = 2.0

SLACK_MM = 1e-9
"""As in our definition: a distance that equals the tolerance but for rounding is within it."""


def pair_figures(reference: np.ndarray, test: np.ndarray, spacing: np.ndarray, *, tuned: bool) -> Figures:
    """Figures of two masks of which both have a voxel."""
    spans = _common_box(reference, test)
    a, b = reference[spans], test[spans]
    on_a, on_b = _surface(a), _surface(b)
    if tuned:
        to_b, to_a = _directed(on_a, on_b, spacing), _directed(on_b, on_a, spacing)
    else:
        points = [np.argwhere(s) * spacing for s in (on_a, on_b)]
        to_b, to_a = (cKDTree(points[n]).query(points[1 - n])[0] for n in (1, 0))
    return _figures(a, b, to_b, to_a)


def sweep_step(
    values: np.ndarray, reference: np.ndarray, spacing: np.ndarray, lowest: float, *, tuned: bool
) -> Callable[[float], Figures]:
    """A function that measures one threshold at a time; what they share is made once, here.

    Args:
        values: float32 map.
        reference: bool mask.
        spacing: mm along the axes.
        lowest: the least threshold that will be asked for; nothing below it is kept.
        tuned: see the module.
    """
    spans = _common_box(reference, values >= np.float32(lowest))
    values, reference = values[spans], reference[spans]
    on_reference = _surface(reference)
    points = np.argwhere(on_reference) * spacing
    if tuned:
        map_mm = ndimage.distance_transform_edt(~on_reference, sampling=tuple(spacing))
    else:
        tree = cKDTree(points)

    def step(threshold: float) -> Figures:
        mask = values >= np.float32(threshold)
        on_mask = _surface(mask)
        if not on_mask.any():
            return _figures(reference, mask, np.full(len(points), math.inf), np.empty(0))
        if tuned:
            return _figures(reference, mask, _directed(on_reference, on_mask, spacing), map_mm[on_mask])
        found = np.argwhere(on_mask) * spacing
        return _figures(reference, mask, cKDTree(found).query(points)[0], tree.query(found)[0])

    return step


def _common_box(a: np.ndarray, b: np.ndarray) -> tuple[slice, ...]:
    """The box of two masks, each axis searched in what the ones before have left."""
    spans = [slice(None)] * a.ndim
    for axis in range(a.ndim):
        others = tuple(n for n in range(a.ndim) if n != axis)
        hit = np.flatnonzero(a[tuple(spans)].any(axis=others) | b[tuple(spans)].any(axis=others))
        spans[axis] = slice(hit[0], hit[-1] + 1)
    return tuple(spans)


def _surface(mask: np.ndarray) -> np.ndarray:
    p = np.pad(mask, 1)
    inside = p[:-2, 1:-1, 1:-1] & p[2:, 1:-1, 1:-1] & p[1:-1, :-2, 1:-1]
    inside &= p[1:-1, 2:, 1:-1] & p[1:-1, 1:-1, :-2] & p[1:-1, 1:-1, 2:]
    return mask & ~inside


def _directed(of: np.ndarray, to: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Distances of one surface's voxels to the other surface; the shared ones are 0 without a search."""
    apart = np.argwhere(of & ~to) * spacing
    tree = cKDTree(np.argwhere(to) * spacing, balanced_tree=False, compact_nodes=False)
    distances = np.zeros(np.count_nonzero(of))
    distances[: len(apart)] = tree.query(apart)[0]
    return distances


def _figures(a: np.ndarray, b: np.ndarray, to_b: np.ndarray, to_a: np.ndarray) -> Figures:
    pooled = np.concatenate([to_b, to_a])
    dice = 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))
    within = np.count_nonzero(pooled <= TOLERANCE_MM + SLACK_MM) / pooled.size
    if not to_a.size:
        return {"dice": dice, "surface_dice": within} | dict.fromkeys(
            ("hd_mm", "hd95_mm", "hd95_pooled_mm", "msd_mm"), math.inf
        )
    return {
        "dice": dice,
        "hd_mm": float(pooled.max()),
        "hd95_mm": float(max(np.percentile(to_b, 95), np.percentile(to_a, 95))),
        "hd95_pooled_mm": float(np.percentile(pooled, 95)),
        "msd_mm": float(pooled.mean()),
        "surface_dice": within,
    }
