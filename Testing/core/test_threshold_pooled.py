"""Pooling over cases: means and errors in closed form, cases that vanish, and the spread of the optimum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import Status
from ContourQALib.thresholds.analysis import ThresholdAnalysis, analyze
from ContourQALib.thresholds.bootstrap import LEVEL, RESAMPLES, SEED, interval_of_optimum
from ContourQALib.thresholds.calibration import Rescaling
from ContourQALib.thresholds.levels import equal_steps
from ContourQALib.thresholds.pooled import CURVES, pool
from ContourQALib.thresholds.pooled_losses import losses_about
from ContourQALib.thresholds.sensitivity import FIGURES, PERTURBATIONS, optimum_of
from ContourQALib.thresholds.sweep import ThresholdSweep, sweep
from shapes import ball_mask

STEPS = equal_steps(11)
FINE = equal_steps()


def analysis(
    name: str = "map", thresholds: np.ndarray = STEPS, **curves: Sequence[float]
) -> ThresholdAnalysis:
    """An analysis of made-up curves; a curve that is not given is a half everywhere, a distance 2 mm."""
    given_curves = {
        curve: np.full(thresholds.size, 2.0 if curve.endswith("_mm") else 0.5) for curve in CURVES
    }
    given_curves |= {curve: np.asarray(values, float) for curve, values in curves.items()}
    made = ThresholdSweep(
        structure="organ",
        reference="reference",
        probability=name,
        status=Status.OK,
        reason=None,
        thresholds=thresholds,
        flags=(Status.FULL, *[Status.OK] * (thresholds.size - 1)),
        **given_curves,
        tolerance_mm=2.0,
        volume_reference_cc=1.0,
        prominence=0.25,
        grid_voxels=4000,
        touches_edge=False,
        resampled=False,
    )
    return of_sweep(made)


def of_sweep(made: ThresholdSweep) -> ThresholdAnalysis:
    return ThresholdAnalysis(
        sweep=made,
        between=None,
        calibration=None,
        recalibrated={},
        optimum={figure: optimum_of(made, figure) for figure in FIGURES},
        loss_at_half_percent={},
        perturbation_loss_percent={},
        reasons={},
    )


def without_reference(name: str, thresholds: np.ndarray = STEPS) -> ThresholdAnalysis:
    """Dice is 0 while anything is selected, then undefined."""
    selected = thresholds < 0.5
    dice = np.where(selected, 0.0, np.nan)
    made = analysis(name, thresholds, dice=dice, msd_mm=np.where(selected, np.inf, np.nan)).sweep
    return of_sweep(replace(made, status=Status.REFERENCE_EMPTY, prominence=0.0))


def peak(at: float, height: float = 0.9, thresholds: np.ndarray = STEPS) -> np.ndarray:
    """Dice that falls off by as much as the threshold is away."""
    return height - np.abs(thresholds - at)


def test_mean_and_standard_error_in_closed_form():
    pooled = pool([analysis(dice=np.full(11, 0.8)), analysis(dice=np.full(11, 0.6))], ["a", "b"])
    dice = pooled.curves["dice"]
    # sd of (0.8, 0.6) is 0.1 sqrt(2); over sqrt(2) cases 0.1.
    assert dice.mean == pytest.approx(np.full(11, 0.7))
    assert dice.standard_error == pytest.approx(np.full(11, 0.1))
    assert dice.defined.tolist() == [2] * 11
    assert dice.undefined.tolist() == [0] * 11
    assert set(pooled.curves) == set(CURVES)
    assert pooled.cases == ("a", "b")


def test_one_case_has_no_error_and_no_interval():
    pooled = pool([analysis(dice=peak(0.3))])
    assert np.isnan(pooled.curves["dice"].standard_error).all()
    best = pooled.optimum["dice"]
    assert best is not None
    assert (best.threshold, best.value) == (0.3, pytest.approx(0.9))
    assert best.interval is None
    assert math.isnan(best.of_cases.sd)
    assert best.of_cases.cases == 1


def test_the_recommended_threshold_is_the_best_of_the_mean():
    # Three peaks at 0.2, 0.4 and 0.9: the sum of distances to them is least at the middle one.
    pooled = pool([analysis(n, dice=peak(at)) for n, at in (("a", 0.9), ("b", 0.2), ("c", 0.4))])
    best = pooled.optimum["dice"]
    assert best is not None
    assert best.threshold == 0.4
    assert best.value == pytest.approx(0.9 - 0.7 / 3)
    assert (best.of_cases.minimum, best.of_cases.maximum, best.of_cases.cases) == (0.2, 0.9, 3)
    assert best.of_cases.mean == pytest.approx(0.5)
    assert best.of_cases.sd == pytest.approx(np.std([0.2, 0.4, 0.9], ddof=1))
    assert best.flag is Status.OK


def test_losses_are_of_each_case_about_the_recommended_threshold():
    cases = [
        analysis(n, FINE, dice=peak(at, thresholds=FINE)) for n, at in (("a", 0.9), ("b", 0.2), ("c", 0.4))
    ]
    found = pool(cases).losses
    half = found.loss_at_half_percent["dice"]
    # At 0.4 the cases have 0.4, 0.7, 0.9; at a half 0.5, 0.6, 0.8.
    expected = [100 * -0.1 / 0.4, 100 * 0.1 / 0.7, 100 * 0.1 / 0.9]
    assert half.per_case == pytest.approx(expected)
    assert half.median == pytest.approx(expected[2])
    assert (half.lower_quartile, half.upper_quartile) == pytest.approx(np.percentile(expected, [25, 75]))
    assert (half.defined, half.undefined) == (3, 0)
    assert half.of_mean_curve == pytest.approx(100 * (2.0 / 3 - 1.9 / 3) / (2.0 / 3))
    # 0.05 to either side: a and b lose on one side what they gain on the other, c loses on both.
    moved = found.perturbation_loss_percent[0.05]["dice"]
    assert moved.per_case == pytest.approx([0, 0, 100 * 0.05 / 0.9], abs=1e-9)  # rounding of percents
    assert set(found.perturbation_loss_percent) == set(PERTURBATIONS)


def vanishing() -> list[ThresholdAnalysis]:
    """Case b has no contour from 0.6 on, and is bad: without it the mean would be best at 0.8."""
    a = np.abs(STEPS - 0.8) + 1
    b = np.where(STEPS < 0.55, 9 - STEPS, np.inf)
    return [analysis("a", msd_mm=a), analysis("b", msd_mm=b)]


def test_a_contour_that_vanishes_does_not_improve_the_mean():
    pooled = pool(vanishing())
    curve = pooled.curves["msd_mm"]
    assert curve.undefined.tolist() == [0] * 6 + [1] * 5
    assert np.nanargmin(curve.mean) == 8  # what dropping the case would recommend
    best = pooled.optimum["msd_mm"]
    assert best is not None
    assert best.threshold == 0.5
    assert best.undefined == 0
    assert best.highest_candidate == 0.5


def test_a_loss_where_a_contour_vanishes_is_undefined_and_counted():
    loss = pool(vanishing()).losses.perturbation_loss_percent[0.10]["msd_mm"]
    assert np.isfinite(loss.per_case).tolist() == [True, False]
    assert (loss.defined, loss.undefined) == (1, 1)
    assert math.isnan(loss.of_mean_curve)


def test_a_case_without_a_reference_is_named_and_takes_no_part():
    alone = pool([analysis("a", dice=peak(0.3)), analysis("b", dice=peak(0.3))])
    pooled = pool([analysis("a", dice=peak(0.3)), without_reference("empty"), analysis("b", dice=peak(0.3))])
    for name in CURVES:
        assert pooled.curves[name].mean.tolist() == alone.curves[name].mean.tolist()
        assert pooled.curves[name].undefined.tolist() == [1] * 11
        assert pooled.curves[name].defined.tolist() == [2] * 11
    assert pooled.without_optimum == {figure: ("empty",) for figure in FIGURES}
    assert pooled.losses.loss_at_half_percent["dice"].undefined == 1
    # Eq. 4 counts its voxels all the same: 2 x 1000 of 3 x 4000.
    assert pooled.prominence == pytest.approx(2000 / 12000)
    assert pooled.optimum["dice"] == replace(alone.optimum["dice"], undefined=1)


def test_no_case_with_a_reference():
    pooled = pool([without_reference("a"), without_reference("b")])
    assert set(pooled.optimum.values()) == {None}
    assert pooled.reasons["optimum.dice"] == "no case has an optimum"
    assert "no threshold" in pooled.reasons["loss_at_half_percent.dice"]
    assert math.isnan(pooled.losses.loss_at_half_percent["dice"].median)
    assert pooled.losses.loss_at_half_percent["dice"].undefined == 2
    assert pooled.calibration is None


def test_prominence_weighs_cases_by_their_voxels():
    large, small = analysis(), analysis()
    large = of_sweep(replace(large.sweep, prominence=0.1, grid_voxels=90_000))
    small = of_sweep(replace(small.sweep, prominence=0.5, grid_voxels=10_000))
    assert pool([large, small]).prominence == pytest.approx((9000 + 5000) / 100_000)


def test_an_optimum_that_is_the_whole_grid_of_some_case_is_flagged():
    best = pool([analysis(dice=peak(0.0)), analysis(dice=peak(0.0))]).optimum["dice"]
    assert best is not None
    assert best.flag is Status.FULL


def blob(shift: float, seed: int) -> tuple[ProbabilityMap, Contour]:
    z, y, x = np.indices((14, 16, 18))
    radius = np.sqrt((z - 6.5) ** 2 + (y - 8) ** 2 + (x - 9) ** 2)
    noise = np.random.default_rng(seed).normal(0, 0.4, radius.shape)
    values = (1 / (1 + np.exp(radius + noise - 5 - shift))).astype(np.float32)
    grid = Grid.for_shape(values.shape)
    return ProbabilityMap(values, grid, f"map{seed}"), Contour(
        ball_mask(grid.shape, (6.5, 8, 9), 5), grid, "organ"
    )


def test_thresholds_that_losses_need_are_asked_for_or_said_to_be_missing():
    blobs = [blob(shift, seed) for seed, shift in enumerate((0.5, 1.0, 1.5))]
    coarse = [analyze(*pair, STEPS, calibrate=False) for pair in blobs]
    fine = [analyze(*pair, FINE, calibrate=False) for pair in blobs]
    alone = pool(coarse)
    best = alone.optimum["dice"]
    assert best is not None
    assert any(a.find(best.threshold + 0.05) is None for a in coarse)  # else there is nothing to ask for
    assert "not every case was swept" in alone.reasons["perturbation_loss_percent.0.05.dice"]
    assert alone.losses.perturbation_loss_percent[0.05]["dice"].undefined == 3

    asked = []

    def further(index: int, thresholds: np.ndarray) -> ThresholdSweep:
        asked.append(index)
        return sweep(*blobs[index], thresholds)

    complete = pool(coarse, further=further)
    assert len(asked) == len(set(asked))  # each case at most once
    assert not complete.reasons
    exact = losses_about({f: o and o.threshold for f, o in complete.optimum.items()}, fine)
    for distance in PERTURBATIONS:
        for figure in FIGURES:
            told = complete.losses.perturbation_loss_percent[distance][figure].per_case
            wanted = exact.perturbation_loss_percent[distance][figure].per_case
            assert told.tolist() == pytest.approx(wanted.tolist(), nan_ok=True)


def test_the_default_thresholds_ask_for_nothing_more():
    cases = [analyze(*blob(shift, seed), calibrate=False) for seed, shift in enumerate((0.5, 1.0))]

    def refuse(index: int, thresholds: np.ndarray) -> ThresholdSweep:
        raise AssertionError(f"case {index} was asked for {thresholds}")

    assert not pool(cases, further=refuse).losses.reasons


def test_calibration_is_over_the_voxels_of_all_cases():
    cases = [analyze(*blob(shift, seed), STEPS) for seed, shift in enumerate((0.5, 1.5))]
    pooled = pool(cases).calibration
    assert pooled is not None
    own = [c.calibration for c in cases]
    assert pooled.cases == 2
    assert pooled.voxels == sum(c.voxels for c in own if c)
    assert pooled.in_sample
    between = sorted(c.temperature_and_bias.bias for c in own if c)
    assert between[0] < pooled.temperature_and_bias.bias < between[1]


def test_the_interval_is_that_of_resampled_cases():
    draw = np.random.default_rng(3)
    values = np.array([peak(at) for at in draw.choice(STEPS[2:9], 12)])
    # The same draws, case by case and by hand.
    again, best = np.random.default_rng(SEED), []
    for weights in again.multinomial(12, np.full(12, 1 / 12), size=RESAMPLES):
        mean = np.repeat(values, weights, axis=0).mean(axis=0)
        best.append(STEPS[np.argmax(np.round(mean, 9))])
    found = interval_of_optimum(values, STEPS, "dice")
    assert found is not None
    assert found.low == pytest.approx(np.quantile(best, 0.025, method="lower"))
    assert found.high == pytest.approx(np.quantile(best, 0.975, method="higher"))
    assert np.mean([found.low <= t <= found.high for t in best]) >= LEVEL


def test_cases_that_agree_have_a_narrow_interval_and_others_a_wide_one():
    same = interval_of_optimum(np.array([peak(0.4)] * 5), STEPS, "dice")
    assert same is not None
    assert (same.low, same.high) == (0.4, 0.4)
    torn = interval_of_optimum(np.array([peak(0.2)] * 3 + [peak(0.9)] * 3), STEPS, "dice")
    assert torn is not None
    assert (torn.low, torn.high) == (0.2, 0.9)


def test_a_resample_keeps_the_rule_for_contours_that_vanish():
    values = np.array([a.sweep.msd_mm for a in vanishing()])
    found = interval_of_optimum(values, STEPS, "msd_mm")
    assert found is not None
    # Drawn without b, a alone is best at 0.8; with b nothing above 0.5 is a candidate.
    assert (found.low, found.high) == (0.5, 0.8)


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(4)))
def test_the_order_of_cases_does_not_matter(order: list[int]):
    cases = [analysis(str(n), dice=peak(at, 0.9 - n / 30)) for n, at in enumerate((0.1, 0.2, 0.3, 0.7))]
    pooled, shuffled = pool(cases), pool([cases[n] for n in order])
    a, b = pooled.optimum["dice"], shuffled.optimum["dice"]
    assert a is not None
    assert b is not None
    # 0.2 and 0.3 are as good: the first is taken, whatever rounding makes of the sums.
    assert a.threshold == b.threshold == 0.2
    assert pooled.curves["dice"].mean == pytest.approx(shuffled.curves["dice"].mean)
    assert pooled.losses.loss_at_half_percent["dice"].median == pytest.approx(
        shuffled.losses.loss_at_half_percent["dice"].median
    )


def test_what_cannot_be_pooled_is_refused():
    first = analysis("a")
    with pytest.raises(SettingError, match="at least one case"):
        pool([])
    with pytest.raises(SettingError, match="one name for each of 1 cases, not 2"):
        pool([first], ["a", "b"])
    with pytest.raises(SettingError, match="different ones"):
        pool([first, analysis("b", FINE)])
    with pytest.raises(SettingError, match="b is rectum and a is organ"):
        pool([first, of_sweep(replace(analysis("b").sweep, structure="rectum"))])
    with pytest.raises(SettingError, match="2 mm"):
        pool([first, of_sweep(replace(analysis("b").sweep, tolerance_mm=3.0))])
    assert pool([first, of_sweep(replace(analysis("b").sweep, structure="Organ"))]).structure == "organ"


def test_the_whole_grid_is_no_recommendation_even_if_a_map_is_empty_everywhere_else():
    gone = [40.0, *[np.inf] * 10]
    found = [6.0, 5, 4, 3, 2, 3, 4, 5, 6, 7, 8]
    others = [
        analysis(name, hd_mm=[50.0, *found[1:]]) for name in "abcde"
    ]  # nobody draws the empty one alone
    pooled = pool([analysis(hd_mm=gone), *others])
    best = pooled.optimum["hd_mm"]
    assert (best.threshold, best.value, best.undefined) == (0.4, 2.0, 1)
    assert best.interval.low > 0
    assert pooled.curves["hd_mm"].mean[0] == pytest.approx(
        (40 + 5 * 50) / 6
    )  # the curve still shows what was measured


def test_losses_of_recalibrated_maps_are_those_of_the_maps_that_recalibration_makes():
    grid = Grid((20, 18, 12), (1.0, 1.0, 2.0))
    reference = Contour(ball_mask(grid.shape, (6, 9, 10), 6.0, grid.spacing_kji), grid, "organ")
    soft = ndimage.gaussian_filter(reference.mask.astype(np.float32), 1.5)
    maps = [ProbabilityMap(soft**power, grid, f"map {power}") for power in (1.0, 1.7)]
    rescaling = Rescaling(temperature=1.6, bias=-0.7)
    moved = [replace(m, values=rescaling.apply(m.values).astype(np.float32)) for m in maps]
    best = {"dice": 0.3, "msd_mm": 0.4, "hd_mm": None, "hd95_mm": 0.35}  # on the axis of the moved maps

    def sweeps_again(of: list[ProbabilityMap]):
        return lambda index, thresholds: sweep(of[index], reference, thresholds)

    found = losses_about(best, [analyze(m, reference) for m in maps], sweeps_again(maps), rescaling=rescaling)
    expected = losses_about(best, [analyze(m, reference) for m in moved], sweeps_again(moved))
    assert np.abs(expected.loss_at_half_percent["dice"].per_case).min() > 1  # 0.5 does cost something
    for figure in FIGURES:
        pairs = [(found.loss_at_half_percent[figure], expected.loss_at_half_percent[figure])]
        pairs += [
            (found.perturbation_loss_percent[d][figure], expected.perturbation_loss_percent[d][figure])
            for d in PERTURBATIONS
        ]
        for one, other in pairs:
            # the same masks, but for a voxel that rounding of the moved map to float32 brings across
            np.testing.assert_allclose(one.per_case, other.per_case, atol=0.2)
