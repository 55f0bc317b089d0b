"""Slices of images: the intensities the network sees, the frame, and the exact way back."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contourqa_training.slice_view import TOP, SliceSettings, as_input, image_slices, to_grid, to_slices
from ContourQALib.case import Image
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid

AXES = [
    tuple((np.eye(3)[list(order)] * signs).ravel())
    for order in permutations(range(3))
    for signs in product((1.0, -1.0), repeat=3)
]
"""Every way to lay the axes of an array along the patient's."""


def grid_of(shape: tuple[int, int, int], direction: tuple[float, ...] = AXES[0]) -> Grid:
    k, j, i = shape
    return Grid((i, j, k), (2.0, 3.0, 4.0), (5.0, 6.0, 7.0), direction)


@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
    direction=st.sampled_from(AXES),
    size=st.integers(9, 14),
)
def test_what_is_padded_comes_back_exactly(
    shape: tuple[int, int, int], direction: tuple[float, ...], size: int
) -> None:
    grid = grid_of(shape, direction)
    values = np.random.default_rng(0).random(shape, np.float32)
    slices = to_slices(values, grid, size)
    assert slices.shape[1:] == (size, size)
    assert slices.dtype == values.dtype
    assert np.array_equal(to_grid(slices, grid), values)
    assert np.count_nonzero(slices) == np.count_nonzero(values)


@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 12), st.integers(1, 12)),
    direction=st.sampled_from(AXES),
    size=st.integers(1, 9),
)
def test_what_is_cropped_comes_back_as_zero_and_the_rest_exactly(
    shape: tuple[int, int, int], direction: tuple[float, ...], size: int
) -> None:
    grid = grid_of(shape, direction)
    values = np.arange(1, 1 + np.prod(shape), dtype=np.int32).reshape(shape)
    slices = to_slices(values, grid, size)
    back = to_grid(slices, grid)
    kept = back > 0
    assert np.array_equal(back[kept], values[kept])
    assert kept.sum() == np.count_nonzero(slices)
    assert np.array_equal(to_slices(back, grid, size), slices)


@pytest.mark.parametrize("direction", AXES)
def test_slices_run_to_superior_their_rows_to_posterior_their_columns_to_left(
    direction: tuple[float, ...],
) -> None:
    """One voxel, and the same one moved by a step along each of the patient's axes."""
    grid = grid_of((5, 5, 5), direction)
    center = grid.index_to_world((2, 2, 2))

    def place(point: np.ndarray) -> np.ndarray:
        values = np.zeros(grid.shape, np.uint8)
        values[tuple(np.rint(grid.world_to_index(point)).astype(int)[::-1])] = 1
        return np.argwhere(to_slices(values, grid, 7))[0]

    step = np.abs(grid.axes) @ np.asarray(grid.spacing)  # mm between voxels along left, posterior, superior
    for axis, moved in ((2, (1, 0, 0)), (1, (0, 1, 0)), (0, (0, 0, 1))):
        assert tuple(place(center + np.eye(3)[axis] * step) - place(center)) == moved


def test_the_frame_lies_about_the_center() -> None:
    grid = grid_of((1, 3, 8))
    slices = to_slices(np.ones(grid.shape, np.uint8), grid, 5)
    assert np.array_equal(np.flatnonzero(slices[0].any(axis=1)), [1, 2, 3])
    numbers = np.broadcast_to(np.arange(8), grid.shape)
    assert to_slices(numbers, grid, 4)[0].max() == 5  # columns 2 to 5 of 0 to 7


def test_the_window_maps_ct_numbers_linearly_and_cuts_the_rest() -> None:
    values = np.array([-1000, -160, 40, 240, 3000], np.int16).reshape(1, 1, 5)
    image = Image(values, Grid.for_shape(values.shape))
    found = image_slices(image, SliceSettings(size=5))[0, 2]
    assert found.tolist() == [0, 0, 128, 255, 255]  # 127.5 rounds to even


@given(
    level=st.floats(-200, 200),
    width=st.floats(50, 2000),
    values=st.lists(st.integers(-1024, 3071), min_size=1, max_size=16),
)
def test_intensities_are_within_half_a_step_of_the_window(
    level: float, width: float, values: list[int]
) -> None:
    array = np.array(values, np.int16).reshape(1, 1, -1)
    image = Image(array, Grid.for_shape(array.shape))
    found = to_grid(image_slices(image, SliceSettings(size=16, level_hu=level, width_hu=width)), image.grid)
    exact = np.clip((array - (level - width / 2)) / width, 0, 1)
    # half a step, and float32 rounding of CT numbers over the width
    assert np.abs(found / TOP - exact).max() <= 0.5 / TOP + 1e-4


def test_the_networks_input_lies_between_0_and_1() -> None:
    slices = np.array([[[0, 51], [204, 255]]], np.uint8)
    found = as_input(slices)
    assert found.dtype == np.float32
    assert found.shape == (1, 1, 2, 2)
    assert np.allclose(found.ravel(), [0, 0.2, 0.8, 1], atol=1e-7)  # float32 rounding


def test_percentiles_make_scanners_of_other_gain_and_offset_alike() -> None:
    values = np.random.default_rng(0).normal(100, 20, (4, 16, 16)).astype(np.float32)
    settings = SliceSettings(size=16, intensity="percentile")
    grid = Grid.for_shape(values.shape)
    first = image_slices(Image(values, grid), settings)
    second = image_slices(Image(values * 3000 + 70, grid), settings)
    assert first.min() == 0
    assert first.max() == TOP
    # float32 rounding may move a value that lies between two steps
    assert np.abs(first.astype(int) - second).max() <= 1


@pytest.mark.parametrize("intensity", ["window", "percentile"])
def test_an_image_without_contrast_is_black_or_even(intensity: str) -> None:
    grid = Grid.for_shape((2, 4, 4))
    slices = image_slices(
        Image(np.zeros(grid.shape), grid),
        SliceSettings(size=4, intensity=intensity),
    )
    assert np.unique(slices).size == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"intensity": "z-score"},
        {"size": 0},
        {"width_hu": 0.0},
        {"margin_mm": -1.0},
        {"away_every": -1},
        {"lower_percentile": 99.0},
        {"upper_percentile": 101.0},
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(SettingError, match="slices"):
        SliceSettings(**changes)
