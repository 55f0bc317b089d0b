"""ComparisonTable: figures by structure and source, the better ones marked."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation.compare.figure_rows import COLUMNS
from ContourQALib.workstation.download_click import download_click
from ContourQALib.workstation.theme import testid

CHOOSE = "compare_choose"
"""Trigger that chooses a row: its structure and its source."""

BEST_TIP = "Bold and underlined: the best of the sources that are shown, as far as the digits tell."


class ComparisonTable:
    """Draws `CompareState.groups`.

    Args:
        names: the page's state variables by field.
    """

    def __init__(self, names: Any) -> None:
        self._names = names

    def build(self) -> None:
        """Make the widgets."""
        n = self._names
        with html.Div(v_if=(f"{n.groups}.length || {n.filter}",), classes="cqa-compare-figures"):
            self._tools()
            with html.Div(classes="cqa-compare-scroll"), html.Table(**testid("compare-table")):
                with html.Thead(), html.Tr():
                    self._head("structure", "Structure", "", "")
                    html.Th("Contours of", raw_attrs=['scope="col"'])
                    for column in COLUMNS:
                        self._head(column.field, column.title, column.unit, column.meaning)
                with html.Tbody(v_for=f"group in {n.groups}", key=("group.structure",)):
                    self._row()
                with html.Tbody(v_if=(f"!{n.groups}.length",)), html.Tr():
                    html.Td("No structure of this name.", colspan=2 + len(COLUMNS), classes="cqa-muted")

    def _tools(self) -> None:
        n = self._names
        with html.Div(classes="cqa-compare-tools"):
            html.Input(
                v_model=(n.filter,),
                type="search",
                placeholder="Find a structure",
                raw_attrs=['aria-label="Find a structure"', 'data-testid="compare-filter"'],
            )
            v3.VSpacer()
            with html.Button(
                click=f"{n.differences} = !{n.differences}",
                title="Differences to the first of the sources",
                v_if=(f"{n.shown}.length > 1",),
                classes=(f"{{on: {n.differences}}}",),
                raw_attrs=[f':aria-pressed="{n.differences}"', 'data-testid="compare-differences"'],
            ):
                html.Span("Differences")
            with html.Button(click=f"{n.all_shown} = true", title="Every figure", **testid("compare-all")):
                html.Span("All figures")
            with v3.VMenu():
                with (
                    v3.Template(v_slot_activator="{ props }"),
                    html.Button(v_bind="props", title="Save the figures", **testid("compare-save")),
                ):
                    v3.VIcon("mdi-download", size=16)
                with v3.VList(density="compact"):
                    for title, trigger in (
                        ("Figures (CSV)", "compare_csv"),
                        ("Slice by slice (CSV)", "compare_slices_csv"),
                    ):
                        v3.VListItem(
                            title=title,
                            click=download_click(trigger),
                            **testid(trigger.replace("_", "-")),
                        )
            with html.Button(
                click=f"{n.definitions_shown} = true",
                title="What the figures mean",
                **testid("compare-definitions"),
            ):
                v3.VIcon("mdi-help-circle-outline", size=16)

    def _head(self, key: str, title: str, unit: str, meaning: str) -> None:
        n = self._names
        sorting = f"{n.sort} === '{key}'"
        # worst first, best first, and back to the reference's order
        turn = (
            f"{sorting} ? ({n.descending} ? ({n.sort} = '', {n.descending} = false) : {n.descending} = true) "
            f": ({n.sort} = '{key}', {n.descending} = false)"
        )
        raw = [
            'scope="col"',
            f":aria-sort=\"{sorting} ? ({n.descending} ? 'descending' : 'ascending') : 'none'\"",
        ]
        with (
            html.Th(title=meaning, classes="" if key == "structure" else "number", raw_attrs=raw),
            html.Button(click=turn, type="button", **testid(f"compare-sort-{key}")),
        ):
            html.Span(title)
            if unit:
                html.Small(unit)
            v3.VIcon(icon=(f"{n.descending} ? 'mdi-menu-down' : 'mdi-menu-up'",), v_if=(sorting,), size=14)

    def _row(self) -> None:
        n = self._names
        chosen = f"group.structure === {n.structure}"
        choose = f"trigger('{CHOOSE}', [group.structure, row.source])"
        row_class = (
            f"[row.kind, {{chosen: {chosen}, first: at === 0, shown: {chosen} && row.source === {n.test}}}]"
        )
        with html.Template(v_for="(row, at) in group.rows", key=("row.source",)):
            with html.Tr(
                click=choose,
                classes=(row_class,),
                title=("row.hint",),
                raw_attrs=[
                    'tabindex="0"',
                    f'@keydown.enter="{choose}"',
                    ':data-testid="`compare-row-${group.structure}-${row.source}`"',
                ],
            ):
                with html.Th(
                    v_if=("at === 0",), rowspan=("group.span",), classes="name", title=("group.structure",)
                ):
                    html.Span("{{ group.structure }}")
                    v3.VIcon("mdi-pencil", v_if=("group.edited",), size=12, title="Edited since it was read")
                with html.Td(classes="source", title=("row.title",)):
                    html.I(v_if=("row.color",), style=("{background: row.color}",))
                    html.Span("{{ row.kind === 'difference' ? row.title : row.source }}")
                    html.Span("*", v_if=("row.hint",))
                with html.Td(
                    v_for="(cell, index) in row.cells",
                    key=("index",),
                    classes="number",
                ):
                    html.Span(
                        "{{ cell.text }}",
                        classes=("[cell.tone, {best: cell.best}]",),
                        title=(f"cell.best ? '{BEST_TIP}' : cell.tone || undefined",),
                    )
                    html.Small(
                        "{{ row.predicted }}", v_if=("index === 0 && row.predicted",), classes="predicted"
                    )
                html.Td(
                    "{{ row.note }}",
                    v_if=("row.kind === 'missing'",),
                    colspan=len(COLUMNS),
                    classes="note",
                )
            with html.Tr(
                v_if=("row.note && row.kind !== 'missing'",),
                classes=("['said', {chosen: " + chosen + "}]",),
            ):
                html.Td("{{ row.note }}", colspan=1 + len(COLUMNS), classes="note")
