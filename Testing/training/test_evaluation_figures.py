"""Figures of an evaluation: closed forms, independent implementations, and what is undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from contourqa_training.evaluation.bootstrap import PatientDraws, percentiles
from contourqa_training.evaluation.coverage import perfect_coverage, winkler
from contourqa_training.evaluation.localization import average_precision, localize, review_effort
from contourqa_training.evaluation.ranking import Ranking, clopper_pearson
from shapes import box_mask

RANDOM = np.random.default_rng(0)
TRUE = RANDOM.uniform(0.5, 1, 60)
NOISY = np.round(np.clip(TRUE + RANDOM.normal(0, 0.1, 60), 0, 1), 2)  # two digits: some predictions are tied
PATIENTS = [f"p{n // 3}" for n in range(60)]


def test_a_perfect_predictor_has_no_error_and_every_rank() -> None:
    found = Ranking(TRUE, TRUE, 0.75)
    assert found.agreement() == pytest.approx(
        {"mae": 0, "bias": 0, "skill": 1, "pearson": 1, "spearman": 1}, abs=1e-12
    )
    detection = found.detection()
    assert detection["auroc"] == detection["auprc"] == detection["sensitivity_at_95"] == pytest.approx(1)
    assert found.risk_coverage()["e_aurc"] == pytest.approx(0, abs=1e-12)


def test_the_constant_has_no_skill_no_rank_and_detects_by_chance() -> None:
    found = Ranking(np.full(60, 0.75), TRUE, 0.75)
    assert found.agreement()["skill"] == 0
    assert math.isnan(found.agreement()["spearman"])
    assert found.detection()["auroc"] == pytest.approx(0.5)
    assert found.detection()["auprc"] == pytest.approx(found.detection()["auprc_by_chance"])
    # Kept in no order, the mean risk of any number of contours is that of all.
    assert found.risk_coverage()["aurc"] == pytest.approx(1 - TRUE.mean())
    assert found.risk_coverage()["augrc"] == pytest.approx((1 - TRUE.mean()) / 2)


def test_independent_implementations_agree() -> None:
    found = Ranking(NOISY, TRUE, 0.75)
    agreement, detection = found.agreement(), found.detection()
    assert agreement["mae"] == pytest.approx(np.abs(NOISY - TRUE).mean())
    assert agreement["bias"] == pytest.approx((NOISY - TRUE).mean())
    assert agreement["pearson"] == pytest.approx(stats.pearsonr(NOISY, TRUE).statistic)
    assert agreement["spearman"] == pytest.approx(stats.spearmanr(NOISY, TRUE).statistic)
    outside = (TRUE < 0.75) | (TRUE > 0.80)
    failed, risk = TRUE[outside] < 0.75, -NOISY[outside]
    assert detection["auroc"] == pytest.approx(roc_auc_score(failed, risk))
    assert detection["auprc"] == pytest.approx(average_precision_score(failed, risk))


def test_sensitivity_is_read_where_one_good_contour_of_twenty_is_called_a_failure() -> None:
    good, failed = np.linspace(0.81, 1, 20), np.array([0.3, 0.4, 0.5, 0.6])
    predicted = np.concatenate([np.linspace(0.5, 0.9, 20), [0.1, 0.49, 0.51, 0.8]])
    found = Ranking(predicted, np.concatenate([good, failed]), 0.75).detection()
    # The lowest good score is 0.50 and the next 0.52: 0.1, 0.49 and 0.51 are found, 0.8 is not.
    assert found["sensitivity_at_95"] == pytest.approx(3 / 4)


def test_risk_and_coverage_by_hand() -> None:
    # Kept in the order 1, 2, 3 the risks are 0.2, 0, 0.4: means 0.2, 0.1, 0.2; best 0, 0.1, 0.2.
    found = Ranking(np.array([0.9, 0.8, 0.7]), np.array([0.8, 1.0, 0.6]), 0.8).risk_coverage()
    assert found["aurc"] == pytest.approx((0.2 + 0.1 + 0.2) / 3)
    assert found["e_aurc"] == pytest.approx((0.2 + 0.1 + 0.2) / 3 - (0 + 0.1 + 0.2) / 3)
    # Kept risk as a share of all: 0, 0.2/3, 0.2/3, 0.6/3 at coverage 0, 1/3, 2/3, 1; trapezoids.
    assert found["augrc"] == pytest.approx((0.1 + 0.2 + 0.4) / 9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=30), st.integers(0, 99))
def test_augrc_of_failures_follows_from_auroc(wrong: list[bool], seed: int) -> None:
    risk = np.array(wrong, float)
    share = risk.mean()
    score = np.random.default_rng(seed).permutation(len(wrong)) / len(wrong)
    area = 0.5
    if 0 < share < 1:
        area = float(roc_auc_score(risk, -score))
    # Traub 2024: for risks of 0 and 1, AUGRC = (1 - AUROC) accuracy failures + failures^2 / 2.
    expected = (1 - area) * share * (1 - share) + share**2 / 2
    assert Ranking(score, 1 - risk, 0.5).risk_coverage()["augrc"] == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_weights_are_repetitions(seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.integers(0, 4, 20)
    weights[0] = 1
    true, predicted = random.uniform(0.5, 1, 20), np.round(random.uniform(0.5, 1, 20), 1)
    weighted, repeated = (
        Ranking(predicted, true, 0.8),
        Ranking(np.repeat(predicted, weights), np.repeat(true, weights), 0.8),
    )
    for figures in ("agreement", "detection", "risk_coverage"):
        assert getattr(weighted, figures)(weights) == pytest.approx(getattr(repeated, figures)(), nan_ok=True)


def test_global_accuracy_leaves_the_dead_band_alone() -> None:
    predicted, true = np.array([0.74, 0.81, 0.77, 0.74, 0.9]), np.array([0.81, 0.74, 0.9, 0.79, 0.9])
    assert Ranking(predicted, true, 0.5).wrong_side().tolist() == [True, True, False, False, False]


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (478, 480), (3, 7)])
def test_clopper_pearson_is_the_exact_binomial_interval(successes: int, n: int) -> None:
    exact = stats.binomtest(successes, n).proportion_ci(0.95, "exact")
    assert clopper_pearson(successes, n) == pytest.approx((exact.low, exact.high))


def test_a_bootstrap_draws_patients_and_not_contours() -> None:
    draws = PatientDraws(["a"] * 100 + ["b"] * 100, draws=400)
    values = np.repeat([0.0, 1.0], 100)
    assert draws.mean_interval(values) == (0, 1)  # a quarter of the draws is one patient alone
    sampled = draws.samples(lambda w: {"mean": float(w @ values / w.sum())})["mean"]
    assert percentiles(sampled) == draws.mean_interval(values)
    assert set(np.unique(sampled)) == {0, 0.5, 1}


def test_intervals_narrow_with_patients() -> None:
    few = PatientDraws(PATIENTS, draws=300).mean_interval(NOISY)
    many = PatientDraws([f"p{n // 3}" for n in range(540)], draws=300).mean_interval(np.tile(NOISY, 9))
    assert few[0] < NOISY.mean() < few[1]
    # nine times as many patients: a third of the width, give or take the bootstrap's own noise
    assert np.ptp(many) == pytest.approx(np.ptp(few) / 3, rel=0.35)


def test_what_nobody_has_is_undefined() -> None:
    assert math.isnan(percentiles(np.array([math.nan]))[0])
    assert math.isnan(PatientDraws([]).mean_interval(np.zeros(0))[0])
    assert all(math.isnan(v) for v in Ranking(TRUE * 0 + 0.9, TRUE * 0 + 0.9, 0.9).detection().values())


def test_winkler_charges_what_lies_beyond_a_bound() -> None:
    low, high = np.array([0.2, 0.2, 0.2]), np.array([0.6, 0.6, 0.6])
    found = winkler(low, high, np.array([0.4, 0.1, 0.7]), 0.9)
    assert found == pytest.approx([0.4, 0.4 + 20 * 0.1, 0.4 + 20 * 0.1])


@pytest.mark.parametrize(("cases", "low", "high"), [(50, 0.83, 0.96), (100, 0.85, 0.95), (200, 0.86, 0.93)])
def test_a_perfect_predictor_covers_what_is_known_of_order_statistics(
    cases: int, low: float, high: float
) -> None:
    # EVALUATION.md's ranges at 90 %, which it gives to two digits
    assert perfect_coverage(cases, 0.9, sides=1) == pytest.approx((low, high), abs=0.0075)


def test_coverage_cannot_be_promised_by_too_few() -> None:
    assert math.isnan(perfect_coverage(10, 0.95, sides=2)[0])


def test_average_precision_with_ties_is_the_independent_one() -> None:
    scores, wrong = np.round(RANDOM.uniform(size=300), 1), RANDOM.uniform(size=300) < 0.2
    assert average_precision(scores, wrong) == pytest.approx(average_precision_score(wrong, scores))
    assert math.isnan(average_precision(scores, np.zeros(300, bool)))


def test_review_effort_counts_slices_until_nine_tenths_are_seen() -> None:
    assert review_effort(np.array([9.0, 1.0, 0.0, 0.0])) == 0.25
    assert review_effort(np.array([0.0, 0.0, 1.0, 9.0])) == 1
    assert review_effort(np.ones(10)) == pytest.approx(0.9)


def test_a_map_of_the_true_errors_finds_all_of_them() -> None:
    mask, reference = (
        box_mask((12, 20, 20), (2, 5, 5), (10, 15, 15)),
        box_mask((12, 20, 20), (2, 5, 5), (10, 15, 15)),
    )
    reference[4, 5:15, 15:18] = True  # left out in slice 4
    reference[7, 5, 5:10] = False  # too much, less of it, in slice 7
    found = localize((mask ^ reference).astype(np.float32), mask, reference, (3.0, 1.0, 1.0))
    assert found is not None
    assert found.auprc == pytest.approx(1)
    assert found.hit_at_1 == found.hit_at_3 == 1
    assert found.hit_at_3_by_chance == pytest.approx(3 / 8)  # slices 2 to 9
    # 30 of 35 voxels lie in slice 4, less than nine tenths: two slices of eight, as at best
    assert found.effort == found.effort_at_best == pytest.approx(2 / 8)
    assert found.effort_in_order == pytest.approx((6 / 8 + 6 / 8) / 2)
    nothing = localize(np.zeros(mask.shape, np.float32), mask, reference, (3.0, 1.0, 1.0))
    assert nothing is not None
    assert nothing.auprc == pytest.approx(nothing.prevalence)


def test_voxels_beyond_ten_mm_do_not_count() -> None:
    mask = box_mask((3, 60, 9), (1, 2, 2), (2, 7, 7))
    reference = mask.copy()
    reference[1, 40:50, 4] = True  # 34 mm away
    found = localize(reference.astype(np.float32), mask, reference, (1.0, 1.0, 1.0))
    assert found is not None
    assert math.isnan(found.auprc)


def test_a_contour_without_an_error_has_nothing_to_find() -> None:
    mask = box_mask((4, 6, 6), (1, 1, 1), (3, 5, 5))
    assert localize(np.zeros(mask.shape, np.float32), mask, mask, (1.0, 1.0, 1.0)) is None
