"""CaseHeader: which case is open, the ones before and after it, and how much of it is decided."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.review.review_state import Typed
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import testid


class CaseHeader:
    """The page's first line.

    Args:
        session: what the pages share.
        typed: the page's values.
    """

    def __init__(self, session: Session, typed: Typed) -> None:
        self._session, self._typed = session, typed
        session.case_opened.connect(self._on_opened)
        session.worklist_changed.connect(self._show_neighbors)
        session.known_decisions.changed.connect(self._show_decided)

    def build(self) -> None:
        """Make the widgets."""
        names = self._typed.name
        with html.Div(classes="cqa-review-head"):
            self._step("mdi-chevron-left", names.previous_case, self.previous_case, "previous", "[")
            html.Div(
                "{{ shell_case }}", classes="cqa-review-case", title=("shell_case",), **testid("review-case")
            )
            self._step("mdi-chevron-right", names.next_case, self.next_case, "next", "]")
            html.Span(f"{{{{ {names.case_place} }}}}", classes="cqa-muted")
            v3.VSpacer()
            html.Span(f"{{{{ {names.decided} }}}}", classes="cqa-muted", **testid("review-decided"))
            v3.VBtn(
                icon="mdi-keyboard-outline",
                size="x-small",
                variant="text",
                title="Keys (?)",
                click=f"{names.help_shown} = true",
                **testid("review-help"),
            )

    def previous_case(self) -> None:
        """Open the case before this one, if there is one."""
        self._open(self._typed.data.previous_case)

    def next_case(self) -> None:
        """Open the case after this one, if there is one."""
        self._open(self._typed.data.next_case)

    def _step(self, icon: str, name: str, action: object, which: str, key: str) -> None:
        v3.VBtn(
            icon=icon,
            size="x-small",
            variant="tonal",
            disabled=(f"!{name} || !!shell_busy",),
            title=(f"{name} ? '{which.capitalize()} case ({key}): ' + {name} : 'There is no {which} case'",),
            click=action,
            **testid(f"review-{which}-case"),
        )

    def _open(self, name: str) -> None:
        if name:
            self._session.start(self._session.open_case(name))

    def _on_opened(self, _case: OpenCase) -> None:
        self._show_neighbors()
        self._show_decided()

    def _show_neighbors(self) -> None:
        case, data = self._session.case, self._typed.data
        order = self._session.cases_to_open()
        if case is None or case.entry.name not in order:
            data.previous_case = data.next_case = data.case_place = ""
            return
        at = order.index(case.entry.name)
        data.previous_case = order[at - 1] if at else ""
        data.next_case = order[at + 1] if at + 1 < len(order) else ""
        data.case_place = f"{at + 1} / {len(order)}" if len(order) > 1 else ""

    def _show_decided(self) -> None:
        case, text = self._session.case, ""
        if case is not None and case.structures:
            count = self._session.known_decisions.count(case.entry.name, case.structures)
            text = f"{count} of {len(case.structures)} decided"
        self._typed.data.decided = text
