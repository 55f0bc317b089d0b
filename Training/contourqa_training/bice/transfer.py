"""Transfer: how well a threshold chosen on few validation patients serves others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.thresholds.bootstrap import best_of_mean, mean_over_cases
from ContourQALib.thresholds.sensitivity import HALF, loss_percent, same_threshold

REPEATS = 1000
"""Draws of few validation patients."""

SEED = 4
DICE = "dice"


@dataclass(frozen=True)
class TransferRow:
    """Thresholds chosen on n patients, and what they cost the patients judged.

    Attributes:
        patients: n; 0 for the threshold 0.5, which nobody chose.
        threshold_mean: mean of the thresholds over the draws.
        threshold_sd: their sd (n - 1); nan for a single one.
        loss_percent: mean over the draws of the loss of the judged patients' mean Dice, percent of what
            their own best threshold reaches.
        loss_low: 5th percentile of the draws' losses.
        loss_high: their 95th percentile.
        worse_than_half: share of the draws whose threshold does worse than 0.5.
    """

    patients: int
    threshold_mean: float
    threshold_sd: float
    loss_percent: float
    loss_low: float
    loss_high: float
    worse_than_half: float


@dataclass(frozen=True)
class Transfer:
    """The rows for 0.5, for n = 2, 4, 8 ... patients, and for all of them."""

    rows: tuple[TransferRow, ...]


def measure_transfer(
    validation: np.ndarray, judged: np.ndarray, thresholds: np.ndarray, counts: Sequence[int] = (2, 4, 8, 16)
) -> Transfer:
    """Choose a threshold by Dice on n validation patients, many times, and see what it costs others.

    Args:
        validation: Dice (V, T) of the validation patients.
        judged: Dice (J, T) of other patients at the same thresholds.
        thresholds: (T,) with 0.5 among them.
        counts: n; those of V or more are left out, V itself is always there.
    """
    means, _ = mean_over_cases(judged, np.ones((1, len(judged))))
    reached = means[0]
    best = float(np.nanmax(reached))
    half = next(i for i, t in enumerate(thresholds) if same_threshold(float(t), HALF))
    draw = np.random.default_rng(SEED)

    def loss(index: int) -> float:
        return loss_percent(DICE, best, float(reached[index]))

    def row(patients: int, chosen: list[int]) -> TransferRow:
        losses = np.array([loss(index) for index in chosen])
        at = thresholds[chosen]
        low, high = np.percentile(losses, (5, 95))
        return TransferRow(
            patients=patients,
            threshold_mean=float(at.mean()),
            threshold_sd=float(at.std(ddof=1)) if len(at) > 1 else float("nan"),
            loss_percent=float(losses.mean()),
            loss_low=float(low),
            loss_high=float(high),
            worse_than_half=float((losses > loss(half)).mean()),
        )

    rows = [row(0, [half])]
    for count in (n for n in counts if n < len(validation)):
        weights = np.zeros((REPEATS, len(validation)))
        for line in weights:
            line[draw.choice(len(validation), count, replace=False)] = 1
        rows.append(row(count, _chosen(validation, weights)))
    rows.append(row(len(validation), _chosen(validation, np.ones((1, len(validation))))))
    return Transfer(tuple(rows))


def _chosen(values: np.ndarray, weights: np.ndarray) -> list[int]:
    means, undefined = mean_over_cases(values, weights)
    found = (best_of_mean(m, u, DICE) for m, u in zip(means, undefined, strict=True))
    return [index for index in found if index is not None]
