"""Grids: coordinates, how two grids lie to each other, and moving arrays between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid, Relation, place, to_sitk

COS, SIN = np.cos(np.pi / 6), np.sin(np.pi / 6)
OBLIQUE = (COS, -SIN, 0.0, SIN, COS, 0.0, 0.0, 0.0, 1.0)


def oblique_grid(size=(7, 6, 5), spacing=(0.9, 1.1, 2.5), origin=(-30.0, 12.5, 4.0)) -> Grid:
    return Grid(size, spacing, origin, OBLIQUE)


@pytest.mark.parametrize("index", [(0, 0, 0), (3, 2, 1), (6, 5, 4)])
def test_world_coordinates_are_those_of_simpleitk(index):
    grid = oblique_grid()
    image = to_sitk(np.zeros(grid.shape, np.uint8), grid)
    # float64 arithmetic on values of some 30 mm
    np.testing.assert_allclose(
        grid.index_to_world(index), image.TransformIndexToPhysicalPoint(index), atol=1e-12
    )
    np.testing.assert_allclose(grid.world_to_index(grid.index_to_world(index)), index, atol=1e-12)


def test_shape_is_the_reverse_of_size():
    grid = oblique_grid()
    assert grid.shape == (5, 6, 7)
    assert grid.spacing_kji == (2.5, 1.1, 0.9)
    assert grid.voxel_volume_cc == pytest.approx(0.9 * 1.1 * 2.5 / 1000)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"spacing": (1, 0, 1)}, "positive"),
        ({"spacing": (1, -1, 1)}, "positive"),
        ({"origin": (0, np.nan, 0)}, "finite"),
        ({"size": (0, 1, 1)}, "no voxels"),
        ({"direction": (1, 0, 0, 1, 0, 0, 0, 0, 1)}, "perpendicular"),
        ({"direction": (2, 0, 0, 0, 1, 0, 0, 0, 1)}, "unit"),
    ],
)
def test_an_impossible_grid_is_refused(wrong, says):
    with pytest.raises(GeometryError, match=says):
        Grid(**({"size": (2, 2, 2)} | wrong))


def test_headers_that_differ_by_rounding_are_the_same_grid():
    grid = oblique_grid()
    rounded = Grid(
        grid.size, np.add(grid.spacing, 4e-4), np.subtract(grid.origin, 9e-4), np.add(grid.direction, 5e-5)
    )
    assert rounded.relation_to(grid) is Relation.SAME


@pytest.mark.parametrize(
    ("change", "relation"),
    [
        ({"origin": (-30.0 + 2e-3, 12.5, 4.0)}, Relation.OTHER),
        ({"spacing": (0.9, 1.1, 2.6)}, Relation.OTHER),
        ({"direction": (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0)}, Relation.OTHER),
        ({"size": (8, 6, 5)}, Relation.LATTICE),
        ({"origin": (500.0, 0, 0)}, Relation.DISJOINT),
    ],
)
def test_other_grids_are_told_apart(change, relation):
    grid = oblique_grid()
    assert (
        Grid(
            **({f: getattr(grid, f) for f in ("size", "spacing", "origin", "direction")} | change)
        ).relation_to(grid)
        is relation
    )


def test_boxes_that_only_their_diagonals_separate_are_disjoint():
    # Two long bars crossing at a distance: no face normal of either separates the corner regions alone.
    bar = Grid((100, 1, 1))
    turned = Grid((100, 1, 1), origin=(50, 0, 1.2), direction=(0, 0, 1, 1, 0, 0, 0, 1, 0))
    assert not bar.overlaps(turned)
    assert bar.overlaps(Grid((100, 1, 1), origin=(50, 0, 0.2), direction=(0, 0, 1, 1, 0, 0, 0, 1, 0)))


@given(
    start=st.tuples(*[st.integers(0, 3)] * 3),
    size=st.tuples(*[st.integers(1, 3)] * 3),
    seed=st.integers(0, 2**16),
)
def test_a_cropped_mask_comes_back_unchanged_on_the_full_grid(start, size, seed):
    full = oblique_grid()
    mask = np.zeros(full.shape, bool)
    window = tuple(slice(s, s + n) for s, n in zip(start[::-1], size[::-1], strict=True))
    mask[window] = np.random.default_rng(seed).random(mask[window].shape) < 0.5
    cropped = Grid(mask[window].shape[::-1], full.spacing, tuple(full.index_to_world(start)), full.direction)
    placed = Contour(mask[window], cropped, "c").on(full)
    assert np.array_equal(placed.mask, mask)
    assert not placed.resampled
    assert placed.lost_cc == 0


def test_cropping_reports_the_foreground_it_cuts_off():
    full = Grid((10, 10, 10), (2, 2, 2))
    half = Grid((5, 10, 10), (2, 2, 2))
    mask = np.zeros(full.shape, bool)
    mask[4:6, 4:6, 3:8] = True
    placed = Contour(mask, full, "c").on(half)
    assert placed.mask.sum() == 2 * 2 * 2
    assert placed.lost_cc == pytest.approx(2 * 2 * 3 * 0.008)


def test_another_lattice_is_resampled_and_says_so():
    fine, coarse = Grid((40, 40, 40)), Grid((20, 20, 20), (2, 2, 2), (0.5, 0.5, 0.5))
    mask = np.zeros(fine.shape, bool)
    mask[10:30, 10:30, 10:30] = True
    placed = Contour(mask, fine, "c").on(coarse)
    assert placed.resampled
    assert placed.volume_cc == pytest.approx(8.0)  # the 20 mm cube's faces lie between coarse voxel centers


def test_another_spacing_covers_the_same_space():
    oblique = Grid(
        (6, 8, 3), (2.0, 1.5, 4.0), (10.0, -5.0, 3.0), (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)
    )
    finer = oblique.at_spacing((1.0, 0.5, 4.0))
    assert finer.size == (12, 24, 3)
    assert finer.spacing == (1.0, 0.5, 4.0)
    # outer corners, half a voxel before the first and behind the last center
    for grid_corner, finer_corner in (((-0.5,) * 3, (-0.5,) * 3), ((5.5, 7.5, 2.5), (11.5, 23.5, 2.5))):
        assert np.allclose(oblique.index_to_world(grid_corner), finer.index_to_world(finer_corner))
    assert oblique.at_spacing(oblique.spacing).relation_to(oblique) is Relation.SAME
    assert oblique.at_spacing((100.0, 100.0, 100.0)).size == (1, 1, 1)


def test_probabilities_are_interpolated_linearly():
    grid, shifted = Grid((5, 1, 1)), Grid((4, 1, 1), origin=(0.5, 0, 0))
    ramp = ProbabilityMap(np.linspace(0, 1, 5, dtype=np.float32).reshape(1, 1, 5), grid, "p").on(shifted)
    np.testing.assert_allclose(ramp.values.ravel(), [0.125, 0.375, 0.625, 0.875], atol=1e-6)  # float32
    assert ramp.resampled


def test_a_mask_wholly_outside_is_an_error_but_an_empty_one_is_not():
    grid = Grid((10, 10, 10))
    half = Grid((5, 10, 10))
    mask = np.zeros(grid.shape, bool)
    assert not Contour(mask, grid, "nothing").on(half).mask.any()
    one_voxel = Contour(np.zeros((1, 1, 1), bool), Grid((1, 1, 1), origin=(900, 0, 0)), "nothing")
    assert one_voxel.on(half).mask.shape == half.shape
    mask[5, 5, 8] = True
    with pytest.raises(GeometryError, match="wholly outside"):
        Contour(mask, grid, "lost").on(half)


def test_disjoint_grids_are_an_error_that_names_the_contour():
    far = Contour(np.ones((2, 2, 2), bool), Grid((2, 2, 2), origin=(900, 0, 0)), "Bladder")
    with pytest.raises(GeometryError, match=r"Bladder.*no point in common"):
        far.on(Grid((10, 10, 10)))


def test_the_same_grid_returns_the_same_array():
    grid = oblique_grid()
    values = np.zeros(grid.shape)
    assert place(values, grid, grid, "linear").values is values


def test_arrays_that_do_not_fit_their_grid_are_refused():
    with pytest.raises(GeometryError, match="shape"):
        Image(np.zeros((2, 2, 2)), Grid((3, 2, 2)))
    with pytest.raises(GeometryError, match="bool"):
        Contour(np.zeros((2, 2, 2)), Grid((2, 2, 2)), "c")


@pytest.mark.parametrize("first", [(0, 0, 0), (-3, 2, 1)])
def test_a_covering_grid_is_the_same_lattice_and_holds_the_other_grid(first):
    grid = Grid((5, 4, 3), (1.5, 2.0, 3.0), (10.0, -5.0, 7.0), (0, 1, 0, -1, 0, 0, 0, 0, 1))
    x, y, z = grid.index_to_world(first)
    other = Grid((6, 2, 4), grid.spacing, (x, y, z), grid.direction)
    covering = grid.covering([other])
    assert covering.relation_to(grid) in (Relation.LATTICE, Relation.SAME)
    low = np.minimum(0, first)
    high = np.maximum(np.array(grid.size), np.add(first, other.size))
    assert covering.size == tuple(high - low)
    np.testing.assert_allclose(covering.origin, grid.index_to_world(low))


def test_a_covering_grid_leaves_out_what_lies_elsewhere():
    grid = Grid((5, 4, 3))
    assert grid.covering([Grid((5, 4, 3), origin=(1e5, 0.0, 0.0))]) == grid
