"""Agreement of a contour with its probability map and with a second segmentation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from ContourQALib.quality.agreement import agreement_dice, expected_dice
from shapes import ball_mask

SHAPE = (3, 4, 5)
MASKS = arrays(bool, SHAPE)
ROUNDING = 1e-12  # sums of sixty doubles


def test_half_a_chance_everywhere_by_hand():
    mask = np.zeros((1, 1, 4), bool)
    mask[..., :2] = True
    # 2 * (0.5 + 0.5) / (4 * 0.5 + 2)
    assert expected_dice(np.full((1, 1, 4), 0.5, np.float32), mask) == pytest.approx(0.5, abs=ROUNDING)


@given(MASKS, MASKS)
def test_a_map_of_zeros_and_ones_is_a_second_segmentation(one, other):
    expected = expected_dice(other.astype(np.float32), one)
    dice = agreement_dice(one, other)
    if math.isnan(dice):
        assert math.isnan(expected)
    else:
        assert expected == pytest.approx(dice, abs=ROUNDING)
        assert dice == agreement_dice(other, one)


@given(MASKS, arrays(np.float32, SHAPE, elements=some.floats(0, 1, width=32)))
def test_it_is_a_share(mask, probability):
    dice = expected_dice(probability, mask)
    assert math.isnan(dice) or 0 <= dice <= 1


def test_a_moved_contour_is_expected_to_agree_less():
    true = ball_mask((20, 20, 20), (10, 10, 10), 6)
    found = [
        expected_dice(true.astype(np.float32), ball_mask((20, 20, 20), (10, 10, 10 + n), 6)) for n in range(4)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] == 1.0
