"""Conformal intervals: coverage, the quantile's definition, and what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ContourQALib.errors import SettingError
from ContourQALib.quality.intervals import FIGURES, Interval, Refusal, Residuals, from_scale, to_scale

LEVELS = (0.80, 0.90, 0.95)


def drawn(rng, patients=60, contours=1):
    """Predictions and truths of patients who each have an error of their own."""
    whose = np.repeat(np.arange(patients), contours)
    predicted = rng.uniform(0.6, 0.95, len(whose))
    shift = rng.normal(0, 0.4, patients)[whose] + rng.normal(0, 0.3, len(whose))
    return predicted, from_scale("dice", to_scale("dice", predicted) + shift), whose


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.98])
@pytest.mark.parametrize("patients", [50, 59, 99, 100])
def test_the_quantile_is_the_papers_for_one_contour_a_patient(patients, level):
    values = np.random.default_rng(patients).permutation(np.arange(patients, dtype=float))
    residuals = Residuals.of("msd_mm", np.zeros(patients), np.expm1(values), np.arange(patients))
    rank = math.ceil(round((patients + 1) * level, 9))  # rounded: 100 * 0.95 is 95, not 95.00000000000001
    expected = rank - 1 if rank <= patients else math.inf
    assert residuals.upper(level) == pytest.approx(expected, rel=1e-12)  # expm1 and log1p round


@pytest.mark.parametrize(("contours", "one_sided"), [(1, False), (1, True), (4, False), (4, True)])
def test_intervals_hold_the_truth_as_often_as_their_level_says(contours, one_sided):
    level, patients, rounds = 0.9, 60, 200
    rng = np.random.default_rng(1)
    held = []
    for _ in range(rounds):
        predicted, true, whose = drawn(rng, patients + 5, contours)
        known = whose < patients
        residuals = Residuals.of("dice", predicted[known], true[known], whose[known])
        ask = residuals.at_least if one_sided else residuals.interval
        low, high = np.array([(i.low, i.high) for i in (ask(p, level) for p in predicted[~known])]).T
        held.append(np.mean((true[~known] >= low) & (true[~known] <= high)))
    # A perfect predictor's mean coverage is a whole rank over K + 1, so at most 2 ranks above the level; the
    # mean of 200 rounds, each with a spread of some 0.12, lies within 0.03 of its expectation at 3.5 sigma.
    assert level - 0.03 <= np.mean(held) <= level + 2 / (patients + 1) + 0.03


def test_coverage_is_beta_distributed_over_calibration_sets():
    level, patients = 0.9, 99
    rng = np.random.default_rng(2)
    coverage = []
    for _ in range(300):
        errors = rng.normal(0, 1, patients)
        residuals = Residuals.of(
            "dice", np.full(patients, 0.5), from_scale("dice", errors), np.arange(patients)
        )
        coverage.append(stats.norm.cdf(residuals.upper(level)))
    rank = math.ceil(round((patients + 1) * level, 9))
    fit = stats.kstest(coverage, stats.beta(rank, patients + 1 - rank).cdf)
    assert fit.pvalue > 0.001  # one draw in a thousand would fail by chance; the seed is fixed


@given(seed=st.integers(0, 10**6), level=st.sampled_from(LEVELS))
@settings(max_examples=30, deadline=None)
def test_a_higher_level_gives_a_wider_interval(seed, level):
    residuals = Residuals.of("dice", *drawn(np.random.default_rng(seed), 60, 2))
    narrow, wide = residuals.interval(0.8, level), residuals.interval(0.8, level + 0.01)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


@given(seed=st.integers(0, 10**6), repeats=st.integers(2, 5))
@settings(max_examples=30, deadline=None)
def test_repeating_all_contours_of_a_patient_changes_nothing(seed, repeats):
    predicted, true, whose = drawn(np.random.default_rng(seed), 55, 3)
    rows = np.concatenate([np.arange(len(whose)), *[np.flatnonzero(whose == 7)] * (repeats - 1)])
    once, again = (
        Residuals.of("dice", p, t, w)
        for p, t, w in [(predicted, true, whose), (predicted[rows], true[rows], whose[rows])]
    )
    for level in LEVELS:
        assert once.interval(0.8, level) == again.interval(0.8, level)


@given(seed=st.integers(0, 10**6), figure=st.sampled_from(FIGURES))
@settings(max_examples=30, deadline=None)
def test_bounds_rise_with_the_prediction_and_stay_in_range(seed, figure):
    rng = np.random.default_rng(seed)
    predicted, true, whose = drawn(rng, 60, 2)
    if figure != "dice":
        predicted, true = 10 * (1 - predicted), 10 * (1 - true)
    residuals = Residuals.of(figure, predicted, true, whose)
    asked = np.sort(rng.uniform(0, 1, 5)) * (1 if figure == "dice" else 30)
    bounds = np.array([(i.low, i.high) for i in map(residuals.interval, asked)])
    assert (np.diff(bounds, axis=0) >= 0).all()
    assert (bounds >= 0).all()
    assert figure != "dice" or (bounds <= 1).all()


def test_the_order_of_the_calibration_contours_does_not_matter():
    predicted, true, whose = drawn(np.random.default_rng(3), 60, 3)
    order = np.random.default_rng(4).permutation(len(whose))
    assert Residuals.of("dice", predicted, true, whose).interval(0.8) == Residuals.of(
        "dice", predicted[order], true[order], whose[order]
    ).interval(0.8)


def test_fewer_than_fifty_patients_are_refused_however_many_contours_they_have():
    refused = Residuals.of("dice", *drawn(np.random.default_rng(5), 49, 10)).interval(0.8)
    assert isinstance(refused, Refusal)
    assert refused.cases == 49
    assert "49 calibration patients" in refused.reason
    assert "at least 50" in refused.reason


def test_a_level_that_the_patients_cannot_reach_is_refused_with_the_number_needed():
    residuals = Residuals.of("dice", *drawn(np.random.default_rng(6), 60))
    two, one = residuals.interval(0.8, 0.98), residuals.at_least(0.8, 0.98)
    assert isinstance(two, Refusal)
    assert "level 0.98 needs at least 99" in two.reason
    assert isinstance(one, Interval)  # a bound on one side alone needs half as many
    enough = Residuals.of("dice", *drawn(np.random.default_rng(6), 99))
    assert isinstance(enough.interval(0.8, 0.98), Interval)


def test_undefined_truths_are_left_out_and_their_patients_not_counted():
    predicted, true, whose = drawn(np.random.default_rng(7), 60, 2)
    true[whose == 3] = np.nan
    kept = whose != 3
    some, none = (
        Residuals.of("dice", predicted, true, whose),
        Residuals.of("dice", predicted[kept], true[kept], whose[kept]),
    )
    assert some.patients == 59
    assert some.interval(0.8) == none.interval(0.8)


def test_an_infinite_upper_bound_is_refused_and_a_few_infinite_truths_are_not():
    predicted, true = np.full(60, 2.0), np.full(60, 3.0)
    true[:2] = np.inf
    assert isinstance(Residuals.of("hd95_mm", predicted, true, np.arange(60)).interval(2.0), Interval)
    true[:10] = np.inf
    refused = Residuals.of("hd95_mm", predicted, true, np.arange(60)).interval(2.0)
    assert isinstance(refused, Refusal)
    assert "infinite" in refused.reason


def test_one_side_of_a_dice_lies_below_and_one_side_of_a_distance_above():
    predicted, true, whose = drawn(np.random.default_rng(8))
    dice = Residuals.of("dice", predicted, true, whose).at_least(0.8)
    distance = Residuals.of("hd95_mm", 10 * (1 - predicted), 10 * (1 - true), whose).at_least(2.0)
    assert 0 < dice.low < 0.8
    assert dice.high == 1
    assert distance.low == 0
    assert distance.high > 2


@pytest.mark.parametrize("value", [0.0, 0.001, 0.999, 1.0])
def test_an_interval_that_reaches_the_scales_end_holds_what_lies_beyond(value):
    residuals = Residuals.of("dice", np.full(60, 0.9), np.full(60, value), np.arange(60))
    interval = residuals.interval(0.9)
    assert interval.low <= value <= interval.high


@pytest.mark.parametrize("level", [0.0, 1.0, 90])
def test_a_level_must_be_a_probability(level):
    with pytest.raises(SettingError, match="between 0 and 1"):
        Residuals.of("dice", *drawn(np.random.default_rng(9))).interval(0.8, level)


def test_predictions_must_be_finite():
    with pytest.raises(SettingError, match="finite"):
        Residuals.of("dice", [math.nan], [0.5], [0])
