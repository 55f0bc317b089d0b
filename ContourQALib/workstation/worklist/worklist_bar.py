"""WorklistBar: what stands above the table: the queue, marks that filter, search, files."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation import theme
from ContourQALib.workstation.download_click import download_click
from ContourQALib.workstation.theme import COMPACT, testid

PAUSE, STOP, GO, RETRY = "worklist_pause", "worklist_stop", "worklist_go", "worklist_retry"
REPORT, TABLE, DECISIONS, AGREEMENT = (
    "worklist_report",
    "worklist_csv",
    "worklist_decisions",
    "worklist_agreement",
)

HIDDEN_NOTE = (
    "My call first: scores are hidden until you have decided, and cases stand in the order they were listed."
)


class WorklistBar:
    """The lines above the table.

    Args:
        names: the page's state variables by field.
    """

    def __init__(self, names: Any) -> None:
        self._names = names

    def build(self) -> None:
        """Make the lines, inside the container that is open."""
        with html.Div(classes="cqa-worklist-bar"):
            self._chips()
            v3.VSpacer()
            self._choices()
            self._files()
        self._queue()
        n = self._names
        self._note(n.hidden, "mdi-eye-off-outline", HIDDEN_NOTE, "worklist-hidden-note")
        self._note(n.broken, "mdi-alert-circle-outline", f"{{{{ {n.broken} }}}}", "worklist-broken")

    def _chips(self) -> None:
        n = self._names
        with html.Button(
            v_for=f"chip in {n.chips}",
            key=("chip.mark",),
            click=f"{n.mark} = {n.mark} === chip.mark ? '' : chip.mark",
            title=("chip.meaning",),
            raw_attrs=[
                'type="button"',
                f":class=\"['cqa-worklist-count', chip.mark, {{on: {n.mark} === chip.mark}}]\"",
                f':aria-pressed="{n.mark} === chip.mark"',
                ':data-testid="`worklist-chip-${chip.mark}`"',
            ],
        ):
            v3.VIcon(icon=("chip.icon",), size="small")
            html.Strong("{{ chip.count }}")
            html.Span("{{ chip.word }}")
        with html.Button(
            click=f"{n.undecided} = !{n.undecided}",
            title="Only what has a contour that nobody has decided on",
            raw_attrs=[
                'type="button"',
                f":class=\"['cqa-worklist-count', 'undecided', {{on: {n.undecided}}}]\"",
                f':aria-pressed="{n.undecided}"',
                'data-testid="worklist-chip-undecided"',
            ],
        ):
            v3.VIcon("mdi-gavel", size="small")
            html.Strong(f"{{{{ {n.left} }}}}")
            html.Span("undecided")

    def _choices(self) -> None:
        n = self._names
        with v3.VBtnToggle(
            v_model=(n.contours,), mandatory=True, density="compact", variant="outlined", divided=True
        ):
            v3.VBtn("Cases", value=("false",), size="small", **testid("worklist-by-case"))
            v3.VBtn("Contours", value=("true",), size="small", **testid("worklist-by-contour"))
        v3.VSelect(
            v_model=(n.structure,),
            items=(n.structures,),
            placeholder="All structures",
            title="Only contours of this structure",
            clearable=True,
            classes="cqa-worklist-structure",
            **COMPACT,
            **testid("worklist-structure"),
        )
        v3.VTextField(
            v_model=(n.search,),
            placeholder="Search",
            title="Search cases, patients and structures",
            prepend_inner_icon="mdi-magnify",
            clearable=True,
            classes="cqa-worklist-search",
            **COMPACT,
            raw_attrs=['maxlength="200"', *testid("worklist-search")["raw_attrs"]],
        )

    def _files(self) -> None:
        with v3.VBtn(size="small", variant="tonal", append_icon="mdi-menu-down", **testid("worklist-files")):
            html.Span("Reports")
            with v3.VMenu(activator="parent"), v3.VList(density="compact", classes="cqa-worklist-menu"):
                self._item(
                    "Worklist report (HTML)", "mdi-file-document-outline", download_click(REPORT), REPORT
                )
                self._item("Worklist (CSV)", "mdi-table", download_click(TABLE), TABLE)
                self._item("Decisions (CSV)", "mdi-gavel", download_click(DECISIONS), DECISIONS)
                self._item(
                    "Readers and model …", "mdi-account-check-outline", f"trigger('{AGREEMENT}')", AGREEMENT
                )

    def _item(self, title: str, icon: str, click: str, name: str) -> None:
        v3.VListItem(
            title=title, prepend_icon=icon, click=click, **testid(name.replace("worklist_", "worklist-"))
        )

    def _queue(self) -> None:
        q = self._names.queue
        buttons = (
            ("Pause", "mdi-pause", PAUSE, f"{q}.pausable"),
            ("Resume", "mdi-play", GO, f"{q}.resumable"),
            ("Stop", "mdi-stop", STOP, f"{q}.stoppable"),
            ("Try failed ones again", "mdi-refresh", RETRY, f"{q}.retryable"),
        )
        with html.Div(classes="cqa-worklist-queue", v_if=(f"{q}.shown",), **testid("worklist-queue")):
            v3.VProgressLinear(
                model_value=(f"{q}.percent",),
                color=(f"{q}.problem ? '{theme.MESSAGE_COLORS['warning']}' : '{theme.ACCENT}'",),
                height=4,
                rounded=True,
                classes="cqa-worklist-progress",
            )
            html.Span(f"{{{{ {q}.text }}}}", **testid("worklist-progress"))
            html.Span(f"{{{{ {q}.problem || {q}.doing }}}}", classes="cqa-muted doing")
            for title, icon, trigger, shown in buttons:
                v3.VBtn(
                    title,
                    prepend_icon=icon,
                    click=f"trigger('{trigger}')",
                    v_if=(shown,),
                    size="x-small",
                    variant="text",
                    **testid(trigger.replace("_", "-")),
                )

    def _note(self, shown: str, icon: str, text: str, name: str) -> None:
        with html.Div(classes="cqa-worklist-note", v_if=(shown,), **testid(name)):
            v3.VIcon(icon, size="small")
            html.Span(text)
