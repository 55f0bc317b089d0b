"""Figures of EVALUATION.md: how well predicted Dice agrees with true Dice, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from contourqa_training.strata import JudgedContour

POOR, GOOD = 0.75, 0.80
"""The dead band of the paper's failure definition: below POOR a contour failed, above GOOD it did not."""

DRAWS = 2000
"""Patient-bootstrap draws behind every interval."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Judgement:
    """One predictor on one stratum; what is undefined there is nan.

    Attributes:
        n: contours.
        patients: patients they come from.
        mae: mean absolute error of Dice.
        mae_interval: its 95 % interval.
        bias: mean of predicted minus true Dice.
        skill: 1 - MAE / MAE of the stratum's training median.
        pearson: linear correlation.
        spearman: rank correlation.
        spearman_interval: its 95 % interval.
        auroc: how well a low score tells failures (Dice below 0.75) from good contours (above 0.80).
        sensitivity_at_95: failures found where 5 % of the good contours are called failures.
        global_accuracy: the paper's share of contours that are not on the wrong side of the dead band.
        global_accuracy_interval: its 95 % Clopper-Pearson interval.
    """

    n: int
    patients: int
    mae: float
    mae_interval: Interval
    bias: float
    skill: float
    pearson: float
    spearman: float
    spearman_interval: Interval
    auroc: float
    sensitivity_at_95: float
    global_accuracy: float
    global_accuracy_interval: Interval

    def record(self) -> dict[str, Any]:
        """The figures as JSON holds them: undefined is null."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, eq=False)
class StratumResult:
    """One stratum: the contours, and every predictor's Dice for them."""

    name: str
    contours: list[JudgedContour]
    predicted: dict[str, np.ndarray]
    judgements: dict[str, Judgement]

    @property
    def true(self) -> np.ndarray:
        """True Dice of the contours."""
        return np.array([j.dice for j in self.contours])


def judge(
    predicted: np.ndarray, true: np.ndarray, patients: Sequence[str], constant: float, seed: int = 0
) -> Judgement:
    """Judge predictions of one stratum.

    Args:
        predicted: predicted Dice (n,).
        true: true Dice (n,).
        patients: whose contour each is; intervals are drawn by patient.
        constant: the constant that skill is measured against, the training median of the same stratum.
        seed: of the bootstrap.
    """
    error = np.abs(predicted - true)
    baseline = float(np.abs(constant - true).mean())
    wrong = ((predicted < POOR) & (true > GOOD)) | ((predicted > GOOD) & (true < POOR))
    right = int(len(true) - wrong.sum())
    index = _by_patient(patients)
    auroc, sensitivity = _detection(predicted, true)
    return Judgement(
        n=len(true),
        patients=len(index),
        mae=float(error.mean()),
        mae_interval=_bootstrap(lambda rows: float(error[rows].mean()), index, seed),
        bias=float((predicted - true).mean()),
        skill=1 - float(error.mean()) / baseline if baseline else math.nan,
        pearson=_correlation(predicted, true),
        spearman=_correlation(_ranks(predicted), _ranks(true)),
        spearman_interval=_bootstrap(
            lambda rows: _correlation(_ranks(predicted[rows]), _ranks(true[rows])), index, seed
        ),
        auroc=auroc,
        sensitivity_at_95=sensitivity,
        global_accuracy=right / len(true),
        global_accuracy_interval=clopper_pearson(right, len(true)),
    )


def clopper_pearson(successes: int, n: int, level: float = 0.95) -> Interval:
    """The exact binomial interval of a share."""
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = float(beta.ppf(tail, successes, n - successes + 1)) if successes else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, n - successes)) if successes < n else 1.0
    return low, high


def monotone_share(predicted: np.ndarray, groups: Sequence[tuple[str, ...]], grades: Sequence[int]) -> float:
    """How often the score does not rise from one severity to the next, over all (patient, error) series."""
    series: dict[tuple[str, ...], list[tuple[int, float]]] = {}
    for value, group, grade in zip(predicted, groups, grades, strict=True):
        series.setdefault(group, []).append((grade, float(value)))
    steps = [
        later <= earlier
        for points in series.values()
        for (_, earlier), (_, later) in zip(sorted(points), sorted(points)[1:], strict=False)
    ]
    return float(np.mean(steps)) if steps else math.nan


def _detection(predicted: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """AUROC of failure detection, and the sensitivity at 95 % specificity."""
    failed, good = predicted[true < POOR], predicted[true > GOOD]
    if not (failed.size and good.size):
        return math.nan, math.nan
    ranks = _ranks(np.concatenate([good, failed]))
    auroc = (ranks[: good.size].sum() - good.size * (good.size + 1) / 2) / (good.size * failed.size)
    return float(auroc), float((failed < np.quantile(good, 0.05)).mean())


def _ranks(values: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])


def _by_patient(patients: Sequence[str]) -> list[np.ndarray]:
    names = np.asarray(patients)
    return [np.flatnonzero(names == name) for name in np.unique(names)]


def _bootstrap(figure: Callable[[np.ndarray], float], index: list[np.ndarray], seed: int) -> Interval:
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(DRAWS):
        chosen = random.integers(len(index), size=len(index))
        drawn.append(figure(np.concatenate([index[i] for i in chosen])))
    values = np.asarray(drawn)
    values = values[np.isfinite(values)]
    if not values.size:
        return math.nan, math.nan
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value
