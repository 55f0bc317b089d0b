"""Contour errors: closed forms for each kind, and what holds for all of them."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from ContourQALib.case import Contour
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import compare
from ContourQALib.perturbation import ERRORS, perturb
from ContourQALib.perturbation_motion import transformed, translated
from shapes import ball_mask, box_mask, contour

SPACING = (1.5, 2.0, 3.0)  # x, y, z
SHAPE = (40, 50, 60)
CORNERS = np.ones((3, 3, 3))
UNIT_DIAGONAL = math.sqrt(3)


def dice(a: Contour, b: Contour) -> float:
    return 2 * np.count_nonzero(a.mask & b.mask) / (np.count_nonzero(a.mask) + np.count_nonzero(b.mask))


def box() -> Contour:
    return contour(box_mask(SHAPE, (10, 12, 10), (30, 38, 40)), SPACING)


def ball(radius_mm: float = 24.0) -> Contour:
    return contour(ball_mask(SHAPE, (20, 25, 30), radius_mm, SPACING[::-1]), SPACING)


def occupied_slices(c: Contour) -> np.ndarray:
    return np.flatnonzero(c.mask.any(axis=(1, 2)))


# What holds for every error


@pytest.mark.parametrize("name", ERRORS)
def test_the_same_seed_gives_the_same_result_on_the_same_grid(name: str):
    original = box()
    before = original.mask.copy()
    severity = ERRORS[name].severities[-1]
    first, second = (perturb(original, name, severity, seed=5) for _ in range(2))
    assert np.array_equal(first.mask, second.mask)
    assert first.grid is original.grid
    assert first.name == original.name
    assert np.array_equal(original.mask, before)


@pytest.mark.parametrize("name", ERRORS)
def test_severity_zero_changes_nothing(name: str):
    assert np.array_equal(perturb(ball(), name, 0.0).mask, ball().mask)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", sorted(ERRORS.keys() - {"empty", "full", "staircase"}))
def test_a_graver_severity_does_more_damage(name: str, seed: int):
    # A box off the middle, since a ball would hide a rotation and a centered shape a swap of sides. A turned
    # corner falls on the lattice by chance, by at most a hundredth.
    scores = [dice(box(), perturb(box(), name, s, seed)) for s in ERRORS[name].severities]
    assert all(graver <= slighter + 0.01 for slighter, graver in itertools.pairwise(scores))
    assert scores[-1] < scores[0] <= 1


def test_larger_blocks_do_more_damage_on_average():
    # Where the blocks begin matters as much as their size, so only the mean over beginnings is ordered.
    scores = [
        np.mean([dice(ball(), perturb(ball(), "staircase", s, seed)) for seed in range(8)])
        for s in ERRORS["staircase"].severities
    ]
    assert all(graver < slighter for slighter, graver in itertools.pairwise(scores))


@pytest.mark.parametrize("name", sorted(ERRORS.keys() - {"full", "binary-noise"}))
def test_an_empty_contour_stays_empty(name: str):
    nothing = contour(np.zeros((6, 7, 8), bool))
    assert not perturb(nothing, name, 1.0).mask.any()


@pytest.mark.parametrize("name", ERRORS)
def test_one_slice_and_a_contour_that_fills_the_image_are_no_trouble(name: str):
    for mask in (box_mask((1, 20, 20), (0, 5, 5), (1, 15, 15)), np.ones((4, 5, 6), bool)):
        for seed in range(4):
            assert perturb(contour(mask, SPACING), name, 1.0, seed).mask.shape == mask.shape


@given(
    st.sampled_from(sorted(ERRORS.keys() - {"empty", "full", "staircase", "rotate"})),
    st.floats(0.05, 1.0),
    st.floats(0.05, 1.0),
    st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_more_never_helps_a_convex_contour(name: str, a: float, b: float, seed: int):
    kind = ERRORS[name]
    top = kind.severities[-1]
    low, high = (round(s * top) if kind.unit == "slices" else s * top for s in sorted((a, b)))
    shape = ball()
    # Interpolation puts single voxels in or out by chance: some ten of the thousands in the surface.
    assert (
        dice(shape, perturb(shape, name, high, seed)) <= dice(shape, perturb(shape, name, low, seed)) + 0.005
    )


def test_names_with_underscores_and_capitals():
    assert np.array_equal(perturb(box(), "Missing_Slices", 2).mask, perturb(box(), "missing-slices", 2).mask)


@pytest.mark.parametrize(
    ("name", "severity", "seed", "message"),
    [
        ("blur", 1.0, 0, "'blur'; choose one of shift,"),
        ("shift", -1.0, 0, "-1.0 but must be zero or a positive number"),
        ("shift", math.nan, 0, "nan"),
        ("shift", math.inf, 0, "inf"),
        ("truncated", 1.5, 0, "at most 1"),
        ("missing-slices", 2.5, 0, "whole number of slices"),
        ("shift", 1.0, -3, "seed is -3"),
    ],
)
def test_settings_that_cannot_be_used(name: str, severity: float, seed: int, message: str):
    with pytest.raises(SettingError, match=message):
        perturb(box(), name, severity, seed)


def test_turned_axes_do_not_change_what_happens_in_space():
    # The same body on a grid whose I and J axes point the other way and whose J and K are exchanged.
    plain = contour(ball_mask(SHAPE, (20, 25, 30), 20.0, SPACING[::-1]), SPACING)
    size = plain.grid.size
    turned_grid = Grid(
        (size[0], size[2], size[1]),
        (SPACING[0], SPACING[2], SPACING[1]),
        tuple(plain.grid.index_to_world((size[0] - 1, 0, size[2] - 1))),
        (-1, 0, 0, 0, 0, 1, 0, -1, 0),
    )
    turned = Contour(np.ascontiguousarray(plain.mask.transpose(1, 0, 2)[:, ::-1, ::-1]), turned_grid, "shape")
    for name in ("shift", "rotate"):
        moved, moved_turned = perturb(plain, name, 12.0, 3), perturb(turned, name, 12.0, 3)
        back = moved_turned.mask[:, ::-1, ::-1].transpose(1, 0, 2)
        assert np.array_equal(back, moved.mask)


# Contours that move


@pytest.mark.parametrize("steps", [1, 4, 11])
def test_a_box_shifted_by_whole_voxels_overlaps_by_its_share(steps: int):
    moved = replace(box(), mask=translated(box().mask, box().grid, np.array([steps * SPACING[0], 0, 0])))
    assert dice(box(), moved) == (30 - steps) / 30  # the box is 30 voxels wide


@pytest.mark.parametrize("half_up", [(0.49, 0), (0.5, 1), (-0.5, -1), (1.51, 2)])
def test_a_face_moves_by_the_nearest_whole_voxel(half_up: tuple[float, int]):
    voxels, expected = half_up
    moved = translated(box().mask, box().grid, np.array([0, 0, voxels * SPACING[2]]))
    assert np.array_equal(moved, np.roll(box().mask, expected, axis=0))


@pytest.mark.parametrize("seed", range(6))
def test_a_shift_is_as_long_as_it_says(seed: int):
    original, moved = ball(18.0), perturb(ball(18.0), "shift", 10.0, seed)
    step = np.subtract(ndimage.center_of_mass(moved.mask), ndimage.center_of_mass(original.mask))
    # Every patch of the surface moves by a whole number of voxels: half of the smallest is 0.75 mm.
    assert np.linalg.norm(step * SPACING[::-1]) == pytest.approx(10.0, abs=0.75)
    # Trilinear interpolation of a curved face loses or gains a few voxels in a hundred.
    assert moved.volume_cc == pytest.approx(original.volume_cc, rel=0.03)


def test_what_leaves_the_image_is_cut():
    assert not perturb(box(), "shift", 500.0).mask.any()


def test_a_quarter_turn_of_a_cube_is_the_cube():
    cube = contour(box_mask((30, 30, 30), (10, 10, 10), (20, 20, 20)))
    quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    assert np.array_equal(transformed(cube.mask, cube.grid, quarter), cube.mask)


def test_a_half_turn_is_a_point_reflection_in_the_slice():
    wedge = box().mask & (np.indices(SHAPE)[2] + np.indices(SHAPE)[1] < 55)
    half = np.diag([-1.0, -1.0, 1.0])
    center = np.array([29.5 * SPACING[0], 24.5 * SPACING[1], 0])
    assert np.array_equal(transformed(wedge, box().grid, half, center), wedge[:, ::-1, ::-1])


@pytest.mark.parametrize("seed", range(4))
def test_scaling_multiplies_the_volume_by_the_cube_of_its_factor(seed: int):
    small = ball(14.0)
    ratio = perturb(small, "scale", 0.5, seed).volume_cc / small.volume_cc
    # A ball of 9 mm radius counts 300 voxels of 1.5 x 2 x 3 mm, a third of them in its surface.
    assert ratio == pytest.approx(1.5**3, rel=0.1) or ratio == pytest.approx(1.5**-3, rel=0.1)


def test_scaling_goes_both_ways():
    ratios = [perturb(ball(14.0), "scale", 0.5, seed).volume_cc / ball(14.0).volume_cc for seed in range(8)]
    assert min(ratios) < 1 < max(ratios)


def test_a_wrong_slice_spacing_moves_the_slices_from_the_first():
    heights = set()
    for seed in range(8):
        where = occupied_slices(perturb(box(), "wrong-spacing", 0.25, seed))
        heights.add((int(where[0]), int(where[-1])))
    # Slices 10 to 29 times 1.25 or 0.8; the ends are rounded by the interpolation's half voxel.
    assert len(heights) == 2
    for factor, (first, last) in zip((0.8, 1.25), sorted(heights), strict=True):
        assert first == pytest.approx(9.5 * factor + 0.5, abs=0.51)
        assert last == pytest.approx(29.5 * factor - 0.5, abs=0.51)


def test_left_and_right_are_swapped_in_the_share_of_slices():
    one_sided = contour(box_mask(SHAPE, (10, 12, 5), (30, 38, 20)), SPACING)
    assert np.array_equal(perturb(one_sided, "swap-left-right", 1.0).mask, one_sided.mask[:, :, ::-1])
    half = perturb(one_sided, "swap-left-right", 0.5)
    assert dice(one_sided, half) == 0.5


def test_left_and_right_are_swapped_on_sagittal_slices():
    grid = Grid((30, 20, 40), direction=(0, 0, 1, 1, 0, 0, 0, 1, 0))  # K runs along the patient's x
    side = Contour(box_mask((40, 20, 30), (3, 5, 5), (10, 15, 15)), grid, "side")
    assert np.array_equal(perturb(side, "swap-left-right", 1.0).mask, side.mask[::-1])


@pytest.mark.parametrize("seed", range(5))
def test_the_wrong_organ_has_the_volume_and_the_distance(seed: int):
    small = contour(box_mask(SHAPE, (18, 22, 26), (23, 28, 34)), SPACING)
    wrong = perturb(small, "wrong-organ", 30.0, seed)
    step = np.subtract(ndimage.center_of_mass(wrong.mask), ndimage.center_of_mass(small.mask))
    assert np.linalg.norm(step * SPACING[::-1]) == pytest.approx(30.0, abs=1.0)  # a digitized ball, uneven
    assert wrong.volume_cc == pytest.approx(small.volume_cc, rel=0.1)  # the same
    assert dice(small, wrong) == 0


def test_the_wrong_organ_stays_in_the_image():
    assert perturb(box(), "wrong-organ", 1000.0).mask.any()


# Contours whose surface moves


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_face_moves_by_whole_voxels(steps: int):
    # Isotropic, so that one distance is a whole number of voxels along every axis.
    cube = contour(box_mask((30, 30, 30), (10, 10, 10), (20, 20, 20)), (2, 2, 2))
    grown, shrunk = perturb(cube, "dilate", 2.0 * steps), perturb(cube, "erode", 2.0 * steps)
    line = np.flatnonzero(grown.mask[15, 15])
    assert (line[0], line[-1]) == (10 - steps, 19 + steps)
    assert np.array_equal(shrunk.mask, box_mask((30, 30, 30), (10 + steps,) * 3, (20 - steps,) * 3))


@pytest.mark.parametrize("distance_mm", [1.0, 2.5, 4.0, 6.0])
def test_a_ball_grows_and_shrinks_by_the_distance(distance_mm: float):
    fine = (1.0, 1.0, 2.0)
    center = (20, 30, 30)
    original = contour(ball_mask((41, 61, 61), center, 15.0, fine[::-1]), fine)
    half_diagonal = np.linalg.norm(fine) / 2  # how far the body of voxels may lie beyond or within the ball
    index = np.indices(original.mask.shape).reshape(3, -1).T
    radius = np.linalg.norm((index - center) * fine[::-1], axis=1).reshape(original.mask.shape)
    for name, sign in (("dilate", 1), ("erode", -1)):
        moved = perturb(original, name, distance_mm).mask
        ideal = 15.0 + sign * distance_mm
        assert moved[radius <= ideal - half_diagonal].all()
        assert not moved[radius > ideal + half_diagonal].any()


@pytest.mark.parametrize("name", ["dilate", "erode"])
def test_distances_to_the_body_are_exact(name: str):
    # Independent of the passes along the axes: every voxel against every voxel, as boxes.
    rng = np.random.default_rng(0)
    mask = ndimage.binary_opening(rng.random((7, 8, 9)) < 0.7)
    body = mask if name == "dilate" else ~np.pad(mask, 1)
    voxels, centers = np.argwhere(body), np.argwhere(np.ones_like(body))
    apart = np.maximum(np.abs(centers[:, None] - voxels[None]) - 0.5, 0) * SPACING[::-1]
    nearest = np.linalg.norm(apart, axis=2).min(axis=1).reshape(body.shape)
    for distance_mm in (0.5, 1.0, 2.0, 3.7):
        reached = nearest <= distance_mm + 1e-4  # the tolerance the function itself documents
        expected = reached if name == "dilate" else ~reached[1:-1, 1:-1, 1:-1]
        assert np.array_equal(perturb(contour(mask, SPACING), name, distance_mm).mask, expected)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("height_mm", [5.0, 10.0])
def test_a_bulge_and_a_dent_are_as_high_as_they_say(height_mm: float, seed: int):
    original = contour(ball_mask((60, 60, 60), (30, 30, 30), 18.0))
    for name in ("bulge", "dent"):
        changed = perturb(original, name, height_mm, seed)
        assert compare(original, changed).hd_mm == pytest.approx(height_mm, abs=UNIT_DIAGONAL)  # one voxel
        difference = changed.mask ^ original.mask
        assert not (difference & (original.mask == (name == "bulge"))).any()
        assert ndimage.label(difference, CORNERS)[1] == 1
        # Local: beyond the base radius of twice the height, and the height itself, nothing happens.
        where = np.argwhere(difference)
        assert np.ptp(where, axis=0).max() <= 2 * 3 * height_mm


def test_smoothing_takes_corners_and_leaves_faces():
    cube = contour(box_mask((40, 40, 40), (10, 10, 10), (30, 30, 30)))
    smoothed = perturb(cube, "smooth", 2.0).mask
    assert not smoothed[10, 10, 10]
    assert smoothed[20, 20, 10]  # the middle of a face stays where it was
    assert not (smoothed & ~cube.mask).any()


def test_a_staircase_is_made_of_blocks():
    blocky = perturb(ball(), "staircase", 6.0, seed=1).mask
    # 6 mm are 2, 3 and 4 voxels of 3, 2 and 1.5 mm: along each axis changes happen at one residue only.
    for axis, edge in enumerate((2, 3, 4)):
        changes = np.argwhere(np.diff(blocky.astype(int), axis=axis))[:, axis]
        assert len(set(changes % edge)) == 1


def test_noise_touches_only_the_voxels_beside_the_surface():
    noisy = perturb(ball(), "noise", 0.5).mask
    changed = noisy ^ ball().mask
    band = ndimage.binary_dilation(ball().mask) & ~ndimage.binary_erosion(ball().mask)
    assert not (changed & ~band).any()
    # Thousands of tosses: the share is within four standard deviations.
    n = np.count_nonzero(band)
    assert np.count_nonzero(changed) / n == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(n))


# Contours that lose or gain parts


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [1, 3, 20, 25])
def test_missing_slices_are_missing_at_one_end(count: int, seed: int):
    left = occupied_slices(perturb(box(), "missing-slices", count, seed))
    whole = list(range(10, 30))
    assert list(left) in (whole[count:], whole[: max(20 - count, 0)])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [1, 4, 18, 30])
def test_slices_missing_inside_adjoin_each_other_and_leave_the_ends(count: int, seed: int):
    gone = np.setdiff1d(
        np.arange(10, 30), occupied_slices(perturb(box(), "missing-slice-inside", count, seed))
    )
    assert len(gone) == min(count, 18)
    assert np.ptp(gone) == len(gone) - 1
    assert gone[0] > 10
    assert gone[-1] < 29


def test_extra_slices_repeat_the_end():
    for seed in range(4):
        longer = perturb(ball(), "extra-slices", 3, seed).mask
        added = occupied_slices(replace(ball(), mask=longer & ~ball().mask))
        end = occupied_slices(ball())[0 if added[0] < 20 else -1]
        assert len(added) == 3
        assert all(np.array_equal(longer[k], ball().mask[end]) for k in added)


def test_extra_slices_go_where_there_is_room():
    at_the_top = contour(box_mask((20, 10, 10), (15, 2, 2), (20, 8, 8)))
    for seed in range(4):
        assert list(occupied_slices(perturb(at_the_top, "extra-slices", 2, seed))) == list(range(13, 20))


@pytest.mark.parametrize("seed", range(8))
def test_a_dropped_slab_is_as_thick_as_it_says(seed: int):
    # 6 mm are 2 slices, 3 rows or 4 columns, fewer where the slab reaches beyond the contour.
    gone = np.argwhere(box().mask & ~perturb(box(), "slab-drop", 6.0, seed).mask)
    extent = np.ptp(gone, axis=0) + 1
    full = np.array([20, 26, 30])
    across = int(np.flatnonzero(extent != full)[0])
    assert extent[across] <= (2, 3, 4)[across]
    assert (np.delete(extent, across) == np.delete(full, across)).all()


@pytest.mark.parametrize("seed", range(8))
def test_a_truncated_box_loses_its_share_from_one_side(seed: int):
    left = perturb(box(), "truncated", 0.5, seed)
    assert np.count_nonzero(left.mask) == 0.5 * np.count_nonzero(box().mask)
    assert ndimage.label(left.mask)[1] == 1


@pytest.mark.parametrize("seed", range(5))
def test_an_island_is_detached_and_as_large_as_it_says(seed: int):
    roomy = contour(ball_mask((60, 60, 60), (30, 30, 30), 10.0))
    with_island = perturb(roomy, "island", 4.0, seed).mask
    assert ndimage.label(with_island, CORNERS)[1] == 2
    assert with_island[roomy.mask].all()
    # 257 voxel centers lie within four voxels of one.
    assert np.count_nonzero(with_island) - np.count_nonzero(roomy.mask) in range(120, 258)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("radius_mm", [3.0, 8.0, 40.0])
def test_a_hole_is_closed(radius_mm: float, seed: int):
    hollow = perturb(ball(), "hole", radius_mm, seed).mask
    assert not (hollow & ~ball().mask).any()
    assert np.array_equal(ndimage.binary_fill_holes(hollow), ball().mask)
    assert not np.array_equal(hollow, ball().mask)


def test_the_failure_battery_of_the_first_paper():
    assert not perturb(ball(), "empty", 1.0).mask.any()
    assert perturb(ball(), "full", 1.0).mask.all()
    noise = perturb(ball(), "binary-noise", 1.0).mask
    assert noise.mean() == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(noise.size))  # four standard deviations
    moved = perturb(contour(ball_mask((40, 40, 40), (20, 20, 20), 5.0)), "shift-fraction", 0.25, seed=2)
    step = np.abs(np.subtract(ndimage.center_of_mass(moved.mask), 20))
    assert step.max() == pytest.approx(10.0, abs=0.2)  # a quarter of 40 voxels; the ball has 500
