"""Charts: figures against the threshold, and Dice slice by slice, as plot charts of the scene.

A plot chart of Slicer has one scale on its left, so a chart shows figures of one unit: agreement (Dice,
surface Dice, expected Dice), distances in mm, or volume in cc. The upright lines and the points of the
current threshold are series of their own, and `move_marker` moves only these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ContourQALib.errors import SettingError
from ContourQALib.mrml.outlines import rgb
from ContourQALib.mrml.plot_series import (
    PlotSeries,
    owned_series,
    points,
    put_series,
    remove_series,
    set_points,
)
from ContourQALib.mrml.scene_change import scene_change
from ContourQALib.mrml.tables import expected_at
from ContourQALib.report.outlines import FREE_COLORS, REFERENCE
from ContourQALib.report.threshold_axes import known_volume, scale_end
from ContourQALib.report.wording import figure_text, threshold_text
from ContourQALib.thresholds.sensitivity import HALF

if TYPE_CHECKING:
    from slicer import vtkMRMLPlotChartNode, vtkMRMLScene

    from ContourQALib.metrics.compare import Comparison
    from ContourQALib.worker_requests import Swept

Show = Literal["agreement", "distances", "volume"]

LETTERS = {"Title": 14, "AxisTitle": 12, "AxisLabel": 11, "Legend": 11}
"""Sizes in points that leave room for the curves in a chart as small as a module's panel."""

INK = (0.15, 0.15, 0.15)
FAINT = (0.55, 0.55, 0.55)

MARKER, MARKED = "marker", "marked"
"""Keys of the upright line at the current threshold, and of the points of the curves there."""


@dataclass(frozen=True)
class Figure:
    """A figure on a chart: its field, its name in the legend, and its color."""

    field: str
    title: str
    color: str


FIGURES: dict[Show, tuple[Figure, ...]] = {
    "agreement": (
        Figure("dice", "Dice", REFERENCE.color),
        Figure("surface_dice", "Surface Dice", FREE_COLORS[0][0]),
        Figure("expected_dice", "Expected Dice", FREE_COLORS[1][0]),
    ),
    "distances": (
        Figure("msd_mm", "MSD", FREE_COLORS[3][0]),
        Figure("hd95_mm", "HD95", FREE_COLORS[0][0]),
        Figure("hd_mm", "HD", FREE_COLORS[2][0]),
    ),
    "volume": (Figure("volume_cc", "Volume", FREE_COLORS[3][0]),),
}

AXES = {"agreement": "Agreement", "distances": "Distance, mm", "volume": "Volume, cc"}


def show_sweep(
    scene: vtkMRMLScene, swept: Swept, chart: vtkMRMLPlotChartNode | None = None, show: Show = "agreement"
) -> vtkMRMLPlotChartNode:
    """Figures against the threshold, with each optimum, 0.5 and a movable marker at the current threshold.

    Args:
        scene: takes the nodes.
        swept: the computed sweep; without a reference there is expected Dice and volume.
        chart: updated in place, its marker where it was; a new one by default, the marker at 0.5.
        show: which figures.

    Raises:
        SettingError: distances are asked for where there is no reference.
    """
    curves = _curves(swept, show)
    if not curves:
        raise SettingError("Distances need a reference; without one there are expected Dice and volume.")
    structure = swept.analysis.sweep.structure if swept.analysis else swept.expected.structure
    with scene_change(scene):
        if chart is None:
            chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", f"{structure} thresholds")
        at = marker_of(chart)
        top = scale_end(swept, [figure.field for figure, _, _ in curves])
        series = [
            *(PlotSeries(f.field, f.title, x, y, rgb(f.color)) for f, x, y in curves),
            *_optima(swept, show),
            *_known_volume_line(swept, show),
            PlotSeries("half", "Threshold 0.5", (HALF, HALF), (0, top), FAINT, "dash", width=1),
        ]
        put_series(scene, chart, [*series, *_marker(HALF if at is None else at, top, curves)])
        _axes(chart, structure, "Threshold", AXES[show], (0, 1), (0, top))
        # VTK writes a title into the plot, here onto the line at 0.5; the node keeps it.
        chart.SetTitleVisibility(False)
    return chart


def move_marker(chart: vtkMRMLPlotChartNode, threshold: float) -> None:
    """Move the marker of a chart of `show_sweep` to a threshold; nothing is computed anew.

    Raises:
        SettingError: the threshold is not between 0 and 1.
    """
    if not 0 <= threshold <= 1:
        raise SettingError(f"The threshold {threshold:g} is not between 0 and 1.")
    series = owned_series(chart)
    if MARKER not in series:
        return
    was_modifying = chart.StartModify()
    try:
        _, (bottom, top) = points(series[MARKER])
        set_points(series[MARKER], (threshold, threshold), (bottom, top))
        curves = [points(node) for key, node in series.items() if key in _CURVES]
        at, values = _points_at(threshold, curves)
        set_points(series[MARKED], at, values)
    finally:
        chart.EndModify(was_modifying)


def marker_of(chart: vtkMRMLPlotChartNode) -> float | None:
    """The threshold that a chart's marker stands at; None where it has none."""
    node = owned_series(chart).get(MARKER)
    return None if node is None else float(points(node)[0][0])


def show_slices(
    scene: vtkMRMLScene, comparison: Comparison, chart: vtkMRMLPlotChartNode | None = None
) -> vtkMRMLPlotChartNode:
    """Dice of every slice of a pair, against the zero-based K of the slice.

    Args:
        scene: takes the nodes.
        comparison: compared slice by slice.
        chart: updated in place; a new one by default.

    Raises:
        SettingError: the pair was not compared slice by slice.
    """
    if comparison.slices is None:
        raise SettingError(f"{comparison.structure} was not compared slice by slice.")
    slices = sorted(comparison.slices, key=lambda s: s.index)
    index = [s.index for s in slices]
    with scene_change(scene):
        if chart is None:
            chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", f"{comparison.structure} slices")
        color = rgb(FREE_COLORS[0][0])
        whole = (min(index, default=0), max(index, default=1))
        series = [
            PlotSeries(
                "slices", "Dice of the slice", index, [s.dice for s in slices], color, marker="circle"
            ),
            PlotSeries(
                "whole",
                f"Whole contour {figure_text('dice', comparison.dice)}",
                whole,
                [comparison.dice] * 2,
                FAINT,
                "dash",
                width=1,
            ),
        ]
        put_series(scene, chart, series)
        _axes(
            chart,
            f"{comparison.structure}: {PurePath(comparison.test).name}",
            "Slice K",
            "Dice",
            (whole[0] - 1, whole[1] + 1),
            (0, 1),
        )
    return chart


def nodes_of(chart: vtkMRMLPlotChartNode) -> list[Any]:
    """A chart with the series that we made and their tables: what drawing it anew changes."""
    series = list(owned_series(chart).values())
    return [chart, *series, *(one.GetTableNode() for one in series if one.GetTableNode() is not None)]


def remove(scene: vtkMRMLScene, chart: vtkMRMLPlotChartNode) -> None:
    """Remove a chart of ours with its series and their tables."""
    with scene_change(scene):
        remove_series(scene, chart)
        scene.RemoveNode(chart)


_CURVES = {figure.field for figures in FIGURES.values() for figure in figures}

Curve = tuple[Figure, np.ndarray, np.ndarray]


def _curves(swept: Swept, show: Show) -> list[Curve]:
    """The figures that there are, with their thresholds and values."""
    sweep = swept.analysis.sweep if swept.analysis else None
    expected = swept.expected
    thresholds = expected.thresholds if sweep is None else sweep.thresholds
    curves = []
    for figure in FIGURES[show]:
        if figure.field == "expected_dice":
            values = expected_at(swept, thresholds)
        elif sweep is not None:
            values = getattr(sweep, figure.field)
        elif figure.field == "volume_cc":
            values = expected.volume_cc
        else:
            continue
        curves.append((figure, thresholds, np.asarray(values, float)))
    return curves


def _optima(swept: Swept, show: Show) -> list[PlotSeries]:
    """A point on each curve where it is best, named with threshold and value."""
    found = []
    for figure in FIGURES[show]:
        best = swept.analysis.optimum.get(figure.field) if swept.analysis else None
        if best is not None:
            value, at = figure_text(figure.field, best.value), threshold_text(best.threshold)
            label = f"Best {figure.title} {value} at {at}"
            found.append(
                PlotSeries(
                    f"best_{figure.field}",
                    label,
                    (best.threshold,),
                    (best.value,),
                    rgb(figure.color),
                    "none",
                    "circle",
                    marker_size=11,
                )
            )
    return found


def _known_volume_line(swept: Swept, show: Show) -> list[PlotSeries]:
    if show != "volume":
        return []
    name, known = known_volume(swept)
    label = f"{name} {figure_text('volume_cc', known)} cc"
    return [PlotSeries("known_volume", label, (0, 1), (known, known), rgb(REFERENCE.color), "dash", width=1)]


def _marker(threshold: float, top: float, curves: Sequence[Curve]) -> list[PlotSeries]:
    at, values = _points_at(threshold, [(x, y) for _, x, y in curves])
    return [
        PlotSeries(MARKER, "Current threshold", (threshold, threshold), (0, top), INK, width=2),
        PlotSeries(MARKED, "At the current threshold", at, values, INK, "none", "diamond"),
    ]


def _points_at(
    threshold: float, curves: Sequence[tuple[np.ndarray, np.ndarray]]
) -> tuple[list[float], list[float]]:
    """The points of the curves at the swept threshold nearest to this one."""
    at, values = [], []
    for x, y in curves:
        nearest = int(np.abs(x - threshold).argmin())
        at.append(float(x[nearest]))
        values.append(float(y[nearest]))
    return at, values


def _axes(
    chart: vtkMRMLPlotChartNode,
    title: str,
    x_title: str,
    y_title: str,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
) -> None:
    was_modifying = chart.StartModify()
    try:
        chart.SetTitle(title)
        chart.SetXAxisTitle(x_title)
        chart.SetYAxisTitle(y_title)
        chart.SetXAxisRangeAuto(False)
        chart.SetXAxisRange(*x_range)
        chart.SetYAxisRangeAuto(False)
        chart.SetYAxisRange(*y_range)
        chart.SetLegendVisibility(True)
        for part, points_high in LETTERS.items():
            getattr(chart, f"Set{part}FontSize")(points_high)
        # A curve is a result: nobody should drag its points with the mouse.
        chart.SetEnablePointMoveAlongX(False)
        chart.SetEnablePointMoveAlongY(False)
    finally:
        chart.EndModify(was_modifying)
