"""Bootstrap: how far the best threshold of a validation set hangs on the cases that happen to be in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ContourQALib.thresholds.sensitivity import best_index

RESAMPLES = 1000
"""Draws of the cases with replacement."""

SEED = 0
"""The draws are the same every time."""

LEVEL = 0.95
"""Share of the draws' optima that the interval holds."""

FEWEST_CASES = 2
"""One case drawn again and again has no spread, which says nothing about the next patient."""

_DRAWS_AT_ONCE = 50  # a cohort of 10 000 cases then needs 4 MB of weights at a time

MEAN_DECIMALS = 12
"""Means are compared to this many decimals: sums in another order must not break ties."""


@dataclass(frozen=True)
class ThresholdInterval:
    """Where the pooled optimum lies in `level` of the resamples of the cases.

    Attributes:
        low: lower end, one of the swept thresholds.
        high: upper end, one of the swept thresholds.
        level: share of the resamples inside.
        resamples: how many there were.
        seed: of the random draws.
    """

    low: float
    high: float
    level: float = LEVEL
    resamples: int = RESAMPLES
    seed: int = SEED


def mean_over_cases(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean curves over the defined cases, and how many cases are undefined.

    Args:
        values: (n, T), one row a case; not finite where undefined.
        weights: (R, n), how often each case is drawn.

    Returns:
        (R, T) means, nan where no case is defined, and (R, T) counts.
    """
    defined = np.isfinite(values)
    total = weights @ np.where(defined, values, 0.0)
    count = weights @ defined.astype(float)
    means = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.round(means, MEAN_DECIMALS), weights.sum(axis=1, keepdims=True) - count


def best_of_mean(
    mean: np.ndarray, undefined: np.ndarray, figure: str, contours: np.ndarray | None = None
) -> int | None:
    """Index of the best mean among the thresholds with the fewest undefined cases, first on ties.

    A case whose contour vanishes has no distance any more; without this rule it would improve the mean by
    dropping out of it.

    Args:
        mean: (T,).
        undefined: (T,) cases without a value.
        figure: which way is better.
        contours: (T,) which thresholds say what the fewest is; all by default. The one that selects the whole
            grid has a distance even for a map that is empty everywhere else, and must not be left alone.
    """
    counted = undefined if contours is None else undefined[contours]
    return best_index(np.where(undefined <= counted.min(), mean, np.nan), figure)


def interval_of_optimum(
    values: np.ndarray, thresholds: np.ndarray, figure: str, contours: np.ndarray | None = None
) -> ThresholdInterval | None:
    """Percentile interval of the pooled optimum; None for fewer than `FEWEST_CASES` cases or no optimum.

    Args:
        values: (n, T), one row a case; not finite where undefined.
        thresholds: (T,), increasing.
        figure: which way is better.
        contours: as for `best_of_mean`.
    """
    cases = len(values)
    if cases < FEWEST_CASES:
        return None
    draw = np.random.default_rng(SEED)
    best: list[int] = []
    for start in range(0, RESAMPLES, _DRAWS_AT_ONCE):
        draws = min(_DRAWS_AT_ONCE, RESAMPLES - start)
        weights = draw.multinomial(cases, np.full(cases, 1 / cases), size=draws).astype(float)
        means, undefined = mean_over_cases(values, weights)
        found = [best_of_mean(m, u, figure, contours) for m, u in zip(means, undefined, strict=True)]
        best += [index for index in found if index is not None]
    if not best:
        return None
    # Ends that were swept, the wider ones: between two thresholds nothing was measured.
    tail = (1 - LEVEL) / 2
    low = int(np.quantile(best, tail, method="lower"))
    high = int(np.quantile(best, 1 - tail, method="higher"))
    return ThresholdInterval(float(thresholds[low]), float(thresholds[high]))
