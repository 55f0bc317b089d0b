"""PatientDraws: patients drawn again and again, behind every 95 % interval of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

DRAWS = 2000
"""Draws behind every interval (EVALUATION.md)."""

LEVEL = 0.95
"""Probability that an interval of a figure is meant to hold it."""

Interval = tuple[float, float]
UNDEFINED: Interval = (math.nan, math.nan)


class PatientDraws:
    """Patients drawn with replacement; a contour counts as often as its patient was drawn.

    Every figure and every difference of one group of contours uses the same draws, so that differences are
    paired.

    Args:
        patients: whose each contour is, (n,).
        seed: of the draws.
        draws: how many.
    """

    def __init__(self, patients: Sequence[str], seed: int = 0, draws: int = DRAWS) -> None:
        names, self.patient_of = np.unique(np.asarray(patients, str), return_inverse=True)
        self.patients, self.draws = len(names), draws
        random = np.random.default_rng(seed)
        chances = np.full(self.patients, 1 / max(self.patients, 1))
        self._drawn = random.multinomial(self.patients, chances, size=draws) if self.patients else None

    def of(self, chosen: np.ndarray) -> PatientDraws:
        """The same draws for some of the contours: `chosen` is bool or indices into (n,)."""
        part = object.__new__(PatientDraws)
        part.patient_of = self.patient_of[chosen]
        part.patients, part.draws, part._drawn = self.patients, self.draws, self._drawn
        return part

    def samples(self, figures: Callable[[np.ndarray], Mapping[str, float]]) -> dict[str, np.ndarray]:
        """Each figure of each draw, (draws,); nan where a draw leaves it undefined.

        Args:
            figures: from how often each contour counts, whole numbers (n,), to figures by name.
        """
        if self._drawn is None or not len(self.patient_of):
            return {}
        drawn: dict[str, np.ndarray] = {}
        for n, times in enumerate(self._drawn):
            weights = times[self.patient_of]
            if weights.any():
                for name, value in figures(weights).items():
                    drawn.setdefault(name, np.full(len(self._drawn), math.nan))[n] = value
        return drawn

    def mean_interval(self, values: np.ndarray) -> Interval:
        """95 % interval of the mean of values (n,), all finite."""
        return self.ratio_interval(values, np.ones(len(values)))

    def ratio_interval(self, above: np.ndarray, below: np.ndarray) -> Interval:
        """95 % interval of sum(above) / sum(below), both (n,)."""
        if self._drawn is None or not len(above):
            return UNDEFINED
        sums = [np.bincount(self.patient_of, v, self.patients) for v in (above, below)]
        with np.errstate(divide="ignore", invalid="ignore"):
            return percentiles((self._drawn @ sums[0]) / (self._drawn @ sums[1]))


def percentiles(values: np.ndarray) -> Interval:
    """The 95 % interval of a figure's samples; of draws that leave it undefined nothing is taken."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return UNDEFINED
    low, high = np.percentile(finite, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(low), float(high)
