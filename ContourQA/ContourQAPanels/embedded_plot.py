"""EmbeddedPlot: a plot view inside a panel, apart from the views of the application's layout."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import slicer

if TYPE_CHECKING:
    from ContourQAPanels.session import Session


class EmbeddedPlot:
    """Shows a chart node in a qMRMLPlotView of ours.

    A plot view needs a view node. Ours belongs to the parameter node instead of the layout, which would
    make a view of its own for it, and is not saved: a loaded scene finds its chart by the parameter node.

    The view is made here because Qt Designer, and so a .ui file, does not know its class. Without a view node
    it is disabled: the application crashes when somebody clicks into a plot view that has none.

    Args:
        holder: QFrame with a layout that takes the view.
        session: what the panels share.
        name: of the view node.
        tip: tool tip of the view.
        legend: QLabel that names the curves: a legend inside would hide them in a panel's width.
    """

    def __init__(self, holder: Any, session: Session, name: str, tip: str, legend: Any) -> None:
        self._session, self._name = session, name
        self._node: Any = None
        self._legend = legend
        self._view = slicer.qMRMLPlotView()
        self._view.setMRMLScene(session.scene)
        self._view.toolTip = tip
        self._view.enabled = False
        holder.layout().addWidget(self._view)

    @property
    def chart(self) -> Any:
        """The chart node that is shown; None for none."""
        node = self._session.live(self._node)
        return node.GetPlotChartNode() if node is not None else None

    def show(self, chart: Any) -> None:
        """Show a chart node; None empties the view."""
        if self._session.live(self._node) is None:
            self._attach()
        wanted = chart.GetID() if chart is not None else None
        if self._node.GetPlotChartNodeID() != wanted:
            self._node.SetPlotChartNodeID(wanted)
        self._legend.text = legendHtml(chart) if chart is not None else ""
        if chart is not None and chart.GetLegendVisibility():
            chart.SetLegendVisibility(False)

    def detach(self) -> None:
        """Let go of the view node, before the scene is closed or the panel destroyed."""
        self._view.enabled = False
        self._view.setMRMLPlotViewNode(None)
        node, self._node = self._session.live(self._node), None
        if node is not None:
            self._session.scene.RemoveNode(node)

    def _attach(self) -> None:
        scene = self._session.scene
        node = scene.CreateNodeByClass("vtkMRMLPlotViewNode")
        node.UnRegister(None)
        node.SetName(self._name)
        node.SetLayoutName(self._name)
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        # Charts that other modules show in the layout's views stay out of this one.
        node.SetDoPropagatePlotChartSelection(False)
        # Before the node is added: the layout looks then whether it has a parent.
        node.SetAndObserveParentLayoutNodeID(self._session.parameterNode.parameterNode.GetID())
        self._node = scene.AddNode(node)
        self._view.enabled = True
        self._view.setMRMLPlotViewNode(self._node)


def legendHtml(chart: Any) -> str:
    """The names of a chart's curves, each behind a sign of its look, as one paragraph."""
    named = []
    for index in range(chart.GetNumberOfPlotSeriesNodes()):
        series = chart.GetNthPlotSeriesNode(index)
        if series is not None and series.GetName():
            color = "#{:02x}{:02x}{:02x}".format(*(round(255 * part) for part in series.GetColor()))
            named.append(
                f'<span style="color: {color};">{_sign(series)}</span>\u00a0'
                f"{escape(series.GetName()).replace(' ', chr(0xA0))}"
            )
    return "&ensp; ".join(named)


def _sign(series: Any) -> str:
    if series.GetLineStyle() == series.LineStyleNone:
        return "\u25c6" if series.GetMarkerStyle() == series.MarkerStyleDiamond else "\u25cf"
    return "\u2501" if series.GetLineStyle() == series.LineStyleSolid else "\u2505"
