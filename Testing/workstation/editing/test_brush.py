"""A brush touches the voxels that geometry says, on one slice or as a ball, and no others."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.geometry import Grid
from ContourQALib.workstation.editing.brush import Brush

GRID = Grid((40, 30, 20), (1.0, 1.5, 3.0), (-12.0, 30.0, -5.0))
TURNED = Grid(
    (40, 30, 20), (1.0, 1.5, 3.0), (-12.0, 30.0, -5.0), (0.6, -0.8, 0.0, 0.8, 0.6, 0.0, 0.0, 0.0, 1.0)
)
UP = np.array([0.0, 0.0, 1.0])


def painted(brush: Brush, grid: Grid, start, end, normal) -> np.ndarray:
    """The touched voxels on the whole grid."""
    mask = np.zeros(grid.shape, bool)
    touched = brush.touched(grid, np.asarray(start, float), np.asarray(end, float), np.asarray(normal, float))
    if touched is not None:
        i, j, k = touched.first
        depth, height, width = touched.mask.shape
        mask[k : k + depth, j : j + height, i : i + width] = touched.mask
    return mask


def distances_mm(grid: Grid, start, end) -> np.ndarray:
    """Of every voxel's center to a line, computed in the world, voxel by voxel."""
    k, j, i = np.indices(grid.shape)
    points = grid.index_to_world(np.stack([i, j, k], axis=-1))
    start, way = np.asarray(start, float), np.subtract(end, start)
    along = np.clip(((points - start) @ way) / max(way @ way, 1e-12), 0, 1)
    return np.linalg.norm(points - start - along[..., None] * way, axis=-1)


@pytest.mark.parametrize("grid", [GRID, TURNED])
@pytest.mark.parametrize("ball", [False, True])
def test_touched_voxels_are_those_near_the_way(grid, ball) -> None:
    start, end = grid.index_to_world([[12.3, 9.1, 7], [25.4, 17.8, 7]])
    near = distances_mm(grid, start, end) <= 4.0
    if not ball:
        near[np.arange(grid.shape[0]) != 7] = False
    np.testing.assert_array_equal(painted(Brush(8.0, ball), grid, start, end, UP), near)


@pytest.mark.parametrize(("axis", "normal"), [(0, (0, 0, 1)), (1, (0, 1, 0)), (2, (1, 0, 0))])
def test_a_disc_stays_on_the_slice_that_is_shown(axis, normal) -> None:
    at = GRID.index_to_world([20, 15, 10])
    slices = np.flatnonzero(painted(Brush(20.0), GRID, at, at, normal).any(axis=tuple({0, 1, 2} - {axis})))
    np.testing.assert_array_equal(slices, [[10], [15], [20]][axis])


@given(offset=st.floats(-0.5, 0.5), error=st.floats(-1e-9, 1e-9))
@settings(max_examples=60, deadline=None)
def test_a_disc_between_two_slices_takes_exactly_one(offset, error) -> None:
    at = GRID.index_to_world([20, 15, 10 + offset + error])
    assert painted(Brush(12.0), GRID, at, at, UP).any(axis=(1, 2)).sum() == 1


def test_a_disc_on_an_oblique_slice_has_no_holes() -> None:
    normal = np.array([0.3, 0.2, 0.9])
    normal /= np.linalg.norm(normal)
    at = GRID.index_to_world([20, 15, 10])
    mask = painted(Brush(14.0), GRID, at, at, normal)
    columns = mask.sum(axis=0)
    k, j, i = np.nonzero(np.broadcast_to(columns == 0, GRID.shape))
    points = GRID.index_to_world(np.stack([i, j, k], axis=-1)) - at
    # a column of voxels without one: where it meets the slice is farther away than the radius
    met = points - np.outer(points @ normal / normal[2], UP)
    assert np.linalg.norm(met, axis=1).min() > 7.0 - GRID.spacing[2] / 2


def test_the_area_is_that_of_a_disc() -> None:
    grid = Grid((200, 200, 1), (0.5, 0.5, 2.0))
    at = grid.index_to_world([100, 100, 0])
    area = painted(Brush(60.0), grid, at, at, UP).sum() * 0.25
    assert area == pytest.approx(math.pi * 30**2, rel=0.01)  # the rim of 377 voxels is cut at their centers


def test_a_brush_smaller_than_a_voxel_touches_the_voxel_it_is_in() -> None:
    at = GRID.index_to_world([20.4, 15.4, 10])
    mask = painted(Brush(0.1), GRID, at, at, UP)
    assert mask[10, 15, 20]
    assert mask.sum() <= 4


def test_what_lies_outside_of_the_image_is_not_touched() -> None:
    inside = GRID.index_to_world([0, 0, 10])
    far = GRID.index_to_world([-400, 0, 10])
    assert Brush(9.0).touched(GRID, far, far, UP) is None
    touched = Brush(9.0).touched(GRID, inside, inside, UP)
    assert touched is not None
    assert touched.first == (0, 0, 10)
    above = GRID.index_to_world([10, 10, 40])
    assert Brush(9.0).touched(GRID, above, above, UP) is None
