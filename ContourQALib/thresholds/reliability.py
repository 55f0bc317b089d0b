"""Reliability: how often the structure is really there where a map gives it a probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.metrics.surface import box

BINS = 15
"""Equal-width bins of the reliability curve, the number that calibration papers report ECE with."""

DOMAIN_LEAST_PROBABILITY = 0.01
"""Voxels that a map gives at least this belong to the domain: less reaches no threshold of the default
sweep but 0."""

DOMAIN_MARGIN_VOXELS = 3
"""Voxels around that box, so that its background is there to be counted."""

DOMAIN = (
    f"the box around the reference and the voxels of probability {DOMAIN_LEAST_PROBABILITY:g} or more, with a"
    f" margin of {DOMAIN_MARGIN_VOXELS} voxels: a scan's agreed background would hide every fault"
)
"""The voxels that calibration is measured on, in words for reports."""

LEAST = 2.0**-20
"""Probabilities nearer than this to 0 or 1 count as this near (a logit of 13.9): a saturated map holds exact
zeros and ones, whose logits are infinite, and float32 cannot tell finer steps from 1."""

MANTISSA_BITS = 9
"""Probabilities (above 0.5: their distance from 1) that agree to this many binary digits are one group, and
its mean stands for it: within 0.2 %, which moves a likelihood by a few parts in a million."""

_SHIFT = 23 - MANTISSA_BITS  # float32 has 23 bits of mantissa


@dataclass(frozen=True, eq=False)
class Tally:
    """What calibration needs of the voxels of one or more maps: groups of almost equal probability.

    Tallies of several cases are added (`Tally.of`), so that a cohort is fitted without holding its maps.

    Attributes:
        group: (n,) int32, which probabilities are meant, increasing.
        probability: (n,) float64, mean probability of the group's voxels.
        voxels: (n,) int64, how many they are.
        positives: (n,) int64, how many of them lie inside the reference.
        cases: maps that were counted.
    """

    group: np.ndarray
    probability: np.ndarray
    voxels: np.ndarray
    positives: np.ndarray
    cases: int = 1

    @classmethod
    def of(cls, tallies: Sequence[Tally]) -> Tally:
        """All voxels of several tallies."""
        return reduce(_both, tallies)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Predicted against observed, in `BINS` equal bins of probability.

    Attributes:
        edges: (BINS + 1,) edges of the bins; a bin holds its lower edge, the last both.
        mean_predicted: (BINS,) mean probability; nan in a bin without voxels.
        observed: (BINS,) share of voxels that lie inside the reference; nan in a bin without voxels.
        voxels: (BINS,) how many voxels.
        ece: expected calibration error: mean of |observed - predicted| over voxels.
        max_error: largest |observed - predicted| of any bin that holds voxels.
        brier: mean square of probability - truth.
        nll: mean negative log likelihood, with probabilities held `LEAST` from 0 and 1.
    """

    edges: np.ndarray
    mean_predicted: np.ndarray
    observed: np.ndarray
    voxels: np.ndarray
    ece: float
    max_error: float
    brier: float
    nll: float


def tally(probability: ProbabilityMap, reference: Contour) -> Tally:
    """Count the voxels of `DOMAIN` by probability and truth.

    Args:
        probability: the map; brought onto the reference's grid.
        reference: the contour held to be right; it may be empty.

    Raises:
        SettingError: the map holds values outside [0, 1].
        GeometryError: the map lies wholly outside the reference's grid.
    """
    placed = probability.on(reference.grid)
    if not (placed.values.min() >= 0 and placed.values.max() <= 1):  # nan is neither
        raise SettingError(
            f"Probability map {probability.name} holds values that are not probabilities between 0 and 1;"
            " a calibration needs the model's probabilities."
        )
    return tally_arrays(placed.values, reference.mask)


def tally_arrays(values: np.ndarray, reference: np.ndarray) -> Tally:
    """`tally` of bare arrays: float32 probabilities and bool truth of one shape."""
    spans = box((values >= DOMAIN_LEAST_PROBABILITY) | reference)
    if spans is None:
        none = np.empty(0, np.int64)
        return Tally(none.astype(np.int32), none.astype(float), none, none)
    around = tuple(
        slice(max(s.start - DOMAIN_MARGIN_VOXELS, 0), s.stop + DOMAIN_MARGIN_VOXELS) for s in spans
    )
    size = 2 * _SIDE
    voxels, positives, total = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size)
    for slab, truth in zip(values[around], reference[around], strict=True):  # a slice: memory stays small
        flat = np.ascontiguousarray(slab, np.float32).ravel()
        group = _group(flat)
        voxels += np.bincount(group, minlength=size)
        total += np.bincount(group, flat, minlength=size)
        positives += np.bincount(group[truth.ravel()], minlength=size)
    held = np.flatnonzero(voxels)
    return Tally(held.astype(np.int32), total[held] / voxels[held], voxels[held], positives[held])


def reliability(values: np.ndarray, voxels: np.ndarray, positives: np.ndarray) -> Reliability:
    """The reliability of groups of voxels.

    Args:
        values: (n,) float64 probability of each group, perhaps recalibrated.
        voxels: (n,) voxels of each group, at least one in all.
        positives: (n,) those inside the reference.
    """
    bins = np.minimum((values * BINS).astype(int), BINS - 1)
    count, predicted, inside = (
        np.bincount(bins, weights, BINS) for weights in (voxels, voxels * values, positives)
    )
    held = count > 0
    below = np.where(held, count, np.nan)
    gap = np.abs(inside - predicted) / below
    n = voxels.sum()
    return Reliability(
        edges=np.arange(BINS + 1) / BINS,
        mean_predicted=predicted / below,
        observed=inside / below,
        voxels=count.astype(np.int64),
        ece=float(np.nansum(gap * count) / n),
        max_error=float(np.nanmax(gap)),
        brier=float(np.sum(voxels * values**2 - 2 * positives * values + positives) / n),
        nll=mean_nll(logits(values), voxels, positives),
    )


def logits(values: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)) of probabilities held `LEAST` from 0 and 1."""
    held = np.clip(values, LEAST, 1 - LEAST)
    return np.asarray(np.log(held) - np.log1p(-held))


def mean_nll(logit: np.ndarray, voxels: np.ndarray, positives: np.ndarray) -> float:
    """Mean negative log likelihood of truth given logits, nats a voxel."""
    return float(np.sum(voxels * np.logaddexp(0, logit) - positives * logit) / voxels.sum())


def _group(flat: np.ndarray) -> np.ndarray:
    """Which group each probability belongs to, increasing with it."""
    upper = flat > 0.5
    # 1 - p is exact in float32 above a half, so both ends of the scale are grouped equally finely.
    near = np.maximum(np.where(upper, np.float32(1) - flat, flat), np.float32(LEAST))
    code = (near.view(np.int32) >> _SHIFT) - _LOWEST
    return np.where(upper, 2 * _SIDE - 1 - code, code)


def _code(value: float) -> int:
    return int(np.float32(value).view(np.int32)) >> _SHIFT


_LOWEST = _code(LEAST)
_SIDE = _code(0.5) - _LOWEST + 1


def _both(one: Tally, other: Tally) -> Tally:
    group, index = np.unique(np.concatenate([one.group, other.group]), return_inverse=True)
    voxels, positives, total = (
        np.bincount(index, np.concatenate(pair), group.size)
        for pair in (
            (one.voxels, other.voxels),
            (one.positives, other.positives),
            (one.probability * one.voxels, other.probability * other.voxels),
        )
    )
    return Tally(
        group.astype(np.int32),
        total / voxels,
        voxels.astype(np.int64),
        positives.astype(np.int64),
        one.cases + other.cases,
    )
