"""Adjustments to local patients: they find a line that is there and leave alone what is right."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.errors import SettingError
from ContourQALib.quality.adjustment import Adjustment, Line, fit_line
from ContourQALib.quality.intervals import FIGURES, from_scale, to_scale


def local(rng, slope, offset, patients=40, contours=5, noise=0.2, figure="dice"):
    """Predictions whose truths lie about a line on the figure's scale."""
    whose = np.repeat(np.arange(patients), contours)
    x = rng.normal(1.2, 0.8, len(whose)) if figure == "dice" else rng.normal(2.4, 0.4, len(whose))
    predicted = from_scale(figure, x)
    return predicted, from_scale(figure, slope * x + offset + rng.normal(0, noise, len(x))), whose


@pytest.mark.parametrize("figure", FIGURES)
def test_a_line_that_is_there_is_found(figure):
    fit = fit_line(figure, *local(np.random.default_rng(1), 0.7, -0.4, 60, 8, figure=figure))
    # 480 contours with a spread of 0.2 fix a slope over a range of 0.4 to some 0.02, an offset at 2.4 from
    # the middle to some 0.05; shrinkage and clipped values take about as much again.
    assert fit.line.slope == pytest.approx(0.7, abs=0.05)
    assert fit.line.offset == pytest.approx(-0.4, abs=0.12)
    assert fit.mae_after < 0.6 * fit.mae_before
    assert abs(fit.bias_after) < 0.2 * abs(fit.bias_before)


def test_gross_outliers_do_not_move_the_line():
    predicted, true, whose = local(np.random.default_rng(2), 1.0, -0.5, 60, 5)
    spoiled = true.copy()
    spoiled[whose % 10 == 0] = 0.0  # a tenth of the patients were contoured with another organ
    clean, dirty = fit_line("dice", predicted, true, whose), fit_line("dice", predicted, spoiled, whose)
    # A tenth of outliers moves least squares by a tenth of their distance of 6; Huber's loss by far less.
    assert dirty.line.offset == pytest.approx(clean.line.offset, abs=0.2)


@given(seed=st.integers(0, 10**6), patients=st.integers(30, 60))
@settings(max_examples=20, deadline=None)
def test_it_is_never_worse_than_no_adjustment_on_patients_left_out(seed, patients):
    rng = np.random.default_rng(seed)
    fit = fit_line("dice", *local(rng, 1.0, rng.choice([0.0, 0.05]), patients, 2, 0.6))
    assert fit.mae_after <= fit.mae_before
    assert (fit.line == Line()) == (fit.reason is not None)


def test_predictions_that_are_right_are_left_alone():
    predicted, _, whose = local(np.random.default_rng(3), 1, 0)
    fit = fit_line("dice", predicted, predicted, whose)
    assert fit.line == Line()
    assert fit.mae_after == 0
    assert "as they are" in fit.reason


@pytest.mark.parametrize("slope", [-1.0, 0.0])
def test_a_better_prediction_stays_the_better_figure(slope):
    fit = fit_line("dice", *local(np.random.default_rng(4), slope, 0.5))
    assert fit.line.slope > 0
    adjusted = fit.line.apply("dice", np.linspace(0.1, 0.9, 9))
    assert (np.diff(adjusted) > 0).all()


def test_left_out_figures_do_not_know_their_own_patients_truth():
    predicted, true, whose = local(np.random.default_rng(5), 0.8, -0.5, 30, 2)
    changed = true.copy()
    changed[whose == 4] = 1 - changed[whose == 4]
    one, other = fit_line("dice", predicted, true, whose), fit_line("dice", predicted, changed, whose)
    assert one.left_out[whose == 4] == pytest.approx(other.left_out[whose == 4], abs=0.01)  # the chosen
    # shrinkage alone may differ, through the other patients' errors; the line moves by far more than that:
    assert one.line != other.line


def test_repeating_a_patients_contours_changes_nothing():
    predicted, true, whose = local(np.random.default_rng(6), 0.8, -0.5, 30, 1)
    rows = np.concatenate([np.arange(30)] * 3)
    once, again = (
        fit_line("dice", predicted, true, whose),
        fit_line("dice", predicted[rows], true[rows], whose[rows]),
    )
    assert again.line.offset == pytest.approx(once.line.offset, rel=1e-6)  # sums in another order
    assert again.mae_after == pytest.approx(once.mae_after, rel=1e-6)


def test_undefined_and_infinite_truths_take_no_part():
    predicted, true, whose = local(np.random.default_rng(7), 0.8, -0.2, 40, 2, figure="hd95_mm")
    spoiled = true.copy()
    spoiled[::2] = np.where(np.arange(40) % 2, np.inf, np.nan)
    fit = fit_line("hd95_mm", predicted, spoiled, whose)
    alone = fit_line("hd95_mm", predicted[1::2], true[1::2], whose[1::2])
    assert fit.line == alone.line
    assert fit.contours == 40
    assert np.isfinite(fit.left_out).all()


def test_fewer_than_thirty_patients_are_refused_however_many_contours_they_have():
    with pytest.raises(SettingError, match="at least 30 patients, not 29"):
        fit_line("dice", *local(np.random.default_rng(8), 1, -0.5, 29, 20))


def test_a_figure_without_a_line_stays_as_it_is():
    adjustment = Adjustment({"dice": Line(1.0, -0.5)}, 30)
    assert adjustment.apply("msd_mm", 1.5) == 1.5
    assert adjustment.apply("dice", 0.8) == pytest.approx(from_scale("dice", to_scale("dice", 0.8) - 0.5))


@pytest.mark.parametrize("line", [(0.0, 0.0), (-1.0, 0.0), (np.nan, 0.0), (1.0, np.inf)])
def test_a_line_that_would_turn_figures_round_is_refused(line):
    with pytest.raises(SettingError, match="positive slope"):
        Line(*line)


def test_a_large_cohort_takes_seconds():
    started = time.process_time()
    fit_line("dice", *local(np.random.default_rng(9), 0.8, -0.3, 100, 20))
    assert time.process_time() - started < 10  # takes about one; a slow machine may need several
