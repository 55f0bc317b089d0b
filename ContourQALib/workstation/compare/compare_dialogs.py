"""CompareDialogs: the table of all figures, and what each of them means."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.metrics.definitions import DEFINITIONS
from ContourQALib.mrml.tables import COMPARISON_FIGURES
from ContourQALib.workstation.theme import testid


class CompareDialogs:
    """Lies over the page.

    Args:
        names: the page's state variables by field.
    """

    def __init__(self, names: Any) -> None:
        self._names = names

    def build(self) -> None:
        """Make the widgets."""
        self._all()
        self._definitions()

    def _all(self) -> None:
        n = self._names
        with (
            v3.VDialog(v_model=(n.all_shown,), max_width=1280),
            v3.VCard(classes="cqa-compare-dialog", **testid("compare-all-dialog")),
        ):
            self._title("All figures", n.all_shown)
            with html.Div(classes="cqa-compare-scroll"), html.Table():
                with html.Thead(), html.Tr():
                    html.Th("Structure")
                    html.Th("Contours of")
                    for _, title, unit, key in COMPARISON_FIGURES:
                        with html.Th(title=DEFINITIONS.get(key, ""), classes="number"):
                            html.Span(title)
                            html.Small(unit)
                with (
                    html.Tbody(),
                    html.Tr(v_for=f"row in {n.all_rows}", key=("row.structure + '/' + row.test",)),
                ):
                    html.Th("{{ row.structure }}", classes="name")
                    html.Td("{{ row.test }}")
                    html.Td(
                        "{{ cell }}", v_for="(cell, index) in row.cells", key=("index",), classes="number"
                    )

    def _definitions(self) -> None:
        n = self._names
        titles = {key: title for _, title, _, key in COMPARISON_FIGURES if key}
        with (
            v3.VDialog(v_model=(n.definitions_shown,), max_width=860),
            v3.VCard(classes="cqa-compare-dialog", **testid("compare-definitions-dialog")),
        ):
            self._title("What the figures mean", n.definitions_shown)
            with html.Dl():
                for key, text in DEFINITIONS.items():
                    html.Dt(titles.get(key, key.replace("_", " ").capitalize()))
                    html.Dd(f"{text[0].upper()}{text[1:]}.", v_pre=True)

    @staticmethod
    def _title(text: str, shown: str) -> None:
        with html.Div(classes="cqa-compare-dialog-title"):
            html.B(text)
            v3.VSpacer()
            v3.VBtn(icon="mdi-close", size="small", variant="text", click=f"{shown} = false", title="Close")
