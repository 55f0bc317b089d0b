"""Coverage: whether intervals hold the truth as often as they say, and what that costs in width."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contourqa_training.evaluation.bootstrap import PatientDraws
from contourqa_training.evaluation.contours import (
    MODEL,
    UNADJUSTED,
    EvaluatedContour,
    predicted_values,
    true_values,
)
from ContourQALib.quality.calibration import Calibration, StructureCalibration
from ContourQALib.quality.intervals import FIGURES, Figure, Interval, Refusal, Residuals

LEVELS = (0.80, 0.90, 0.95)
"""Levels of EVALUATION.md."""

NOT_CALIBRATED = "The bundle has no calibration, hence no intervals."
NOT_PREDICTED = "The model does not predict this figure, or the bundle was not calibrated for it."


def intervals_record(
    contours: Sequence[EvaluatedContour],
    calibration: Calibration | None,
    constants: Mapping[Figure, np.ndarray],
    draws: PatientDraws,
) -> dict[str, Any]:
    """Every figure's intervals at every level, and the one-sided ones of Dice; null with a reason without.

    Args:
        contours: of one group.
        calibration: of the bundle.
        constants: per figure the training median for each contour, (n,).
        draws: of the group.
    """
    found: dict[str, Any] = {}
    for figure in FIGURES:
        if calibration is None:
            found[figure] = {"reason": NOT_CALIBRATED, "levels": None}
            continue
        levels = {
            f"{level:.2f}": _at(contours, calibration, figure, constants, level, draws) for level in LEVELS
        }
        reasons = [record["reason"] for record in levels.values() if record["reason"]]
        found[figure] = {"reason": reasons[0] if reasons else None, "levels": levels}
    return found


def _at(
    contours: Sequence[EvaluatedContour],
    calibration: Calibration,
    figure: Figure,
    constants: Mapping[Figure, np.ndarray],
    level: float,
    draws: PatientDraws,
) -> dict[str, Any]:
    """Model and constant side by side: two-sided, and one-sided for Dice."""
    true = true_values(contours, figure)
    raw = predicted_values(contours, UNADJUSTED, figure)
    raw = np.where(np.isfinite(raw), raw, predicted_values(contours, MODEL, figure))
    constant = constants[figure]
    # Of empty contours nobody needs an interval, and an infinite distance lies in none.
    asked = np.array([c.status.value == "ok" for c in contours])
    used = np.flatnonzero(np.isfinite(true) & np.isfinite(raw) & np.isfinite(constant) & asked).tolist()
    record: dict[str, Any] = {"reason": None, "cases": None, "n": len(used)}
    two: list[tuple[Interval, Interval]] = []
    one: list[tuple[Interval, Interval]] = []
    judged: list[int] = []
    constants_known: dict[tuple[str, float], Residuals] = {}
    for n in used:
        site = calibration.of(contours[n].structure)
        known = site.figures.get(figure) if site else None
        if site is None or known is None or not len(known.true):
            record["reason"] = NOT_PREDICTED
            continue
        key = contours[n].structure, float(constant[n])
        if key not in constants_known:
            constants_known[key] = _constant_residuals(site, figure, key[1])
        plain = constants_known[key]
        ours, theirs = site.interval(figure, float(raw[n]), level), plain.interval(float(constant[n]), level)
        if isinstance(ours, Refusal) or isinstance(theirs, Refusal):
            # one of the two is a refusal, which the checker does not follow
            record["reason"] = ours.reason if isinstance(ours, Refusal) else theirs.reason  # type: ignore[union-attr]
            continue
        judged.append(n)
        two.append((ours, theirs))
        if figure == "dice":
            bound, plain_bound = (
                site.at_least(float(raw[n]), level),
                plain.at_least(float(constant[n]), level),
            )
            if isinstance(bound, Interval) and isinstance(plain_bound, Interval):
                one.append((bound, plain_bound))
    if not judged:
        record["reason"] = record["reason"] or "No contour of this group can have an interval."
        return record
    part, truth = draws.of(np.array(judged)), true[judged]
    cases = min(interval.cases for interval, _ in two)
    record |= {"cases": cases, "n": len(judged), "perfect": list(perfect_coverage(cases, level, sides=2))}
    for name, side in (("model", 0), ("constant", 1)):
        low, high = (np.array([getattr(pair[side], end) for pair in two]) for end in ("low", "high"))
        record[name] = _two_sided(low, high, truth, level, part)
    record["narrower_by"] = 1 - record["model"]["mean_width"] / record["constant"]["mean_width"]
    if one and len(one) == len(judged):
        record["at_least"] = {"perfect": list(perfect_coverage(cases, level, sides=1))}
        for name, side in (("model", 0), ("constant", 1)):
            low = np.array([pair[side].low for pair in one])
            held = (truth >= low).astype(float)
            record["at_least"][name] = {
                **_coverage(held, part),
                "mean_bound": float(low.mean()),
                "mean_bound_interval": list(part.mean_interval(low)),
            }
    return record


def _two_sided(
    low: np.ndarray, high: np.ndarray, true: np.ndarray, level: float, draws: PatientDraws
) -> dict[str, Any]:
    scores = winkler(low, high, true, level)
    return {
        **_coverage(((low <= true) & (true <= high)).astype(float), draws),
        "mean_width": float((high - low).mean()),
        "mean_width_interval": list(draws.mean_interval(high - low)),
        "winkler": float(scores.mean()),
        "winkler_interval": list(draws.mean_interval(scores)),
    }


def _coverage(held: np.ndarray, draws: PatientDraws) -> dict[str, Any]:
    """Share of contours held, each patient counting alike: what a hierarchical interval promises."""
    counts = np.bincount(draws.patient_of, minlength=draws.patients)[draws.patient_of]
    return {
        "coverage": float((held / counts).sum() / (1 / counts).sum()),
        "coverage_interval": list(draws.ratio_interval(held / counts, 1 / counts)),
        "coverage_of_contours": float(held.mean()),
    }


def winkler(low: np.ndarray, high: np.ndarray, true: np.ndarray, level: float) -> np.ndarray:
    """Winkler's interval score, (n,): width, and 2 / (1 - level) times what the truth lies beyond a bound."""
    beyond = np.maximum(low - true, 0) + np.maximum(true - high, 0)
    return high - low + 2 / (1 - level) * beyond


def perfect_coverage(cases: int, level: float, sides: int) -> tuple[float, float]:
    """5-95 % range of the coverage of a perfect conformal predictor with `cases` calibration patients.

    The range comes from the order statistics that bound the interval: of n exchangeable residuals the k-th
    smallest is exceeded with a probability that is Beta(k, n + 1 - k) distributed.
    """
    from scipy.stats import beta

    rank = math.ceil((cases + 1) * (1 - (1 - level) / sides) - 1e-9)
    k = rank if sides == 1 else 2 * rank - (cases + 1)
    if not 0 < k <= cases:
        return math.nan, math.nan
    return float(beta.ppf(0.05, k, cases + 1 - k)), float(beta.ppf(0.95, k, cases + 1 - k))


def _constant_residuals(site: StructureCalibration, figure: Figure, constant: float) -> Residuals:
    """Residuals of the constant predictor on the same calibration contours."""
    known = site.figures[figure]
    return Residuals.of(figure, np.full(len(known.true), constant), known.true, known.patients)
