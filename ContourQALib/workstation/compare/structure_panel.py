"""StructurePanel: the chosen structure, slice by slice, and its difference in the views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_plotly.widgets import plotly

from ContourQALib.report.outlines import LEFT_OUT, TOO_MUCH
from ContourQALib.workstation.compare.comparison_view import CHART
from ContourQALib.workstation.compare.slice_chart import CHARTED
from ContourQALib.workstation.theme import testid


class StructurePanel:
    """What stands below the table.

    Args:
        names: the page's state variables by field.
        to_slice: shows a slice of the chart.
        to_largest: shows where the contours differ most.
    """

    def __init__(self, names: Any, to_slice: Callable[[int], None], to_largest: Callable[[], None]) -> None:
        self._names, self._to_slice, self._to_largest = names, to_slice, to_largest

    def build(self) -> None:
        """Make the widgets."""
        n = self._names
        with html.Div(v_if=(f"{n.structure} && {n.groups}.length",), classes="cqa-compare-structure"):
            self._title()
            html.P(
                "{{ sentence }}",
                v_for=f"sentence in {n.told}",
                key=("sentence",),
                classes="cqa-compare-told",
                **testid("compare-told"),
            )
            self._marks()
            self._chart()

    def _title(self) -> None:
        n = self._names
        with html.Div(classes="cqa-compare-title"):
            html.B(f"{{{{ {n.structure} }}}}", **testid("compare-structure"))
            v3.VSpacer()
            with html.Button(
                click=self._to_largest,
                title="Go to where the contours differ most",
                **testid("compare-largest"),
            ):
                v3.VIcon("mdi-target", size=15)
                html.Span("Largest difference")

    def _marks(self) -> None:
        n = self._names
        with html.Div(classes="cqa-compare-marks"):
            with html.Label(title="Mark in the views where the contours differ"):
                html.Input(type="checkbox", v_model=(n.marked,), **testid("compare-marked"))
                html.Span("Difference of")
            with html.Select(
                v_model=(n.test,), raw_attrs=['aria-label="Difference of"', 'data-testid="compare-test"']
            ):
                html.Option("{{ name }}", v_for=f"name in {n.shown}", key=("name",), value=("name",))
            html.Input(
                type="range",
                min=10,
                max=100,
                v_model_number=(n.opacity,),
                disabled=(f"!{n.marked}",),
                title="Opacity of the marks",
                raw_attrs=['aria-label="Opacity of the marks"', 'data-testid="compare-opacity"'],
            )
            with html.Span(classes="cqa-compare-legend", v_if=(n.marked,)):
                html.I(style=f"background: {TOO_MUCH.color}")
                html.Span("too much")
                html.I(style=f"background: {LEFT_OUT.color}")
                html.Span("left out")

    def _chart(self) -> None:
        n = self._names
        with html.Div(classes="cqa-compare-choices"):
            for field, (title, unit) in CHARTED.items():
                html.Button(
                    f"{title}{', ' + unit if unit else ''}",
                    click=f"{n.figure} = '{field}'",
                    classes=(f"{{on: {n.figure} === '{field}'}}",),
                    type="button",
                    raw_attrs=[
                        f":aria-pressed=\"{n.figure} === '{field}'\"",
                        f'data-testid="compare-figure-{field}"',
                    ],
                )
            html.Span("by slice; click to go there", classes="cqa-muted")
        with html.Div(classes="cqa-compare-chart", **testid("compare-chart")):
            plotly.Figure(
                state_variable_name=CHART,
                display_mode_bar=("false",),
                responsive=("true",),
                click=(self._to_slice, "[$event.points[0].x]"),
            )
