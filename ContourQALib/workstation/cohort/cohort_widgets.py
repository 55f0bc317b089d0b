"""CohortWidgets: choices, chart, tests and the cases to open first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trame.widgets import html, plotly
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation.charts.plotly_figure import PlotlyFigure
from ContourQALib.workstation.cohort.report_route import ADDRESS
from ContourQALib.workstation.theme import COMPACT, testid

HOW = "contourqa cohort MANIFEST.csv -o FOLDER, then contourqa workstation MANIFEST.csv --cohort FOLDER"
EXPLAINED = (
    "A cohort compares models over many cases that have a reference: means, paired tests, "
    "and the cases that changed most."
)


class CohortWidgets:
    """What the page shows.

    Args:
        names: the page's state variables by field.
        make: makes the report of the manifest.
        cancel: stops that.
        open_case: opens [case, structure].
    """

    def __init__(
        self, names: Any, make: Callable[..., Any], cancel: Callable[..., Any], open_case: Callable[..., Any]
    ) -> None:
        self._names = names
        self._make, self._cancel, self._open = make, cancel, open_case
        self._chart: Any = None

    def draw(self, chart: PlotlyFigure) -> None:
        """Show a chart; before the widgets are made there is nothing to show it in."""
        if self._chart is not None:
            self._chart.update(chart)

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        n = self._names
        with html.Div(v_if=(f"!{n.there}",), classes="cqa-empty", **testid("cohort-none")):
            v3.VIcon("mdi-chart-box-outline", size=48)
            html.P(EXPLAINED)
            html.P(f"{{{{ {n.why_not} }}}}", v_if=(n.why_not,), **testid("cohort-why-not"))
            self._maker("Make the report of this manifest")
            html.Code(HOW)
        with html.Div(v_if=(n.there,), classes="cqa-cohort"):
            self._choices()
            with html.Div(v_show=(f"!{n.report_shown}",), classes="cqa-cohort-columns"):
                with html.Div(classes="cqa-cohort-chart"):
                    self._chart = plotly.Figure(
                        display_mode_bar=("false",),
                        display_logo=("false",),
                        responsive=True,
                        click=(self._open, "[$event.points[0].customdata]"),
                        state_variable_name="cohort_figure",
                        **testid("cohort-chart"),
                    )
                    html.Div(
                        f"Click a point to open its case. {{{{ {n.told} }}}}",
                        classes="cqa-muted",
                        **testid("cohort-told"),
                    )
                with html.Div(classes="cqa-cohort-tables"):
                    self._tests()
                    self._worst()
            with html.Div(v_if=(n.report_shown,), classes="cqa-cohort-page"):
                html.Iframe(src=ADDRESS, title="Report of the cohort", **testid("cohort-page"))

    def _maker(self, title: str) -> None:
        n = self._names
        v3.VBtn(
            title,
            v_if=(f"{n.can_make} && !{n.making}",),
            click=self._make,
            variant="tonal",
            size="small",
            prepend_icon="mdi-play",
            **testid("cohort-make"),
        )
        with html.Div(v_if=(n.making,), classes="cqa-cohort-making", **testid("cohort-making")):
            v3.VProgressLinear(model_value=(n.percent,), height=6, rounded=True)
            html.Span(f"{{{{ {n.step} }}}}", classes="cqa-muted")
            v3.VBtn("Cancel", click=self._cancel, variant="tonal", size="small", **testid("cohort-cancel"))

    def _choices(self) -> None:
        n = self._names
        with html.Div(classes="cqa-cohort-bar"):
            self._select(n.metric, n.metrics, "metric", "Figure")
            self._select(n.structure, n.structures, "structure", "Structure", f"{n.structures}.length")
            self._select(n.dataset, n.datasets, "dataset", "Dataset", f"{n.datasets}.length")
            self._select(n.first, n.models, "first", "First model", f"{n.models}.length > 1")
            html.Span("against", classes="cqa-muted", v_if=(f"{n.models}.length > 1",))
            self._select(n.second, n.models, "second", "Second model", f"{n.models}.length > 1")
            with v3.VBtnToggle(
                v_model=(n.chart,), mandatory=True, density="compact", variant="outlined", divided=True
            ):
                v3.VBtn("Pairs", value="paired", size="small", **testid("cohort-paired"))
                v3.VBtn("Spread", value="spread", size="small", **testid("cohort-spread"))
            v3.VSpacer()
            self._maker("Make anew")
            v3.VBtn(
                f"{{{{ {n.report_shown} ? 'Charts' : 'Whole report' }}}}",
                v_if=(n.has_page,),
                click=f"{n.report_shown} = !{n.report_shown}",
                size="small",
                variant="tonal",
                prepend_icon="mdi-file-document-outline",
                **testid("cohort-whole"),
            )

    @staticmethod
    def _select(model: str, items: str, name: str, title: str, shown: str = "true") -> None:
        v3.VSelect(
            v_model=(model,),
            v_if=(shown,),
            items=(items,),
            title=title,
            classes="cqa-cohort-choice",
            **COMPACT,
            **testid(f"cohort-{name}"),
        )

    def _tests(self) -> None:
        n = self._names
        with html.Table(classes="cqa-cohort-table", **testid("cohort-tests")):
            with html.Thead(), html.Tr():
                for title in ("Structure", "n", f"{{{{ {n.first} }}}}", f"{{{{ {n.second} }}}}"):
                    html.Th(title)
                html.Th("Difference (95 %)", title="Second less first; mean over the cases with its interval")
                html.Th("p", title="Wilcoxon's signed-rank test, Holm's correction")
                html.Th("Which says")
            with (
                html.Tbody(),
                html.Tr(
                    v_for=f"row in {n.tests}",
                    key=("row.key",),
                    click=f"{n.structure} = {n.structure} === row.structure ? '' : row.structure",
                    raw_attrs=[f':class="{{on: {n.structure} === row.structure}}"'],
                ),
            ):
                html.Th("{{ row.structure }} {{ row.dataset ? '(' + row.dataset + ')' : '' }}")
                html.Td("{{ row.n }}{{ row.undefined ? ' (' + row.undefined + ' undefined)' : '' }}")
                for field in ("first", "second", "difference", "p"):
                    html.Td(f"{{{{ row.{field} }}}}")
                html.Td("{{ row.says }}", raw_attrs=[':class="row.tone"'])

    def _worst(self) -> None:
        n = self._names
        html.H3(f"Cases of {{{{ {n.second} }}}} to look at first")
        with (
            html.Table(classes="cqa-cohort-table", **testid("cohort-worst")),
            html.Tbody(),
            html.Tr(
                v_for=f"row in {n.worst}", key=("row.key",), click=(self._open, "[[row.case, row.structure]]")
            ),
        ):
            html.Th("{{ row.case }}")
            html.Td("{{ row.structure }}")
            html.Td("{{ row.value }}")
            html.Td("{{ row.why }}", classes="cqa-muted")
