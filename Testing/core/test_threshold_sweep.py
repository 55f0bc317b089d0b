"""The sweep against brute force at every threshold, on both paths; what is flagged, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from brute_force import FIGURES, brute_force
from ContourQALib import compiled
from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import GeometryError, SettingError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import compare
from ContourQALib.metrics.definitions import Status
from ContourQALib.metrics.pair import measure
from ContourQALib.thresholds.levels import MOST_THRESHOLDS
from ContourQALib.thresholds.sweep import ThresholdSweep, sweep, sweep_arrays
from hard_maps import HARD_MAPS, HardMap
from shapes import ball_mask, box_mask

# Both sides compute in float64 and choose the same voxels; only sums and roots round in another order, by
# 1e-13 of a figure at most. A wrong neighbor or rank is off by far more than 1e-9 of it.
ROUNDING = 1e-9

TILT = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)
"""Direction of a grid turned about the third axis: 3, 4, 5."""


@cache
def case(name: str) -> HardMap:
    return HARD_MAPS[name]()


@cache
def truth(name: str) -> dict[str, np.ndarray]:
    hard = case(name)
    return brute_force(hard.values, hard.reference, hard.spacing, hard.thresholds)


def assert_curves(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    for name in FIGURES:
        np.testing.assert_allclose(
            found[name], expected[name], rtol=ROUNDING, atol=ROUNDING, err_msg=name, equal_nan=True
        )


def curves_of_arrays(hard: HardMap, tolerance_mm: float = 2.0) -> dict[str, np.ndarray]:
    """The figures of `sweep_arrays`, ratios taken from its counts."""
    counts, distances = sweep_arrays(hard.values, hard.reference, hard.spacing, hard.thresholds, tolerance_mm)
    out = counts.grid - counts.reference
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = {
            "dice": 2 * counts.true_positive / (counts.selected + counts.reference),
            "sensitivity": counts.true_positive / np.float64(counts.reference),
            "specificity": (out - counts.selected + counts.true_positive) / np.float64(out),
            "volume_cc": counts.selected * math.prod(hard.spacing) / 1000.0,
        }
    return {n: ratios[n] if n in ratios else getattr(distances, n) for n in FIGURES}


def swept(hard: HardMap, grid: Grid | None = None, tolerance_mm: float = 2.0) -> ThresholdSweep:
    grid = grid or Grid.for_shape(hard.values.shape, hard.spacing[::-1])
    return sweep(
        ProbabilityMap(hard.values, grid, "map"),
        Contour(hard.reference, grid, "organ"),
        hard.thresholds,
        tolerance_mm,
    )


@pytest.mark.parametrize("name", HARD_MAPS)
def test_every_threshold_is_as_by_brute_force(path: str, name: str) -> None:
    assert_curves(curves_of_arrays(case(name)), truth(name))


@pytest.mark.skipif(not compiled.wanted(), reason="numba is not installed")
@pytest.mark.parametrize("name", HARD_MAPS)
def test_two_threads_give_the_same_figures(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    # Small grids stay on one thread; the work is cut in parts here wherever it can be.
    monkeypatch.setenv(compiled.VARIABLE, "1")
    monkeypatch.setattr("ContourQALib.thresholds.compiled.sweep.WORTH_THREADS", 0)
    assert_curves(curves_of_arrays(case(name)), truth(name))


@pytest.mark.parametrize("tolerance_mm", [0.0, 0.98, 3.0])
def test_surface_dice_at_other_tolerances(path: str, tolerance_mm: float) -> None:
    hard = replace(case("noisy boundary"), thresholds=np.arange(0, 21) / 20)
    expected = brute_force(hard.values, hard.reference, hard.spacing, hard.thresholds, tolerance_mm)
    assert_curves(curves_of_arrays(hard, tolerance_mm), expected)


@pytest.mark.parametrize("layout", ["fortran", "transposed view", "every second voxel", "reversed", "frozen"])
def test_arrays_may_lie_in_memory_in_any_way(path: str, layout: str) -> None:
    hard = case("reference in pieces")

    def laid_out(array: np.ndarray) -> np.ndarray:
        if layout == "fortran":
            return np.asfortranarray(array)
        if layout == "transposed view":
            return np.ascontiguousarray(array.transpose(2, 0, 1)).transpose(1, 2, 0)
        if layout == "every second voxel":
            wide = np.zeros([2 * n for n in array.shape], array.dtype)
            wide[::2, ::2, ::2] = array
            return wide[::2, ::2, ::2]
        if layout == "reversed":
            return np.ascontiguousarray(array[::-1, :, ::-1])[::-1, :, ::-1]
        frozen = array.copy()
        frozen.flags.writeable = False
        return frozen

    moved = replace(hard, values=laid_out(hard.values), reference=laid_out(hard.reference))
    assert_curves(curves_of_arrays(moved), truth("reference in pieces"))


@pytest.mark.parametrize("kind", ["f2", "f8", ">f4", ">f8"])
def test_other_kinds_of_numbers_are_compared_as_float32(path: str, kind: str) -> None:
    hard = case("pure noise")
    values = hard.values.astype(kind)
    found = curves_of_arrays(replace(hard, values=values))
    assert_curves(found, curves_of_arrays(replace(hard, values=values.astype(np.float32))))


def test_arrays_of_different_shapes_are_refused(path: str) -> None:
    values, reference = np.zeros((4, 5, 6), np.float32), np.zeros((4, 5, 5), bool)
    with pytest.raises(GeometryError, match="same two or three dimensions"):
        sweep_arrays(values, reference, (1.0, 1.0, 1.0), np.array([0.5]))
    with pytest.raises(GeometryError, match="same two or three dimensions"):
        measure(values > 0, reference, (1.0, 1.0, 1.0))


def test_the_inputs_are_left_as_they_were(path: str) -> None:
    hard = case("pure noise")
    values, reference = hard.values.copy(), hard.reference.copy()
    sweep_arrays(values, reference, hard.spacing, hard.thresholds)
    assert (values == hard.values).all()
    assert (reference == hard.reference).all()


def test_an_oblique_grid_changes_no_figure(path: str) -> None:
    hard = case("noisy boundary")
    straight = Grid.for_shape(hard.values.shape, hard.spacing[::-1])
    oblique = replace(straight, origin=(-70.0, 33.0, -900.0), direction=TILT)
    found = swept(hard, oblique)
    assert_curves({n: getattr(found, n) for n in FIGURES}, truth("noisy boundary"))
    assert not found.resampled


def test_without_thresholds_it_is_a_hundred_and_one(path: str) -> None:
    hard = case("saturated far fields")
    grid = Grid.for_shape(hard.values.shape, hard.spacing[::-1])
    found = sweep(ProbabilityMap(hard.values, grid, "map"), Contour(hard.reference, grid, "organ"))
    assert found.thresholds.tolist() == [n / 100 for n in range(101)]
    assert_curves({n: getattr(found, n) for n in FIGURES}, truth("saturated far fields"))


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.97])
def test_one_threshold_of_the_sweep_is_the_comparison_of_its_mask(path: str, threshold: float) -> None:
    hard = case("islands")
    grid = Grid.for_shape(hard.values.shape, hard.spacing[::-1])
    reference = Contour(hard.reference, grid, "organ")
    pair = compare(reference, Contour(hard.values >= np.float32(threshold), grid, "organ"))
    point = swept(hard).at(threshold)
    assert point.threshold == threshold
    for name in set(FIGURES) - {"volume_cc"}:
        assert getattr(point, name) == pytest.approx(getattr(pair, name), rel=ROUNDING), name
    assert point.volume_cc == pair.volume_test_cc


# ---- what is asked of a finished sweep


def test_at_answers_with_the_nearest_swept_threshold() -> None:
    found = swept(replace(case("uneven thresholds"), thresholds=np.array([0.1, 0.2, 0.4])))
    assert [found.nearest(t) for t in (0.0, 0.1, 0.14, 0.15, 0.16, 0.3, 0.31, 1.0)] == [
        0,
        0,
        0,
        0,
        1,
        1,
        2,
        2,
    ]
    for index, asked in enumerate((0.11, 0.22, 0.9)):
        point = found.at(asked)
        assert point.threshold == found.thresholds[index]
        assert point.flag is found.flags[index]
        for name in FIGURES:
            assert getattr(point, name) == getattr(found, name)[index]


@pytest.mark.parametrize("asked", [-0.01, 1.01, math.nan, math.inf])
def test_at_refuses_what_is_no_probability(asked: float) -> None:
    with pytest.raises(SettingError, match="not between 0 and 1"):
        swept(case("one threshold")).at(asked)


def test_what_a_sweep_says_of_its_case(path: str) -> None:
    hard = case("reference on the edge")
    found = swept(hard)
    assert found.touches_edge
    assert found.status is Status.OK
    assert found.reason is None
    assert found.grid_voxels == hard.values.size
    assert found.prominence == hard.reference.mean()
    assert found.volume_reference_cc == pytest.approx(hard.reference.sum() * 2.0 / 1000)
    assert not swept(case("noisy boundary")).touches_edge


# ---- empty, full, undefined


def test_thresholds_that_select_nothing_or_everything_are_flagged(path: str) -> None:
    found = swept(replace(case("two levels"), thresholds=np.array([0.0, 0.3, 0.5, 0.7, 0.71, 1.0])))
    full, ok, empty = Status.FULL, Status.OK, Status.EMPTY
    assert found.flags == (full, full, ok, ok, empty, empty)
    assert found.status is ok
    assert found.dice[-1] == 0
    assert found.surface_dice[-1] == 0
    assert math.isinf(found.msd_mm[-1])
    assert found.specificity[0] == 0
    assert np.isfinite(found.hd_mm[:2]).all()


def test_a_map_of_zeros_is_empty_and_says_why(path: str) -> None:
    found = swept(case("constant 0"))
    assert found.status is Status.EMPTY
    assert found.reason
    assert set(found.flags[1:]) == {Status.EMPTY}
    assert found.flags[0] is Status.FULL  # 0 >= 0


def test_a_map_of_ones_is_full_and_says_why(path: str) -> None:
    found = swept(case("constant 1"))
    assert found.status is Status.FULL
    assert found.reason
    assert set(found.flags) == {Status.FULL}


def test_an_empty_reference_is_a_status_and_no_figure(path: str) -> None:
    found = swept(case("empty reference"))
    assert found.status is Status.REFERENCE_EMPTY
    assert found.reason
    assert found.prominence == 0
    assert (found.dice[found.volume_cc > 0] == 0).all()
    assert np.isnan(found.sensitivity).all()
    for name in ("msd_mm", "masd_mm", "hd_mm", "hd95_mm", "hd95_pooled_mm", "hd95_slicerrt_mm"):
        assert not np.isfinite(getattr(found, name)).any(), name


def test_nothing_against_nothing_is_undefined(path: str) -> None:
    hard = HardMap(np.zeros((5, 6, 7), np.float32), np.zeros((5, 6, 7), bool), thresholds=np.array([0.5]))
    found = swept(hard)
    assert found.status is Status.REFERENCE_EMPTY
    assert math.isnan(found.dice[0])
    assert math.isnan(found.hd_mm[0])
    assert math.isnan(found.surface_dice[0])


# ---- bad input


@pytest.mark.parametrize("wrong", [-1e-6, 1.000001, math.nan, math.inf, -math.inf])
def test_values_that_are_no_probabilities_are_refused_by_name(path: str, wrong: float) -> None:
    hard = case("noisy boundary")
    values = hard.values.copy()
    values[3, 4, 5] = wrong
    with pytest.raises(SettingError, match=r"Probability map map .*between 0 and 1") as refused:
        swept(replace(hard, values=values))
    assert ("not numbers" in str(refused.value)) == math.isnan(wrong)


@pytest.mark.parametrize(
    ("thresholds", "says"),
    [
        ([0.2, 0.1], "must increase"),
        ([0.1, 0.5, 0.5, 0.9], "must increase, but 0.5 follows 0.5"),
        ([0.5, 0.5 + 1e-12], "as float32"),
        ([0.1, 1.1], "1.1 is not between 0 and 1"),
        ([-0.1, 0.5], "-0.1 is not between 0 and 1"),
        ([0.1, math.nan], "nan is not between 0 and 1"),
        ([], "at least one"),
        ([[0.1, 0.2]], "must be a list"),
        (0.5, "must be a list"),
        (["a", "b"], "list of numbers"),
        (np.linspace(0, 1, MOST_THRESHOLDS + 1), f"at most {MOST_THRESHOLDS} thresholds"),
    ],
)
def test_thresholds_that_cannot_be_used_are_refused(thresholds: object, says: str) -> None:
    hard = case("noisy boundary")
    with pytest.raises(SettingError, match=says):
        swept(replace(hard, thresholds=thresholds))


@pytest.mark.parametrize("tolerance_mm", [-0.1, math.nan, math.inf])
def test_a_tolerance_that_is_none_is_refused(tolerance_mm: float) -> None:
    with pytest.raises(SettingError, match="tolerance"):
        swept(case("one threshold"), tolerance_mm=tolerance_mm)


def sphere_on(grid: Grid, dtype: type) -> np.ndarray:
    center = grid.world_to_index((20.0, 20.0, 20.0))[::-1].tolist()
    return ball_mask(grid.shape, center, 8.0, grid.spacing_kji).astype(dtype)


def test_a_map_on_another_lattice_is_resampled_and_says_so(path: str) -> None:
    fine, coarse = Grid((40, 40, 40)), Grid((27, 27, 20), (1.5, 1.5, 2.0), (0.3, 0.3, 0.3))
    reference = Contour(sphere_on(fine, bool), fine, "organ")
    found = sweep(ProbabilityMap(sphere_on(coarse, np.float32), coarse, "map"), reference)
    assert found.resampled
    assert found.grid_voxels == 40**3
    assert found.at(0.5).dice > 0.9  # a ball of 8 mm, interpolated from voxels of 2 mm: within half a voxel


def test_a_map_that_covers_a_part_counts_on_the_whole_grid(path: str) -> None:
    whole = Grid((40, 36, 30))
    values = sphere_on(whole, np.float32)
    part = Grid((28, 28, 24), origin=(8.0, 7.0, 5.0))
    inside = values[5:29, 7:35, 8:36]
    assert inside.sum() == values.sum()
    reference = Contour(sphere_on(whole, bool), whole, "organ")
    cropped = sweep(ProbabilityMap(inside, part, "map"), reference)
    full = sweep(ProbabilityMap(values, whole, "map"), reference)
    assert not cropped.resampled
    assert_curves({n: getattr(cropped, n) for n in FIGURES}, {n: getattr(full, n) for n in FIGURES})


def test_a_map_elsewhere_in_space_is_an_error_that_names_it() -> None:
    here, there = Grid((10, 10, 10)), Grid((10, 10, 10), origin=(500.0, 0.0, 0.0))
    reference = Contour(box_mask((10, 10, 10), (2, 2, 2), (5, 5, 5)), here, "organ")
    with pytest.raises(GeometryError, match=r"Probability map far.*no point in common"):
        sweep(ProbabilityMap(np.zeros((10, 10, 10), np.float32), there, "far"), reference)
