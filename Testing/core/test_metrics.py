"""Contour metrics: closed forms, the rules for empty masks, and laws that must hold for any masks."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from ContourQALib.errors import SettingError
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.definitions import Status
from ContourQALib.metrics.surface import surface_distances, surface_voxels, touches_edge
from shapes import ball_mask, box_mask, contour

DISTANCES = ("hd_mm", "hd95_mm", "hd95_pooled_mm", "hd95_slicerrt_mm", "msd_mm", "masd_mm")
masks = npst.arrays(bool, (4, 5, 6))
spacings = st.tuples(*[st.floats(0.2, 5.0)] * 3)


def test_a_box_shifted_by_whole_voxels():
    # 10x10x10 mm box moved 3 voxels of 2 mm along x: 7/10 overlap; every surface voxel lies within 6 mm.
    a = contour(box_mask((20, 20, 20), (5, 5, 3), (15, 15, 13)), (2, 1, 1))
    b = contour(box_mask((20, 20, 20), (5, 5, 6), (15, 15, 16)), (2, 1, 1))
    c = compare(a, b)
    assert c.status is Status.OK
    assert c.dice == pytest.approx(0.7)
    assert c.sensitivity == c.precision == pytest.approx(0.7)
    assert c.specificity == pytest.approx(1 - 300 / 7000)
    assert c.volume_reference_cc == pytest.approx(2.0)
    assert c.volume_error_percent == 0
    assert c.hd_mm == pytest.approx(6.0)


def test_boxes_one_inside_the_other_anisotropic():
    # The inner box is 1 voxel smaller on each side: nearest distances are one voxel of some axis.
    outer = contour(box_mask((9, 9, 9), (1, 1, 1), (8, 8, 8)), (1.0, 2.0, 3.0))
    inner = contour(box_mask((9, 9, 9), (2, 2, 2), (7, 7, 7)), (1.0, 2.0, 3.0))
    c = compare(outer, inner)
    assert c.hd_mm == pytest.approx(math.sqrt(1 + 4 + 9))  # corner to corner
    assert c.surface_dice < 1
    assert compare(outer, inner, tolerance_mm=4.0).surface_dice == 1


def test_concentric_balls_are_their_radii_apart():
    grown = compare(
        contour(ball_mask((41, 41, 41), (20, 20, 20), 10)), contour(ball_mask((41, 41, 41), (20, 20, 20), 15))
    )
    # Voxelized spheres: each surface lies within one voxel diagonal (sqrt 3) of its radius.
    assert grown.msd_mm == pytest.approx(5, abs=0.5)
    assert grown.hd_mm == pytest.approx(5, abs=math.sqrt(3))
    assert grown.volume_error_percent == pytest.approx(
        100 * (1.5**3 - 1), rel=0.02
    )  # counting error of a ball


def test_percentiles_and_means_of_known_distance_sets():
    # Two parallel lines, 20 voxels against 10, 3 mm apart; the far half is 1 to 10 mm further along.
    a, b = np.zeros((1, 4, 20), bool), np.zeros((1, 4, 20), bool)
    a[0, 0], b[0, 3, :10] = True, True
    found = surface_distances(a, b, (1, 1, 1))
    far = np.hypot(3, np.arange(1, 11))
    forth = np.concatenate([np.full(10, 3.0), far])
    assert sorted(found.reference_to_test_mm) == pytest.approx(sorted(forth))
    assert list(found.test_to_reference_mm) == [3.0] * 10
    assert found.hd95_mm == pytest.approx(np.percentile(forth, 95))
    assert found.hd95_pooled_mm == pytest.approx(np.percentile(np.concatenate([forth, [3.0] * 10]), 95))
    assert found.hd95_slicerrt_mm == pytest.approx((np.sort(forth)[18] + 3) / 2)  # floor(0.95 * 20 - 1) = 18
    assert found.msd_mm == pytest.approx((forth.sum() + 30) / 30)
    assert found.masd_mm == pytest.approx((forth.mean() + 3) / 2)


def test_the_outside_of_the_volume_is_background():
    assert len(surface_voxels(np.ones((3, 3, 3), bool))) == 26
    assert len(surface_voxels(box_mask((5, 5, 5), (0, 1, 1), (3, 4, 4)))) == 26
    assert touches_edge(box_mask((5, 5, 5), (0, 1, 1), (3, 4, 4)))
    assert not touches_edge(box_mask((5, 5, 5), (1, 1, 1), (4, 4, 4)))


def test_a_tolerance_of_whole_voxels_counts_whatever_binary_says():
    a, b = np.zeros((3, 3, 9), bool), np.zeros((3, 3, 9), bool)
    a[1, 1, 1], b[1, 1, 4] = True, True
    spacing = (0.1, 1, 1)  # three steps of 0.1 mm are 0.30000000000000004 in binary
    assert compare(contour(a, spacing), contour(b, spacing), tolerance_mm=0.3).surface_dice == 1


@pytest.mark.parametrize(
    ("empty", "status"), [("reference", Status.REFERENCE_EMPTY), ("test", Status.TEST_EMPTY)]
)
def test_one_empty_contour(empty, status):
    full, nothing = contour(box_mask((6, 6, 6), (1, 1, 1), (4, 4, 4))), contour(np.zeros((6, 6, 6), bool))
    c = compare(nothing, full) if empty == "reference" else compare(full, nothing)
    assert c.status is status
    assert c.reason
    assert c.dice == 0
    assert c.surface_dice == 0
    assert all(getattr(c, d) == math.inf for d in DISTANCES)
    assert math.isnan(c.sensitivity if empty == "reference" else c.precision)


def test_both_contours_empty():
    nothing = contour(np.zeros((4, 4, 4), bool))
    c = compare(nothing, nothing)
    assert c.status is Status.BOTH_EMPTY
    assert c.reason
    undefined = (*DISTANCES, "dice", "surface_dice", "sensitivity", "precision", "volume_error_percent")
    assert all(math.isnan(getattr(c, name)) for name in undefined)


def test_a_full_reference_has_no_specificity():
    full = contour(np.ones((3, 3, 3), bool))
    assert math.isnan(compare(full, full).specificity)
    assert compare(full, full).dice == 1


def test_a_one_slice_image_works_in_three_dimensions():
    a = contour(box_mask((1, 10, 10), (0, 2, 2), (1, 8, 8)), (1, 1, 3))
    b = contour(box_mask((1, 10, 10), (0, 2, 4), (1, 8, 10)), (1, 1, 3))
    c = compare(a, b, per_slice=True)
    assert c.hd_mm == pytest.approx(2)
    assert c.dice == pytest.approx(4 / 6)
    assert c.touches_edge
    assert [s.index for s in c.slices] == [0]
    assert c.slices[0].dice == c.dice


def test_slices_are_compared_in_their_own_plane():
    a = contour(box_mask((6, 12, 12), (1, 2, 2), (4, 8, 8)), (0.5, 2, 3))
    b = contour(box_mask((6, 12, 12), (2, 3, 2), (5, 9, 8)), (0.5, 2, 3))
    rows = {s.index: s for s in compare(a, b, per_slice=True).slices}
    assert sorted(rows) == [1, 2, 3, 4]
    assert (rows[1].status, rows[4].status) == (Status.TEST_EMPTY, Status.REFERENCE_EMPTY)
    assert rows[2].dice == pytest.approx(5 / 6)
    assert rows[2].hd_mm == pytest.approx(2)  # one row of 2 mm, whatever the slice thickness
    assert rows[1].hd_mm == math.inf
    assert rows[2].area_test_mm2 == pytest.approx(36 * 1.0)


@pytest.mark.parametrize("tolerance", [-1.0, math.nan, math.inf])
def test_an_impossible_tolerance_is_refused(tolerance):
    a = contour(np.ones((2, 2, 2), bool))
    with pytest.raises(SettingError, match="tolerance"):
        compare(a, a, tolerance)


def numbers(c: Comparison) -> dict[str, float]:
    return {f.name: getattr(c, f.name) for f in fields(c) if isinstance(getattr(c, f.name), float)}


@settings(max_examples=60, deadline=None)
@given(a=masks, b=masks, spacing=spacings)
def test_swapping_the_contours_swaps_only_what_has_a_direction(a, b, spacing):
    one = compare(contour(a, spacing), contour(b, spacing))
    two = compare(contour(b, spacing), contour(a, spacing))
    for name in (*DISTANCES, "dice", "surface_dice"):
        assert getattr(one, name) == pytest.approx(
            getattr(two, name), nan_ok=True, rel=1e-12
        )  # summation order
    assert one.sensitivity == pytest.approx(two.precision, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(a=masks, b=masks, spacing=spacings, factor=st.floats(0.5, 4.0))
def test_scaling_the_spacing_scales_distances_and_volumes(a, b, spacing, factor):
    one = compare(contour(a, spacing), contour(b, spacing), tolerance_mm=1.7)
    big = tuple(factor * s for s in spacing)
    two = compare(contour(a, big), contour(b, big), tolerance_mm=1.7 * factor)
    for name in DISTANCES:
        assert getattr(two, name) == pytest.approx(factor * getattr(one, name), nan_ok=True, rel=1e-9)
    assert two.volume_test_cc == pytest.approx(factor**3 * one.volume_test_cc)
    for name in ("dice", "specificity", "volume_error_percent"):
        assert getattr(two, name) == pytest.approx(getattr(one, name), nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(a=masks, b=masks, spacing=spacings, axis=st.integers(0, 2))
def test_flipping_an_axis_changes_nothing(a, b, spacing, axis):
    one = numbers(compare(contour(a, spacing), contour(b, spacing)))
    two = numbers(
        compare(contour(np.flip(a, axis).copy(), spacing), contour(np.flip(b, axis).copy(), spacing))
    )
    assert two == pytest.approx(one, nan_ok=True, rel=1e-12)  # summation order


@settings(max_examples=40, deadline=None)
@given(a=masks, b=masks, tolerances=st.tuples(st.floats(0, 5), st.floats(0, 5)))
def test_figures_are_ordered_as_their_definitions_say(a, b, tolerances):
    found = surface_distances(a, b, (1, 1, 1))
    if a.any() and b.any():
        slack = 1e-12  # of the mean's summation and the percentile's interpolation
        assert max(found.msd_mm, found.hd95_mm, found.hd95_pooled_mm) <= found.hd_mm + slack
        assert found.hd95_slicerrt_mm <= found.hd_mm + slack
        low, high = sorted(tolerances)
        assert found.surface_dice(low) <= found.surface_dice(high)


@settings(max_examples=40, deadline=None)
@given(a=masks)
def test_a_contour_agrees_with_itself(a):
    c = compare(contour(a), contour(a))
    if a.any():
        assert (c.dice, c.surface_dice, c.hd_mm, c.msd_mm) == (1, 1, 0, 0)


def test_a_test_contour_on_another_grid_is_brought_over_and_said():
    a = contour(ball_mask((30, 30, 30), (15, 15, 15), 9))
    fine = ball_mask((60, 60, 60), (30, 30, 30), 9, (0.5, 0.5, 0.5))
    b = contour(fine, (0.5, 0.5, 0.5))
    c = compare(a, b)
    assert c.resampled
    assert c.dice > 0.97  # half a voxel of a ball of 9 mm
    assert not compare(a, replace(a)).resampled
