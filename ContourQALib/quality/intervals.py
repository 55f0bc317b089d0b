"""Conformal intervals of Dice, HD95 and MSD from calibration contours, several of which may be one patient's.

Hierarchical split conformal prediction (Dunn, Wasserman and Ramdas 2022; Lee, Barber and Willett 2023): for
a contour of a new patient, exchangeable with the calibration patients, the interval holds the truth with at
least its level's probability, averaged over patients. Numpy only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ContourQALib.errors import SettingError

Figure = Literal["dice", "hd95_mm", "msd_mm"]

FIGURES: tuple[Figure, ...] = ("dice", "hd95_mm", "msd_mm")
"""What a model predicts of a contour."""

FEWEST_PATIENTS = 50
"""Below this the coverage of an interval varies too much to be promised (EVALUATION.md)."""

DEFAULT_LEVEL = 0.90

DICE_LIMITS = (0.005, 0.995)
"""Beyond them a logit says more of single voxels than of the contour; a bound there becomes 0 or 1."""

_ROUNDING = 1e-9
"""Cumulated weights are sums of floats: 0.9 of 50 patients must be the 45th, not the 46th."""


@dataclass(frozen=True)
class Interval:
    """Bounds that hold the truth with probability `level`.

    Attributes:
        low: lower bound; 0 where there is none.
        high: upper bound, finite; 1 for a Dice without one.
        level: probability that the interval is meant to hold the truth.
        cases: calibration patients behind it.
    """

    low: float
    high: float
    level: float
    cases: int


@dataclass(frozen=True)
class Refusal:
    """Why there is no interval, and how many calibration patients there are."""

    reason: str
    cases: int


def to_scale(figure: Figure, values: np.ndarray | float) -> np.ndarray:
    """Figures on the scale where their errors spread evenly: logit of Dice, log(1 + mm) of distances."""
    array = np.asarray(values, float)
    if figure == "dice":
        clipped = np.clip(array, *DICE_LIMITS)
        return np.asarray(np.log(clipped / (1 - clipped)))
    return np.asarray(np.log1p(np.maximum(array, 0.0)))


def from_scale(figure: Figure, values: np.ndarray | float) -> np.ndarray:
    """The inverse of `to_scale`, Dice within its limits and distances not negative."""
    array = np.asarray(values, float)
    if figure == "dice":
        low, high = to_scale("dice", np.array(DICE_LIMITS))
        return np.asarray(1 / (1 + np.exp(-np.clip(array, low, high))))
    return np.asarray(np.expm1(np.maximum(array, 0.0)))


@dataclass(frozen=True, eq=False)
class Residuals:
    """True minus predicted figures of calibration contours on their scale, weighted by patient.

    With K patients, of whom patient k has N_k contours, each residual weighs 1/((K+1) N_k) and infinity
    1/(K+1). With one contour a patient the quantile at 1-a is the ceil((K+1)(1-a))-th smallest residual.

    Attributes:
        figure: what was predicted.
        ascending: residuals on the scale of `to_scale`, (n,).
        weights: of the residuals in that order; they sum to K/(K+1).
        patients: K.
    """

    figure: Figure
    ascending: np.ndarray
    weights: np.ndarray
    patients: int

    @classmethod
    def of(
        cls,
        figure: Figure,
        predicted: Sequence[float] | np.ndarray,
        true: Sequence[float] | np.ndarray,
        patients: Sequence[int] | np.ndarray,
    ) -> Residuals:
        """Residuals of contours; those whose truth is undefined (nan) are left out.

        Args:
            figure: what was predicted.
            predicted: (n,), finite.
            true: (n,); an infinite distance (to nothing) counts as an infinite residual.
            patients: (n,), whose contour it is, as any numbers.

        Raises:
            SettingError: the arrays differ in length, or a prediction is not finite.
        """
        guess, truth, groups = np.asarray(predicted, float), np.asarray(true, float), np.asarray(patients)
        if not guess.shape == truth.shape == groups.shape or guess.ndim != 1:
            raise SettingError(
                "Calibration needs one prediction, one truth and one patient for each contour."
            )
        if not np.isfinite(guess).all():
            raise SettingError("A calibration prediction is not a finite number; leave that contour out.")
        defined = ~np.isnan(truth)
        residuals = to_scale(figure, truth[defined]) - to_scale(figure, guess[defined])
        weights, count = patient_weights(groups[defined])
        order = np.argsort(residuals, kind="stable")
        return cls(figure, residuals[order], weights[order] * count / (count + 1), count)

    def upper(self, probability: float) -> float:
        """Smallest residual below or at which `probability` of the weight lies; inf where none is."""
        return _first_reaching(self.ascending, self._from_below, probability)

    def lower(self, probability: float) -> float:
        """Largest residual above or at which `probability` of the weight lies; -inf where none is."""
        return -_first_reaching(-self.ascending[::-1], self._from_above, probability)

    @cached_property
    def _from_below(self) -> np.ndarray:
        return np.cumsum(self.weights)

    @cached_property
    def _from_above(self) -> np.ndarray:
        return np.cumsum(self.weights[::-1])

    def interval(
        self, predicted: float, level: float = DEFAULT_LEVEL, fewest: int = FEWEST_PATIENTS
    ) -> Interval | Refusal:
        """The two-sided interval of a prediction; (1 - level) / 2 of the truths lie beyond either bound.

        Args:
            predicted: the figure, as the residuals' predictions were made.
            level: probability that the interval holds the truth.
            fewest: patients below which it is refused.

        Raises:
            SettingError: the level does not lie between 0 and 1.
        """
        tail = 1 - (1 - checked_level(level)) / 2
        return self._bounded(predicted, self.lower(tail), self.upper(tail), level, 2 / (1 - level), fewest)

    def at_least(
        self, predicted: float, level: float = DEFAULT_LEVEL, fewest: int = FEWEST_PATIENTS
    ) -> Interval | Refusal:
        """The one-sided interval above a lower bound; of a distance, which is bad when large, below an upper.

        Raises:
            SettingError: the level does not lie between 0 and 1.
        """
        checked_level(level)
        low, high = -math.inf, math.inf
        if self.figure == "dice":
            low = self.lower(level)
        else:
            high = self.upper(level)
        return self._bounded(predicted, low, high, level, 1 / (1 - level), fewest)

    def _bounded(
        self, predicted: float, low: float, high: float, level: float, needed: float, fewest: int
    ) -> Interval | Refusal:
        if self.patients < fewest:
            return too_few(self.patients, fewest)
        if self.patients + 1 < needed * (1 - _ROUNDING):
            return too_few(self.patients, math.ceil(needed * (1 - _ROUNDING)) - 1, level)
        if math.isinf(high) and self.figure != "dice":
            return Refusal(
                "No interval: too many calibration contours lie at an infinite distance.", self.patients
            )
        center = float(to_scale(self.figure, predicted))
        bottom, top = (float(from_scale(self.figure, center + shift)) for shift in (low, high))
        if self.figure == "dice":  # beyond a limit lies whatever was clipped to it
            bottom = 0.0 if bottom <= DICE_LIMITS[0] + _ROUNDING else bottom
            top = 1.0 if top >= DICE_LIMITS[1] - _ROUNDING else top
        return Interval(bottom, top, level, self.patients)


def _first_reaching(ascending: np.ndarray, cumulated: np.ndarray, probability: float) -> float:
    index = int(np.searchsorted(cumulated, probability - _ROUNDING))
    return float(ascending[index]) if index < len(ascending) else math.inf


def patient_weights(patients: Sequence[int] | np.ndarray) -> tuple[np.ndarray, int]:
    """Weights (n,) that sum to 1, the same for each patient and each contour of one; how many patients."""
    _, inverse, counts = np.unique(np.asarray(patients), return_inverse=True, return_counts=True)
    return 1.0 / (len(counts) * counts[inverse]) if len(counts) else np.zeros(0), len(counts)


def checked_level(level: float) -> float:
    """The level.

    Raises:
        SettingError: it does not lie between 0 and 1.
    """
    if not 0 < level < 1:
        raise SettingError(f"The level of an interval must lie between 0 and 1, not be {level:g}.")
    return level


def too_few(patients: int, needed: int = FEWEST_PATIENTS, level: float | None = None) -> Refusal:
    """The refusal for want of calibration patients."""
    what = "an interval" if level is None else f"one at level {level:g}"
    there = "1 calibration patient" if patients == 1 else f"{patients} calibration patients"
    return Refusal(f"No interval: {there}, but {what} needs at least {needed}.", patients)
