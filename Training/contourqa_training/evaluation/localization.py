"""Localization: whether a predicted error map marks the voxels and slices that are wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ContourQALib.metrics.surface import box

REACH_MM = 10.0
"""How far from the contour's surface a voxel may lie to be judged."""

FOUND_SHARE = 0.9
"""Share of the error volume that a review is to find."""


@dataclass(frozen=True)
class Localization:
    """One contour with errors; slices are those with contour or error, from the lowest K to the highest.

    Attributes:
        auprc: average precision of the error map over voxels within `REACH_MM`; nan without an error there.
        prevalence: share of those voxels that are wrong, what a map without knowledge reaches.
        auprc_near_surface: what closeness to the contour's surface alone reaches.
        hit_at_1: 1 where the slice with the largest error volume is the one predicted worst.
        hit_at_3: 1 where it is among the three predicted worst.
        hit_at_1_by_chance: 1 / slices.
        hit_at_3_by_chance: 3 / slices, at most 1.
        effort: share of slices to open for `FOUND_SHARE` of the error volume, the predicted worst first.
        effort_in_order: the same from one end to the other, the mean of both directions.
        effort_at_best: the same in the best order.
    """

    auprc: float
    prevalence: float
    auprc_near_surface: float
    hit_at_1: float
    hit_at_3: float
    hit_at_1_by_chance: float
    hit_at_3_by_chance: float
    effort: float
    effort_in_order: float
    effort_at_best: float


def localize(
    error: np.ndarray, mask: np.ndarray, reference: np.ndarray, spacing_kji: tuple[float, float, float]
) -> Localization | None:
    """Judge a predicted error map; None where the contour has no error.

    Args:
        error: predicted probability that a voxel is wrong, float (K, J, I).
        mask: the contour, bool (K, J, I), not empty.
        reference: the reference, bool (K, J, I).
        spacing_kji: mm along K, J, I.
    """
    from scipy import ndimage

    wrong = mask ^ reference
    spans = box(mask | wrong)
    if spans is None or not wrong.any():
        return None
    true_cc = wrong[spans[0]].sum(axis=(1, 2)).astype(float)
    predicted_cc = error[spans[0]].sum(axis=(1, 2))
    near = _widened(spans, mask.shape, spacing_kji)
    inside, judged = mask[near], wrong[near]
    # A contour that fills the whole image has no surface, and nothing is near it.
    away = np.full(inside.shape, math.inf)
    if not inside.all():
        outward, inward = (ndimage.distance_transform_edt(m, spacing_kji) for m in (~inside, inside))
        away = np.where(inside, inward, outward)
    within = away <= REACH_MM
    order = np.argsort(-predicted_cc, kind="stable")
    worst = int(np.argmax(true_cc))
    slices = len(true_cc)
    return Localization(
        auprc=average_precision(error[near][within], judged[within]),
        prevalence=float(judged[within].mean()) if within.any() else math.nan,
        auprc_near_surface=average_precision(-away[within], judged[within]),
        hit_at_1=float(worst in order[:1]),
        hit_at_3=float(worst in order[:3]),
        hit_at_1_by_chance=1 / slices,
        hit_at_3_by_chance=min(1.0, 3 / slices),
        effort=review_effort(true_cc[order]),
        effort_in_order=(review_effort(true_cc) + review_effort(true_cc[::-1])) / 2,
        effort_at_best=review_effort(np.sort(true_cc)[::-1]),
    )


def review_effort(volumes: np.ndarray) -> float:
    """Share of slices opened, in this order, until `FOUND_SHARE` of their error volume is seen."""
    seen = np.cumsum(volumes)
    # Rounding of sums must not cost another slice.
    return float(np.searchsorted(seen, FOUND_SHARE * seen[-1] * (1 - 1e-9)) + 1) / len(volumes)


def average_precision(scores: np.ndarray, wrong: np.ndarray) -> float:
    """Average precision of scores (n,) for bool (n,); equal scores count together, nan without any true."""
    positives = int(np.count_nonzero(wrong))
    if not positives:
        return math.nan
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    found = np.cumsum(wrong[order])[last]
    gained = np.diff(found, prepend=0)
    return float(gained @ (found / (last + 1)) / positives)


def _widened(
    spans: tuple[slice, ...], shape: tuple[int, ...], spacing_kji: tuple[float, float, float]
) -> tuple[slice, ...]:
    margins = [math.ceil(REACH_MM / step) + 1 for step in spacing_kji]
    return tuple(
        slice(max(0, s.start - margin), min(length, s.stop + margin))
        for s, margin, length in zip(spans, margins, shape, strict=True)
    )
