"""ThresholdCurves: the chart of a sweep with the line at the current threshold, and its figures as tables."""

from __future__ import annotations

from typing import Any

from trame.widgets import html, plotly
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation.charts.plotly_figure import PlotlyFigure
from ContourQALib.workstation.theme import testid
from ContourQALib.workstation.thresholds.threshold_chart import BOTTOM_PX, LEFT_PX, RIGHT_PX, TOP_PX
from ContourQALib.workstation.thresholds.threshold_figures import LOSS_HEADS
from ContourQALib.workstation.thresholds.threshold_state import AGREEMENT, DISTANCES, VOLUME, Typed

CHART = "thresholds_chart"

KINDS = ((AGREEMENT, "Agreement"), (DISTANCES, "Distances"), (VOLUME, "Volume"))


class ThresholdCurves:
    """Builds the part of the page that a sweep fills.

    Args:
        typed: the page's values.
    """

    def __init__(self, typed: Typed) -> None:
        self._names = typed.name
        self._figure: Any = None

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        names = self._names
        with html.Div(v_if=(names.swept,), classes="cqa-threshold-curves"):
            with html.Div(classes="cqa-threshold-line"):
                for kind, text in KINDS:
                    html.Button(
                        text,
                        type="button",
                        v_if=(f"{names.kinds}.includes('{kind}')",),
                        click=f"{names.kind} = '{kind}'",
                        classes=(f"{names.kind} === '{kind}' ? 'cqa-threshold-on' : ''",),
                        **testid(f"threshold-kind-{kind}"),
                    )
                v3.VSpacer()
                html.Button(
                    "Zoom",
                    type="button",
                    click=f"{names.zoomed} = !{names.zoomed}",
                    classes=(f"{names.zoomed} ? 'cqa-threshold-on' : ''",),
                    title="Show what is near the best threshold and 0.5",
                    **testid("threshold-zoom"),
                )
            self._chart()
            with html.Div(classes="cqa-threshold-line cqa-threshold-legend"):
                shown, figure = names.shown, "curve.figure"
                with html.Button(
                    type="button",
                    v_for=f"curve in {names.curves}",
                    key=(figure,),
                    click=f"{shown} = {shown}.includes({figure}) ? {shown}.filter((one) => one !== {figure})"
                    f" : [...{shown}, {figure}]",
                    classes=(f"{shown}.includes({figure}) ? 'cqa-threshold-on' : ''",),
                    title="Show or hide this curve",
                    **testid("`threshold-curve-${curve.figure}`"),
                ):
                    html.Svg(
                        '<line x1="0" x2="22" y1="4" y2="4" stroke-width="2" :stroke="curve.color"'
                        ' :stroke-dasharray="curve.dashes"/>',
                        raw_attrs=['width="22"', 'height="8"'],
                    )
                    html.Span("{{ curve.title }}")
        self._figures()
        self._losses()

    def draw(self, chart: PlotlyFigure) -> None:
        """Show other curves."""
        if self._figure is not None:
            self._figure.update(chart)

    def _chart(self) -> None:
        """The curves, and over them the line at the current threshold, which the page moves by itself."""
        names = self._names
        place = f"(({names.value}) - {names.axis}[0]) / ({names.axis}[1] - {names.axis}[0])"
        with html.Div(classes="cqa-threshold-chart", **testid("threshold-chart")):
            self._figure = plotly.Figure(
                state_variable_name=CHART,
                display_mode_bar=False,
                responsive=True,
                click=f"$event.points.length && ({names.value} = Math.round(100 * $event.points[0].x) / 100)",
            )
            html.Div(
                v_show=(f"{place} >= 0 && {place} <= 1",),
                classes="cqa-threshold-cursor",
                style=(
                    f"{{left: `calc({LEFT_PX}px + (100% - {LEFT_PX + RIGHT_PX}px) * ${{{place}}})`,"
                    f" top: '{TOP_PX}px', bottom: '{BOTTOM_PX}px'}}",
                ),
                **testid("threshold-cursor"),
            )

    def _figures(self) -> None:
        names = self._names
        with html.Table(v_if=(names.swept,), classes="cqa-threshold-table", **testid("threshold-table")):
            with html.Thead(), html.Tr():
                html.Th()
                html.Th(f"at {{{{ (+{names.value}).toFixed(2) }}}}", classes="cqa-threshold-now")
                html.Th("at 0.5")
                html.Th("best", raw_attrs=['colspan="2"'])
            with html.Tbody(), html.Tr(v_for=f"row in {names.rows}", key=("row.figure",)):
                html.Td("{{ row.title }}")
                html.Td(
                    "{{ row.current }}",
                    classes="cqa-threshold-now",
                    **testid("`threshold-now-${row.figure}`"),
                )
                html.Td("{{ row.half }}", **testid("`threshold-half-${row.figure}`"))
                html.Td("{{ row.best }}", **testid("`threshold-best-${row.figure}`"))
                with html.Td():
                    html.A(
                        "at {{ row.at }}",
                        v_if=("row.at",),
                        click=f"{names.value} = row.threshold",
                        title="Go there",
                    )

    def _losses(self) -> None:
        names = self._names
        with html.Table(
            v_if=(f"{names.losses}.length",), classes="cqa-threshold-table", **testid("threshold-losses")
        ):
            with html.Thead(), html.Tr():
                html.Th("Loss, % of the best")
                for head in LOSS_HEADS:
                    html.Th(head)
            with html.Tbody(), html.Tr(v_for=f"row in {names.losses}", key=("row.figure",)):
                html.Td("{{ row.title }}")
                html.Td(
                    "{{ cell.text }}",
                    v_for="(cell, place) in row.cells",
                    key=("place",),
                    classes=("cell.grave ? 'cqa-threshold-grave' : ''",),
                    title=("cell.why",),
                )
