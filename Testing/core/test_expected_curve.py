"""Expected Dice at every threshold: closed forms, the definition at each threshold, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ContourQALib.case import ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid
from ContourQALib.quality.agreement import expected_dice
from ContourQALib.thresholds.expected import expected_curve

SHAPE = (3, 4, 5)


def map_of(values: np.ndarray, spacing=(1.0, 1.0, 1.0)) -> ProbabilityMap:
    return ProbabilityMap(values, Grid.for_shape(values.shape, spacing), "CTV")


maps = arrays.arrays(
    np.float32,
    SHAPE,
    elements=st.floats(0, 1, width=32) | st.sampled_from([np.float32(n / 10) for n in range(11)]),
)
lists = st.lists(
    st.floats(0, 1, width=32) | st.integers(0, 10).map(lambda n: n / 10), min_size=1, max_size=300
).map(lambda found: sorted({np.float32(t): t for t in found}.values()))


def test_four_voxels_have_the_values_of_the_formula():
    curve = expected_curve(map_of(np.array([[[1.0, 0.5, 0.5, 0.0]]]), (1, 1, 10)), [0.0, 0.5, 0.75, 1.0])
    # sum p = 2: 2 * 2 / (4 + 2), 2 * 2 / (3 + 2), 2 * 1 / (1 + 2) twice
    np.testing.assert_allclose(curve.expected_dice, [4 / 6, 4 / 5, 2 / 3, 2 / 3], rtol=1e-15)
    np.testing.assert_allclose(curve.volume_cc, [0.04, 0.03, 0.01, 0.01], rtol=1e-15)
    assert curve.expected_volume_cc == pytest.approx(0.02)
    assert curve.structure == "CTV"


@given(maps, lists)
def test_every_threshold_has_the_expected_dice_and_volume_of_its_mask(values, thresholds):
    curve = expected_curve(map_of(values), thresholds)
    for number, threshold in enumerate(thresholds):
        mask = values >= np.float32(threshold)
        # 1e-12: float64 sums in another order
        assert curve.expected_dice[number] == pytest.approx(
            expected_dice(values, mask), rel=1e-12, nan_ok=True
        )
        assert curve.volume_cc[number] == pytest.approx(np.count_nonzero(mask) / 1000)


@given(maps)
def test_a_higher_threshold_selects_no_more(values):
    assert (np.diff(expected_curve(map_of(values)).volume_cc) <= 0).all()


@given(maps)
def test_the_best_threshold_is_half_the_best_dice(values):
    """The mask of greatest expected Dice D takes the voxels of p >= D / 2: each adds 2 p to 1."""
    thresholds = np.unique(np.append(values[values > 0], np.float32(1)))
    curve = expected_curve(map_of(values), thresholds)
    if not values.any():
        return
    best = float(np.nanmax(curve.expected_dice))
    mask = values >= best / 2
    assert expected_dice(values, mask) == pytest.approx(best, rel=1e-6)  # 1e-6: thresholds are float32


@pytest.mark.parametrize("value", [0, 1])
def test_a_certain_map_is_right_wherever_it_is_cut(value):
    curve = expected_curve(map_of(np.full(SHAPE, value, float)), [0.1, 0.5, 1.0])
    expected = [1.0] * 3 if value else [np.nan] * 3
    np.testing.assert_array_equal(curve.expected_dice, expected)


def test_a_map_of_zeros_selects_everything_at_zero():
    curve = expected_curve(map_of(np.zeros(SHAPE)), [0.0, 0.5])
    np.testing.assert_array_equal(curve.expected_dice, [0.0, np.nan])
    np.testing.assert_array_equal(curve.volume_cc, [0.06, 0.0])


def test_the_default_is_a_hundred_steps():
    assert expected_curve(map_of(np.zeros(SHAPE))).thresholds.size == 101


@pytest.mark.parametrize("value", [-0.1, 1.5, np.nan])
def test_a_map_beyond_zero_and_one_is_refused(value):
    values = np.zeros(SHAPE)
    values[0, 0, 0] = value
    with pytest.raises(SettingError, match="CTV"):
        expected_curve(map_of(values))


def test_unusable_thresholds_are_refused():
    with pytest.raises(SettingError, match="increase"):
        expected_curve(map_of(np.zeros(SHAPE)), [0.5, 0.5])
