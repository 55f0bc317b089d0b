"""ComparePage: the contours of a case measured against its reference, and seen where they differ."""

from __future__ import annotations

import math
from typing import Any

from trame.widgets import html

from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM
from ContourQALib.report.comparison_summary import doubts_of
from ContourQALib.workstation.compare import comparison_files as files
from ContourQALib.workstation.compare.case_comparison import Question
from ContourQALib.workstation.compare.case_source import Kind
from ContourQALib.workstation.compare.compare_dialogs import CompareDialogs
from ContourQALib.workstation.compare.compare_state import NAMESPACE, compare_state
from ContourQALib.workstation.compare.comparing import Comparing
from ContourQALib.workstation.compare.comparison_table import CHOOSE, ComparisonTable
from ContourQALib.workstation.compare.comparison_view import ComparisonView
from ContourQALib.workstation.compare.source_bar import SourceBar
from ContourQALib.workstation.compare.structure_panel import StructurePanel
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session

ALONE = (
    "There is nothing to compare with: the case has neither a reference nor another model's contours; "
    "put them beside its files, or name them in its manifest."
)
NO_REFERENCE = (
    "This case has no reference, so that nothing says how good its contours are. "
    "They can be compared with each other."
)
NOT_TRUE = (
    "Measured against {}, which is not held to be right: "
    "the figures say how alike contours are, not how good."
)
CANCELLED = "Cancelled; nothing was compared."


class ComparePage:
    """The Compare page.

    Args:
        session: what the pages share.
    """

    name = NAMESPACE
    title = "Compare"
    icon = "mdi-compare"
    needs_case = True
    uses_views = True

    def __init__(self, session: Session) -> None:
        self._session = session
        self.typed = compare_state(session.state)
        self.comparing = Comparing(session)
        self.view = ComparisonView(session, self.typed, self.comparing)
        self._shown_result: Any = None
        names = self.typed.name
        self.bar = SourceBar(names, self.offer, self.comparing.cancel)
        self.table = ComparisonTable(names)
        self.structure = StructurePanel(names, self.view.to_slice, self.view.to_largest_difference)
        self.dialogs = CompareDialogs(names)
        self.typed.bind_changes(
            {
                (names.reference, names.tolerance_mm): self._on_question,
                (names.filter, names.sort, names.descending, names.differences): self._on_table,
                names.shown: self._on_shown,
                (names.test, names.hidden, names.figure, names.marked): self._on_structure_settings,
                names.opacity: self._on_opacity,
                names.all_shown: self._on_all,
            }
        )
        session.page_changed.connect(self._on_page)
        session.case_opened.connect(self._on_opened)
        session.case_closing.connect(self._on_closing)
        session.structure_selected.connect(self._on_selected)
        session.edited.connect(self._on_edited)
        session.assessed.connect(self._on_findings)
        session.assessing.connect(self._on_findings)
        session.call_first.changed.connect(self._on_findings)
        session.views.slice_changed.connect(self._on_slice)
        self.comparing.changed.connect(self._on_compared)
        session.controller.trigger(CHOOSE)(self.choose)
        session.controller.trigger("compare_csv")(self.table_address)
        session.controller.trigger("compare_slices_csv")(self.slices_address)

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        with html.Div(classes="cqa-compare"):
            self.bar.build()
            self.table.build()
            self.structure.build()
        self.dialogs.build()

    def choose(self, structure: str, test: str = "") -> None:
        """Choose a row: its structure for every page, its source for the difference; the views go there."""
        case, result, data = self._session.case, self.comparing.result, self.typed.data
        if case is None or result is None:
            return
        data.structure = structure
        if any(one.name == test for one in self.view.tests):
            data.test = test
        own = next((name for name in case.structures if result.spelled(name) == structure), None)
        if own is not None and own != self._session.structure:
            self._session.select_structure(own)
        else:
            self.view.show_structure()
        self.view.to_largest_difference()

    def offer(self) -> None:
        """Do what the notice offers: compare, with the first source where there is no reference."""
        if not self.typed.data.reference and len(self.view.sources) > 1:
            self.view.refer_to(self.view.sources[0].name)
        if (question := self._question()) is not None:
            self.comparing.ask(question)

    def table_address(self) -> str:
        """The address of the figures as CSV; "" where there are none."""
        return self._offered(files.TABLE_NAME, files.table_file)

    def slices_address(self) -> str:
        """The address of the figures slice by slice as CSV; "" where there are none."""
        return self._offered(files.SLICES_NAME, files.slices_file)

    def _offered(self, name: str, make: Any) -> str:
        result = self.comparing.result
        if result is None:
            self._session.tell("Nothing has been compared yet; wait for it.", "warning")
            return ""
        return self._session.downloads.offer(name, make(result, self.view.reviewed, self.view.edited))

    def _question(self) -> Question | None:
        """What the page asks now; None where that is nothing that can be compared."""
        data, tests = self.typed.data, self.view.tests
        if not data.reference or not tests:
            return None
        return Question(data.reference, tuple(one.name for one in tests), self._tolerance_mm())

    def _tolerance_mm(self) -> float:
        """The tolerance that was typed; what is no number changes nothing."""
        typed, asked = self.typed.data.tolerance_mm, self.comparing.question
        try:
            value = float(typed)
        except (TypeError, ValueError):
            value = math.nan
        if math.isfinite(value) and value >= 0:
            return value
        return asked.tolerance_mm if asked is not None else DEFAULT_TOLERANCE_MM

    def _compare(self) -> None:
        """Compare what is asked, unless that is known, under way, or failed before."""
        question = self._question()
        if question is not None and question != self.comparing.question:
            self.comparing.ask(question)
        else:
            self.comparing.catch_up()

    def _show_notice(self) -> None:
        data, comparing = self.typed.data, self.comparing
        data.step, data.percent = comparing.step, round(100 * comparing.share)
        data.offer = ""
        if comparing.problem:
            data.notice, data.notice_kind, data.offer = comparing.problem, "error", "Try again"
        elif len(self.view.sources) < 2:
            data.notice, data.notice_kind = (ALONE if self.view.sources else ""), "info"
        elif self.view.reference is None:
            data.notice, data.notice_kind, data.offer = NO_REFERENCE, "info", self._offer_text()
        elif comparing.cancelled and comparing.result is None:
            data.notice, data.notice_kind, data.offer = CANCELLED, "info", "Compare"
        else:
            result = comparing.result
            doubts = doubts_of(result.comparisons, result.outside) if result is not None else []
            if self.view.reference.kind is not Kind.REFERENCE:
                doubts = [NOT_TRUE.format(self.view.reference.name), *doubts]
            data.notice, data.notice_kind = " ".join(doubts), "warning" if doubts else "info"

    def _offer_text(self) -> str:
        first, others = self.view.sources[0], self.view.sources[1:]
        return f"Compare {', '.join(one.name for one in others)} with {first.name}"

    def _show(self) -> None:
        """Show what is known; what is not in sight waits until it is."""
        if not self.view.active:
            return
        with self._session.state:
            self._show_notice()
            self._shown_result = self.comparing.result
            self.view.show()

    def _on_page(self, page: str) -> None:
        was, self.view.active = self.view.active, page == self.name
        if self.view.active and self._session.case is not None:
            self._compare()
            self._show()
        elif was and not self.view.active:
            self.view.scene.leave()

    def _on_opened(self, case: OpenCase) -> None:
        self.view.take(case)
        self.comparing.take(case, self.view.sources)
        if self.view.active:
            self._compare()
            self._show()

    def _on_closing(self, _case: OpenCase) -> None:
        self.comparing.forget()
        self._shown_result = None
        self.view.forget()
        self._show_notice()

    def _on_selected(self, structure: str) -> None:
        result = self.comparing.result
        spelled = result.spelled(structure) if result is not None and structure else ""
        if spelled:
            self.typed.data.structure = spelled
            if self.view.active:
                self.view.show_structure()

    def _on_edited(self, structure: str) -> None:
        self.comparing.edited(structure)
        if self.view.active:
            self.comparing.catch_up()

    def _on_findings(self, *_: Any) -> None:
        if self.view.active and self.comparing.result is not None:
            with self._session.state:
                self.view.show_rows()
                self.view.show_structure()

    def _on_slice(self, _k: int) -> None:
        if self.view.active and self.comparing.result is not None:
            self.view.show_slice()

    def _on_compared(self) -> None:
        if self.comparing.result is not self._shown_result or not self.comparing.running:
            self._show()
        else:
            with self._session.state:
                self._show_notice()

    def _on_question(self, *_: Any) -> None:
        data = self.typed.data
        if self._session.case is None or self.comparing.question == self._question():
            return
        asked = self.comparing.question
        if asked is None or asked.reference != data.reference:
            self.view.refer_to(data.reference)
        if self.view.active:
            self._compare()
            self._show()

    def _on_table(self, *_: Any) -> None:
        if self.view.active:
            self.view.show_rows()

    def _on_shown(self, shown: list[str]) -> None:
        data = self.typed.data
        if shown and data.test not in shown:
            data.test = shown[0]
        if self.view.active:
            self.view.show()

    def _on_structure_settings(self, *_: Any) -> None:
        if self.view.active:
            self.view.show_structure()

    def _on_opacity(self, _percent: int) -> None:
        self.view.draw()

    def _on_all(self, shown: bool) -> None:
        result = self.comparing.result
        data = self.typed.data
        data.all_rows = files.all_figures(result, data.shown) if shown and result is not None else []
