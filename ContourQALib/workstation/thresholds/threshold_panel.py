"""ThresholdPanel: the widgets of the threshold page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.report.outlines import ASSESSED, REFERENCE
from ContourQALib.report.threshold_panels import AT_HALF, AT_OPTIMUM
from ContourQALib.report.wording import FIGURE_TITLES
from ContourQALib.thresholds.sensitivity import FIGURES
from ContourQALib.workstation.charts.plotly_figure import PlotlyFigure
from ContourQALib.workstation.download_click import download_click
from ContourQALib.workstation.theme import ACCENT, COMPACT, testid
from ContourQALib.workstation.thresholds.threshold_chart import RECOMMENDED_COLOR
from ContourQALib.workstation.thresholds.threshold_curves import ThresholdCurves
from ContourQALib.workstation.thresholds.threshold_figures import definitions
from ContourQALib.workstation.thresholds.threshold_state import Typed

CSV_TRIGGER = "thresholds_csv"

STEP = 0.01


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
        self._curves = ThresholdCurves(typed)

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
                self._curves.build()
                with html.Ul(classes="cqa-threshold-notes", **testid("thresholds-notes")):
                    html.Li("{{ note }}", v_for=f"note in {names.notes}", key=("note",))
            self._buttons()
        self._definitions()

    def draw(self, chart: PlotlyFigure) -> None:
        """Show other curves."""
        self._curves.draw(chart)

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
