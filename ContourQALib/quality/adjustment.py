"""Adjustment: a model's figures moved to another site's scanners and contours, from some 30 local patients.

On the scale of `intervals.to_scale` the adjusted figure is a line of the predicted one: logit(dice') =
slope logit(dice) + offset, log(1 + mm') = slope log(1 + mm) + offset. The line is fitted with Huber's loss,
each patient weighing the same, and shrunk towards the identity as far as left-out patients ask for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.errors import SettingError
from ContourQALib.quality.intervals import Figure, from_scale, patient_weights, to_scale

FEWEST_PATIENTS = 30
"""Below this a line follows single patients (EVALUATION.md)."""

LEAST_SLOPE = 0.1
"""A better prediction stays a better figure, whatever the local patients show."""

SLOPE_PENALTIES = (0.01, 0.1, 1.0, np.inf)
OFFSET_PENALTIES = (0.003, 0.03, 0.3)
"""Tried in every pair, as weights of the squared distance from the identity beside a data term of 1."""

_HUBER = 1.345
"""Of the residuals' robust spread: 95 % as efficient as least squares where errors are normal."""

_STEPS = 20
"""Reweighting steps; Huber's loss converges within some ten."""


@dataclass(frozen=True)
class Line:
    """The adjusted figure as a line of the predicted one, on the figure's scale.

    Raises:
        SettingError: a slope that is not positive, or a number that is not finite.
    """

    slope: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and np.isfinite(self.offset) and self.slope > 0):
            raise SettingError("An adjustment needs a positive slope and a finite offset.")

    def apply(self, figure: Figure, predicted: np.ndarray | float) -> np.ndarray:
        """Adjusted figures of predicted ones, rising with them; the identity changes nothing."""
        values = np.asarray(predicted, float)
        if self == Line():
            return values
        return from_scale(figure, self.slope * to_scale(figure, values) + self.offset)


@dataclass(frozen=True)
class Adjustment:
    """The lines of one structure.

    Attributes:
        lines: by figure; a figure without a line stays as it is predicted.
        patients: local patients they were fitted to.
    """

    lines: Mapping[Figure, Line]
    patients: int

    def apply(self, figure: Figure, predicted: np.ndarray | float) -> np.ndarray:
        """Adjusted figures of predicted ones."""
        return self.lines.get(figure, Line()).apply(figure, predicted)


@dataclass(frozen=True, eq=False)
class LineFit:
    """A fitted line and what it is worth on patients that took no part in it.

    Attributes:
        line: fitted to all patients; the identity where nothing better was found.
        patients: how many there are.
        contours: how many contours have a defined, finite truth.
        left_out: (n,), each contour's adjusted figure by a line fitted without its patient, the shrinkage
            chosen by the errors of the others. A contour without a finite truth: by the line of all.
        mae_before: mean absolute error of the predictions, a patient's contours averaged first.
        mae_after: the same of `left_out`.
        bias_before: mean of predicted minus true, a patient's contours averaged first.
        bias_after: the same of `left_out`.
        reason: why the line is the identity; None where it is not.
    """

    line: Line
    patients: int
    contours: int
    left_out: np.ndarray
    mae_before: float
    mae_after: float
    bias_before: float
    bias_after: float
    reason: str | None = None


def fit_line(
    figure: Figure,
    predicted: Sequence[float] | np.ndarray,
    true: Sequence[float] | np.ndarray,
    patients: Sequence[int] | np.ndarray,
    fewest: int = FEWEST_PATIENTS,
) -> LineFit:
    """Fit a line to local patients, leaving each out once to choose the shrinkage and to judge the result.

    Contours with an undefined or infinite truth take no part.

    Args:
        figure: what was predicted.
        predicted: (n,), finite.
        true: (n,).
        patients: (n,), whose contour it is, as any numbers.
        fewest: patients below which it is refused.

    Raises:
        SettingError: too few patients, or arrays that do not fit each other.
    """
    guess, truth, groups = np.asarray(predicted, float), np.asarray(true, float), np.asarray(patients)
    if not guess.shape == truth.shape == groups.shape or guess.ndim != 1 or not np.isfinite(guess).all():
        raise SettingError("An adjustment needs one finite prediction, one truth and one patient a contour.")
    used = np.isfinite(truth)
    weights, count = patient_weights(groups[used])
    if count < fewest:
        raise SettingError(f"An adjustment needs at least {fewest} patients, not {count}; add local cases.")
    _, member = np.unique(groups[used], return_inverse=True)
    x, y = to_scale(figure, guess[used]), to_scale(figure, truth[used])
    # Row k leaves patient k out; the last row leaves nobody out.
    kept = np.where(np.arange(count + 1)[:, None] == member, 0.0, weights)
    lines = [(np.ones(count + 1), np.zeros(count + 1))]
    lines += [_huber(x, y, kept, slope, offset) for slope in SLOPE_PENALTIES for offset in OFFSET_PENALTIES]
    adjusted = np.stack(
        [_apply(figure, guess[used], slope[member], offset[member]) for slope, offset in lines]
    )
    errors = weights * np.abs(adjusted - truth[used])
    by_patient = np.stack([np.bincount(member, row, count) for row in errors])
    totals = by_patient.sum(axis=1)
    chosen_without = (totals[:, None] - by_patient).argmin(axis=0)
    left_out = adjusted[chosen_without[member], np.arange(len(member))]
    best, reason = int(totals.argmin()), None
    if best == 0:
        reason = f"No line is nearer to {count} left-out patients than the predictions as they are."
    elif np.sum(weights * np.abs(left_out - truth[used])) > totals[0]:
        best, reason = 0, f"Adjusted figures are farther from {count} left-out patients than the predictions."
    if best == 0:
        left_out = guess[used]
    before, after = guess[used] - truth[used], left_out - truth[used]
    slopes, offsets = lines[best]
    line = Line(float(slopes[-1]), float(offsets[-1]))
    everyone = np.array(line.apply(figure, guess))
    everyone[used] = left_out
    return LineFit(
        line=line,
        patients=count,
        contours=int(used.sum()),
        left_out=everyone,
        mae_before=float(np.sum(weights * np.abs(before))),
        mae_after=float(np.sum(weights * np.abs(after))),
        bias_before=float(np.sum(weights * before)),
        bias_after=float(np.sum(weights * after)),
        reason=reason,
    )


def _apply(figure: Figure, predicted: np.ndarray, slope: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """`Line.apply` with a line for each contour."""
    if (slope == 1).all() and (offset == 0).all():
        return predicted
    return from_scale(figure, slope * to_scale(figure, predicted) + offset)


def _huber(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray, slope_penalty: float, offset_penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and offsets (rows,) of y on x by reweighted least squares, one line for each row of weights.

    The slope turns about the middle of x, so that shrinking it leaves the middle's offset alone. Residuals
    are measured in their own spread and x in its own, which makes the penalties pure numbers.
    """
    middle = float(np.median(x))
    spread = max(1.4826 * float(np.median(np.abs(y - x - np.median(y - x)))), 1e-3)
    width = max(float(np.std(x)), 1e-3)
    turned, error = (x - middle) / width, (y - x) / spread
    total = weights.sum(axis=1)
    slope, offset = np.zeros(len(weights)), np.zeros(len(weights))
    least = (LEAST_SLOPE - 1) * width / spread
    for _ in range(_STEPS):
        distance = np.abs(error - slope[:, None] * turned - offset[:, None])
        robust = weights * np.minimum(1.0, _HUBER / np.maximum(distance, _HUBER))
        s0, s1, s2 = robust.sum(axis=1), robust @ turned, robust @ turned**2
        t0, t1 = robust @ error, robust @ (turned * error)
        a, d = s0 + offset_penalty * total, s2 + slope_penalty * total
        if np.isfinite(slope_penalty):
            slope = np.maximum((a * t1 - s1 * t0) / (a * d - s1 * s1), least)
        offset = (t0 - slope * s1) / a
    factor = 1 + slope * spread / width
    return factor, offset * spread + (1 - factor) * middle
