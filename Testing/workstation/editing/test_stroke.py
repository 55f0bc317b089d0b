"""A stroke is one step that restores every voxel, however its patches overlap."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid
from ContourQALib.workstation.editing.stroke import Stroke, box_around, patch_of

GRID = Grid((12, 10, 8), (1.0, 1.5, 3.0), (-12.0, 30.0, -5.0))


class Canvas:
    """Voxels that a stroke draws on."""

    def __init__(self, seed: int) -> None:
        self.voxels = np.random.default_rng(seed).random(GRID.shape) < 0.3

    def read(self, first, shape) -> np.ndarray:
        return self.voxels[self._box(first, shape)].copy()

    def write(self, _structure, first, patch) -> None:
        self.voxels[self._box(first, patch.shape)] = patch

    @staticmethod
    def _box(first, shape):
        return tuple(slice(at, at + n) for at, n in zip(first[::-1], shape, strict=True))


boxes = st.tuples(st.integers(0, 8), st.integers(0, 6), st.integers(0, 4))


@given(places=st.lists(boxes, min_size=1, max_size=8), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_undo_restores_every_voxel_and_redo_draws_them_again(places, seed) -> None:
    canvas = Canvas(seed)
    original = canvas.voxels.copy()
    stroke = Stroke("any", True, np.zeros(3))
    for n, first in enumerate(places):
        stroke.add(first, canvas.read(first, (3, 4, 4)))
        canvas.write("any", first, np.random.default_rng(100 + n).random((3, 4, 4)) < 0.5)
    drawn = canvas.voxels.copy()
    command = stroke.command(canvas.read, canvas.write)
    if command is None:
        np.testing.assert_array_equal(drawn, original)
        return
    command.undo()
    np.testing.assert_array_equal(canvas.voxels, original)
    command.redo()
    np.testing.assert_array_equal(canvas.voxels, drawn)


def test_a_stroke_that_changes_nothing_is_no_step() -> None:
    canvas = Canvas(0)
    stroke = Stroke("any", True, np.zeros(3))
    assert stroke.command(canvas.read, canvas.write) is None
    stroke.add((1, 1, 1), canvas.read((1, 1, 1), (2, 2, 2)))
    assert stroke.command(canvas.read, canvas.write) is None


def test_a_box_around_contours_holds_them_and_no_more() -> None:
    mask = np.ones((2, 3, 1), bool)
    low = Contour(mask, Grid((1, 3, 2), GRID.spacing, tuple(GRID.index_to_world([4, 2, 1]))), "low")
    high = Contour(mask, Grid((1, 3, 2), GRID.spacing, tuple(GRID.index_to_world([7, 5, 6]))), "high")
    assert box_around(GRID, low, high) == ((4, 2, 1), (7, 6, 4))


def test_a_patch_of_a_contour_is_the_contour_on_the_grid() -> None:
    mask = np.random.default_rng(1).random((3, 4, 5)) < 0.5
    grid = Grid((5, 4, 3), GRID.spacing, tuple(GRID.index_to_world([-2, 7, 2])))
    contour = Contour(mask, grid, "over the edge")
    on_grid = contour.on(GRID).mask
    first, shape = (1, 4, 0), (6, 6, 9)
    expected = on_grid[0:6, 4:10, 1:10]
    np.testing.assert_array_equal(patch_of(contour, GRID, first, shape), expected)
