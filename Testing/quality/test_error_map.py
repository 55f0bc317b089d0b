"""ErrorMap: volumes slice by slice, and which slices to look at first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid, Relation
from ContourQALib.quality.error_map import LISTED_SHARE, LISTED_SLICES, ErrorMap

SHAPE = (14, 3, 4)
GRID = Grid.for_shape(SHAPE, (1.0, 2.0, 5.0))  # 0.01 cc a voxel
FLOAT32 = 1e-6  # relative; the maps are float32


def error_map(per_slice: list[float], mask: np.ndarray | None = None) -> ErrorMap:
    """A map that has one value in each slice's first voxel."""
    probability = np.zeros(SHAPE, np.float32)
    probability[: len(per_slice), 0, 0] = per_slice
    return ErrorMap(probability, np.zeros(SHAPE, bool) if mask is None else mask, GRID)


def test_slices_come_by_volume_until_nine_tenths_are_seen():
    found = error_map([0.0, 0.25, 1.0, 0.5, 0.1]).slices_to_look_at()
    assert [s.index for s in found] == [2, 3, 1]  # 1.75 of 1.85 is more than nine tenths, 1.5 is not
    assert [s.error_volume_cc for s in found] == pytest.approx([0.01, 0.005, 0.0025], rel=FLOAT32)


def test_ten_slices_are_enough_and_none_is_listed_of_a_clean_map():
    assert [s.index for s in error_map([0.5] * 14).slices_to_look_at()] == list(range(LISTED_SLICES))
    assert error_map([]).slices_to_look_at() == ()


def test_over_lies_inside_and_under_outside_the_contour():
    mask = np.zeros(SHAPE, bool)
    mask[:2] = True
    found = error_map([0.9, 0.2, 0.6], mask)
    over, under = found.slice_volumes_cc()
    assert over[:3] == pytest.approx([0.009, 0.002, 0.0], rel=FLOAT32)
    assert under[:3] == pytest.approx([0.0, 0.0, 0.006], rel=FLOAT32, abs=1e-12)
    too_much, left_out = found.marked()
    assert (too_much.sum(), left_out.sum()) == (1, 1)
    assert too_much[0, 0, 0]
    assert left_out[2, 0, 0]


@given(arrays(np.float32, SHAPE, elements=some.floats(0, 1, width=32)), arrays(bool, SHAPE))
def test_the_list_is_sorted_short_and_long_enough(probability, mask):
    found = ErrorMap(probability, mask, GRID)
    volumes = np.sum(found.slice_volumes_cc(), axis=0)
    listed = [s.error_volume_cc for s in found.slices_to_look_at()]
    assert listed == sorted(listed, reverse=True)
    enough = sum(listed) >= LISTED_SHARE * volumes.sum() * (1 - 1e-9)
    assert enough or len(listed) == LISTED_SLICES
    assert volumes.sum() == pytest.approx(
        probability.sum(dtype=float) * GRID.voxel_volume_cc, rel=FLOAT32, abs=1e-12
    )


def test_a_box_of_an_image_knows_where_it_lies_and_keeps_nothing_of_the_rest():
    grid = Grid((40, 30, 20), (1.0, 2.0, 5.0), (7.0, -3.0, 2.0), (0, 0, 1, -1, 0, 0, 0, 1, 0))
    whole, mask = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, bool)
    whole[9, 12, 21], whole[11, 13, 22], mask[9:12, 12, 20:25] = 0.9, 0.7, True
    spans = (slice(8, 14), slice(10, 15), slice(20, 26))
    found = ErrorMap.of_box(whole[spans], spans, mask, grid)
    assert found.corner == (8, 10, 20)
    # index (20, 10, 8) of I, J, K: I runs to -y, J to z, K to x
    np.testing.assert_allclose(found.grid.origin, (7 + 8 * 5, -3 - 20 * 1, 2 + 10 * 2))
    assert found.grid.relation_to(grid) is Relation.LATTICE
    np.testing.assert_array_equal(found.padded(grid), whole)
    assert [s.index for s in found.slices_to_look_at()] == [9, 11]  # the image's, not the box's
    too_much, left_out = (Contour(m, found.grid, "wrong").on(grid).mask for m in found.marked())
    assert (np.argwhere(too_much).tolist(), np.argwhere(left_out).tolist()) == ([[9, 12, 21]], [[11, 13, 22]])
    assert all(array.base is None for array in (found.probability, found.mask))
