"""Comparing: keeps the comparison of the open case up to date with what is asked, and with what is edited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from undo_stack import Signal, SignalContainer

from ContourQALib.errors import ContourQAError
from ContourQALib.metrics.pairing import Source
from ContourQALib.worker_events import Progress
from ContourQALib.worker_requests import Compared, CompareRequest
from ContourQALib.workstation.compare.case_comparison import (
    CaseComparison,
    Question,
    compare_again,
    compare_case,
)
from ContourQALib.workstation.compare.case_source import CaseSource, read_source
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.tasks import Tasks

Work = Callable[[], Awaitable[None]]

READING = "Reading the contours"
WAITING = "Waiting for the computing process"


class Comparing(SignalContainer):
    """Compares in the background, one thing at a time.

    A new question ends the one under way. After an edit only its structure is compared again, and what is
    under way is finished first: its answer is due sooner than a computing process that was ended could start
    again.

    Args:
        session: what the pages share.

    Attributes:
        question: what was asked last.
        result: what came of it; None until then.
        step: what is being done; "" for nothing.
        share: how much of it is done, 0 to 1.
        problem: why there is no result, a sentence.
        cancelled: whether the reader ended it.
    """

    changed = Signal()
    """There is a result, a step forward, an error, or nothing any more."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._case: OpenCase | None = None
        self._sources: tuple[CaseSource, ...] = ()
        self._edited: set[str] = set()
        self._task: asyncio.Task[Any] | None = None
        self._own = Tasks()
        session.closing.connect(self._own.close)
        self.question: Question | None = None
        self.result: CaseComparison | None = None
        self.step = ""
        self.share = 0.0
        self.problem = ""
        self.cancelled = False

    @property
    def running(self) -> bool:
        """Whether something is being compared."""
        return self._task is not None

    @property
    def is_outdated(self) -> bool:
        """Whether a contour was changed since it was compared."""
        return bool(self._edited)

    def take(self, case: OpenCase, sources: Sequence[CaseSource]) -> None:
        """Speak of another case from now on."""
        self.forget()
        self._case, self._sources = case, tuple(sources)

    def forget(self) -> None:
        """Let go of the case."""
        self._stop()
        self._case, self._sources = None, ()
        self._edited.clear()
        self.question, self.result, self.problem, self.cancelled = None, None, "", False

    def ask(self, question: Question) -> None:
        """Compare what a question names; what was found before is forgotten."""
        assert self._case is not None, "a case is open"
        self._stop()
        self._edited.clear()
        self.question, self.result, self.problem, self.cancelled = question, None, "", False
        self._begin(partial(self._compare, self._case, question))

    def edited(self, structure: str) -> None:
        """A contour under review was changed; it is compared again by `catch_up`."""
        if self._case is not None:
            self._edited.add(structure)

    def catch_up(self) -> None:
        """Compare again what was edited since, as soon as what is under way is done."""
        if self._case is not None and self.result is not None and self._edited and not self.running:
            self._begin(partial(self._again, self._case, self.result))

    def cancel(self) -> None:
        """End what is under way; what was known before it stays."""
        if self.running:
            self._stop()
            self.cancelled = True
            self.changed()

    def _begin(self, work: Work) -> None:
        self.step, self.share = READING, 0.0
        task = self._task = self._session.start(self._guarded(work))
        task.add_done_callback(self._on_done)
        self.changed()

    def _stop(self) -> None:
        task, self._task = self._task, None
        self.step, self.share = "", 0.0
        if task is not None:
            task.cancel()

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        if task is not self._task:  # another one took its place
            return
        self._task = None
        self.step, self.share = "", 0.0
        with self._session.state:
            self.changed()
        self.catch_up()

    async def _guarded(self, work: Work) -> None:
        try:
            await work()
        except ContourQAError as error:
            self._edited.clear()  # the same would fail again
            self.problem = str(error)

    async def _compare(self, case: OpenCase, question: Question) -> None:
        reference, tests = await self._read(case, question)
        self.result = await compare_case(self._asked, question, reference, tests, case.image.grid)

    async def _again(self, case: OpenCase, known: CaseComparison) -> None:
        structures, self._edited = self._edited, set()
        spelled = [name for name in map(known.spelled, sorted(structures)) if name]
        try:
            reference, tests = await self._read(case, known.question)
            self.result = await compare_again(self._asked, known, spelled, reference, tests, case.image.grid)
        except asyncio.CancelledError:
            self._edited |= structures
            raise

    async def _read(self, case: OpenCase, question: Question) -> tuple[Source, list[Source]]:
        by_name = {source.name: source for source in self._sources}
        self._say(READING, 0.0)
        reference = await read_source(case, by_name[question.reference])
        return reference, [await read_source(case, by_name[name]) for name in question.tests]

    async def _asked(self, request: CompareRequest) -> Compared:
        """Ask the computing process, or one of our own where that is at work: assessing takes much longer."""
        self._say(WAITING, 0.0)
        busy = self._session.tasks.busy
        try:
            tasks = self._own if busy else self._session.tasks
            answer: Compared = await tasks.ask(request, self._on_progress)
        finally:
            if busy:
                self._session.start(self._own.rest())  # for its memory
        return answer

    def _on_progress(self, told: Progress) -> None:
        self._say(f"Comparing {told.what}, {told.done + 1} of {told.total}", told.done / max(told.total, 1))

    def _say(self, step: str, share: float) -> None:
        self.step, self.share = step, share
        with self._session.state:
            self.changed()
