"""ThresholdPanel: the widgets of the threshold page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trame.widgets import html, plotly
from trame.widgets import vuetify3 as v3

from ContourQALib.report.outlines import ASSESSED, REFERENCE
from ContourQALib.report.threshold_panels import AT_HALF, AT_OPTIMUM
from ContourQALib.report.wording import FIGURE_TITLES
from ContourQALib.thresholds.sensitivity import FIGURES
from ContourQALib.workstation.charts.plotly_figure import PlotlyFigure
from ContourQALib.workstation.download_click import download_click
from ContourQALib.workstation.theme import ACCENT, COMPACT, testid
from ContourQALib.workstation.thresholds.threshold_chart import (
    BOTTOM_PX,
    LEFT_PX,
    RECOMMENDED_COLOR,
    RIGHT_PX,
    TOP_PX,
)
from ContourQALib.workstation.thresholds.threshold_figures import LOSS_HEADS, definitions
from ContourQALib.workstation.thresholds.threshold_state import AGREEMENT, DISTANCES, VOLUME, Typed

CSV_TRIGGER = "thresholds_csv"
CHART = "thresholds_chart"

STEP = 0.01

KINDS = ((AGREEMENT, "Agreement"), (DISTANCES, "Distances"), (VOLUME, "Volume"))


@dataclass(frozen=True)
class Actions:
    """What buttons do.

    Attributes:
        best: go to the best threshold.
        use: make the contour at the threshold the one under review.
        save: save it as a file.
        undo: undo the last change of a contour.
    """

    best: Callable[[], Any]
    use: Callable[[], Any]
    save: Callable[[], Any]
    undo: Callable[[], Any]


class ThresholdPanel:
    """Builds the page.

    Args:
        typed: the page's values.
        actions: what buttons do.
    """

    def __init__(self, typed: Typed, actions: Actions) -> None:
        self._names = typed.name
        self._actions = actions
        self._figure: Any = None

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        names = self._names
        v3.VProgressLinear(v_if=(names.loading,), indeterminate=True, height=2)
        with html.Div(v_if=(names.missing,), classes="cqa-empty", **testid("thresholds-missing")):
            v3.VIcon("mdi-tune-variant", size=48)
            html.P(f"{{{{ {names.missing} }}}}")
        with html.Div(
            v_if=(f"!{names.missing} && {names.maps}.length",),
            classes="cqa-threshold",
            **testid("thresholds"),
        ):
            with html.Div(classes="cqa-threshold-found"):
                self._choices()
                self._slider()
                self._views()
                self._curves()
                self._table()
                self._losses()
                with html.Ul(classes="cqa-threshold-notes", **testid("thresholds-notes")):
                    html.Li("{{ note }}", v_for=f"note in {names.notes}", key=("note",))
            self._buttons()
        self._definitions()

    def draw(self, chart: PlotlyFigure) -> None:
        """Show other curves."""
        if self._figure is not None:
            self._figure.update(chart)

    def _choices(self) -> None:
        names = self._names
        with html.Div(classes="cqa-threshold-line"):
            for value, items, label, name in (
                (names.map, names.maps, "Probability map", "threshold-map"),
                (names.reference, names.references, "Reference", "threshold-reference"),
            ):
                v3.VSelect(v_model=(value,), items=(items,), label=label, **COMPACT, **testid(name))

    def _slider(self) -> None:
        names = self._names
        with html.Div(classes="cqa-threshold-line"):
            html.Span(
                f"P ≥ {{{{ (+{names.value}).toFixed(2) }}}}",
                classes="cqa-threshold-value",
                **testid("threshold-value"),
            )
            html.Input(
                type="range",
                min=0,
                max=1,
                step=STEP,
                v_model_number=(names.value,),
                title="Threshold: the contour is every voxel at least this probable",
                **testid("threshold-slider"),
            )
        with html.Div(classes="cqa-threshold-line"):
            self._goal("0.5", f"{names.value} = 0.5", AT_HALF.color, "half")
            self._goal(
                f"Best {_number(names.best)}", self._actions.best, AT_OPTIMUM.color, "best", names.best
            )
            self._goal(
                f"Recommended {_number(names.recommended)}",
                f"{names.value} = {names.recommended}",
                RECOMMENDED_COLOR,
                "recommended",
                names.recommended,
            )
            v3.VSpacer()
            html.Span("by", classes="cqa-muted")
            with html.Select(
                v_model=(names.by,),
                title="The figure whose best threshold is sought",
                **testid("threshold-by"),
            ):
                for figure in FIGURES:
                    html.Option(FIGURE_TITLES[figure], value=figure)
        self._sentence(names.advice, "advice")
        self._sentence(names.hidden, "hidden")

    def _goal(
        self, text: str, click: str | Callable[[], Any], color: str, name: str, wanted: str = ""
    ) -> None:
        """A button that moves the slider, with the color of the line at its threshold."""
        with html.Button(
            type="button",
            click=click,
            disabled=(f"{wanted} === null" if wanted else "false",),
            **testid(f"threshold-{name}"),
        ):
            html.I(style=f"background: {color}")
            html.Span(text)

    def _sentence(self, value: str, name: str) -> None:
        html.Div(
            f"{{{{ {value} }}}}",
            v_if=(value,),
            classes=f"cqa-threshold-{name}",
            **testid(f"threshold-{name}"),
        )

    def _views(self) -> None:
        """What is drawn on the image."""
        names = self._names
        with html.Div(classes="cqa-threshold-line cqa-threshold-views"):
            html.I(style=f"background: {ASSESSED.color}; height: 3px")
            html.Span("at the threshold")
            for value, text, color, name in (
                (names.half_shown, "at 0.5", AT_HALF.color, "half-shown"),
                (names.reference_shown, "reference", REFERENCE.color, "reference-shown"),
            ):
                with html.Label():
                    html.Input(type="checkbox", v_model=(value,), **testid(f"threshold-{name}"))
                    html.I(style=f"background: {color}; height: {1 if name == 'half-shown' else 3}px")
                    html.Span(text)
            with html.Label():
                html.Input(type="checkbox", v_model=(names.map_shown,), **testid("threshold-map-shown"))
                html.Span("map")
            html.Input(
                type="range",
                min=5,
                max=100,
                step=5,
                disabled=(f"!{names.map_shown}",),
                v_model_number=(names.map_opacity,),
                title="Opacity of the map's colors",
                **testid("threshold-map-opacity"),
            )

    def _curves(self) -> None:
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

    def _table(self) -> None:
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

    def _buttons(self) -> None:
        names = self._names
        with html.Div(classes="cqa-threshold-actions"), html.Div(classes="cqa-threshold-line"):
            v3.VBtn(
                f"Use P ≥ {{{{ (+{names.value}).toFixed(2) }}}}",
                prepend_icon="mdi-check",
                color=ACCENT,
                variant="flat",
                size="small",
                disabled=(f"!!{names.refused}",),
                title="Make it the contour under review",
                click=self._actions.use,
                **testid("threshold-use"),
            )
            _icon_button(
                "mdi-undo",
                "Undo the last change of a contour",
                "undo",
                self._actions.undo,
                f"!{names.undoable}",
            )
            _icon_button(
                "mdi-content-save-outline",
                "Save it beside the contours, over nothing",
                "save",
                self._actions.save,
            )
            html.Div(
                f"{{{{ {names.busy} || {names.refused} }}}}",
                classes="cqa-muted cqa-threshold-busy",
                **testid("threshold-busy"),
            )
            _icon_button(
                "mdi-download", "Curves as CSV", "csv", download_click(CSV_TRIGGER), f"!{names.swept}"
            )
            _icon_button(
                "mdi-help-circle-outline",
                "What the figures mean",
                "definitions",
                f"{names.definitions_shown} = true",
            )

    def _definitions(self) -> None:
        shown = self._names.definitions_shown
        with (
            v3.VDialog(v_model=(shown,), max_width=640, scrollable=True),
            v3.VCard(title="What the figures mean", **testid("threshold-definitions-card")),
        ):
            with v3.VCardText(), html.Dl(classes="cqa-threshold-definitions"):
                for one in definitions():
                    html.Dt(one["name"])
                    html.Dd(one["text"])
            with v3.VCardActions():
                v3.VSpacer()
                v3.VBtn("Close", click=f"{shown} = false")


def _icon_button(
    icon: str, title: str, name: str, click: str | Callable[[], Any], disabled: str = "false"
) -> None:
    v3.VBtn(
        icon=icon,
        size="small",
        variant="text",
        title=title,
        click=click,
        disabled=(disabled,),
        **testid(f"threshold-{name}"),
    )


def _number(name: str) -> str:
    """A threshold that may be missing, as the page writes it."""
    return f"{{{{ {name} === null ? '–' : +{name}.toFixed(3) }}}}"
