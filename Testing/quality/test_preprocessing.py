"""From image and contour to the network's input: what must change nothing, and what must change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.case import Contour, Image
from ContourQALib.errors import GeometryError, SettingError
from ContourQALib.geometry import Grid
from ContourQALib.quality.preprocessing import (
    PreprocessingSettings,
    cut_window,
    prepare,
    settings_from_dict,
    settings_to_dict,
    standard_spacing,
    to_standard_axes,
)

LPS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
RAS = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0)
CLIPPED = PreprocessingSettings(size=(12, 16, 10), lower_percentile=1.0, clip=True)
PAPER = PreprocessingSettings(size=(12, 16, 10), center="image")


def case(shape: tuple[int, int, int] = (14, 18, 12), seed: int = 0) -> tuple[Image, Contour]:
    """An image of smooth random values and an off-center cuboid contour."""
    values = np.random.default_rng(seed).normal(100.0, 20.0, shape)
    mask = np.zeros(shape, bool)
    mask[4:9, 6:13, 3:7] = True
    grid = Grid.for_shape(shape)
    return Image(values, grid), Contour(mask, grid, "organ")


@settings(max_examples=40, deadline=None)
@given(gain=st.floats(1e-2, 4e3), offset=st.floats(-1e4, 1e4))
def test_a_scanners_gain_and_offset_change_nothing(gain: float, offset: float) -> None:
    image, contour = case()
    other = replace(image, values=image.values * gain + offset)
    for chosen in (CLIPPED, PAPER):
        # 1e-2 of 255: float32 keeps 1e-5 of it, float64 less than that of an offset of 1e4 at gain 1e-2
        np.testing.assert_allclose(
            prepare(other, contour, chosen), prepare(image, contour, chosen), atol=1e-2
        )


def test_the_type_of_the_intensities_changes_nothing() -> None:
    image, contour = case()
    whole = replace(image, values=np.rint(image.values))
    expected = prepare(whole, contour, CLIPPED)
    for kind in (np.uint8, np.int16, np.float32):
        same = replace(whole, values=whole.values.astype(kind))
        assert np.array_equal(prepare(same, contour, CLIPPED), expected)


def test_clipped_intensities_fill_the_range_and_end_there() -> None:
    image, contour = case()
    x = prepare(image, contour, CLIPPED)
    assert x.dtype == np.float32
    assert x.shape == (2, 12, 16, 10)
    assert x[0].min() == 0.0
    assert x[0].max() == 255.0
    assert set(np.unique(x[1])) == {0.0, 1.0}


def test_the_papers_brightest_voxels_keep_their_place_above_the_range() -> None:
    image, contour = case()
    x = prepare(image, contour, PAPER)
    window = image.values[1:13, 1:17, 1:11]  # the middle of 14x18x12
    low, high = window.min(), np.percentile(window, 99)
    # 1e-3 of 255: rounding of float32
    np.testing.assert_allclose(x[0], (window - low) / (high - low) * 255, atol=1e-3)
    assert x[0].max() > 255


@pytest.mark.parametrize("values", [np.zeros((6, 7, 8)), np.full((6, 7, 8), 3e5, np.float32)])
def test_a_constant_image_is_zero_and_not_nan(values: np.ndarray) -> None:
    grid = Grid.for_shape(values.shape)
    mask = np.zeros(values.shape, bool)
    mask[2:4, 2:4, 2:4] = True
    x = prepare(Image(values, grid), Contour(mask, grid, "organ"), CLIPPED)
    assert not x[0].any()
    assert x[1].sum() == 8


def test_an_empty_contour_gives_the_middle_of_the_image() -> None:
    image, contour = case()
    empty = replace(contour, mask=np.zeros_like(contour.mask))
    x = prepare(image, empty, CLIPPED)
    assert not x[1].any()
    assert np.array_equal(x[0], prepare(image, empty, replace(CLIPPED, center="image"))[0])


def test_the_window_follows_the_contour() -> None:
    image, contour = case((40, 40, 40))
    moved = (11, 13, 17)
    rolled = Image(np.roll(image.values, moved, (0, 1, 2)), image.grid)
    there = replace(contour, mask=np.roll(contour.mask, moved, (0, 1, 2)))
    # Windows that lie inside both images see the same voxels.
    near = replace(CLIPPED, size=(6, 8, 6))
    assert np.array_equal(prepare(rolled, there, near), prepare(image, contour, near))


def test_the_whole_contour_is_in_the_middle_of_a_window_that_holds_it() -> None:
    image, contour = case()
    x = prepare(image, contour, CLIPPED)
    assert x[1].sum() == contour.mask.sum()
    middle = np.argwhere(x[1] > 0).mean(axis=0)
    assert np.abs(middle - (np.array(CLIPPED.size) - 1) / 2).max() <= 0.5  # whole voxels: off by half at most


def test_beyond_the_image_both_channels_are_zero() -> None:
    image, contour = case()
    wide = replace(CLIPPED, size=(30, 30, 30), center="image")
    x = prepare(image, contour, wide)
    inside = np.zeros((30, 30, 30), bool)
    inside[8:22, 6:24, 9:21] = True
    assert not x[:, ~inside].any()
    assert x[1].sum() == contour.mask.sum()


def test_orientation_changes_nothing() -> None:
    """The same head stored with other axes gives the same input; a left hippocampus stays a left one."""
    image, contour = case()
    expected = prepare(image, contour, CLIPPED)
    flipped = Grid((12, 18, 14), (1, 1, 1), (11.0, 17.0, 0.0), RAS)
    other = prepare(
        Image(image.values[:, ::-1, ::-1], flipped),
        Contour(contour.mask[:, ::-1, ::-1], flipped, "organ"),
        CLIPPED,
    )
    assert np.array_equal(other, expected)
    # sagittal: index axes I, J, K run to P, S, L
    sagittal = Grid((18, 14, 12), (1, 1, 1), (0, 0, 0), (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    turned = [array.transpose(2, 0, 1) for array in (image.values, contour.mask)]
    other = prepare(Image(turned[0], sagittal), Contour(turned[1], sagittal, "organ"), CLIPPED)
    assert np.array_equal(other, expected)


def test_standard_axes_take_their_spacing_along() -> None:
    sagittal = Grid((18, 14, 12), (1.0, 2.0, 3.0), (0, 0, 0), (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    array = np.zeros(sagittal.shape)
    assert to_standard_axes(array, sagittal.axes).shape == (14, 18, 12)
    assert standard_spacing(sagittal.spacing_kji, sagittal.axes) == (2.0, 1.0, 3.0)


def test_a_slightly_oblique_grid_counts_as_its_nearest_axes() -> None:
    cos, sin = np.cos(0.3), np.sin(0.3)
    oblique = Grid((3, 4, 5), direction=(cos, -sin, 0, sin, cos, 0, 0, 0, 1))
    array = np.arange(60).reshape(5, 4, 3)
    assert np.array_equal(to_standard_axes(array, oblique.axes), array)


def test_another_spacing_gives_the_same_anatomy() -> None:
    """A linear ramp and a cuboid, sampled at 0.5 x 1 x 2 mm: linear interpolation of a ramp is exact."""
    window = PreprocessingSettings(size=(8, 8, 8), center="image", clip=True, upper_percentile=100.0)

    def sampled(spacing: tuple[float, float, float]) -> np.ndarray:
        k, j, i = (
            np.arange(-24 + step / 2, 24, step).reshape([-1 if axis == a else 1 for a in range(3)])
            for axis, step in enumerate(spacing)
        )
        grid = Grid.for_shape((k.size, j.size, i.size), spacing[::-1])
        values = k + 2 * j + 3 * i
        mask = (abs(k) < 2) & (abs(j) < 3) & (abs(i) < 4) & np.ones_like(values, bool)
        return prepare(Image(values, grid), Contour(mask, grid, "organ"), window)

    expected, found = sampled((1.0, 1.0, 1.0)), sampled((0.5, 1.0, 2.0))
    np.testing.assert_allclose(found[0], expected[0], atol=1e-3)  # of 255: rounding of float32
    # Coarse voxels of 2 mm end where the window's voxels do: interpolated and cut at one half, the same mask.
    assert np.array_equal(found[1], expected[1])


def test_a_mask_of_another_spacing_keeps_its_volume() -> None:
    grid = Grid.for_shape((60, 60, 60), (0.7, 0.7, 0.7))
    k, j, i = np.indices(grid.shape)
    mask = ((k - 30) ** 2 + (j - 30) ** 2 + (i - 30) ** 2) * 0.49 < 100  # a ball of 10 mm radius
    ball = Contour(mask, grid, "ball")
    x = prepare(Image(np.zeros(grid.shape), grid), ball, PreprocessingSettings())
    # 3 %: a tenth of a voxel of 1 mm all over the surface; interpolation cuts convex corners by less
    assert x[1].sum() == pytest.approx(1000 * ball.volume_cc, rel=0.03)


def test_a_contour_on_another_grid_is_brought_along() -> None:
    image, contour = case()
    cropped = Grid((6, 10, 8), (1, 1, 1), (2, 4, 3))
    part = Contour(contour.mask[3:11, 4:14, 2:8], cropped, "organ")
    assert np.array_equal(prepare(image, part, CLIPPED), prepare(image, contour, CLIPPED))


def test_a_contour_of_another_patient_is_refused() -> None:
    image, contour = case()
    away = replace(contour, grid=replace(contour.grid, origin=(500.0, 0.0, 0.0)))
    with pytest.raises(GeometryError):
        prepare(image, away, CLIPPED)


def test_one_slice_works() -> None:
    values = np.random.default_rng(0).random((1, 30, 30))
    grid = Grid.for_shape(values.shape)
    mask = np.zeros(values.shape, bool)
    mask[0, 10:20, 10:20] = True
    x = prepare(Image(values, grid), Contour(mask, grid, "organ"), CLIPPED)
    assert [n for n, part in enumerate(x[1]) if part.any()] == [5]


def test_the_error_window_is_the_masks_window() -> None:
    image, contour = case()
    x = prepare(image, contour, CLIPPED)
    middle = np.argwhere(contour.mask).mean(axis=0)
    cut, inside = cut_window(contour.mask, middle, (1.0, 1.0, 1.0), CLIPPED)
    assert cut.dtype == bool
    assert np.array_equal(cut, x[1] > 0)
    assert inside.sum() == np.count_nonzero(inside & (x[0] >= 0))


def test_settings_survive_as_plain_values() -> None:
    assert settings_from_dict(settings_to_dict(PAPER)) == PAPER


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": (0, 8, 8)},
        {"size": (8, 8)},
        {"spacing_mm": (1.0, -1.0, 1.0)},
        {"lower_percentile": 99.0, "upper_percentile": 1.0},
        {"upper_percentile": 101.0},
        {"top": 0.0},
        {"center": "corner"},
        {"window": 5},
    ],
)
def test_an_impossible_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        settings_from_dict(wrong)


@pytest.mark.realdata
@pytest.mark.parametrize("patient", ["hippocampus_001", "hippocampus_038", "hippocampus_155"])
def test_the_three_intensity_regimes_fill_the_same_range(data: Path, patient: str) -> None:
    from ContourQALib.formats.contours import read_contours
    from ContourQALib.formats.images import read_image

    image = read_image(data / "hippocampus/images" / f"{patient}.nii.gz")
    (contour,) = read_contours(data / "hippocampus/labels" / f"{patient}.nii.gz", merge="hippocampus")
    x = prepare(image, contour, PreprocessingSettings(lower_percentile=1.0, clip=True))
    assert x[0].max() == 255.0
    # The tissue around a hippocampus lies in the middle of a T1 range, whatever the file's unit.
    assert 90 < np.median(x[0][x[1] > 0]) < 190
    assert x[1].sum() == contour.mask.sum()
