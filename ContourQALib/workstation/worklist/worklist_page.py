"""WorklistPage: the cases by risk, assessed in the background, and what to open first."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from trame.widgets import html
from trame_server.utils.typed_state import TypedState

from ContourQALib.workstation.cases.known_cases import KnownCase, Stage
from ContourQALib.workstation.decisions.decision import storable
from ContourQALib.workstation.decisions.errors import DecisionError
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.plain_values import PlainValues
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import testid
from ContourQALib.workstation.worklist import worklist_bar as bar
from ContourQALib.workstation.worklist.agreement_dialog import AgreementDialog
from ContourQALib.workstation.worklist.agreement_table import agreement_table
from ContourQALib.workstation.worklist.assessing import Assessing, HowToAssess
from ContourQALib.workstation.worklist.queue_progress import QueueState
from ContourQALib.workstation.worklist.throttle import Throttle
from ContourQALib.workstation.worklist.worklist_bar import WorklistBar
from ContourQALib.workstation.worklist.worklist_downloads import WorklistDownloads
from ContourQALib.workstation.worklist.worklist_edges import (
    build_nothing_found,
    build_pager,
    build_without_cases,
)
from ContourQALib.workstation.worklist.worklist_lines import (
    Mark,
    WorklistLines,
    WorklistQuery,
    WorklistView,
    structures_of,
)
from ContourQALib.workstation.worklist.worklist_rows import ICONS, WORDS, rows_of
from ContourQALib.workstation.worklist.worklist_state import PAGE_ROWS, WorklistState
from ContourQALib.workstation.worklist.worklist_table import EXPAND, OPEN, WorklistTable

PERIOD_S = 0.5
"""The table follows the queue this often at most."""

PAGE_FIRST_S = 1.0
"""The queue begins so long after the server: the page is to come up first."""

MEANINGS = {
    Mark.FAILED: "Could not be read or assessed",
    Mark.REJECT: "To be corrected or drawn again",
    Mark.REVIEW: "A reader decides",
    Mark.ACCEPT: "No reason found to check",
    Mark.WAITING: "Not assessed yet",
    Mark.HIDDEN: "The score is hidden until you have decided",
}


class WorklistPage:
    """The Worklist page.

    Args:
        session: what the pages share.
    """

    name = "worklist"
    title = "Worklist"
    icon = "mdi-format-list-bulleted"
    needs_case = False
    uses_views = False

    def __init__(self, session: Session) -> None:
        self._session = session
        self._typed = TypedState(session.state, WorklistState, namespace="worklist", encoder=PlainValues())
        self.data = self._typed.data
        self._view = WorklistView(session.known_decisions, session.call_first.hides_entry)
        self._expanded: set[int] = set()
        self._done = 0
        self.queue = Assessing(
            session.known_cases,
            session.store,
            session.background,
            HowToAssess(
                session.settings.model,
                session.settings.models,
                self._is_busy,
                session.files_of,
                session.settings.second,
            ),
            session.start,
        )
        self._soon = Throttle(self.refresh, PERIOD_S)
        self._downloads = WorklistDownloads(session)
        self._listen()
        self.refresh()

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        names = self._typed.name
        if not self._session.cases:
            build_without_cases()
            return
        with html.Div(classes="cqa-worklist", **testid("worklist")):
            WorklistBar(names).build()
            with html.Div(classes="cqa-worklist-scroll", **testid("worklist-scroll")):
                WorklistTable(names, self._session.settings.levels).build()
                build_nothing_found(names)
            build_pager(names)
            AgreementDialog(names).build()

    def start(self) -> None:
        """Read the decisions made so far, and begin to assess; on the event loop."""
        if self._session.cases:
            self._session.start(self._start())

    def refresh(self) -> None:
        """Bring the page up to date with what is known."""
        self._soon.cancel()
        data, session = self.data, self._session
        cases = session.known_cases.cases
        query = self._query()
        found = self._view.lines(cases, query)
        pages = max(1, math.ceil(len(found.lines) / PAGE_ROWS))
        with session.state:
            page = min(max(int(data.page), 1), pages)
            first = (page - 1) * PAGE_ROWS
            shown = found.lines[first : first + PAGE_ROWS]
            decided = self._session.known_decisions
            data.rows = rows_of(shown, self._view, decided, contours=query.contours, expanded=self._expanded)
            data.page, data.pages = page, pages
            data.span = f"{first + 1}–{first + len(shown)} of {len(found.lines)}" if shown else ""
            data.structures = [storable(name) for name in structures_of(cases)]
            data.chips = _chips(found)
            data.patients = any(case.entry.patient != case.name for case in cases)
            data.left, data.hidden = found.undecided, found.hidden
            data.filtered = query != replace(WorklistQuery(), contours=query.contours)
            data.queue = _queue_record(self.queue)
            data.broken = _broken(cases)

    async def open(self, number: int, structure: str, key: str = "") -> None:
        """Show a case at a structure on the review page.

        Args:
            number: the case's place in the list.
            structure: as the row says it; "" for the riskiest.
            key: of the row, which looks busy until the case is there.
        """
        session = self._session
        entry = session.cases[int(number)]
        with session.state:
            self.data.opening = key
        try:
            if session.case is None or session.case.entry.name != entry.name:
                await session.open_case(entry.name)
            case = session.case
            if case is None or case.entry.name != entry.name:
                return
            meant = next((name for name in case.structures if storable(name) == structure), "")
            if meant and meant != session.structure:
                session.select_structure(meant)
            session.show_page("review")
        finally:
            if self.data.opening == key:
                with session.state:
                    self.data.opening = ""

    async def _start(self) -> None:
        await self._read_decisions()
        await asyncio.sleep(PAGE_FIRST_S)
        self.queue.start()

    async def _read_decisions(self) -> None:
        """Read them anew: another viewer may have decided meanwhile."""
        await self._session.read_decisions()
        self.refresh()

    def _listen(self) -> None:
        session, names, control = self._session, self._typed.name, self._session.controller
        self.queue.changed.connect(self._on_queue)
        self.queue.told.connect(self._on_told)
        session.assessed.connect(self._on_assessed)
        session.known_decisions.changed.connect(self._on_known)
        session.page_changed.connect(self._on_page_changed)
        session.call_first.changed.connect(self._on_known)
        asked = ("contours", "search", "mark", "undecided", "structure", "sort", "descending")
        session.state.change(*(getattr(names, field) for field in asked))(self._on_query)
        session.state.change(names.page)(self._on_turned)
        control.on_server_ready.add(lambda **_: self.start())
        for name, action in (
            (OPEN, self._on_open),
            (EXPAND, self._on_expand),
            (bar.PAUSE, self.queue.pause),
            (bar.GO, self.queue.resume),
            (bar.STOP, self.queue.stop),
            (bar.RETRY, self.queue.retry),
            (bar.AGREEMENT, self._on_agreement),
        ):
            control.trigger(name)(action)

    def _query(self) -> WorklistQuery:
        data = self.data
        return WorklistQuery(
            contours=bool(data.contours),
            search=str(data.search or ""),
            mark=str(data.mark or ""),
            undecided=bool(data.undecided),
            structure=str(data.structure or ""),
            sort=str(data.sort or ""),
            descending=bool(data.descending),
        )

    def _is_busy(self) -> bool:
        """Whether somebody waits for the open case, or for one that is being read."""
        return self._session.tasks.busy or bool(self._session.state.shell_busy)

    def _is_shown(self) -> bool:
        return self._session.page == self.name

    def _on_known(self, *_: Any) -> None:
        if self._is_shown():
            self._soon()

    def _on_queue(self) -> None:
        done = len(self._session.known_cases.of_stage(Stage.ASSESSED, Stage.FAILED))
        if done != self._done:
            self._done = done
            self._session.worklist_changed()
        self._on_known()

    def _on_told(self, sentence: str) -> None:
        self._session.tell(sentence, "error")

    def _on_assessed(self, case: OpenCase) -> None:
        """What was found of the open case counts, as long as its contours are those of its files."""
        if case.assessment is not None and not case.edited:
            self._session.known_cases.keep(case.entry.name, case.assessment)
            self._on_known()

    def _on_page_changed(self, page: str) -> None:
        if page == self.name and self._session.cases:
            self.refresh()
            self._session.start(self._read_decisions())

    def _on_query(self, **_: Any) -> None:
        self.data.page = 1
        self.refresh()

    def _on_turned(self, **_: Any) -> None:
        self.refresh()

    def _on_open(self, number: int, structure: str, key: str) -> None:
        self._session.start(self.open(number, structure, key))

    def _on_expand(self, number: int) -> None:
        self._expanded ^= {int(number)}
        self.refresh()

    async def _on_agreement(self) -> None:
        try:
            made = await asyncio.to_thread(self._session.decisions.all)
        except DecisionError as error:
            self._session.tell(str(error), "error")
            return
        with self._session.state:
            self.data.agreement = agreement_table(made)
            self.data.agreement_open = True


def _chips(found: WorklistLines) -> list[dict[str, Any]]:
    """The marks that any line has, and always those of the verdicts."""
    verdicts = (Mark.REJECT, Mark.REVIEW, Mark.ACCEPT)
    return [
        {
            "mark": mark.value,
            "word": WORDS[mark],
            "icon": ICONS[mark],
            "count": found.counts[mark],
            "meaning": meaning,
        }
        for mark, meaning in MEANINGS.items()
        if mark in verdicts or found.counts[mark]
    ]


def _queue_record(queue: Assessing) -> dict[str, Any]:
    progress = queue.progress
    state, problem = progress.state, progress.problem
    retryable = queue.can_retry and not queue.running
    done = state in (QueueState.IDLE, QueueState.DONE) and not retryable
    return {
        "shown": progress.total > 0 and not done,
        "percent": round(100 * progress.done / progress.total, 1) if progress.total else 0,
        "text": progress.text,
        "doing": progress.doing,
        "problem": problem,
        "pausable": queue.running and not queue.paused,
        "resumable": queue.paused or state is QueueState.STOPPED,
        "stoppable": queue.running,
        "retryable": retryable,
    }


def _broken(cases: Sequence[KnownCase]) -> str:
    """A sentence where no case can be opened at all."""
    problems = [case.entry.problem for case in cases if case.entry.problem]
    if not cases or len(problems) < len(cases):
        return ""
    first = f"{storable(cases[0].name)}: {storable(str(problems[0]))}"
    return f"None of the {len(cases)} cases can be opened. The first, {first}"
