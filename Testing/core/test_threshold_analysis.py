"""Optimum, loss at 0.5 and perturbation losses of one case: closed forms, odd thresholds, undefined ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import Status
from ContourQALib.phantom import pelvis
from ContourQALib.thresholds.analysis import FIGURES, PERTURBATIONS, analyze
from ContourQALib.thresholds.levels import equal_steps
from ContourQALib.thresholds.sensitivity import Optimum, perturbed, same_threshold, thresholds_around
from ContourQALib.thresholds.sweep import sweep
from shapes import ball_mask, contour

INSIDE = slice(4, 14)  # ten voxels of a row are the reference
# The losses below are quotients of small whole numbers: only rounding of a few float64 steps is let pass.
EXACT = {"rel": 1e-12, "abs": 1e-12}


def row(values: Mapping[tuple[int, int], float], length: int = 24) -> tuple[ProbabilityMap, np.ndarray]:
    """A map of one row of voxels of 1 mm, given by ranges, and its reference."""
    line = np.zeros((1, 1, length), np.float32)
    for (start, stop), value in values.items():
        line[..., start:stop] = value
    mask = np.zeros(line.shape, bool)
    mask[..., INSIDE] = True
    return ProbabilityMap(line, Grid.for_shape(line.shape), "organ"), mask


def one_voxel_off() -> tuple[ProbabilityMap, np.ndarray]:
    """Dice 20/29 up to 0.3, 20/21 up to 0.6, 16/19 up to 0.9; HD 5 mm, 1 mm, 2 mm."""
    return row({(4, 12): 0.9, (12, 14): 0.6, (3, 4): 0.9, (14, 19): 0.3, (0, 3): 0.3})


def ramp_map() -> ProbabilityMap:
    """Probability falling off smoothly from a center, with a ripple."""
    z, y, x = np.indices((20, 21, 22))
    radius = np.sqrt((z - 9.5) ** 2 + (y - 10) ** 2 + (x - 11.5) ** 2) + 0.8 * np.sin(x + 0.5 * y)
    values = (1 / (1 + np.exp(radius - 5.2))).astype(np.float32)
    return ProbabilityMap(values, Grid.for_shape(values.shape, (1.0, 1.3, 2.0)), "organ")


def ramp_contour() -> Contour:
    return contour(ball_mask((20, 21, 22), (9, 10, 11), 6), (1.0, 1.3, 2.0))


def test_optimum_and_losses_of_a_map_of_three_levels():
    probability, mask = one_voxel_off()
    found = analyze(probability, contour(mask), calibrate=False)
    # First of the ties: P >= 0.30 still holds the voxels of 0.3.
    assert found.optimum["dice"] == Optimum(0.31, pytest.approx(20 / 21, **EXACT), Status.OK)
    assert found.optimum["hd_mm"] == Optimum(0.31, 1.0, Status.OK)
    assert found.loss_at_half_percent["dice"] == 0
    # One step below, nineteen voxels are selected for ten: Dice 20/29; one step above nothing changes.
    low = 100 * (1 - (20 / 29) / (20 / 21))
    assert found.perturbation_loss_percent[0.01]["dice"] == pytest.approx(low / 2, **EXACT)
    assert found.perturbation_loss_percent[0.10]["hd_mm"] == pytest.approx(100 * (5 - 1) / 1 / 2, **EXACT)
    assert found.between is None
    assert not found.reasons


def test_what_a_half_costs():
    probability, mask = row({(4, 14): 0.4, (4, 12): 0.9, (14, 15): 0.35})
    found = analyze(probability, contour(mask), calibrate=False)
    # Best between 0.36 and 0.40 (perfect); at a half 8 of 10 voxels are left.
    assert found.optimum["dice"] == Optimum(0.36, 1.0, Status.OK)
    assert found.loss_at_half_percent["dice"] == pytest.approx(100 * (1 - 16 / 18), **EXACT)


def test_a_zero_optimum_has_no_percentage():
    probability, mask = row({(4, 14): 0.8})
    found = analyze(probability, contour(mask), calibrate=False)
    assert found.optimum["msd_mm"] == Optimum(0.01, 0.0, Status.OK)
    assert math.isnan(found.loss_at_half_percent["msd_mm"])
    assert math.isnan(found.perturbation_loss_percent[0.05]["hd_mm"])
    assert "is 0" in found.reasons["loss_at_half_percent.msd_mm"]
    assert "is 0" in found.reasons["perturbation_loss_percent.0.05.hd_mm"]
    assert found.loss_at_half_percent["dice"] == 0


def test_perturbations_are_clamped_at_zero():
    probability, mask = row({(0, 24): 0.02, (4, 14): 0.03, (14, 15): 0.03})
    found = analyze(probability, contour(mask), calibrate=False)
    assert found.optimum["dice"] == Optimum(0.03, pytest.approx(20 / 21, **EXACT), Status.OK)
    # 0.05 below is 0, the whole grid (Dice 20/34); 0.05 above selects nothing (Dice 0).
    expected = (100 * (1 - (20 / 34) / (20 / 21)) + 100) / 2
    assert found.perturbation_loss_percent[0.05]["dice"] == pytest.approx(expected, **EXACT)
    assert math.isnan(found.perturbation_loss_percent[0.05]["hd_mm"])
    assert "threshold 0.08" in found.reasons["perturbation_loss_percent.0.05.hd_mm"]


def test_perturbations_are_clamped_at_one():
    probability, mask = row({(4, 19): 0.995, (4, 13): 1.0})
    found = analyze(probability, contour(mask), calibrate=False)
    assert found.optimum["dice"] == Optimum(1.0, pytest.approx(18 / 19, **EXACT), Status.OK)
    # One above is 1 itself, one below adds six voxels: 20/25.
    assert found.perturbation_loss_percent[0.01]["dice"] == pytest.approx(
        100 * (1 - (20 / 25) / (18 / 19)) / 2, **EXACT
    )


def test_every_perturbation_of_the_default_thresholds_is_swept_already():
    steps = equal_steps()
    assert perturbed(0.35, 0.05)[1] == 0.4  # 0.35 + 0.05 is 0.39999999999999997 in floats
    assert perturbed(steps[10], 0.1)[0] == 0
    for threshold in thresholds_around(steps.tolist()):
        assert same_threshold(threshold, steps[round(100 * threshold)])


@pytest.mark.parametrize("thresholds", [equal_steps(11), [0.2, 0.31, 0.77], [0.5], [0.123456789, 1.0]])
def test_thresholds_that_were_not_swept_are_measured_not_guessed(thresholds: Sequence[float]):
    smooth = ramp_map()
    reference = ramp_contour()
    found = analyze(smooth, reference, thresholds, calibrate=False)
    assert found.sweep.thresholds.tolist() == list(thresholds)  # the curves are those asked for
    for figure in FIGURES:
        best = found.optimum[figure]
        assert best is not None
        assert any(same_threshold(best.threshold, t) for t in thresholds)
        for distance in PERTURBATIONS:
            losses = []
            for threshold in perturbed(best.threshold, distance):
                alone = getattr(sweep(smooth, reference, [threshold]), figure)[0]
                worse = best.value - alone if figure == "dice" else alone - best.value
                losses.append(100 * worse / best.value)
            expected = np.mean(losses) if np.isfinite(losses).all() else math.nan
            assert found.perturbation_loss_percent[distance][figure] == pytest.approx(
                expected, nan_ok=True, **EXACT
            )
    assert found.point(0.5).dice == sweep(smooth, reference, [0.5]).dice[0]
    with pytest.raises(SettingError, match=r"0\.6543 was not swept"):
        found.point(0.6543)


def test_all_that_is_missing_is_measured_in_one_more_sweep(monkeypatch: pytest.MonkeyPatch):
    from ContourQALib.thresholds import analysis

    sweeps = []
    monkeypatch.setattr(analysis, "sweep", lambda *a, **k: sweeps.append(a) or sweep(*a, **k))
    smooth = ramp_map()
    reference = ramp_contour()
    analyze(smooth, reference, calibrate=False)
    assert len(sweeps) == 1
    analyze(smooth, reference, equal_steps(11))
    assert len(sweeps) == 3


def test_an_empty_reference_has_no_optimum_and_says_why():
    probability, mask = one_voxel_off()
    found = analyze(probability, contour(np.zeros_like(mask)))
    assert found.sweep.status is Status.REFERENCE_EMPTY
    assert set(found.optimum.values()) == {None}
    assert all(math.isnan(loss) for loss in found.loss_at_half_percent.values())
    assert all(math.isnan(x) for losses in found.perturbation_loss_percent.values() for x in losses.values())
    assert "empty" in found.reasons["optimum.dice"]
    assert found.calibration is None
    assert "reference" in found.reasons["calibration"]
    assert found.between is None


def test_a_map_that_selects_nothing_at_a_half():
    probability, mask = row({(4, 14): 0.3, (14, 16): 0.3})
    found = analyze(probability, contour(mask), calibrate=False)
    assert found.loss_at_half_percent["dice"] == pytest.approx(100)
    assert math.isnan(found.loss_at_half_percent["hd95_mm"])
    assert found.reasons["loss_at_half_percent.hd95_mm"] == "the figure is undefined at threshold 0.5"


def test_a_map_of_zeros_is_best_as_the_whole_grid_and_flagged():
    probability, mask = row({})
    found = analyze(probability, contour(mask), calibrate=False)
    assert found.optimum["dice"] == Optimum(0.0, pytest.approx(20 / 34), Status.FULL)
    above_zero = analyze(probability, contour(mask), [0.2, 0.6], calibrate=False)
    assert above_zero.optimum["dice"] == Optimum(0.2, 0.0, Status.EMPTY)
    assert above_zero.optimum["msd_mm"] is None
    assert "every threshold" in above_zero.reasons["optimum.msd_mm"]
    assert "is 0" in above_zero.reasons["loss_at_half_percent.dice"]


def test_a_map_on_another_grid_is_resampled_once_and_said():
    mask = ball_mask((10, 10, 10), (5, 5, 5), 3)
    values = mask.astype(np.float32) * 0.8
    moved = ProbabilityMap(values, Grid((10, 10, 10), origin=(0.4, 0.0, 0.0)), "organ")
    found = analyze(moved, contour(mask), equal_steps(11))
    assert found.sweep.resampled
    assert found.between is not None
    assert found.between.resampled


@pytest.mark.parametrize("value", [math.nan, 1.5, -0.1])
def test_values_that_are_no_probabilities_are_refused(value: float):
    probability, mask = row({(4, 14): value})
    with pytest.raises(SettingError):
        analyze(probability, contour(mask))


maps = npst.arrays(np.float32, (3, 4, 5), elements=st.floats(0, 1, width=32))
references = npst.arrays(bool, (3, 4, 5))


@settings(deadline=None, max_examples=30)
@given(maps, references)
def test_no_loss_about_a_swept_optimum_is_negative(values: np.ndarray, mask: np.ndarray):
    # With the default thresholds everything that losses look at was a candidate for the optimum.
    found = analyze(ProbabilityMap(values, Grid.for_shape(values.shape), "m"), contour(mask), calibrate=False)
    losses = [found.loss_at_half_percent, *found.perturbation_loss_percent.values()]
    assert all(loss >= 0 or math.isnan(loss) for by_figure in losses for loss in by_figure.values())
    undefined = {
        f"loss_at_half_percent.{figure}" for figure, x in found.loss_at_half_percent.items() if math.isnan(x)
    }
    assert undefined == {path for path in found.reasons if path.startswith("loss_at_half")}
    for figure in FIGURES:
        best, curve = found.optimum[figure], getattr(found.sweep, figure)
        finite = curve[np.isfinite(curve)]
        if best is not None:
            assert best.value == (finite.max() if figure == "dice" else finite.min())
            assert best.threshold == found.sweep.thresholds[np.argmax(curve == best.value)]


def test_temperature_moves_the_optimum_and_leaves_the_half_alone():
    found = analyze(ramp_map(), ramp_contour())
    assert found.calibration is not None
    assert abs(found.calibration.temperature.temperature - 1) > 0.05  # else nothing would be shown
    own, scaled = found, found.recalibrated["temperature"]
    assert scaled.loss_at_half_percent == own.loss_at_half_percent
    assert scaled.perturbation_loss_percent[0.05] != own.perturbation_loss_percent[0.05]
    for figure in FIGURES:
        before, after = own.optimum[figure], scaled.optimum[figure]
        assert before is not None
        assert after is not None
        assert (after.value, after.flag) == (before.value, before.flag)
        assert (after.threshold > 0.5) == (before.threshold > 0.5)


@pytest.mark.parametrize("name", ["temperature", "temperature_and_bias"])
def test_what_recalibration_changes_is_what_the_recalibrated_map_shows(name: str):
    probability, reference = ramp_map(), ramp_contour()
    found = analyze(probability, reference)
    assert found.calibration is not None
    rescaling, told = found.calibration.rescalings[name], found.recalibrated[name]
    changed = ProbabilityMap(rescaling.apply(probability.values).astype(np.float32), probability.grid, "q")
    for figure in FIGURES:
        best = told.optimum[figure]
        assert best is not None
        # Just below the optimum: the mapped map is rounded to float32 anew.
        at_best = getattr(sweep(changed, reference, [best.threshold - 1e-6]), figure)[0]
        assert best.value == pytest.approx(at_best, **EXACT)
        for distance in PERTURBATIONS:
            around = [
                getattr(sweep(changed, reference, [t]), figure)[0]
                for t in perturbed(best.threshold, distance)
            ]
            worse = [best.value - x if figure == "dice" else x - best.value for x in around]
            expected = 100 * np.mean(worse) / best.value if np.isfinite(worse).all() else math.nan
            assert told.perturbation_loss_percent[distance][figure] == pytest.approx(
                expected, nan_ok=True, **EXACT
            )


def test_the_phantoms_vendor_ctv_wants_a_higher_threshold():
    phantom = pelvis((64, 64, 32))
    found = analyze(phantom.vendor_probability[0], phantom.reference[0])
    best = found.optimum["dice"]
    assert best is not None
    assert best.threshold > 0.55  # the phantom's maps say so: its CTV is too large at a half
    assert found.loss_at_half_percent["dice"] > 1
    shifted = found.recalibrated["temperature_and_bias"]
    # A bias is what such a map needs: 0.5 of the recalibrated map is a good threshold.
    assert shifted.loss_at_half_percent["dice"] < found.loss_at_half_percent["dice"] / 2
