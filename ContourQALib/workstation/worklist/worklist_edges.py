"""What the worklist shows around its table: nothing there, nothing found, further pages."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation.theme import testid


def build_without_cases() -> None:
    """Where no folder was given: what to do, and what can be done without one."""
    with html.Div(classes="cqa-empty", **testid("worklist-none")):
        v3.VIcon("mdi-folder-search-outline", size=48)
        html.P("No cases were given.")
        html.P("Start the workstation with a folder of cases or a manifest: contourqa workstation FOLDER")
        v3.VBtn(
            "Teach with the phantom",
            prepend_icon="mdi-school-outline",
            click="shell_page = 'teach'",
            variant="tonal",
            **testid("worklist-to-teach"),
        )


def build_nothing_found(names: Any) -> None:
    """Where no line is left by search and filters.

    Args:
        names: the page's state variables by field.
    """
    clear = ", ".join(
        (
            f"{names.search} = ''",
            f"{names.mark} = ''",
            f"{names.structure} = null",
            f"{names.undecided} = false",
        )
    )
    with html.Div(classes="cqa-empty", v_if=(f"!{names.rows}.length",), **testid("worklist-no-match")):
        html.P("Nothing matches.", v_if=(names.filtered,))
        html.P("No contour has been assessed yet.", v_else=True)
        v3.VBtn(
            "Show all",
            v_if=(names.filtered,),
            click=clear,
            variant="tonal",
            **testid("worklist-show-all"),
        )


def build_pager(names: Any) -> None:
    """Further pages, where one does not hold all lines.

    Args:
        names: the page's state variables by field.
    """
    with html.Div(classes="cqa-worklist-pager", v_if=(f"{names.pages} > 1",)):
        v3.VBtn(
            icon="mdi-chevron-left",
            size="x-small",
            variant="text",
            title="Previous page",
            disabled=(f"{names.page} <= 1",),
            click=f"{names.page} = {names.page} - 1",
            **testid("worklist-page-back"),
        )
        html.Span(f"{{{{ {names.span} }}}}", **testid("worklist-span"))
        v3.VBtn(
            icon="mdi-chevron-right",
            size="x-small",
            variant="text",
            title="Next page",
            disabled=(f"{names.page} >= {names.pages}",),
            click=f"{names.page} = {names.page} + 1",
            **testid("worklist-page-on"),
        )
