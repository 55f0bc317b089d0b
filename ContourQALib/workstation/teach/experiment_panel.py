"""ExperimentPanel: the widgets to choose an error and to dose it, and of what comes of it."""

from __future__ import annotations

from typing import Any

from trame.widgets import html, plotly
from trame.widgets import vuetify3 as v3
from trame_server.utils.typed_state import TypedState

from ContourQALib.report.outlines import ASSESSED, LEFT_OUT, REFERENCE, TOO_MUCH
from ContourQALib.workstation.teach.experiment import ERRORS, Experiment
from ContourQALib.workstation.teach.teach_state import NOTHING, PROBABLE, TRUE, TeachState
from ContourQALib.workstation.teach.trials import CHART_HEIGHT_PX
from ContourQALib.workstation.theme import COMPACT, VERDICT_COLORS, VERDICT_ICONS, testid

CHART = "teach_chart"

LEGEND = (
    (REFERENCE.color, "reference", "outline"),
    (ASSESSED.color, "with the error", "outline"),
    (TOO_MUCH.color, "too much", "filled"),
    (LEFT_OUT.color, "left out", "filled"),
)
"""Colors of the views, as in every figure of a report."""

MARKS = ((TRUE, "True differences"), (PROBABLE, "Probable errors"), (NOTHING, "Neither"))

MOST_PLACE = 1_000_000


class ExperimentPanel:
    """The first half of the page.

    Args:
        experiment: follows the controls.
        state: the controls, and what they show.
    """

    def __init__(self, experiment: Experiment, state: TypedState[TeachState]) -> None:
        self._experiment = experiment
        self._state = state
        self._figure: Any = None

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        self._choices()
        self._dose()
        self._overlays()
        self._figures()
        with html.Div(style=f"height: {CHART_HEIGHT_PX}px;", **testid("teach-chart")):
            self._figure = plotly.Figure(
                state_variable_name=CHART,
                figure=self._experiment.chart(),
                display_mode_bar=False,
                responsive=True,
            )
        self._experiment.charted.connect(self._on_charted)
        with html.Div(classes="cqa-teach-notice", **testid("teach-notice")):
            v3.VIcon("mdi-lightbulb-on-outline", size="small", classes="mr-2")
            html.Span(f"{{{{ {self._state.name.notice} }}}}")
        html.Div(f"{{{{ {self._state.name.note} }}}}", classes="cqa-muted mt-2")

    def _choices(self) -> None:
        names = self._state.name
        with html.Div(classes="d-flex mt-2", style="gap: 8px;"):
            v3.VSelect(
                v_model=(names.structure,),
                items=(names.structures,),
                label="Structure",
                style="max-width: 170px;",
                **COMPACT,
                **testid("teach-structure"),
            )
            v3.VSelect(
                v_model=(names.error,),
                items=(ERRORS,),
                label="Error",
                menu_props=("{maxHeight: 520, maxWidth: 420}",),
                **COMPACT,
                **testid("teach-error"),
            )
        html.Div(f"{{{{ {names.description} }}}}", classes="cqa-muted mt-1")

    def _dose(self) -> None:
        names = self._state.name
        with html.Div(classes="d-flex align-center mt-2", style="gap: 8px;"):
            v3.VSlider(
                v_model=(names.severity,),
                min=0,
                max=(names.highest,),
                step=(names.step,),
                density="compact",
                hide_details=True,
                color=ASSESSED.color,
                **testid("teach-severity"),
            )
            html.Div(f"{{{{ {names.words} }}}}", classes="cqa-teach-dose", **testid("teach-dose"))
            v3.VBtn(
                icon="mdi-dice-5-outline",
                size="small",
                variant="text",
                title="Another direction or place of the same error",
                click=f"{names.place} = ({names.place} + 1) % {MOST_PLACE}",
                **testid("teach-place"),
            )

    def _overlays(self) -> None:
        names = self._state.name
        with v3.VBtnToggle(
            v_model=(names.marked,),
            mandatory=True,
            density="compact",
            variant="outlined",
            divided=True,
            classes="w-100 mt-2 mb-1",
        ):
            for value, text in MARKS:
                v3.VBtn(text, value=value, size="small", classes="flex-1-1", **testid(f"teach-mark-{value}"))
        with html.Div(classes="cqa-teach-legend"):
            for color, text, kind in LEGEND:
                fill = f"border: 2px solid {color};" + (f" background: {color};" if kind == "filled" else "")
                html.Span(classes="cqa-teach-swatch", style=fill)
                html.Span(text, classes="cqa-muted")

    def _figures(self) -> None:
        names = self._state.name
        with v3.VTable(
            density="compact",
            classes="cqa-teach-table",
            style=(f"{{opacity: {names.measuring} ? 0.55 : 1}}",),
            **testid("teach-table"),
        ):
            with html.Thead(), html.Tr():
                for title in ("", "true", "predicted", "interval"):
                    html.Th(title)
            with (
                html.Tbody(),
                html.Tr(v_for=(f"row in {names.rows}",), key=("row.name",)),
            ):
                html.Td("{{ row.name }}")
                html.Td("{{ row.true }}", classes="cqa-teach-true", **testid("`teach-true-${row.name}`"))
                html.Td(
                    "{{ row.predicted }}",
                    classes="cqa-teach-said",
                    **testid("`teach-predicted-${row.name}`"),
                )
                html.Td("{{ row.interval }}", classes="cqa-muted")
        with html.Div(
            v_if=(names.verdict,), classes="d-flex align-center mt-1", style="gap: 8px; min-height: 40px;"
        ):
            colors = {verdict.value: color for verdict, color in VERDICT_COLORS.items()}
            icons = {verdict.value: icon for verdict, icon in VERDICT_ICONS.items()}
            v3.VChip(
                f"{{{{ {names.verdict} }}}}",
                size="small",
                label=True,
                color=(f"({colors})[{names.verdict}]",),
                prepend_icon=(f"({icons})[{names.verdict}]",),
                classes="flex-shrink-0",
                **testid("teach-verdict"),
            )
            html.Span(
                f"{{{{ {names.unchanged} ? 'Less than half a voxel: the contour is the reference still.' "
                f": {names.reason} }}}}",
                classes="cqa-muted",
            )

    def _on_charted(self, chart: Any) -> None:
        self._figure.update(chart)
