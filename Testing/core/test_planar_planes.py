"""Which slices a plane stands for: half the way to its neighbors, no further at the ends or across a gap."""

from __future__ import annotations

import numpy as np
import pytest

from ContourQALib.case import RASTERIZED_TAG
from ContourQALib.geometry import Grid
from ContourQALib.planar.areas import polygon_volume_cc
from ContourQALib.planar.rasterizing import rasterize
from planar_shapes import circle, rectangle, slices, structure

SLICES = 24
GRID = Grid((20, 20, SLICES), (1.0, 1.0, 2.0), (-10.0, -10.0, 100.0))


def drawn(*positions: float):
    """A mask of equal circles at the given slices, which may be fractions."""
    return rasterize(structure(*(circle(100.0 + 2.0 * k, (0.2, 0.1), 5.0) for k in positions)), GRID)


def said(contour) -> str:
    return contour.tags[RASTERIZED_TAG]


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        pytest.param([5], [5], id="a single plane is one slice"),
        pytest.param([5.3], [5], id="off the slices the nearest"),
        pytest.param([5.7], [6], id="above the middle the next"),
        pytest.param([5.5], [5], id="half-way between two the lower one"),
        pytest.param([5, 6, 7], [5, 6, 7], id="a plane on each slice"),
        pytest.param([5.2, 6.2, 7.2], [5, 6, 7], id="all planes off the slices"),
        pytest.param([5, 7, 9, 11], [4, 5, 6, 7, 8, 9, 10, 11], id="every second slice: two slices each"),
        pytest.param([5, 8, 11], [4, 5, 6, 7, 8, 9, 10, 11, 12], id="every third slice"),
        pytest.param([5, 6, 8, 9], [5, 6, 7, 8, 9], id="one forgotten slice is bridged"),
        pytest.param([5, 6, 7, 10, 11, 12], [5, 6, 7, 10, 11, 12], id="two are a gap"),
        pytest.param([5, 6, 7, 15], [5, 6, 7, 15], id="a plane alone behind a gap is one slice"),
        pytest.param([5, 7], [5, 6, 7], id="two planes with one slice between"),
        pytest.param([5, 12], [5, 12], id="two planes far apart do not tell a distance"),
        pytest.param([5, 5.5, 6, 6.5], [5, 6], id="planes twice as dense as slices"),
        pytest.param([0, 1], [0, 1], id="at the grid's end"),
        pytest.param([22, 23], [22, 23], id="at its other end"),
    ],
)
def test_planes_reach_half_way_to_the_next(positions, expected):
    assert slices(drawn(*positions).mask) == expected


def test_each_slice_has_the_contour_of_the_plane_nearest_to_it():
    small, large = circle(100.0 + 2.0 * 5, (0.2, 0.1), 3.0), circle(100.0 + 2.0 * 8.2, (0.2, 0.1), 6.0)
    more = circle(100.0 + 2.0 * 11.4, (0.2, 0.1), 3.0)
    mask = rasterize(structure(large, small, more), GRID).mask
    area = mask.sum(axis=(1, 2)).tolist()
    assert slices(mask) == list(range(4, 13))
    # the usual distance is 3.2 slices; from 6.6 on the second plane is nearer, from 9.8 on the third
    assert area[4:13] == [area[5]] * 3 + [area[8]] * 3 + [area[5]] * 3
    assert area[5] < area[8]


def test_positions_that_a_file_rounded_differently_decide_nothing():
    # Every second slice: the ones between are exactly half-way, but for the second decimal.
    shift = np.array([0.004, -0.004, 0.003, -0.002, 0.0])
    exact = drawn(4, 6, 8, 10, 12)
    np.testing.assert_array_equal(drawn(*(np.array([4, 6, 8, 10, 12]) + shift)).mask, exact.mask)


def test_contours_a_rounding_apart_are_on_one_plane():
    ring = structure(circle(110.0, (0, 0), 6.0), circle(110.02, (0, 0), 3.0))
    mask = rasterize(ring, GRID).mask
    assert slices(mask) == [5]
    assert not mask[5, 10, 10]
    assert "2 contours on 1 plane" in said(rasterize(ring, GRID))


def test_what_was_bridged_left_empty_or_not_seen_is_said():
    assert "1 slice without contours filled from the nearest plane" in said(drawn(5, 6, 8, 9))
    assert "1 gap between planes left empty" in said(drawn(5, 6, 7, 10, 11, 12))
    assert "2 planes between slices stood for none" in said(drawn(5, 5.5, 6, 6.5))
    assert "4 contours on 4 planes, 2 mm apart" in said(drawn(5, 6, 7, 8))
    assert ";" not in said(drawn(5, 6, 7, 8)).replace("; the polygons' own volume", "")


def test_the_polygons_own_volume_is_area_times_the_thickness_they_stand_for():
    box = [rectangle(100.0 + 2.0 * k, (-3.0, 4.0), (-5.0, 5.0)) for k in range(4, 9)]
    hole = [rectangle(100.0 + 2.0 * k, (-1.0, 1.0), (-2.0, 2.0)) for k in range(4, 9)]
    assert polygon_volume_cc(structure(*box), GRID) == pytest.approx(7 * 10 * 5 * 2.0 / 1000)
    assert polygon_volume_cc(structure(*box, *hole), GRID) == pytest.approx((70 - 8) * 5 * 2.0 / 1000)
    assert polygon_volume_cc(structure(box[0]), GRID) == pytest.approx(70 * 2.0 / 1000)
    two, gap = [box[0], box[4]], [box[0], box[1], box[4]]
    assert polygon_volume_cc(structure(*two), GRID) == pytest.approx(2 * 70 * 2.0 / 1000)
    assert polygon_volume_cc(structure(*gap), GRID) == pytest.approx(3 * 70 * 2.0 / 1000)
    assert "own volume is 0.7 cc" in said(rasterize(structure(*box), GRID))
