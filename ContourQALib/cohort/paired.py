"""PairedComparison: two models on the same patients, one figure: difference, its interval, and a test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.cohort.signed_rank import SignedRankTest, signed_rank_test
from ContourQALib.errors import SettingError

RESAMPLES = 2000
"""Draws of the patients with replacement."""

SEED = 0
"""The draws are the same every time."""

INTERVAL_LEVEL = 0.95

_VALUES_AT_ONCE = 250_000
"""Drawn differences held at a time, with their places 4 MB; the draws do not depend on it."""


@dataclass(frozen=True)
class PairedComparison:
    """How one model's figure differs from another's over the patients that have both.

    Attributes:
        pairs: patients with both values.
        undefined: patients without one of them.
        mean_difference: mean of second minus first over the pairs; nan for none.
        sd_difference: their sd (n - 1); nan for fewer than two.
        median_difference: nan for no pair.
        interval: of the mean difference, from resampled patients; None for fewer than two pairs.
        test: the signed-rank test of the differences.
    """

    pairs: int
    undefined: int
    mean_difference: float
    sd_difference: float
    median_difference: float
    interval: tuple[float, float] | None
    test: SignedRankTest


def compare_paired(
    first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray
) -> PairedComparison:
    """Compare the values of two models on the same patients.

    Args:
        first: (n,) one model's values; not finite where undefined.
        second: (n,) the other's, patient by patient.

    Raises:
        SettingError: the models have different numbers of patients.
    """
    one, other = np.asarray(first, float), np.asarray(second, float)
    if one.shape != other.shape or one.ndim != 1:
        raise SettingError(f"Paired values must be as many for both models, not {one.size} and {other.size}.")
    both = np.isfinite(one) & np.isfinite(other)
    differences = np.full(one.shape, math.nan)
    differences[both] = other[both] - one[both]
    test = signed_rank_test(differences)
    differences = differences[both]
    n = int(differences.size)
    return PairedComparison(
        pairs=n,
        undefined=int(one.size - n),
        mean_difference=float(differences.mean()) if n else math.nan,
        sd_difference=float(differences.std(ddof=1)) if n > 1 else math.nan,
        median_difference=float(np.median(differences)) if n else math.nan,
        interval=interval_of_mean(differences) if n > 1 else None,
        test=test,
    )


def interval_of_mean(values: np.ndarray) -> tuple[float, float]:
    """Percentile bootstrap interval of a mean, the same every time.

    Args:
        values: (n,) finite, one a patient.
    """
    draw = np.random.default_rng(SEED)
    means = np.empty(RESAMPLES)
    at_once = max(1, _VALUES_AT_ONCE // len(values))
    for start in range(0, RESAMPLES, at_once):
        part = means[start : start + at_once]
        part[:] = values[draw.integers(0, len(values), (len(part), len(values)))].mean(axis=1)
    tail = 100 * (1 - INTERVAL_LEVEL) / 2
    low, high = np.percentile(means, (tail, 100 - tail))
    return float(low), float(high)
