"""Charts: the computed curves, their optimum, and a marker that moves without computing anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.mrml import charts, plot_series
from ContourQALib.thresholds.analysis import analyze
from ContourQALib.thresholds.expected import expected_curve
from ContourQALib.worker_requests import Swept

GRID = Grid.for_shape((12, 24, 24), (1.0, 1.0, 2.0))
STEPS = [round(0.05 * n, 2) for n in range(21)]


def distance_from_middle() -> np.ndarray:
    k, j, i = np.indices(GRID.shape)
    return np.sqrt((2 * (k - 6)) ** 2 + (j - 12) ** 2 + (i - 12) ** 2)


@pytest.fixture(scope="module")
def probability() -> ProbabilityMap:
    return ProbabilityMap(np.clip(0.97 - distance_from_middle() / 12, 0, 1).astype(np.float32), GRID, "CTV")


@pytest.fixture(scope="module")
def swept(probability: ProbabilityMap) -> Swept:
    reference = Contour(distance_from_middle() <= 4.5, GRID, "CTV")
    return Swept(analyze(probability, reference, STEPS), expected_curve(probability, STEPS))


@pytest.fixture(scope="module")
def expected_only(probability: ProbabilityMap) -> Swept:
    return Swept(None, expected_curve(probability, STEPS))


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    reference = Contour(distance_from_middle() <= 4.5, GRID, "CTV")
    test = Contour(distance_from_middle() <= 6.5, GRID, "VPM")
    return compare(reference, test, per_slice=True)


def points(chart: Any, key: str) -> tuple[list[float], list[float]]:
    x, y = plot_series.points(plot_series.owned_series(chart)[key])
    return x.tolist(), y.tolist()


def keys(chart: Any) -> set[str]:
    return set(plot_series.owned_series(chart))


def node_ids(scene: Any) -> set[str]:
    return {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}


def test_the_curves_are_those_of_the_sweep(scene: Any, swept: Swept) -> None:
    chart = charts.show_sweep(scene, swept)

    sweep = swept.analysis.sweep
    for key, values in (
        ("dice", sweep.dice),
        ("surface_dice", sweep.surface_dice),
        ("expected_dice", swept.expected.expected_dice),
    ):
        x, y = points(chart, key)
        assert x == STEPS
        np.testing.assert_array_equal(y, values)


def test_the_optimum_is_marked_and_named(scene: Any, swept: Swept) -> None:
    chart = charts.show_sweep(scene, swept)

    best = swept.analysis.optimum["dice"]
    assert points(chart, "best_dice") == ([best.threshold] * 2, [best.value] * 2)
    name = plot_series.owned_series(chart)["best_dice"].GetName()
    assert name == f"Best Dice {best.value:.3f} at {best.threshold:g}"
    assert points(chart, "half") == ([0.5, 0.5], [0.0, 1.0])


def test_the_axes_are_named_and_the_points_cannot_be_dragged(scene: Any, swept: Swept) -> None:
    chart = charts.show_sweep(scene, swept, show="distances")

    assert (chart.GetTitle(), chart.GetXAxisTitle(), chart.GetYAxisTitle()) == (
        "CTV",
        "Threshold",
        "Distance, mm",
    )
    assert not chart.GetTitleVisibility(), "it would lie on the line at 0.5"
    assert not chart.GetEnablePointMoveAlongX()
    assert not chart.GetEnablePointMoveAlongY()
    assert chart.GetXAxisRange() == (0.0, 1.0)


def test_distances_share_a_scale_that_shows_the_optimum(scene: Any, swept: Swept) -> None:
    chart = charts.show_sweep(scene, swept, show="distances")

    assert {"msd_mm", "hd95_mm", "hd_mm", "best_msd_mm", "best_hd_mm"} <= keys(chart)
    top = chart.GetYAxisRange()[1]
    optima = [swept.analysis.optimum[f].value for f in ("msd_mm", "hd95_mm", "hd_mm")]
    at_half = swept.analysis.find(0.5).hd_mm
    assert top >= max(*optima, at_half)
    assert points(chart, "marker")[1] == [0.0, top]


def test_an_infinite_distance_is_a_gap(scene: Any, swept: Swept) -> None:
    assert np.isinf(swept.analysis.sweep.hd_mm[-1])

    _, y = points(charts.show_sweep(scene, swept, show="distances"), "hd_mm")

    assert np.isnan(y[-1])
    assert np.isfinite(y[:-1]).all()


def test_volume_has_the_references_beside_it(scene: Any, swept: Swept, expected_only: Swept) -> None:
    chart = charts.show_sweep(scene, swept, show="volume")
    assert points(chart, "known_volume")[1] == [swept.analysis.sweep.volume_reference_cc] * 2

    assert chart.GetYAxisRange()[1] < swept.analysis.sweep.volume_cc[0] / 10, "all of the grid at 0"
    charts.show_sweep(scene, expected_only, chart, show="volume")
    assert points(chart, "known_volume")[1] == [expected_only.expected.expected_volume_cc] * 2


def test_without_reference_there_is_expected_dice_alone(scene: Any, expected_only: Swept) -> None:
    chart = charts.show_sweep(scene, expected_only)

    assert keys(chart) == {"expected_dice", "half", "marker", "marked"}
    before = node_ids(scene)
    with pytest.raises(SettingError, match="reference"):
        charts.show_sweep(scene, expected_only, show="distances")
    assert node_ids(scene) == before


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.62, 1.0])
def test_the_marker_moves_with_the_points_of_the_curves(scene: Any, swept: Swept, threshold: float) -> None:
    chart = charts.show_sweep(scene, swept)

    charts.move_marker(chart, threshold)

    at = swept.analysis.sweep.at(threshold)
    assert points(chart, "marker") == ([threshold] * 2, [0.0, 1.0])
    assert charts.marker_of(chart) == threshold
    x, y = points(chart, "marked")
    assert x == [at.threshold] * 3
    assert y[:2] == [at.dice, at.surface_dice]


def test_the_marker_moves_nothing_else_and_tells_the_chart(scene: Any, swept: Swept) -> None:
    chart = charts.show_sweep(scene, swept)
    series = plot_series.owned_series(chart)
    before = {key: node.GetTableNode().GetMTime() for key, node in series.items()}
    told = []
    chart.AddObserver("ModifiedEvent", lambda *_: told.append(1))

    charts.move_marker(chart, 0.7)

    moved = {key for key, node in series.items() if node.GetTableNode().GetMTime() != before[key]}
    assert moved == {"marker", "marked"}
    assert told, "a plot view redraws when its chart says so"


def test_a_threshold_beyond_the_scale_is_refused(scene: Any, swept: Swept) -> None:
    chart = charts.show_sweep(scene, swept)
    with pytest.raises(SettingError, match="between 0 and 1"):
        charts.move_marker(chart, 1.01)


def test_a_chart_is_updated_in_place_and_keeps_its_marker(
    scene: Any, swept: Swept, expected_only: Swept
) -> None:
    chart = charts.show_sweep(scene, swept)
    charts.move_marker(chart, 0.3)
    kinds = node_ids(scene)

    assert charts.show_sweep(scene, swept, chart) is chart
    assert node_ids(scene) == kinds
    charts.show_sweep(scene, swept, chart, "distances")
    charts.show_sweep(scene, expected_only, chart)

    assert charts.marker_of(chart) == 0.3
    assert chart.GetNumberOfPlotSeriesNodes() == len(keys(chart)) == 4


def test_series_of_the_user_stay(scene: Any, swept: Swept) -> None:
    chart = charts.show_sweep(scene, swept)
    own = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "mine")
    chart.AddAndObservePlotSeriesNodeID(own.GetID())

    charts.show_sweep(scene, swept, chart, "volume")

    assert chart.HasPlotSeriesNodeID(own.GetID())
    charts.remove(scene, chart)
    assert scene.GetNodeByID(own.GetID()) is own


def test_slices_are_drawn_over_k_with_the_whole_contours_dice(scene: Any, comparison: Comparison) -> None:
    chart = charts.show_slices(scene, comparison)

    x, y = points(chart, "slices")
    assert x == [s.index for s in comparison.slices]
    assert y == [s.dice for s in comparison.slices]
    assert points(chart, "whole")[1] == [comparison.dice] * 2
    low, high = chart.GetXAxisRange()
    assert low < x[0]
    assert high > x[-1]


def test_slices_need_a_comparison_slice_by_slice(scene: Any, comparison: Comparison) -> None:
    from dataclasses import replace

    with pytest.raises(SettingError, match="slice by slice"):
        charts.show_slices(scene, replace(comparison, slices=None))


def test_removing_a_chart_removes_everything_that_came_with_it(
    scene: Any, swept: Swept, comparison: Comparison
) -> None:
    before = node_ids(scene)
    made = [charts.show_sweep(scene, swept), charts.show_slices(scene, comparison)]
    assert len(node_ids(scene) - before) > 10

    for chart in made:
        charts.remove(scene, chart)

    assert node_ids(scene) == before


def test_a_chart_that_fails_leaves_nothing_behind(
    scene: Any, swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = node_ids(scene)

    def refuse(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(charts, "_axes", refuse)
    with pytest.raises(MemoryError):
        charts.show_sweep(scene, swept)

    assert node_ids(scene) == before


def test_a_chart_comes_back_from_a_saved_scene(slicer: Any, scene: Any, swept: Swept) -> None:
    charts.move_marker(charts.show_sweep(scene, swept), 0.65)
    scene.SetSaveToXMLString(1)
    scene.Commit()
    again = slicer.vtkMRMLScene()
    again.SetLoadFromXMLString(1)
    again.SetSceneXMLString(scene.GetSceneXMLString())
    again.Import()

    chart = again.GetFirstNodeByClass("vtkMRMLPlotChartNode")

    assert keys(chart) == keys(scene.GetFirstNodeByClass("vtkMRMLPlotChartNode"))
