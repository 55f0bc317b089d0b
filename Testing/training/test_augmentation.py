"""Augmentation moves image and contours together, within the paper's ranges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contourqa_training.augmentation import IntensityAugmentation, SpatialAugmentation, deform
from training_cases import SHAPE, training_case

STILL = SpatialAugmentation(flip=False, rotation_radians=0, translation=0, zoom=0, elastic_mm=0)
SPACING = (3.0, 1.0, 2.0)


def drawn(augmentation: SpatialAugmentation, seed: int = 0) -> np.ndarray:
    return augmentation.draw(SHAPE, SPACING, np.random.default_rng(seed))


def moved_mm(place: np.ndarray) -> np.ndarray:
    """Displacement of every voxel, mm, (3, K, J, I)."""
    return (place - np.indices(SHAPE)) * np.reshape(SPACING, (3, 1, 1, 1))


def test_the_default_ranges_are_the_papers() -> None:
    ranges = SpatialAugmentation()
    assert (ranges.rotation_radians, ranges.translation, ranges.zoom) == (np.pi / 12, 0.1, 0.1)
    assert ranges.flip


def test_no_augmentation_changes_nothing() -> None:
    case = training_case("p", 0)
    place = drawn(STILL)
    # 1e-9 voxels, 1e-4 of 200: rounding of float64 coordinates and of float32 intensities
    np.testing.assert_allclose(place, np.indices(SHAPE), atol=1e-9)
    np.testing.assert_allclose(deform(case.image.values, place), case.image.values, atol=1e-4)
    assert np.array_equal(deform(case.reference.mask, place), case.reference.mask)


def test_a_flip_swaps_left_and_right_in_half_of_the_draws() -> None:
    case, flips = training_case("p", 0), 0
    for seed in range(40):
        found = deform(case.reference.mask, drawn(replace(STILL, flip=True), seed))
        flipped = np.array_equal(found, case.reference.mask[:, :, ::-1])
        assert flipped or np.array_equal(found, case.reference.mask)
        flips += flipped
    assert 10 <= flips <= 30  # of 40 fair tosses, beyond which one in 600 seeds falls


@pytest.mark.parametrize("seed", range(5))
def test_rotation_is_in_plane_and_keeps_distances_from_the_axis(seed: int) -> None:
    place = drawn(replace(STILL, rotation_radians=np.pi / 12), seed)
    center = (np.array(SHAPE) - 1) / 2
    assert np.abs(moved_mm(place)[0]).max() < 1e-9
    j, i = ((p - c) * s for p, c, s in zip(place[1:], center[1:], SPACING[1:], strict=True))
    j0, i0 = ((p - c) * s for p, c, s in zip(np.indices(SHAPE)[1:], center[1:], SPACING[1:], strict=True))
    np.testing.assert_allclose(np.hypot(j, i), np.hypot(j0, i0), atol=1e-9)
    turned = np.angle((j + 1j * i) / (j0 + 1j * i0))
    assert np.ptp(turned) < 1e-9
    assert abs(turned.flat[0]) <= np.pi / 12


@pytest.mark.parametrize("seed", range(5))
def test_translation_is_in_plane_and_at_most_the_share(seed: int) -> None:
    move = moved_mm(drawn(replace(STILL, translation=0.1), seed))
    assert np.abs(np.ptp(move, axis=(1, 2, 3))).max() < 1e-9
    k, j, i = move[:, 0, 0, 0]
    assert k == pytest.approx(0, abs=1e-9)
    assert 0 < abs(j) <= 0.1 * SHAPE[1] * SPACING[1]
    assert 0 < abs(i) <= 0.1 * SHAPE[2] * SPACING[2]


@pytest.mark.parametrize("seed", range(5))
def test_zoom_is_about_the_center_and_at_most_the_share(seed: int) -> None:
    place = drawn(replace(STILL, zoom=0.1), seed)
    center = np.reshape((np.array(SHAPE) - 1) / 2, (3, 1, 1, 1))
    factors = (place - center) / (np.indices(SHAPE) - center + 1e-300)
    factor = factors.flat[0]
    assert 1 / 1.1 <= factor <= 1 / 0.9
    np.testing.assert_allclose(place - center, factor * (np.indices(SHAPE) - center), atol=1e-9)


def test_elastic_deformation_is_smooth_and_of_the_size_asked() -> None:
    moves = np.stack([moved_mm(drawn(replace(STILL, elastic_mm=1.0), seed)) for seed in range(30)])
    # Linear interpolation between nodes of standard deviation 1 mm averages to 0.5-1 mm, 0.1 for 30 draws.
    assert 0.4 < moves.std() < 1.1
    steps = np.abs(np.diff(moves, axis=3)).max()  # neighbors along J, 1 mm apart, 12 mm between nodes
    assert steps < 1.0


def test_image_and_contour_stay_together() -> None:
    """The ball is 80 above its surroundings: where it went, the image went."""
    case = training_case("p", 0)
    place = SpatialAugmentation().draw(SHAPE, (1, 1, 1), np.random.default_rng(3))
    clean = np.where(case.reference.mask, 180.0, 100.0).astype(np.float32)
    image, mask = deform(clean, place), deform(case.reference.mask, place)
    assert np.array_equal(image >= 140, mask)


def test_outside_the_array_an_image_is_continued_and_a_mask_is_not() -> None:
    values = np.arange(24.0).reshape(2, 3, 4)
    place = np.indices(values.shape, float)
    place[2] += 3
    assert np.array_equal(deform(values, place)[..., 1:], np.repeat(values[..., 3:], 3, axis=2))
    assert not deform(np.ones(values.shape, bool), place)[..., 1:].any()


def test_no_intensity_augmentation_changes_nothing() -> None:
    values = training_case("p", 0).image.values
    assert np.array_equal(IntensityAugmentation()(values, (1, 1, 1), np.random.default_rng(0)), values)


ALL = IntensityAugmentation(share=1.0, gamma=0.4, noise=0.06, bias=0.3, blur_mm=0.7)


@pytest.mark.parametrize("gain", [1.0, 1e4])
def test_intensities_change_within_their_range_in_any_unit(gain: float) -> None:
    values = training_case("p", 0).image.values * np.float32(gain)
    changed = ALL(values, (1, 1, 1), np.random.default_rng(1))
    assert changed.dtype == np.float32
    assert not np.array_equal(changed, values)
    spread = np.ptp(values)
    assert values.min() - 0.5 * spread < changed.min() < changed.max() < values.max() + 0.5 * spread
    # The ball stays brighter than what surrounds it.
    mask = training_case("p", 0).reference.mask
    assert changed[mask].mean() > changed[~mask].mean()


def test_a_constant_image_stays_constant() -> None:
    values = np.full((4, 4, 4), 7.0, np.float32)
    assert np.array_equal(ALL(values, (1, 1, 1), np.random.default_rng(0)), values)


def test_augmentation_is_reproducible() -> None:
    values = training_case("p", 0).image.values
    assert np.array_equal(drawn(SpatialAugmentation(), 4), drawn(SpatialAugmentation(), 4))
    one, two = (ALL(values, (1, 1, 1), np.random.default_rng(9)) for _ in range(2))
    assert np.array_equal(one, two)
