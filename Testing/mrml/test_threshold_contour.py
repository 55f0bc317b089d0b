"""The contour at a threshold: exactly P >= t, in the same segment of the same node."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.geometry import Grid
from ContourQALib.mrml import charts, segmentations
from ContourQALib.mrml.threshold_contour import FLOOR, ThresholdContour, cut, likely_part
from ContourQALib.thresholds.expected import expected_curve
from ContourQALib.worker_requests import Swept

GRID = Grid((14, 12, 10), (1.0, 2.0, 3.0), (7.0, -3.0, 40.0), (0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0))


@pytest.fixture
def probability() -> ProbabilityMap:
    values = np.full(GRID.shape, 0.004, np.float32)  # haze all over the image
    values[2:7, 3:9, 4:12] = np.random.default_rng(1).random((5, 6, 8), np.float32)
    values[2, 3, 4] = values[6, 8, 11] = 0.5
    return ProbabilityMap(values, GRID, "CTV")


def shown(node: Any) -> np.ndarray:
    (segment,) = segmentations.segments_of(node)
    return segmentations.contour_of(node, segment.id).on(GRID).mask


@pytest.mark.parametrize("threshold", [0.0, 0.002, 0.01, 0.3, 0.5, 0.77, 1.0])
def test_the_segment_is_every_voxel_at_or_above_the_threshold(
    scene: Any, probability: ProbabilityMap, threshold: float
) -> None:
    live = ThresholdContour(scene, probability)

    live.show(threshold)

    np.testing.assert_array_equal(shown(live.node), probability.values >= np.float32(threshold))


def test_one_node_and_one_segment_serve_every_threshold(scene: Any, probability: ProbabilityMap) -> None:
    live = ThresholdContour(scene, probability)
    count, segment_id = scene.GetNumberOfNodes(), live.node.GetSegmentation().GetNthSegmentID(0)

    for threshold in (0.2, 0.9, 0.0, 0.5):
        live.show(threshold)

    assert scene.GetNumberOfNodes() == count
    assert live.node.GetSegmentation().GetSegmentIDs() == (segment_id,)
    np.testing.assert_array_equal(shown(live.node), probability.values >= np.float32(0.5))


def test_another_map_uses_the_node_again(scene: Any, probability: ProbabilityMap) -> None:
    first = ThresholdContour(scene, probability)
    count = scene.GetNumberOfNodes()
    other = ProbabilityMap(probability.values[::-1].copy(), GRID, "Rectum")

    again = ThresholdContour(scene, other, first.node)
    again.show(0.6)

    assert again.node is first.node
    assert scene.GetNumberOfNodes() == count
    assert [s.name for s in segmentations.segments_of(again.node)] == ["Rectum at the threshold"]
    np.testing.assert_array_equal(shown(again.node), other.values >= np.float32(0.6))


def test_the_box_holds_all_that_is_likely_and_nothing_else(probability: ProbabilityMap) -> None:
    part = likely_part(probability, FLOOR)

    assert part.values.shape == (5, 6, 8)
    np.testing.assert_allclose(part.grid.origin, GRID.index_to_world((4, 3, 2)))
    empty = likely_part(ProbabilityMap(np.zeros(GRID.shape, np.float32), GRID, "CTV"))
    assert empty.values.shape == (1, 1, 1)


def test_a_map_without_anything_likely_gives_empty_contours(scene: Any) -> None:
    live = ThresholdContour(scene, ProbabilityMap(np.zeros(GRID.shape, np.float32), GRID, "CTV"))
    live.show(0.5)
    assert not shown(live.node).any()
    live.show(0.0)
    assert shown(live.node).all()


def test_cut_compares_as_float32(probability: ProbabilityMap) -> None:
    values = np.array([[[0.1, 0.3, 0.7]]], np.float32)
    small = ProbabilityMap(values, Grid.for_shape((1, 1, 3)), "CTV")

    found = cut(small, np.float64(0.7))  # as a double it is above 0.7 as a float32

    assert isinstance(found, Contour)
    assert found.mask.tolist() == [[[False, False, True]]]


def test_what_cannot_be_shown_is_refused(scene: Any, probability: ProbabilityMap) -> None:
    live = ThresholdContour(scene, probability)
    with pytest.raises(SettingError, match="between 0 and 1"):
        live.show(-0.1)
    live.node.GetSegmentation().RemoveAllSegments()
    with pytest.raises(StructureError, match="no segment"):
        live.show(0.5)


def test_a_step_on_a_whole_ct_takes_far_less_than_fifty_milliseconds(scene: Any) -> None:
    """A pelvis of 512 x 512 x 150 voxels with a large organ; `benchmarks/threshold_slider.py` says more."""
    grid = Grid((512, 512, 150), (1.0, 1.0, 3.0))
    values = np.zeros(grid.shape, np.float32)
    values[50:100, 180:320, 180:330] = np.random.default_rng(0).random((50, 140, 150), np.float32)
    probability = ProbabilityMap(values, grid, "Bladder")
    chart = charts.show_sweep(scene, Swept(None, expected_curve(probability, [0.0, 0.5, 1.0])))
    live = ThresholdContour(scene, probability)
    taken = []

    for threshold in np.linspace(0.01, 1, 25):
        start = time.perf_counter()
        live.show(float(threshold))
        charts.move_marker(chart, float(threshold))
        taken.append(time.perf_counter() - start)

    # The best of many, so that another process's turn is not counted: measured 3 ms
    assert min(taken) < 0.025
