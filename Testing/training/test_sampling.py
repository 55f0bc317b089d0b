"""Contours to learn from: the paper's swapped and scaled ones, and ours with known errors."""

from __future__ import annotations

import numpy as np
import pytest

from contourqa_training import sampling
from contourqa_training.sampling import BATTERY_ONLY, GRADED, spoiled, swapped_and_scaled
from ContourQALib.perturbation import ERRORS
from training_cases import training_case, training_cases


def test_the_scale_is_the_papers() -> None:
    assert sampling.SCALE_RANGE == (0.55, 1.8)


def test_a_swapped_contour_at_scale_one_is_the_other_patients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SCALE_RANGE", (1.0, 1.0))
    target, other = training_cases(2)
    found = swapped_and_scaled(target, [target, other], np.random.default_rng(0))
    assert np.array_equal(found, other.reference.mask)


def test_images_of_other_sizes_are_laid_center_on_center(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SCALE_RANGE", (1.0, 1.0))
    target = training_case("target", 0, (20, 22, 18))
    other = training_case("other", 1, (24, 20, 26))
    found = swapped_and_scaled(target, [other], np.random.default_rng(0))
    assert np.array_equal(found[:, 1:21, :], other.reference.mask[2:22, :, 4:22])
    assert found.sum() == other.reference.mask.sum()


@pytest.mark.parametrize("factor", [0.55, 0.8, 1.3])
def test_a_scaled_contour_has_the_factor_cubed_in_volume_and_stays_in_place(
    factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "SCALE_RANGE", (factor, factor))
    target, other = training_cases(2)
    found = swapped_and_scaled(target, [other], np.random.default_rng(0))
    # 15 %: the surface layer of a ball of 3 mm is as thick as the ball is wide; rounding moves it by 0.1 mm
    assert found.sum() == pytest.approx(other.reference.mask.sum() * factor**3, rel=0.15)
    middle, expected = (np.argwhere(m).mean(axis=0) for m in (found, other.reference.mask))
    assert np.abs(middle - expected).max() < 0.25  # of a voxel: whole voxels round a center


def test_a_contour_is_never_swapped_with_its_own() -> None:
    cases = training_cases(3)
    for seed in range(10):
        found = swapped_and_scaled(cases[0], cases, np.random.default_rng(seed))
        assert not np.array_equal(found, cases[0].reference.mask)


def test_the_papers_failure_battery_is_never_trained_on() -> None:
    assert set(GRADED) | set(BATTERY_ONLY) == set(ERRORS)
    assert not set(GRADED) & set(BATTERY_ONLY)


def test_spoiled_contours_are_reproducible_and_differ_by_seed() -> None:
    reference = training_case("p", 0).reference
    again = [spoiled(reference, np.random.default_rng(7)) for _ in range(2)]
    assert np.array_equal(*again)
    assert len({spoiled(reference, np.random.default_rng(seed)).tobytes() for seed in range(12)}) > 6


def test_every_severity_that_can_be_drawn_is_possible() -> None:
    """Whole numbers of slices, nothing above an error's maximum: 200 draws meet every kind several times."""
    reference, random = training_case("p", 0).reference, np.random.default_rng(0)
    for _ in range(200):
        assert spoiled(reference, random).shape == reference.mask.shape
