"""Figures that judge a predictor: closed forms, independent implementations, and what is undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from contourqa_training.judgement import clopper_pearson, judge, monotone_share

RANDOM = np.random.default_rng(0)
TRUE = RANDOM.uniform(0, 1, 60)
NOISY = np.clip(TRUE + RANDOM.normal(0, 0.1, 60), 0, 1)
PATIENTS = [f"p{n // 3}" for n in range(60)]


def test_a_perfect_predictor() -> None:
    found = judge(TRUE, TRUE, PATIENTS, 0.5)
    assert (found.n, found.patients, found.mae, found.bias, found.skill) == (60, 20, 0, 0, 1)
    assert (
        found.spearman == found.auroc == found.sensitivity_at_95 == found.global_accuracy == pytest.approx(1)
    )


def test_the_constant_itself_has_no_skill_and_no_correlation() -> None:
    found = judge(np.full(60, 0.5), TRUE, PATIENTS, 0.5)
    assert found.skill == 0
    assert math.isnan(found.spearman)
    assert found.record()["spearman"] is None


def test_independent_implementations_agree() -> None:
    found = judge(NOISY, TRUE, PATIENTS, 0.5)
    assert found.mae == pytest.approx(np.abs(NOISY - TRUE).mean())
    assert found.bias == pytest.approx((NOISY - TRUE).mean())
    assert found.pearson == pytest.approx(stats.pearsonr(NOISY, TRUE).statistic)
    assert found.spearman == pytest.approx(stats.spearmanr(NOISY, TRUE).statistic)
    outside = (TRUE < 0.75) | (TRUE > 0.80)
    assert found.auroc == pytest.approx(roc_auc_score(TRUE[outside] < 0.75, -NOISY[outside]))


def test_intervals_hold_their_figure_and_narrow_with_patients() -> None:
    few = judge(NOISY, TRUE, PATIENTS, 0.5)
    many = judge(np.tile(NOISY, 9), np.tile(TRUE, 9), [f"p{n // 3}" for n in range(540)], 0.5)
    for found in (few, many):
        assert found.mae_interval[0] < found.mae < found.mae_interval[1]
        assert found.spearman_interval[0] < found.spearman < found.spearman_interval[1]
    assert np.ptp(many.mae_interval) < np.ptp(few.mae_interval)


def test_global_accuracy_leaves_the_dead_band_alone() -> None:
    predicted, true = np.array([0.74, 0.81, 0.77, 0.74, 0.9]), np.array([0.81, 0.74, 0.9, 0.79, 0.9])
    assert judge(predicted, true, list("abcde"), 0.5).global_accuracy == pytest.approx(3 / 5)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (478, 480), (3, 7)])
def test_clopper_pearson_is_the_exact_binomial_interval(successes: int, n: int) -> None:
    low, high = clopper_pearson(successes, n)
    exact = stats.binomtest(successes, n).proportion_ci(0.95, "exact")
    assert (low, high) == pytest.approx((exact.low, exact.high))


def test_monotony_counts_steps_within_a_series() -> None:
    groups = [("a",), ("a",), ("a",), ("b",), ("b",)]
    assert monotone_share(np.array([0.9, 0.5, 0.6, 0.4, 0.4]), groups, [1, 2, 3, 1, 2]) == pytest.approx(
        2 / 3
    )
    assert math.isnan(monotone_share(np.array([0.9]), [("a",)], [1]))
