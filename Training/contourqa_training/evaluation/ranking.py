"""Ranking: predictions beside the truth, with every figure of EVALUATION.md that one pair of arrays has.

All figures take weights, whole numbers that say how often each contour counts: those of a bootstrap draw.
Equal predictions are in no order: what depends on it is the mean over all of them.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

POOR, GOOD = 0.75, 0.80
"""The dead band of the paper's failure definition: a contour below POOR failed, one above GOOD did not."""

SPECIFICITY = 0.95
"""Share of good contours that are let pass where sensitivity is read off."""


class Ranking:
    """Predicted and true values of one figure of contours, all finite.

    Args:
        predicted: (n,).
        true: (n,).
        constant: (n,) or one number, the constant that skill is measured against.
    """

    def __init__(self, predicted: np.ndarray, true: np.ndarray, constant: np.ndarray | float) -> None:
        self.predicted = np.asarray(predicted, float)
        self.true = np.asarray(true, float)
        self._by_prediction = np.unique(self.predicted, return_inverse=True)[1]
        self._by_truth = np.unique(self.true, return_inverse=True)[1]
        self._error = np.abs(self.predicted - self.true)
        self._baseline = np.abs(constant - self.true)

    def agreement(self, weights: np.ndarray | None = None) -> dict[str, float]:
        """MAE, bias, skill, Pearson and Spearman; nan where undefined."""
        w = self._weights(weights)
        total = w.sum()
        mae, baseline = w @ self._error / total, w @ self._baseline / total
        return {
            "mae": float(mae),
            "bias": float(w @ (self.predicted - self.true) / total),
            "skill": float(1 - mae / baseline) if baseline > 0 else math.nan,
            "pearson": _correlation(self.predicted, self.true, w),
            "spearman": _correlation(_midranks(self._by_prediction, w), _midranks(self._by_truth, w), w),
        }

    def detection(self, weights: np.ndarray | None = None) -> dict[str, float]:
        """How well a low Dice tells failures (true Dice below POOR) from good contours (above GOOD).

        Returns:
            auroc; auprc, the average precision; auprc_by_chance, the share of failures; sensitivity_at_95,
            failures found where at most 5 % of the good contours are called failures.
        """
        w = self._weights(weights)
        failed = self._sums(w * (self.true < POOR))
        good = self._sums(w * (self.true > GOOD))
        failures, goods = failed.sum(), good.sum()
        names = ("auroc", "auprc", "auprc_by_chance", "sensitivity_at_95")
        if not (failures and goods):
            return dict.fromkeys(names, math.nan)
        found, alarms = np.cumsum(failed), np.cumsum(good)
        auroc = failed @ (goods - alarms + good / 2) / (failures * goods)
        with np.errstate(invalid="ignore"):
            precision = np.where(found + alarms > 0, found / (found + alarms), 0.0)
        let_pass = np.flatnonzero(alarms <= (1 - SPECIFICITY) * goods + 1e-9)  # 1 - 0.95 is not exact
        sensitivity = found[let_pass[-1]] / failures if let_pass.size else 0.0
        values = (auroc, failed @ precision / failures, failures / (failures + goods), sensitivity)
        return {name: float(value) for name, value in zip(names, values, strict=True)}

    def risk_coverage(self, weights: np.ndarray | None = None) -> dict[str, float]:
        """Risk (1 - true Dice) of the contours kept as ever more of them are, the best predicted first.

        Returns:
            aurc: mean over every number kept of the kept ones' mean risk (Geifman 2017); e_aurc: the same
            less that of a perfect order; augrc: area under kept risk as a share of all contours (Traub 2024).
        """
        w = self._weights(weights)
        risk = 1 - self.true
        aurc = _aurc(self._sums(w)[::-1], self._sums(w * risk)[::-1])
        groups = np.bincount(self._by_truth, w), np.bincount(self._by_truth, w * risk)
        counts, sums = self._sums(w)[::-1], np.cumsum(self._sums(w * risk)[::-1])
        area = counts @ (sums + np.concatenate([[0.0], sums[:-1]])) / 2
        return {
            "aurc": aurc,
            "e_aurc": aurc - _aurc(groups[0][::-1], groups[1][::-1]),
            "augrc": float(area / w.sum() ** 2),
        }

    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Coverage and the mean risk of the contours kept, the best predicted first."""
        counts = np.cumsum(self._sums(np.ones(len(self.true)))[::-1])
        risks = np.cumsum(self._sums(1 - self.true)[::-1])
        return counts / counts[-1], risks / counts

    def wrong_side(self) -> np.ndarray:
        """Bool (n,): contours that fail the paper's global accuracy."""
        low, high = self.predicted < POOR, self.predicted > GOOD
        return np.asarray((low & (self.true > GOOD)) | (high & (self.true < POOR)))

    def _weights(self, weights: np.ndarray | None) -> np.ndarray:
        return np.ones(len(self.true)) if weights is None else weights.astype(float)

    def _sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over contours of equal prediction, the lowest prediction first."""
        return np.bincount(self._by_prediction, values)


def clopper_pearson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The exact binomial interval of a share; nan for none of none."""
    from scipy.stats import beta

    if not n:
        return math.nan, math.nan
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, successes, n - successes + 1)) if successes else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, n - successes)) if successes < n else 1.0
    return low, high


def _midranks(groups: np.ndarray, weights: np.ndarray) -> np.ndarray:
    counts = np.bincount(groups, weights)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[groups])


def _correlation(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> float:
    total = weights.sum()
    a, b = a - weights @ a / total, b - weights @ b / total
    spread = (weights @ (a * a)) * (weights @ (b * b))
    # Rounding leaves a constant with a spread of about 1e-32 of its square.
    return float(weights @ (a * b) / math.sqrt(spread)) if spread > 1e-24 else math.nan


def _aurc(counts: np.ndarray, sums: np.ndarray) -> float:
    """Mean selective risk from groups of equal confidence, the most confident first.

    Within a group the k-th kept contour has the group's mean risk r: with c before it and their sum s, the
    mean risk is (s + k r) / (c + k) = r + (s - c r) / (c + k).
    """
    kept = counts > 0
    counts, sums = counts[kept], sums[kept]
    after = np.rint(np.cumsum(counts)).astype(int)
    before = np.concatenate([[0], after[:-1]])
    earlier = np.concatenate([[0.0], np.cumsum(sums)[:-1]])
    mean = sums / counts
    harmonic = _harmonic(1 << int(after[-1]).bit_length())
    return float((sums + (earlier - before * mean) * (harmonic[after] - harmonic[before])).sum() / after[-1])


@lru_cache(maxsize=32)
def _harmonic(n: int) -> np.ndarray:
    """Harmonic numbers H(0) to H(n)."""
    return np.concatenate([[0.0], np.cumsum(1 / np.arange(1, n + 1))])
