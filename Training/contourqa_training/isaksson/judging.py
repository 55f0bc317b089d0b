"""Figures of the study: errors and correlations of each predictor, by the paper's definitions and ours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from contourqa_training.evaluation.bootstrap import Interval, PatientDraws, percentiles
from contourqa_training.evaluation.ranking import Ranking, clopper_pearson
from contourqa_training.isaksson.battery import BatteryCase
from contourqa_training.isaksson.pairs import Pair


@dataclass(frozen=True)
class Agreement:
    """One predictor beside the true Dice of some contours; what is undefined is nan.

    Attributes:
        predictor: its name.
        n: contours that it has a prediction for.
        patients: they come from.
        mae: mean absolute error of Dice.
        mae_sd: standard deviation of the absolute errors (the paper's 0.026).
        mae_interval: 95 %, patients drawn anew.
        max_error: the largest absolute error.
        relative_error_percent: mean of absolute error / true Dice (the paper's mean percentage error).
        bias: mean of predicted minus true.
        skill: 1 - MAE / MAE of the training median.
        spearman: rank correlation.
        spearman_interval: 95 %, patients drawn anew.
    """

    predictor: str
    n: int
    patients: int
    mae: float
    mae_sd: float
    mae_interval: Interval
    max_error: float
    relative_error_percent: float
    bias: float
    skill: float
    spearman: float
    spearman_interval: Interval


@dataclass(frozen=True)
class GroupFigures:
    """One predictor on one group of the battery.

    Attributes:
        predictor, group: of what; the group "all" holds all six.
        n: contours.
        mae: mean absolute error of Dice.
        spearman: rank correlation; nan where all true or all predicted Dice are equal.
        failed: predictions on the wrong side of the paper's dead band.
        accuracy: share of the others.
        accuracy_interval: 95 %, Clopper-Pearson.
    """

    predictor: str
    group: str
    n: int
    mae: float
    spearman: float
    failed: int
    accuracy: float
    accuracy_interval: Interval


ALL = "all"


def agreements(
    pairs: Sequence[Pair], predicted: Mapping[str, np.ndarray], constant: np.ndarray
) -> list[Agreement]:
    """Every predictor on natural contours; `constant` (n,) is what skill is measured against."""
    true = np.array([pair.dice for pair in pairs])
    patients = np.array([pair.patient for pair in pairs])
    return [_agreement(name, values, true, patients, constant) for name, values in predicted.items()]


def group_figures(cases: Sequence[BatteryCase], predicted: Mapping[str, np.ndarray]) -> list[GroupFigures]:
    """Every predictor on each group of the battery, and on all of it: the paper's global accuracy."""
    true = np.array([case.dice for case in cases])
    names = np.array([case.group for case in cases])
    groups = {group: names == group for group in dict.fromkeys(names)} | {ALL: np.ones(len(cases), bool)}
    found = []
    for predictor, values in predicted.items():
        for group, chosen in groups.items():
            ranking = Ranking(values[chosen], true[chosen], 0.0)
            figures = ranking.agreement()
            n, failed = int(chosen.sum()), int(ranking.wrong_side().sum())
            found.append(
                GroupFigures(
                    predictor,
                    str(group),
                    n,
                    figures["mae"],
                    figures["spearman"],
                    failed,
                    1 - failed / n,
                    clopper_pearson(n - failed, n),
                )
            )
    return found


def _agreement(
    name: str, values: np.ndarray, true: np.ndarray, patients: np.ndarray, constant: np.ndarray
) -> Agreement:
    there = np.isfinite(values)
    if not there.any():
        nan, nothing = math.nan, (math.nan, math.nan)
        return Agreement(name, 0, 0, nan, nan, nothing, nan, nan, nan, nan, nan, nothing)
    values, true, patients, constant = (array[there] for array in (values, true, patients, constant))
    error = np.abs(values - true)
    ranking = Ranking(values, true, constant)
    figures = ranking.agreement()
    samples = PatientDraws(patients.tolist()).samples(ranking.agreement)
    with np.errstate(divide="ignore"):
        relative = error / true
    return Agreement(
        predictor=name,
        n=len(true),
        patients=len(set(patients)),
        mae=figures["mae"],
        mae_sd=float(error.std(ddof=1)) if len(error) > 1 else math.nan,
        mae_interval=percentiles(samples["mae"]),
        max_error=float(error.max()),
        relative_error_percent=100 * float(relative.mean()),
        bias=figures["bias"],
        skill=figures["skill"],
        spearman=figures["spearman"],
        spearman_interval=percentiles(samples["spearman"]),
    )
