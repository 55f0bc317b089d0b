"""The Wilcoxon signed-rank test of paired differences, exact with ties."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ContourQALib.errors import SettingError

MOST_EXACT = 50
"""Up to so many differences that are not zero the distribution is enumerated; beyond, it is normal enough."""

TIE_DECIMALS = 12
"""Differences are compared to so many decimals: 0.3 - 0.1 and 0.7 - 0.5 are a tie, whatever binary makes."""

LEVEL = 0.05
"""The paper's level of significance."""


@dataclass(frozen=True)
class SignedRankTest:
    """Whether paired differences are symmetric about zero (two-sided).

    Attributes:
        n: differences that are not zero, on which the test stands.
        zeros: differences that are zero, dropped (Wilcoxon's own way) and counted.
        undefined: pairs without a difference, counted.
        rank_sum_positive: sum of the ranks of positive differences.
        rank_sum_negative: sum of those of negative ones.
        p: two-sided; nan for no difference that is not zero.
        method: "exact" enumeration of all signs, "normal" approximation with tie correction, or "none".
        effect: matched-pairs rank-biserial correlation, (positive - negative) / their sum, in [-1, 1]; nan
            for no difference.
        reason: why nothing can be significant, or None.
    """

    n: int
    zeros: int
    undefined: int
    rank_sum_positive: float
    rank_sum_negative: float
    p: float
    method: Literal["exact", "normal", "none"]
    effect: float
    reason: str | None = None


def signed_rank_test(differences: Sequence[float] | np.ndarray) -> SignedRankTest:
    """Test paired differences (Wilcoxon 1945), two-sided.

    With ties the exact distribution is that of the tied ranks at hand: every sign is as likely as the other.
    Beyond `MOST_EXACT` differences the normal approximation has the usual tie correction and no continuity
    correction.

    Args:
        differences: one a pair; not finite where a pair is undefined.

    Raises:
        SettingError: the differences are no list of numbers.
    """
    given = np.asarray(differences, float)
    if given.ndim != 1:
        raise SettingError("A signed-rank test needs a list of differences.")
    defined = np.round(given[np.isfinite(given)], TIE_DECIMALS)
    kept = defined[defined != 0]
    zeros, undefined = int(defined.size - kept.size), int(given.size - defined.size)
    n = int(kept.size)
    if n == 0:
        why = "all differences are zero" if zeros else "there is no pair to compare"
        return SignedRankTest(0, zeros, undefined, 0.0, 0.0, math.nan, "none", math.nan, why)
    ranks, counts = _ranks(np.abs(kept))
    positive = float(ranks[kept > 0].sum())
    negative = float(ranks.sum() - positive)
    exact = n <= MOST_EXACT
    p = _exact_p(ranks, positive) if exact else _normal_p(n, counts, positive)
    least = 2.0 ** (1 - n)
    noun = "difference" if n == 1 else "differences"
    reason = f"{n} {noun} cannot reach p < {LEVEL:g}" if least >= LEVEL else None
    return SignedRankTest(
        n=n,
        zeros=zeros,
        undefined=undefined,
        rank_sum_positive=positive,
        rank_sum_negative=negative,
        p=p,
        method="exact" if exact else "normal",
        effect=(positive - negative) / (positive + negative),
        reason=reason,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected for their number by Holm's step-down procedure, in the same order.

    Those that are nan were not tested: they stay nan and are not counted.
    """
    tested = [i for i, p in enumerate(p_values) if not math.isnan(p)]
    corrected = [math.nan] * len(p_values)
    highest = 0.0
    for place, index in enumerate(sorted(tested, key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(tested) - place) * p_values[index]))
        corrected[index] = highest
    return corrected


def _ranks(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ranks from 1, the mean of their places for ties; and how many share each value."""
    _, inverse, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse], counts


def _exact_p(ranks: np.ndarray, positive: float) -> float:
    """Share of all signs whose rank sum is as far from the middle, two-sided."""
    doubled = np.rint(2 * ranks).astype(int)  # tied ranks are halves
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1
    for rank in doubled:
        ways[rank:] += ways[:-rank].copy()
    ways /= 2.0 ** len(ranks)  # exact: counts below 2^53, and a power of two
    at = round(2 * positive)
    return min(1.0, 2 * float(min(ways[: at + 1].sum(), ways[at:].sum())))


def _normal_p(n: int, counts: np.ndarray, positive: float) -> float:
    ties = float((counts.astype(float) ** 3 - counts).sum())
    deviation = math.sqrt(n * (n + 1) * (2 * n + 1) / 24 - ties / 48)
    z = (positive - n * (n + 1) / 4) / deviation
    return math.erfc(abs(z) / math.sqrt(2))
