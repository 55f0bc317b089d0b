"""Assessing: the queue that assesses every case in the background, one after the other."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from undo_stack import Signal, SignalContainer

from ContourQALib.errors import ContourQAError, ModelError, OutputError
from ContourQALib.worker_events import Progress, WorkerError
from ContourQALib.workstation.cases.assessment_store import AssessmentStore
from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.cases.case_request import case_request
from ContourQALib.workstation.cases.known_cases import KnownCase, KnownCases, Stage
from ContourQALib.workstation.worklist.queue_progress import QueueProgress, QueueState

log = logging.getLogger(__name__)

LOOK_S = 0.1
"""How often a queue that waits for the open case looks whether it may go on."""

ALIKE = 3
"""So many cases that fail one after the other with the same sentence are not the cases' fault."""

READING = "reading"
SENDING = "assessing"


Launch = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Asked(Protocol):
    """Who computes: `Tasks`."""

    async def ask(self, request: Any, progress: Callable[[Progress], None] | None = None) -> Any:
        """The answer to a request."""

    async def rest(self) -> None:
        """Free the memory that computing took."""


@dataclass(frozen=True)
class HowToAssess:
    """What the queue assesses with and for whom it makes way.

    Attributes:
        model: a bundled model's name or a model's folder; None for the one that fits.
        models: the same for single cases, by the case's name.
        first: whether somebody waits for something that comes before the queue.
        files_of: opens a case's files.
        second: the case's model whose contours are the second segmentation; "" for none.
    """

    model: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    first: Callable[[], bool] = lambda: False
    files_of: Callable[[CaseEntry], CaseFiles] = CaseFiles
    second: str = ""


class Assessing(SignalContainer):
    """Assesses what waits of the known cases; what the store knows is taken over at once.

    A case that cannot be read or assessed fails with its reason, and the next is taken. Where the model
    cannot be loaded, or case after case fails with the same sentence, the queue stops and says so once.

    Args:
        known: the cases; each is told what was found of it.
        store: where assessments are kept over restarts.
        tasks: who computes; its process ends when nothing is left to do.
        how: what to assess with.
        launch: starts the work on the event loop.
    """

    changed = Signal()
    """Something of `progress` or of a case changed."""

    told = Signal(str)
    """A sentence that the reader should see once."""

    def __init__(
        self,
        known: KnownCases,
        store: AssessmentStore,
        tasks: Asked,
        how: HowToAssess | None = None,
        launch: Launch = asyncio.ensure_future,
    ) -> None:
        self._known = known
        self._store = store
        self._tasks = tasks
        self._how = how or HowToAssess()
        self._launch = launch
        self._state = QueueState.IDLE
        self._may_go_on = asyncio.Event()
        self._may_go_on.set()
        self._work: asyncio.Task[None] | None = None
        self._now, self._step, self._problem = "", "", ""
        self._took_s: list[float] = []
        self._alike: list[str] = []
        self._excused: set[str] = set()
        self._unkept = False

    @property
    def progress(self) -> QueueProgress:
        """How far it is."""
        cases = self._known.cases
        done = self._known.of_stage(Stage.ASSESSED, Stage.FAILED)
        failed = sum(case.stage is Stage.FAILED for case in done)
        mean = sum(self._took_s) / len(self._took_s) if self._took_s else None
        state = QueueState.PAUSED if self.paused and self._state is not QueueState.DONE else self._state
        return QueueProgress(state, len(done), len(cases), failed, self._now, self._step, mean, self._problem)

    @property
    def paused(self) -> bool:
        """Whether it takes no further case until `resume`."""
        return not self._may_go_on.is_set()

    @property
    def can_retry(self) -> bool:
        """Whether a case failed that might not fail again."""
        return any(not case.entry.problem for case in self._known.of_stage(Stage.FAILED))

    @property
    def running(self) -> bool:
        """Whether it works, makes way or is paused."""
        return self._work is not None and not self._work.done()

    def start(self) -> asyncio.Task[None]:
        """Begin, or go on after `stop`; does nothing while it runs.

        Returns:
            The work, for whoever wants to wait for its end.
        """
        self._may_go_on.set()
        if self._work is None or self._work.done():
            self._problem, self._alike = "", []
            self._work = self._launch(self._run())
        return self._work

    def pause(self) -> None:
        """Take no further case; the one in work is finished."""
        if self.running:
            self._may_go_on.clear()
            self.changed()

    def resume(self) -> None:
        """Take further cases again."""
        self.start()
        self.changed()

    def stop(self) -> None:
        """Give up the case in work, which waits again, and take no further one until `start`."""
        if self._work is not None:
            self._work.cancel()

    def retry(self) -> None:
        """Take the cases that failed once more, except those that could not be listed."""
        for case in self._known.of_stage(Stage.FAILED):
            if not case.entry.problem:
                self._known.put_back(case.name)
        self.resume()

    async def _run(self) -> None:
        try:
            await self._take_over()
            if self._known.of_stage(Stage.WAITING):
                await asyncio.to_thread(_check_model, self._how.model)
            while (case := await self._next()) is not None:
                await self._assess(case)
            if not self._problem:
                self._state = QueueState.DONE
        except asyncio.CancelledError:
            self._state = QueueState.STOPPED
            raise
        except ModelError as error:
            self._stop_with(str(error))
        except Exception as error:
            log.exception("The assessment of the worklist failed")
            self._stop_with(f"A fault of ContourQA itself ({type(error).__name__}); please report it.")
        finally:
            self._now = self._step = ""
            self._work = None  # whoever says go on before the process has come to rest is heard
            self._may_go_on.set()
            self.changed()
            await self._tasks.rest()

    async def _take_over(self) -> None:
        """What the store knows needs no assessment."""
        waiting = self._known.of_stage(Stage.WAITING)
        found = await asyncio.to_thread(lambda: [self._store.known(case.entry) for case in waiting])
        for case, assessment in zip(waiting, found, strict=True):
            if assessment is not None and self._known.case(case.name).stage is Stage.WAITING:
                self._known.keep(case.name, assessment)
        self.changed()

    async def _next(self) -> KnownCase | None:
        """The next case that waits, once the queue may go on; None where none does or it shall stop."""
        while True:
            if self._problem or not self._known.of_stage(Stage.WAITING):
                return None
            if not self._may_go_on.is_set():
                await self._may_go_on.wait()
            elif self._how.first():
                self._set_state(QueueState.YIELDING)
                await asyncio.sleep(LOOK_S)
            else:
                self._set_state(QueueState.RUNNING)
                return self._known.of_stage(Stage.WAITING)[0]

    async def _assess(self, case: KnownCase) -> None:
        """Assess a case; whatever is wrong with it is its reason and not the queue's end."""
        name, started = case.name, time.monotonic()
        self._known.begin(name)
        self._doing(name, READING)
        try:
            await self._found(case)
            self._took_s.append(time.monotonic() - started)
            self._alike = []
        except asyncio.CancelledError:
            self._known.put_back(name)
            raise
        except ContourQAError as error:
            self._known.fail(name, str(error))
            self._count(str(error) if isinstance(error, WorkerError) else "")
        except Exception as error:
            log.exception("A case of the worklist could not be assessed")
            self._known.fail(name, f"A fault of ContourQA itself ({type(error).__name__}): {error}")
        self._doing("", "")

    async def _found(self, case: KnownCase) -> None:
        """Read a case, ask, and keep the answer; nothing of its files stays in memory."""
        entry, files = case.entry, self._how.files_of(case.entry)
        model = self._how.models.get(case.name, self._how.model)
        levels, second = self._known.levels, self._how.second
        request, missing = await asyncio.to_thread(
            lambda: case_request(files, files.image(), files.contours(), model, levels, second)
        )
        for sentence in missing:
            self.told(f"{case.name}: {sentence}")
        self._doing(case.name, SENDING)
        found = await self._tasks.ask(request, self._on_step)
        if self._known.case(case.name).stage is Stage.ASSESSING:  # else it was opened, and is known since
            self._known.keep(case.name, found)
            try:
                await asyncio.to_thread(self._store.keep, entry, found, files.states())
            except OutputError as error:
                self._tell_unkept(error)

    def _tell_unkept(self, error: OutputError) -> None:
        if not self._unkept:
            self._unkept = True
            self.told(f"{error} Assessments are not kept after the workstation ends.")

    def _count(self, sentence: str) -> None:
        """Stop where case after case fails with one sentence; who goes on nevertheless has heard it."""
        if sentence in self._excused:
            return
        if not sentence or (self._alike and self._alike[-1] != sentence):
            self._alike = []
        if sentence:
            self._alike.append(sentence)
        if len(self._alike) == ALIKE:
            self._excused.add(sentence)
            self._stop_with(f"{ALIKE} cases in a row could not be assessed: {sentence}")

    def _stop_with(self, problem: str) -> None:
        self._problem, self._state = problem, QueueState.STOPPED
        self.told(f"The worklist's assessment has stopped. {problem}")

    def _on_step(self, step: Progress) -> None:
        self._doing(self._now, f"{step.what}, {step.done + 1} of {step.total}")

    def _doing(self, now: str, step: str) -> None:
        self._now, self._step = now, step
        self.changed()

    def _set_state(self, state: QueueState) -> None:
        if state is not self._state:
            self._state = state
            self.changed()


def _check_model(model: str | None) -> None:
    """See that the chosen model can be loaded, before every case would say that it cannot.

    Raises:
        ModelError: there is no such model, or its files are damaged.
    """
    if model is None:
        return
    from ContourQALib.quality.card import verify_files
    from ContourQALib.quality.model import find_model

    found = find_model(model)
    verify_files(found.folder, found.card)
