"""Reliability, temperature and bias: simulated maps with known answers, and oracles that see every voxel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid
from ContourQALib.thresholds.calibration import TEMPERATURES, Calibration, Rescaling, fit_calibration
from ContourQALib.thresholds.reliability import (
    BINS,
    DOMAIN_MARGIN_VOXELS,
    LEAST,
    Tally,
    logits,
    reliability,
    tally,
    tally_arrays,
)
from shapes import box_mask

SHAPE = (40, 50, 60)
GROUPING = 2e-3
"""Voxels are grouped within 0.2 % of their probability: one at the edge of a bin may count in the next."""


def case(values: np.ndarray, mask: np.ndarray) -> tuple[ProbabilityMap, Contour]:
    grid = Grid.for_shape(values.shape)
    return ProbabilityMap(values.astype(np.float32), grid, "organ"), Contour(mask, grid, "organ")


def fitted(values: np.ndarray, mask: np.ndarray) -> Calibration:
    probability, reference = case(values, mask)
    return fit_calibration([probability], [reference])


def simulated(
    temperature: float = 1.0, bias: float = 0.0, seed: int = 0, shape: tuple[int, ...] = SHAPE
) -> tuple[np.ndarray, np.ndarray]:
    """Truth drawn from sigmoid(z / temperature + bias), and a map that says sigmoid(z)."""
    draw = np.random.default_rng(seed)
    z = draw.normal(-0.5, 2.0, shape)
    truth = draw.random(shape) < 1 / (1 + np.exp(-(z / temperature + bias)))
    return (1 / (1 + np.exp(-z))).astype(np.float32), truth


def test_a_calibrated_map_stays_as_it_is():
    found = fitted(*simulated())
    # 120 000 draws: the slope's standard error is about 1 / sqrt(sum p(1-p) z^2) = 0.5 %; five of them.
    assert found.temperature.temperature == pytest.approx(1, abs=0.025)
    assert found.temperature_and_bias.bias == pytest.approx(0, abs=0.05)
    # Expected gap of a bin of some 8000 draws: sqrt(2/pi) sd = 0.4 %.
    assert found.before.ece < 0.01
    assert found.in_sample


@pytest.mark.parametrize(("temperature", "bias"), [(2.0, 0.0), (0.5, 0.0), (1.5, 0.8), (0.7, -1.5)])
def test_a_map_that_is_off_by_temperature_and_bias_is_found_out(temperature: float, bias: float):
    found = fitted(*simulated(temperature, bias))
    fit = found.temperature_and_bias
    assert not fit.at_limit
    # Standard errors at 120 000 draws are below 1 % and 0.01; five of them.
    assert fit.temperature == pytest.approx(temperature, rel=0.05)
    assert fit.bias == pytest.approx(bias, abs=0.05)
    after = found.after_temperature_and_bias
    assert after.ece < 0.01
    assert after.ece < found.before.ece
    assert after.nll < found.before.nll
    if bias == 0:
        assert found.temperature.temperature == pytest.approx(temperature, rel=0.05)


def two_levels(observed: float) -> tuple[np.ndarray, np.ndarray]:
    """Half of 2000 voxels at 0.9, half at 0.1, of which `observed` and 1 - `observed` are true."""
    values = np.full((2, 20, 50), 0.1, np.float32)
    values[1] = 0.9
    truth = np.zeros(values.shape, bool)
    count = round(1000 * observed)
    truth[1].flat[:count] = True
    truth[0].flat[: 1000 - count] = True
    return values, truth


def test_two_levels_in_closed_form():
    found = fitted(*two_levels(0.7))
    before = found.before
    # 0.9 and 0.1 as float32 are off by 2e-8.
    assert before.ece == pytest.approx(0.2, abs=1e-7)
    assert before.max_error == pytest.approx(0.2, abs=1e-7)
    assert before.brier == pytest.approx(0.7 * 0.01 + 0.3 * 0.81, abs=1e-7)
    assert before.nll == pytest.approx(-(0.7 * math.log(0.9) + 0.3 * math.log(0.1)), abs=1e-6)
    assert before.voxels.tolist() == [0, 1000, *[0] * 11, 1000, 0]
    assert before.observed[[1, 13]] == pytest.approx([0.3, 0.7])
    assert np.isnan(before.mean_predicted[0])
    # Logits shrink from log 9 to log(7/3); by symmetry no bias is needed.
    wanted = math.log(9) / math.log(7 / 3)
    assert found.temperature.temperature == pytest.approx(wanted, rel=1e-6)
    # The solver of both parameters stops by the gradient: flat to 1e-5.
    assert found.temperature_and_bias.temperature == pytest.approx(wanted, rel=1e-4)
    assert found.temperature_and_bias.bias == pytest.approx(0, abs=1e-4)
    assert found.after_temperature.ece == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("observed", "temperature"), [(0.5, TEMPERATURES[1]), (1.0, TEMPERATURES[0])])
def test_no_finite_temperature_is_said(observed: float, temperature: float):
    found = fitted(*two_levels(observed))
    assert found.temperature == Rescaling(temperature, at_limit=True)
    assert found.temperature_and_bias.at_limit


def test_a_map_that_one_threshold_makes_perfect_becomes_a_step_there():
    values = simulated()[0]
    fit = fitted(values, values >= 0.7).temperature_and_bias
    assert fit.at_limit
    # Between the last voxel below 0.7 and the first above: 120 000 draws lie closer than 0.2 %.
    assert float(fit.undo(0.5)) == pytest.approx(0.7, abs=GROUPING)


def test_a_map_of_exact_zeros_and_ones_is_finite():
    truth = simulated()[1]
    found = fitted(truth.astype(np.float32), truth)
    assert found.before.nll == pytest.approx(-math.log1p(-LEAST), rel=1e-6)
    assert found.before.ece == 0
    assert found.temperature.at_limit


def every_voxel(values: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values.ravel().astype(float), truth.ravel()


def test_grouped_voxels_give_what_single_voxels_give():
    from scipy.optimize import minimize_scalar

    values, truth = simulated(1.7, 0.3)
    found = fitted(values, truth)
    p, y = every_voxel(values, truth)
    logit = np.log(p) - np.log1p(-p)

    def nll(temperature: float) -> float:
        return float(np.mean(np.logaddexp(0, logit / temperature) - y * logit / temperature))

    best = minimize_scalar(nll, bounds=(0.1, 10), method="bounded", options={"xatol": 1e-9})
    # A voxel is off by at most 0.2 %, either way: 0.002 / sqrt(120 000) = 6e-6 in the mean.
    assert found.before.nll == pytest.approx(nll(1.0), rel=6e-6)
    assert found.after_temperature.nll == pytest.approx(best.fun, rel=6e-6)
    assert found.temperature.temperature == pytest.approx(best.x, rel=1e-4)
    assert found.before.brier == pytest.approx(np.mean((p - y) ** 2), rel=1e-5)
    assert found.voxels == values.size
    assert found.positives == truth.sum()


def test_the_curve_is_the_one_scikit_learn_draws():
    curve = pytest.importorskip("sklearn.calibration").calibration_curve
    values, truth = simulated(1.7, 0.3)
    p, y = every_voxel(values, truth)
    observed, predicted = curve(y, p, n_bins=BINS)
    found = fitted(values, truth).before
    assert found.observed == pytest.approx(observed, abs=GROUPING)
    assert found.mean_predicted == pytest.approx(predicted, abs=GROUPING)
    count = np.histogram(p, BINS, (0, 1))[0]
    assert found.ece == pytest.approx(np.average(np.abs(observed - predicted), weights=count), abs=GROUPING)


@pytest.mark.parametrize(("temperature", "bias"), [(0.6, -0.9), (0.05, 3.0), (8.0, -2.0)])
def test_platt_scaling_is_scikit_learns_logistic_regression(temperature: float, bias: float):
    linear_model = pytest.importorskip("sklearn.linear_model")
    values, truth = simulated(temperature, bias)
    p, y = every_voxel(values, truth)
    logit = (np.log(p) - np.log1p(-p))[:, None]
    oracle = linear_model.LogisticRegression(C=math.inf, tol=1e-10).fit(logit, y)
    fit = fitted(values, truth).temperature_and_bias
    # Groups are within 0.2 %, and both solvers stop a little before the optimum.
    assert 1 / fit.temperature == pytest.approx(oracle.coef_[0, 0], rel=1e-3)
    assert fit.bias == pytest.approx(oracle.intercept_[0], abs=1e-3)


def test_the_domain_is_a_box_with_a_margin():
    values = np.zeros(SHAPE, np.float32)
    values[20, 20, 20:30] = 0.01
    values[0, 0, 0] = 0.009  # too little to count
    mask = box_mask(SHAPE, (18, 20, 10), (22, 24, 12))
    counted = tally(*case(values, mask))
    margin = 2 * DOMAIN_MARGIN_VOXELS
    assert counted.voxels.sum() == (4 + margin) * (4 + margin) * (20 + margin)
    assert counted.positives.sum() == mask.sum()


def test_background_far_away_changes_nothing():
    values, truth = simulated(1.5, shape=(10, 11, 12))
    pad = [(4, 9), (3, 5), (20, 7)]
    found, padded = (fitted(np.pad(values, width), np.pad(truth, width)) for width in ([(3, 3)] * 3, pad))
    assert padded.voxels == found.voxels
    assert padded.temperature == found.temperature
    assert padded.before.ece == found.before.ece


def test_nothing_at_all_is_no_domain():
    probability, reference = case(np.zeros((3, 4, 5)), np.zeros((3, 4, 5), bool))
    assert tally(probability, reference).voxels.size == 0
    with pytest.raises(SettingError, match="both inside and outside"):
        fit_calibration([probability], [reference])


def test_two_cases_are_one_larger_case():
    first, second = simulated(1.5, seed=1), simulated(0.8, 0.4, seed=2)
    together = Tally.of([tally_arrays(*first), tally_arrays(*second)])
    at_once = tally_arrays(np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]]))
    assert together.cases == 2
    assert together.group.tolist() == at_once.group.tolist()
    assert together.voxels.tolist() == at_once.voxels.tolist()
    assert together.positives.tolist() == at_once.positives.tolist()
    assert together.probability == pytest.approx(at_once.probability, rel=1e-12)  # sums in another order
    pairs = [case(*first), case(*second)]
    found = fit_calibration([p for p, _ in pairs], [r for _, r in pairs])
    assert found.cases == 2
    assert found.voxels == first[0].size + second[0].size


def test_a_fit_measured_on_other_cases_is_no_better_than_their_own():
    own = fitted(*simulated(1.5, seed=1))
    other = tally_arrays(*simulated(1.1, 0.3, seed=2))
    told = own.measured_on(other)
    assert not told.in_sample
    assert told.temperature == own.temperature
    theirs = fitted(*simulated(1.1, 0.3, seed=2))
    assert told.before.nll == theirs.before.nll
    assert told.after_temperature.nll > theirs.after_temperature.nll
    assert told.after_temperature_and_bias.nll > theirs.after_temperature_and_bias.nll


def test_bad_input_is_refused():
    values, truth = simulated(shape=(4, 5, 6))
    probability, reference = case(values, truth)
    with pytest.raises(SettingError, match="one reference for each map, not 1 for 2"):
        fit_calibration([probability, probability], [reference])
    with pytest.raises(SettingError, match="one reference for each map"):
        fit_calibration([], [])
    for wrong in (math.nan, 1.01, -0.5):
        spoiled = values.copy()
        spoiled[1, 2, 3] = wrong
        with pytest.raises(SettingError, match="organ holds values"):
            fitted(spoiled, truth)
    with pytest.raises(SettingError, match="both inside and outside"):
        fitted(values, np.ones_like(truth))


probabilities = st.floats(0, 1, width=32)


@given(probabilities, st.floats(0.05, 20), st.floats(-5, 5))
def test_a_rescaling_is_undone(p: float, temperature: float, bias: float):
    rescaling = Rescaling(temperature, bias)
    q = float(rescaling.apply(p))
    assert 0 <= q <= 1
    if 1e-12 < q < 1 - 1e-4:  # nearer to an end, q in floats no longer tells p
        assert float(rescaling.undo(q)) == pytest.approx(p, rel=1e-6, abs=1e-12)
    assert rescaling.apply([0.0, 1.0]).tolist() == [0, 1]
    assert rescaling.undo([0.0, 1.0]).tolist() == [0, 1]
    assert float(Rescaling(temperature).undo(0.5)) == 0.5


@given(st.lists(probabilities, min_size=2, max_size=200))
def test_groups_keep_order_and_hold_what_is_close(values: list[float]):
    line = np.array(sorted(values), np.float32)[None, None]
    mask = np.ones(line.shape, bool)
    counted = tally_arrays(line, mask)
    assert (np.diff(counted.group) > 0).all()
    assert (np.diff(counted.probability) > 0).all()
    assert counted.voxels.sum() == line.size
    exact = np.sort(logits(line.ravel().astype(float)))
    grouped = np.repeat(logits(counted.probability), counted.voxels)
    # 2^-9 of the probability or of its distance from 1; a half of it has up to twice that in logits.
    assert np.abs(exact - grouped).max() < 2 * 2.0**-9


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 50), st.integers(0, 50)), min_size=1, max_size=40))
def test_bins_add_up(groups: list[tuple[float, int, int]]):
    values, voxels, positives = (np.array(column) for column in zip(*groups, strict=True))
    positives = np.minimum(positives, voxels)
    found = reliability(values, voxels, positives)
    assert found.voxels.sum() == voxels.sum()
    held = found.voxels > 0
    assert np.isnan(found.observed[~held]).all()
    # Sums of at most 40 terms: rounding only.
    assert (found.observed * found.voxels)[held].sum() == pytest.approx(positives.sum(), abs=1e-9)
    assert (found.mean_predicted * found.voxels)[held].sum() == pytest.approx((values * voxels).sum())
    slack = 1e-12
    assert (found.mean_predicted[held] >= found.edges[:-1][held] - slack).all()
    assert (found.mean_predicted[held] <= found.edges[1:][held] + slack).all()
    assert 0 <= found.ece <= found.max_error + slack <= 1 + 2 * slack
    assert abs(positives.sum() - (values * voxels).sum()) / voxels.sum() <= found.ece + slack
