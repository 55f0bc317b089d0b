"""WorklistTable: the table of cases or contours, one row opening below another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.quality.verdict import Levels
from ContourQALib.workstation.dice_bar import BAR_TIP, bar_percent
from ContourQALib.workstation.worklist.worklist_rows import ASSESSING

OPEN = "worklist_open"
"""Trigger that opens a row: its number, structure and key."""

EXPAND = "worklist_expand"
"""Trigger that lists a case's contours below it, or no more: its number."""

COLUMNS = (
    ("verdict", "Verdict", "Accept, review or reject, by the model's prediction and the rules"),
    ("case", "Case", ""),
    ("structure", "", "The riskiest contour of the case, or the contour of the row"),
    ("", "Slices K", "Slices to look at first, the worst first, zero-based"),
    ("dice", "Predicted Dice", BAR_TIP),
    ("", "Why", ""),
    ("decided", "Decided", "Contours that a reader has decided on"),
)
"""Key to sort by or "", heading, and what it means."""


class WorklistTable:
    """Draws `WorklistState.rows`.

    Args:
        names: the page's state variables by field.
        levels: the accept level is marked on every bar of Dice.
    """

    def __init__(self, names: Any, levels: Levels) -> None:
        self._names = names
        self._levels = levels

    def build(self) -> None:
        """Make the table, inside the container that is open."""
        with html.Table(classes="cqa-worklist-table", raw_attrs=['data-testid="worklist-table"']):
            with html.Thead(), html.Tr():
                for key, title, meaning in COLUMNS:
                    self._head(key, title, meaning)
                self._head("patient", "Patient", "", v_if=(self._names.patients,))
            with html.Tbody():
                self._row()

    def _head(self, key: str, title: str, meaning: str, **shown: Any) -> None:
        n = self._names
        if not key:
            html.Th(title, title=meaning, raw_attrs=['scope="col"'])
            return
        sorting = f"{n.sort} === '{key}'"
        # up, down, and back to the order by risk
        turn = (
            f"{sorting} ? ({n.descending} ? ({n.sort} = '', {n.descending} = false) : {n.descending} = true)"
        )
        raw = [
            'scope="col"',
            f":aria-sort=\"{sorting} ? ({n.descending} ? 'descending' : 'ascending') : 'none'\"",
        ]
        with (
            html.Th(title=meaning, raw_attrs=raw, **shown),
            html.Button(
                click=f"{turn} : ({n.sort} = '{key}', {n.descending} = false)",
                raw_attrs=[f'data-testid="worklist-sort-{key}"', 'type="button"'],
            ),
        ):
            html.Span(title or f"{{{{ {n.contours} ? 'Contour' : 'Look at first' }}}}")
            v3.VIcon(
                icon=(f"{n.descending} ? 'mdi-menu-down' : 'mdi-menu-up'",), v_if=(sorting,), size="small"
            )

    def _row(self) -> None:
        n = self._names
        opens = (
            f"row.opens && ({n.opening} = row.key, trigger('{OPEN}', [row.number, row.structure, row.key]))"
        )
        raw = [
            f':class="[row.kind, row.mark, {{opens: row.opens, current: row.case === shell_case, '
            f'opening: {n.opening} === row.key}}]"',
            ':tabindex="row.opens ? 0 : -1"',
            f'@keydown.enter="{opens}"',
            ":data-testid=\"`worklist-row-${row.case}${row.kind === 'case' ? '' : '-' + row.structure}`\"",
        ]
        with html.Tr(v_for=f"row in {n.rows}", key=("row.key",), click=opens, raw_attrs=raw):
            self._verdict()
            self._case()
            html.Td("{{ row.kind === 'below' ? '' : row.structure }}", classes="name")
            html.Td("{{ row.slices }}", classes="slices")
            self._dice()
            with html.Td(classes="why", title=("row.all || row.why",)):
                _icon(
                    "'mdi-help-rhombus-outline'",
                    [
                        'v-if="row.novel"',
                        ":title=\"'Unlike the training cases: ' + row.novel\"",
                        'data-testid="worklist-novel"',
                    ],
                )
                html.Span("{{ row.why }}")
            with html.Td(classes="decided", title=("row.who",)):
                _icon("'mdi-check'", ['v-if="row.done"'])
                html.Span("{{ row.decided }}")
            html.Td("{{ row.patient }}", v_if=(n.patients,), classes="patient")

    def _verdict(self) -> None:
        n = self._names
        with html.Td(classes="verdict"), html.Span(classes="cqa-worklist-chip"):
            v3.VProgressCircular(
                v_if=(f"{n.opening} === row.key || row.mark === '{ASSESSING}'",),
                indeterminate=True,
                size=13,
                width=2,
            )
            _icon("row.icon", ["v-else"])
            html.Span("{{ row.word }}")

    def _case(self) -> None:
        with html.Td(classes="case"):
            html.Button(
                "{{ row.expanded ? '▾' : '▸' }}",
                v_if=("row.kind === 'case' && row.more + (row.structure ? 1 : 0) > 1",),
                classes="fold",
                title="The contours of this case",
                raw_attrs=[
                    'type="button"',
                    f"@click.stop=\"trigger('{EXPAND}', [row.number])\"",
                    "@keydown.enter.stop",
                    ':data-testid="`worklist-expand-${row.case}`"',
                    ':aria-expanded="row.expanded"',
                ],
            )
            html.Span("", v_else=True, classes="fold")
            html.Span("{{ row.kind === 'below' ? row.structure : row.case }}")
            html.Span(
                "{{ row.structure ? '+' + row.more : row.more + ' contours' }}",
                v_if=("row.kind === 'case' && row.more > 0",),
                classes="cqa-muted more",
            )

    def _dice(self) -> None:
        accept = bar_percent(self._levels.accept)
        with html.Td(classes="dice"), html.Div(v_if=("row.dice",), classes="figures"):
            html.Span("{{ row.dice }}", classes="figure")
            with html.Div(classes="bar", v_if=("row.at !== null",)):
                html.Div(classes="level", style=f"left: {accept}%")
                html.Div(
                    v_if=("row.low !== null",),
                    classes="interval",
                    style=("{left: row.low + '%', width: (row.high - row.low) + '%'}",),
                )
                html.Div(classes="dot", style=("{left: row.at + '%'}",))
            html.Span("{{ row.interval }}", classes="cqa-muted range")


def _icon(name: str, raw: Sequence[str]) -> None:
    """An icon as the font alone draws it: with hundreds of them, Vuetify's own take as long as all else.

    Args:
        name: an expression of the page.
        raw: further attributes.
    """
    html.I(raw_attrs=[f":class=\"['mdi', {name}]\"", 'aria-hidden="true"', *raw])
