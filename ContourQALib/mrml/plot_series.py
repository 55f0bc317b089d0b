"""PlotSeries: a curve of a chart node with the little table behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from slicer import vtkMRMLPlotChartNode, vtkMRMLPlotSeriesNode, vtkMRMLScene, vtkMRMLTableNode

Line = Literal["none", "solid", "dash", "dot"]
Marker = Literal["none", "circle", "square", "diamond", "cross", "plus"]

OWNED = "ContourQA.Series"
"""Attribute of the series and tables that a chart of ours made: its value is the series' key."""

X, Y = "x", "y"
"""Columns of a series' table."""

_LINES = {"none": "LineStyleNone", "solid": "LineStyleSolid", "dash": "LineStyleDash", "dot": "LineStyleDot"}


@dataclass(frozen=True, eq=False)
class PlotSeries:
    """A curve, a set of points, or an upright line.

    Attributes:
        key: what finds the series again when the chart is drawn anew: "dice", "marker".
        label: its name in the legend.
        x: (N,) positions.
        y: (N,) values; nan and inf leave a gap.
        color: red, green, blue in [0, 1].
        line: how the points are joined.
        marker: what stands at each point.
        width: of the line, pixels.
    """

    key: str
    label: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    color: tuple[float, float, float]
    line: Line = "solid"
    marker: Marker = "none"
    width: float = 2.0
    marker_size: float = 9.0


def put_series(scene: vtkMRMLScene, chart: vtkMRMLPlotChartNode, series: Sequence[PlotSeries]) -> None:
    """Make a chart show exactly these series: known keys are updated in place, others added or removed.

    Series that the user added to the chart stay.
    """
    old = owned_series(chart)
    for key, node in old.items():
        if key not in {s.key for s in series}:
            _remove(scene, chart, node)
    for wanted in series:
        node = old.get(wanted.key) or _new(scene, chart, wanted.key)
        _show(node, wanted)


def owned_series(chart: vtkMRMLPlotChartNode) -> dict[str, vtkMRMLPlotSeriesNode]:
    """The series of a chart that we made, by key."""
    nodes = [chart.GetNthPlotSeriesNode(n) for n in range(chart.GetNumberOfPlotSeriesNodes())]
    return {node.GetAttribute(OWNED): node for node in nodes if node is not None and node.GetAttribute(OWNED)}


def remove_series(scene: vtkMRMLScene, chart: vtkMRMLPlotChartNode) -> None:
    """Remove every series that we made, with its table."""
    for node in owned_series(chart).values():
        _remove(scene, chart, node)


def points(node: vtkMRMLPlotSeriesNode) -> tuple[np.ndarray, np.ndarray]:
    """The points of a series of ours: x and y, (N,) float64 each, copies."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    table = node.GetTableNode().GetTable()
    x, y = (vtk_to_numpy(table.GetColumnByName(name)) for name in (X, Y))
    return x.copy(), y.copy()


def set_points(
    node: vtkMRMLPlotSeriesNode, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray
) -> None:
    """Replace the points of a series of ours; its chart is told once."""
    import vtk

    if len(x) == 1:
        x, y = [x[0]] * 2, [y[0]] * 2  # VTK complains at each rendering of a curve of one point

    table = vtk.vtkTable()
    for name, values in ((X, x), (Y, y)):
        array = vtk.vtkDoubleArray()
        array.SetName(name)
        array.SetNumberOfValues(len(values))
        for row, value in enumerate(values):
            array.SetValue(row, float(value) if np.isfinite(value) else np.nan)
        table.AddColumn(array)
    node.GetTableNode().SetAndObserveTable(table)


def _new(scene: vtkMRMLScene, chart: vtkMRMLPlotChartNode, key: str) -> vtkMRMLPlotSeriesNode:
    table: vtkMRMLTableNode = scene.AddNewNodeByClass("vtkMRMLTableNode", f"{chart.GetName()} {key}")
    node = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", key)
    for made in (table, node):
        made.SetAttribute(OWNED, key)
        made.SetHideFromEditors(True)  # the tables are listed by tables.fill_sweep, in one piece
    node.SetAndObserveTableNodeID(table.GetID())
    node.SetXColumnName(X)
    node.SetYColumnName(Y)
    node.SetPlotType(node.PlotTypeScatter)
    chart.AddAndObservePlotSeriesNodeID(node.GetID())
    return node


def _show(node: vtkMRMLPlotSeriesNode, wanted: PlotSeries) -> None:
    was_modifying = node.StartModify()
    try:
        node.SetName(wanted.label)
        node.SetColor(*wanted.color)
        node.SetLineStyle(getattr(node, _LINES[wanted.line]))
        node.SetLineWidth(wanted.width)
        node.SetMarkerStyle(getattr(node, f"MarkerStyle{wanted.marker.capitalize()}"))
        node.SetMarkerSize(wanted.marker_size)
        set_points(node, wanted.x, wanted.y)
    finally:
        node.EndModify(was_modifying)


def _remove(scene: vtkMRMLScene, chart: vtkMRMLPlotChartNode, node: vtkMRMLPlotSeriesNode) -> None:
    table = node.GetTableNode()
    chart.RemovePlotSeriesNodeID(node.GetID())
    scene.RemoveNode(node)
    if table is not None and table.GetAttribute(OWNED):
        scene.RemoveNode(table)
