"""Gray scales: those of the field for CT, percentiles for what has no scale of its own."""

from __future__ import annotations

import numpy as np
import pytest

from ContourQALib.case import Image
from ContourQALib.geometry import Grid
from ContourQALib.workstation.review.shortcuts import PRESETS
from ContourQALib.workstation.review.window_presets import SAMPLED_VOXELS, presets_of


def image(values: np.ndarray) -> Image:
    return Image(values, Grid(values.shape[::-1], (1.0, 1.0, 1.0)))


def test_ct_has_the_windows_that_readers_know() -> None:
    values = np.linspace(-1000, 1000, 1000, dtype=np.float32).reshape(10, 10, 10)
    presets = presets_of(image(values))
    assert [(one.width, one.level) for one in presets] == [
        (400, 40),
        (1500, -600),
        (2000, 300),
        (80, 40),
        (2000, 0),
    ]


def test_mr_is_cut_at_percentiles() -> None:
    presets = presets_of(image(np.arange(1001, dtype=np.float32).reshape(7, 11, 13)))
    bounds = [(one.level - one.width / 2, one.level + one.width / 2) for one in presets]
    assert bounds == [pytest.approx(pair) for pair in [(10, 990), (1, 999), (50, 950), (250, 999), (0, 1000)]]


def test_percentiles_of_a_large_image_are_those_of_a_sample() -> None:
    values = np.tile(np.arange(100, dtype=np.int16), (3 * SAMPLED_VOXELS) // 100).reshape(3, 1000, -1)
    first = presets_of(image(values))[0]
    # one step of the values is 1 %
    assert (first.level - first.width / 2, first.level + first.width / 2) == pytest.approx((1, 98), abs=1)


def test_one_value_alone_can_be_shown() -> None:
    assert all(one.width > 0 for one in presets_of(image(np.full((2, 2, 2), 7, np.int16))))


def test_every_preset_has_its_key() -> None:
    assert len(presets_of(image(np.zeros((2, 2, 2))))) == PRESETS
