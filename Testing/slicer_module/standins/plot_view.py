# ruff: noqa: N801
"""The view of a plot chart node, drawn by VTK without a window."""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets
from vtk.util.numpy_support import vtk_to_numpy

from .observers import observe
from .properties import stand_in

_Series = slicer.vtkMRMLPlotSeriesNode
_PENS = {
    _Series.LineStyleNone: vtk.vtkPen.NO_PEN,
    _Series.LineStyleSolid: vtk.vtkPen.SOLID_LINE,
    _Series.LineStyleDash: vtk.vtkPen.DASH_LINE,
    _Series.LineStyleDot: vtk.vtkPen.DOT_LINE,
    _Series.LineStyleDashDot: vtk.vtkPen.DASH_DOT_LINE,
    _Series.LineStyleDashDotDot: vtk.vtkPen.DASH_DOT_DOT_LINE,
}
_MARKERS = {
    _Series.MarkerStyleNone: vtk.vtkPlotPoints.NONE,
    _Series.MarkerStyleCross: vtk.vtkPlotPoints.CROSS,
    _Series.MarkerStylePlus: vtk.vtkPlotPoints.PLUS,
    _Series.MarkerStyleSquare: vtk.vtkPlotPoints.SQUARE,
    _Series.MarkerStyleCircle: vtk.vtkPlotPoints.CIRCLE,
    _Series.MarkerStyleDiamond: vtk.vtkPlotPoints.DIAMOND,
}


@stand_in
class qMRMLPlotView(QtWidgets.QWidget):
    """Shows the chart of its view node.

    Like the application's, it looks at the view node and at the chart node, not at series and tables
    themselves: a chart that does not tell of a change is not drawn anew. It draws when it is shown.
    """

    mrmlSceneChanged = QtCore.Signal(object)
    dataSelected = QtCore.Signal(object, object)
    VTK_SIGNALS = {  # noqa: RUF012
        "mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged(PyObject)",
        "dataSelected(vtkStringArray*,vtkCollection*)": "dataSelected(PyObject,PyObject)",
    }

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = self._node = self._chart = None
        self._forget_node = self._forget_chart = self._forget_scene = lambda: None
        self._picture: QtGui.QImage | None = None
        self._drawn = 0
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding)

    def mrmlScene(self) -> Any:
        return self._scene

    def mrmlPlotViewNode(self) -> Any:
        return self._node

    def setMRMLScene(self, scene: Any) -> None:
        if scene is self._scene:
            return
        self._forget_scene()
        self._scene = scene
        if scene is not None:
            self._forget_scene = observe(scene, slicer.vtkMRMLScene.EndBatchProcessEvent, self._chart_changed)
        self._view_changed()
        self.mrmlSceneChanged.emit(scene)

    def setMRMLPlotViewNode(self, node: Any) -> None:
        if node is self._node:
            return
        self._forget_node()
        self._node = node
        if node is not None:
            self._forget_node = observe(node, "ModifiedEvent", self._view_changed)
        self._view_changed()

    def fitToContent(self) -> None:
        self._chart_changed()

    def _view_changed(self) -> None:
        node_id = self._node.GetPlotChartNodeID() if self._node is not None else None
        chart = self._scene.GetNodeByID(node_id) if self._scene is not None and node_id else None
        if chart is not self._chart:
            self._forget_chart()
            self._chart = chart
            if chart is not None:
                self._forget_chart = observe(chart, "ModifiedEvent", self._chart_changed)
        self._chart_changed()

    def _chart_changed(self) -> None:
        self._picture = None
        self.update()

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(300, 220)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect, QtGui.QColor("white"))
        if self._chart is not None:
            if self._picture is None or self._picture.deviceIndependentSize().toSize() != self.size:
                self._picture = draw(self._chart, self.width, self.height, self.devicePixelRatioF())
                self._drawn += 1
            painter.drawImage(0, 0, self._picture)
        painter.setPen(self.palette.color(QtGui.QPalette.ColorRole.Mid))
        painter.drawRect(self.rect.adjusted(0, 0, -1, -1))


def draw(chart_node: Any, width: int, height: int, ratio: float = 1.0) -> QtGui.QImage:
    """The picture of a chart node, by vtkChartXY; `ratio` pixels of it make one of the widget's."""
    width, height = round(width * ratio), round(height * ratio)
    view = vtk.vtkContextView()
    view.GetRenderWindow().SetOffScreenRendering(True)
    view.GetRenderWindow().SetMultiSamples(0)
    view.GetRenderWindow().SetSize(max(width, 16), max(height, 16))
    view.GetRenderer().SetBackground(1, 1, 1)
    chart = vtk.vtkChartXY()
    view.GetScene().AddItem(chart)
    for index in range(chart_node.GetNumberOfPlotSeriesNodes()):
        plot = _plot(chart_node.GetNthPlotSeriesNode(index))
        if plot is not None:
            plot.SetWidth(ratio * plot.GetWidth())
            if isinstance(plot, vtk.vtkPlotPoints):
                plot.SetMarkerSize(ratio * plot.GetMarkerSize())
            chart.AddPlot(plot)
    _describe(chart, chart_node)
    chart.GetTitleProperties().SetFontSize(round(ratio * chart.GetTitleProperties().GetFontSize()))
    for axis in (chart.GetAxis(vtk.vtkAxis.BOTTOM), chart.GetAxis(vtk.vtkAxis.LEFT)):
        axis.SetMargins(*(round(ratio * pixels) for pixels in axis.GetMargins()))
        for texts in (axis.GetTitleProperties(), axis.GetLabelProperties()):
            texts.SetFontSize(round(ratio * texts.GetFontSize()))
        for pen in (axis.GetPen(), axis.GetGridPen()):
            pen.SetWidth(ratio * pen.GetWidth())
    view.GetRenderWindow().Render()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(view.GetRenderWindow())
    grab.ReadFrontBufferOff()
    grab.Update()
    image = grab.GetOutput()
    columns, rows, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, -1)[::-1, :, :3].copy()
    picture = QtGui.QImage(pixels.data, columns, rows, 3 * columns, QtGui.QImage.Format.Format_RGB888).copy()
    picture.setDevicePixelRatio(ratio)
    return picture


def _plot(series: Any) -> Any:
    """The curve, points or bars of a series node; None while its table lacks a column."""
    table = (
        series.GetTableNode().GetTable() if series is not None and series.GetTableNode() is not None else None
    )
    names = [series.GetXColumnName(), series.GetYColumnName()] if table is not None else []
    if not names or not names[1] or table.GetColumnByName(names[1]) is None:
        return None
    if series.IsXColumnRequired() and (not names[0] or table.GetColumnByName(names[0]) is None):
        return None
    bars = series.GetPlotType() in (_Series.PlotTypeBar, _Series.PlotTypeScatterBar)
    plot = vtk.vtkPlotBar() if bars else vtk.vtkPlotLine()
    plot.SetUseIndexForXSeries(not series.IsXColumnRequired())
    plot.SetInputData(table, names[0] if series.IsXColumnRequired() else names[1], names[1])
    plot.SetColorF(*series.GetColor())
    plot.SetOpacity(series.GetOpacity())
    plot.SetWidth(series.GetLineWidth())
    plot.SetLabel(series.GetName() or names[1])
    if not bars:
        plot.GetPen().SetLineType(_PENS.get(series.GetLineStyle(), vtk.vtkPen.NO_PEN))
        plot.SetMarkerStyle(_MARKERS.get(series.GetMarkerStyle(), vtk.vtkPlotPoints.NONE))
        plot.SetMarkerSize(series.GetMarkerSize())
    return plot


def _describe(chart: Any, node: Any) -> None:
    chart.SetTitle(node.GetTitle() or "" if node.GetTitleVisibility() else "")
    chart.GetTitleProperties().SetFontSize(node.GetTitleFontSize())
    chart.SetShowLegend(bool(node.GetLegendVisibility()))
    chart.GetLegend().SetLabelSize(node.GetLegendFontSize())
    axes = (
        (vtk.vtkAxis.BOTTOM, node.GetXAxisTitle(), node.GetXAxisTitleVisibility(), node.GetXAxisLogScale()),
        (vtk.vtkAxis.LEFT, node.GetYAxisTitle(), node.GetYAxisTitleVisibility(), node.GetYAxisLogScale()),
    )
    ranges = (
        (node.GetXAxisRangeAuto(), node.GetXAxisRange()),
        (node.GetYAxisRangeAuto(), node.GetYAxisRange()),
    )
    for (place, title, shown, log), (automatic, limits) in zip(axes, ranges, strict=True):
        axis = chart.GetAxis(place)
        axis.SetTitle(title or "" if shown else "")
        axis.GetTitleProperties().SetFontSize(node.GetAxisTitleFontSize())
        axis.GetLabelProperties().SetFontSize(node.GetAxisLabelFontSize())
        axis.SetGridVisible(bool(node.GetGridVisibility()))
        axis.SetLogScale(bool(log))
        if not automatic:
            axis.SetBehavior(vtk.vtkAxis.FIXED)
            axis.SetRange(*limits)
