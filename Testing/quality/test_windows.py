"""Windows around a contour: what a network is shown, and its maps put back where they came from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.errors import SettingError
from ContourQALib.quality.preprocessing import (
    PreprocessingSettings,
    box_from_standard_axes,
    cut_window,
    from_standard_axes,
    normalize,
    sample,
    settings_from_dict,
    settings_to_dict,
    to_standard_axes,
    window_positions,
)
from ContourQALib.quality.windows import (
    MOST_WINDOWS,
    ContourWindows,
    cut_windows,
    merged,
    window_centers,
)
from shapes import ball_mask, box_mask

WINDOW = PreprocessingSettings(size=(12, 14, 10), lower_percentile=1.0, clip=True)
MM = (1.0, 1.0, 1.0)
FINE = (0.7, 0.9, 1.3)
CT = replace(WINDOW, intensity="window", low_hu=-100.0, high_hu=300.0)


def noise(shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(0).normal(100, 20, shape).astype(np.float32)


def shown(mask: np.ndarray, spacing: tuple[float, float, float] = MM) -> np.ndarray:
    """The mask as the windows show it, put back."""
    windows = cut_windows(noise(mask.shape), mask, None, spacing, WINDOW)
    return put_back(windows.inputs[:, 1], windows)


def put_back(answers: np.ndarray, windows: ContourWindows) -> np.ndarray:
    """What was found in the windows, in an array of the whole, 0 where none looked."""
    whole = np.zeros(windows.shape, np.float32)
    found, spans = merged(answers, windows, WINDOW)
    whole[spans] = found
    return whole


@settings(max_examples=20, deadline=None)
@given(
    center=st.tuples(*(st.floats(5, 13) for _ in range(3))),
    radius=st.floats(1.0, 4.4),
)
def test_a_mask_cut_and_put_back_is_the_same(center: tuple[float, float, float], radius: float) -> None:
    mask = ball_mask((20, 19, 18), center, radius)
    if mask.any():
        assert np.array_equal(shown(mask), mask.astype(np.float32))


def test_a_contour_at_the_images_edge_comes_back_whole() -> None:
    mask = box_mask((16, 16, 16), (0, 10, 12), (4, 16, 16))
    assert np.array_equal(shown(mask), mask.astype(np.float32))


def test_at_another_spacing_nearly_all_of_it_comes_back() -> None:
    mask = ball_mask((24, 24, 14), (12, 11.5, 7), 4.0, FINE)
    back = shown(mask, FINE) >= 0.5
    # Interpolated twice, voxels of the surface move by up to half a voxel: Dice 0.93 of a ball of 4 mm.
    assert 2 * np.count_nonzero(back & mask) / (back.sum() + mask.sum()) > 0.93
    assert back.sum() == pytest.approx(mask.sum(), rel=0.08)  # to both sides alike


def test_a_map_at_another_spacing_is_interpolated_exactly_where_it_is_linear() -> None:
    mask = ball_mask((24, 24, 14), (12, 11.5, 7), 4.0, FINE)
    windows = cut_windows(noise(mask.shape), mask, None, FINE, WINDOW)
    (center,) = windows.centers
    k, j, i = np.meshgrid(*window_positions(center, FINE, WINDOW), indexing="ij")
    back = put_back((k + 2 * j - i)[None], windows)
    there = np.argwhere(mask)
    np.testing.assert_allclose(back[mask], there @ [1, 2, -1], atol=1e-4)  # float32 of some 50


@pytest.mark.parametrize("spacing", [MM, FINE])
def test_a_long_contour_is_shown_whole_in_several_windows(spacing: tuple[float, float, float]) -> None:
    mask = box_mask((60, 20, 16), (3, 8, 6), (57, 12, 10))
    windows = cut_windows(noise(mask.shape), mask, None, spacing, WINDOW)
    assert len(windows.centers) > 2
    assert windows.seen_share == 1
    back = put_back(windows.inputs[:, 1], windows)
    if spacing == MM:
        assert np.array_equal(back, mask.astype(np.float32))
    ones = put_back(np.ones_like(windows.inputs[:, 1]), windows)
    assert (ones[mask] == 1).all()  # where windows overlap, their mean and not their sum


@pytest.mark.parametrize("spacing", [MM, FINE])
def test_what_comes_back_is_no_larger_than_the_windows(spacing: tuple[float, float, float]) -> None:
    mask = ball_mask((70, 80, 90), (9, 60, 50), 3.0, spacing)
    windows = cut_windows(noise(mask.shape), mask, None, spacing, WINDOW)
    found, spans = merged(np.ones_like(windows.inputs[:, 1]), windows, WINDOW)
    reach = [n * mm / s for n, mm, s in zip(WINDOW.size, WINDOW.spacing_mm, spacing, strict=True)]
    assert all(abs(n - voxels) <= 1 for n, voxels in zip(found.shape, reach, strict=True))  # whole voxels
    assert found.shape == tuple(span.stop - span.start for span in spans)
    assert (found == 1).all()
    assert mask[spans].sum() == mask.sum()


def test_windows_that_would_show_nothing_are_left_out() -> None:
    """An arc: the box around it needs four windows, one of which is empty."""
    mask = np.zeros((30, 30, 10), bool)
    mask[:3, :26, 4:6] = True
    mask[3:26, :3, 4:6] = True
    centers = window_centers(mask, MM, WINDOW)
    assert len(centers) < 9
    assert all(cut_window(mask, center, MM, WINDOW)[0].any() for center in centers)
    assert np.array_equal(shown(mask), mask.astype(np.float32))


def test_a_contour_of_everything_is_seen_in_part_and_says_so() -> None:
    mask = np.ones((80, 80, 40), bool)
    windows = cut_windows(noise(mask.shape), mask, None, MM, WINDOW)
    assert len(windows.centers) == MOST_WINDOWS
    looked = put_back(np.ones_like(windows.inputs[:, 1]), windows)
    assert windows.seen_share == pytest.approx(looked.mean())
    assert windows.seen_share < 1


def test_the_channels_are_image_mask_and_hint() -> None:
    mask = ball_mask((20, 19, 18), (9, 9, 9), 4)
    probability = (ball_mask((20, 19, 18), (9, 9, 10), 4) * 0.75).astype(np.float32)
    with_hint = cut_windows(noise(mask.shape), mask, probability, MM, WINDOW)
    without = cut_windows(noise(mask.shape), mask, None, MM, WINDOW)
    assert with_hint.inputs.dtype == np.float32
    assert np.array_equal(with_hint.inputs[:, :2], without.inputs[:, :2])
    assert not without.inputs[:, 2].any()
    (center,) = with_hint.centers
    cut, _ = cut_window(probability, center, MM, WINDOW)
    assert np.array_equal(with_hint.inputs[0, 2], (2 * cut - 1).astype(np.float32))
    assert set(np.unique(with_hint.inputs[0, 2])) == {-1.0, 0.5}
    second = cut_windows(noise(mask.shape), mask, mask, MM, WINDOW)  # a second segmentation, as bools
    assert np.array_equal(second.inputs[0, 2], 2 * second.inputs[0, 1] - 1)


def test_ct_numbers_are_mapped_alike_in_every_image_and_cut_at_both_ends() -> None:
    values = np.array([-1000.0, -100.0, 100.0, 300.0, 3000.0, 50.0]).reshape(6, 1, 1)
    inside = np.ones(values.shape, bool)
    inside[5] = False
    found = normalize(values, inside, CT).ravel()
    assert found.tolist() == [0, 0, 127.5, 255, 255, 0]  # beyond the image: 0
    # Adding another, brighter structure does not change what the first one looks like.
    brighter = values.copy()
    brighter[4] = 1e5
    assert np.array_equal(normalize(brighter, inside, CT).ravel(), found)


def test_samples_are_linear_between_voxels_and_zero_beyond_them() -> None:
    values = np.arange(4.0).reshape(4, 1, 1) * 10
    found, inside = sample(values, [np.array([-0.6, -0.5, 0.25, 3.0, 3.4, 3.6]), np.zeros(1), np.zeros(1)])
    assert inside.ravel().tolist() == [False, True, True, True, True, False]
    assert found.ravel().tolist() == [0, 0, 2.5, 30, 30, 0]  # half a voxel beyond the last center: its value


@pytest.mark.parametrize(
    "direction",
    [
        (-1, 0, 0, 0, -1, 0, 0, 0, 1),
        (0, 0, 1, 1, 0, 0, 0, 1, 0),
        (0, -1, 0, 0, 0, -1, 1, 0, 0),
        (0.9, 0, -0.436, 0, -1, 0, -0.436, 0, -0.9),
    ],
)
def test_standard_axes_are_undone(direction: tuple[float, ...]) -> None:
    axes = np.reshape(direction, (3, 3))
    array = np.arange(24).reshape(2, 3, 4)
    turned = to_standard_axes(array, axes)
    assert np.array_equal(from_standard_axes(turned, axes), array)
    spans = tuple(slice(n // 2, n) for n in turned.shape)
    there = box_from_standard_axes(spans, turned.shape, axes)
    assert np.array_equal(from_standard_axes(turned[spans], axes), array[there])


def test_ct_settings_survive_as_plain_values_and_impossible_ones_are_refused() -> None:
    assert settings_from_dict(settings_to_dict(CT)) == CT
    with pytest.raises(SettingError, match="low_hu"):
        replace(CT, low_hu=300.0)
    with pytest.raises(SettingError, match="intensity"):
        settings_from_dict({"intensity": "mean"})
