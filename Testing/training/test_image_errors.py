"""Errors of images: in the dose that is asked for, more of the same at a higher severity, the same again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from contourqa_training.image_errors import BIAS, CONTRAST, IMAGE_ERRORS, NOISE, spoil_image
from ContourQALib.errors import SettingError


def image() -> np.ndarray:
    return np.random.default_rng(0).uniform(100, 300, (12, 14, 16)).astype(np.float32)


@pytest.mark.parametrize("kind", list(IMAGE_ERRORS))
def test_a_higher_severity_changes_the_image_more_and_the_same_seed_alike(kind: str) -> None:
    changes = [
        float(np.abs(spoil_image(image(), kind, severity, seed=3) - image()).mean())
        for severity in IMAGE_ERRORS[kind]
    ]
    assert all(earlier < later for earlier, later in pairwise(changes))
    again = spoil_image(image(), kind, IMAGE_ERRORS[kind][0], seed=3)
    np.testing.assert_array_equal(again, spoil_image(image(), kind, IMAGE_ERRORS[kind][0], seed=3))


@pytest.mark.parametrize("kind", list(IMAGE_ERRORS))
def test_severity_zero_leaves_the_image_as_it_is(kind: str) -> None:
    # float32 after scaling there and back
    np.testing.assert_allclose(spoil_image(image(), kind, 0.0, seed=1), image(), rtol=1e-5)


def test_noise_has_the_standard_deviation_that_was_asked_for() -> None:
    values = image()
    low, high = np.percentile(values, [0.5, 99.5])
    added = (spoil_image(values, NOISE, 0.1, seed=2) - values) / (high - low)
    # 2688 draws: the standard deviation of their standard deviation is 1.4 % of it
    assert added.std() == pytest.approx(0.1, rel=0.06)


def test_a_bias_field_is_a_plane_that_reaches_its_severity() -> None:
    values = np.zeros((9, 9, 9), np.float32)
    values[::2] = 1.0
    spoiled = spoil_image(values, BIAS, 0.4, seed=5)
    assert np.abs(spoiled[::2] - 1).max() == pytest.approx(0.4, rel=1e-5)
    np.testing.assert_array_equal(spoiled[1::2], 0.0)


def test_contrast_keeps_the_order_of_intensities() -> None:
    values = np.linspace(0, 1, 600, dtype=np.float32).reshape(6, 10, 10)
    spoiled = spoil_image(values, CONTRAST, 0.8, seed=4).ravel()
    assert (np.diff(spoiled) >= 0).all()


def test_an_image_of_one_intensity_stays() -> None:
    flat = np.full((4, 4, 4), 7.0, np.float32)
    np.testing.assert_array_equal(spoil_image(flat, BIAS, 0.8, seed=0), flat)


@pytest.mark.parametrize(("kind", "severity"), [("image-fog", 0.1), (NOISE, -0.1)])
def test_an_unknown_error_and_a_negative_severity_are_refused(kind: str, severity: float) -> None:
    with pytest.raises(SettingError):
        spoil_image(image(), kind, severity, seed=0)
