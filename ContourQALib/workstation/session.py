"""Session: what the pages share while one viewer's server lives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from trame_slicer.core import SlicerApp
from undo_stack import Signal, SignalContainer

from ContourQALib.errors import ContourQAError
from ContourQALib.mrml.scene_change import remove_node
from ContourQALib.mrml.views import center_of, slice_center
from ContourQALib.workstation.call_first import CallFirst
from ContourQALib.workstation.case_assessor import CaseAssessor
from ContourQALib.workstation.cases.assessment_store import AssessmentStore
from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.cases.known_cases import KnownCases
from ContourQALib.workstation.decisions.decision import Decision, storable
from ContourQALib.workstation.decisions.decision_log import DecisionLog
from ContourQALib.workstation.decisions.errors import DecisionError
from ContourQALib.workstation.decisions.known_decisions import KnownDecisions
from ContourQALib.workstation.editing.kept_edits import KeptEdits
from ContourQALib.workstation.editing.stroke_editing import StrokeEditing
from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.free_memory import FreeMemory, share_arenas
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.read_ahead import ReadAhead
from ContourQALib.workstation.read_case import ReadCase
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders
from ContourQALib.workstation.serving.downloads import Downloads
from ContourQALib.workstation.settings import Settings
from ContourQALib.workstation.tasks import Tasks
from ContourQALib.workstation.views.case_views import CaseViews

log = logging.getLogger(__name__)


class Session(SignalContainer):
    """The open case, the services that pages use, and the signals by which they hear of each other.

    Args:
        settings: what the command line said.
        server: the trame server.
        cases: the cases that can be opened, in the order of their folder or manifest.
        store: assessments kept on disk.
        decisions: what readers decided.
        downloads: files that the page may fetch.
    """

    case_opened = Signal(OpenCase)
    case_closing = Signal(OpenCase)
    case_leaving = Signal(str)
    """Another case, of this name, is to be opened; a slot that raises a ContourQAError keeps the open one."""

    closing = Signal()
    """The server stops; what shall outlive it is written down now."""

    assessed = Signal(OpenCase)
    """The open case was assessed, or one of its structures was assessed again."""

    assessing = Signal(OpenCase)
    """An assessment of the open case was asked for, or has failed; `OpenCase.is_awaited` tells of which."""

    structure_selected = Signal(str)
    edited = Signal(str)
    """A structure's contour was changed in the scene, and the hand has come to rest."""

    decided = Signal(Decision)
    page_changed = Signal(str)
    worklist_changed = Signal()
    """What is known of the cases changed: an assessment was finished, a decision made."""

    def __init__(
        self,
        settings: Settings,
        server: Any,
        cases: tuple[CaseEntry, ...],
        store: AssessmentStore,
        decisions: DecisionLog,
        downloads: Downloads,
    ) -> None:
        self.settings = settings
        self._readable = AllowedFolders(settings.readable)
        self.server = server
        self.state = server.state
        self.controller = server.controller
        self.cases = cases
        self.store = store
        self.decisions = decisions
        self.downloads = downloads
        share_arenas()
        self.slicer = SlicerApp()
        self.scene = self.slicer.scene
        self.views = CaseViews(self.slicer, server)
        self.tasks = Tasks()
        self.background = Tasks()
        self.case: OpenCase | None = None
        self.structure = ""
        self._running: set[asyncio.Task[Any]] = set()
        self._opening = 0
        self.state.shell_page = "worklist" if len(cases) != 1 else "review"
        self.state.shell_case = ""
        self.state.shell_structure = ""
        self.state.shell_reader = settings.reader
        self.state.shell_busy = ""
        self.state.shell_message = {"text": "", "kind": "info"}
        self.known_cases = KnownCases(cases, settings.levels)
        self.known_decisions = KnownDecisions()
        self.decided.connect(self.known_decisions.add)
        try:
            self.known_decisions.add(*decisions.all())
        except DecisionError as error:  # my call first hides more then, not less
            self.tell(str(error), "error")
        self._assessor = CaseAssessor(self)
        self.call_first = CallFirst(self)
        self.strokes = StrokeEditing(self)
        self.edits = KeptEdits(self)
        self.read_ahead = ReadAhead(self)
        self._free_memory = FreeMemory(self.case_opened, self.assessed, self.page_changed)

    @property
    def reader(self) -> str:
        """Who decides, as the page says it."""
        return str(self.state.shell_reader or "").strip()

    @property
    def page(self) -> str:
        """Name of the page that is shown."""
        return str(self.state.shell_page)

    def cases_by_risk(self) -> tuple[str, ...]:
        """Names of the cases in the worklist's order: by risk, or as listed while a score is hidden."""
        if any(map(self.call_first.hides_entry, self.known_cases.entries)):
            return tuple(entry.name for entry in self.cases)
        return self.known_cases.by_risk

    def cases_to_open(self) -> tuple[str, ...]:
        """Names of the cases that can be opened, in the worklist's order."""
        broken = {entry.name for entry in self.cases if entry.problem}
        return tuple(name for name in self.cases_by_risk() if name not in broken)

    def files_of(self, entry: CaseEntry) -> CaseFiles:
        """The files of a case, read from nowhere else than the folders that were given."""
        return CaseFiles(entry, self.settings.naming, self._readable)

    def tell(self, text: str, kind: str = "info") -> None:
        """Show a sentence in the message line.

        Args:
            text: the sentence; "" clears the line.
            kind: "info", "success", "warning" or "error".
        """
        with self.state:
            self.state.shell_message = {"text": storable(text), "kind": kind}

    def tell_error(self, error: Exception) -> None:
        """Show what went wrong: in the error's own words, or as a fault of ours."""
        if isinstance(error, ContourQAError):
            self.tell(str(error), "error")
            return
        self.tell(
            f"A fault of ContourQA itself ({type(error).__name__}): {error}; please report it.", "error"
        )

    def show_page(self, name: str) -> None:
        """Show a page."""
        with self.state:
            self.state.shell_page = name

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run work on the event loop; what goes wrong is told in the message line.

        Returns:
            The task; cancelling it is no error.
        """
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda _: work.close())  # nobody awaits it if it never began
        return task

    async def read_decisions(self) -> None:
        """Read what was decided anew: another viewer may have decided meanwhile.

        Raises:
            DecisionError: the file cannot be read.
        """
        made = await asyncio.to_thread(self.decisions.all)
        with self.state:
            self.known_decisions.add(*made)

    async def open_case(self, name: str) -> None:
        """Show a case and ask for its assessment; when it cannot be read, the open one stays.

        Of two that are opened shortly after each other the later one wins.

        Raises:
            WorkstationError: there is no such case, or it has a problem.
            ContourQAError: a file cannot be read, or image and contours do not fit.
        """
        entry = next((case for case in self.cases if case.name == name), None)
        if entry is None:
            raise WorkstationError(f"There is no case {name} in this worklist; choose one from the list.")
        if entry.problem:
            raise WorkstationError(f"Case {name} cannot be opened: {entry.problem}")
        if self.case is not None:
            self.case_leaving(name)
        self._opening += 1
        turn = self._opening
        self._busy(f"Reading {name}")
        try:
            files = await self.read_ahead.take(entry)
            read = await ReadCase.of(files)
        finally:
            if turn == self._opening:
                self._busy("")
        if turn != self._opening:
            return
        if self.case is not None:
            self.case_leaving(name)  # something may have been drawn while the files were read
        self.close_case()
        with self.state:
            self.case = read.into(self.scene, self.store.known(entry))
        self.views.show_volume(self.case.volume)
        with self.state:
            self.state.shell_case = name
            self.case_opened(self.case)
            self.select_structure(self.case.structures[0] if self.case.structures else "")
        if notes := files.notes():
            self.tell(" ".join(notes), "warning")
        self.start(self.read_decisions())
        self.assess()

    def close_case(self) -> None:
        """Take the open case out of the scene."""
        case, self.case = self.case, None
        if case is None:
            return
        self._assessor.cancel()
        with self.state:
            self.case_closing(case)
            self.structure = ""
            self.state.shell_case = ""
            self.state.shell_structure = ""
        self.views.show_volume(None)
        for node in (case.contours, case.volume):
            remove_node(self.scene, node)

    def assess(self, structures: tuple[str, ...] = ()) -> None:
        """Assess the open case's contours as they are in the scene, with their error maps.

        What was asked of the same structures before is cancelled. An answer of a contour that was changed
        meanwhile is dropped; whoever changed it asks again.

        Args:
            structures: only these, the others keep what is known of them; all where empty.
        """
        if self.case is not None:
            self._assessor.ask(self.case, structures or self.case.structures)

    def select_structure(self, name: str) -> None:
        """Choose the structure that every page speaks of, and bring it in sight."""
        case = self.case
        self.structure = name
        with self.state:
            self.state.shell_structure = name
            self.structure_selected(name)
        if case is not None and name:
            contour = case.contour(name)
            if contour.mask.any():
                self.views.jump_to_ras(center_of(contour))

    def show_slice(self, k: int) -> None:
        """Show slice K of the image, where the selected structure lies on it."""
        case = self.case
        if case is None:
            return
        contour = case.contour(self.structure) if self.structure else None
        if contour is not None and contour.mask.any():
            self.views.jump_to_ras(slice_center(contour, k, case.image.grid), center=False)
        else:
            self.views.set_slice_index(k)

    def close(self) -> None:
        """Let pages write down what shall stay, end the computing processes, let go of the files."""
        try:
            self.closing()
        finally:  # whatever a page fails at, no process stays behind
            self.strokes.close()
            self._free_memory.close()
            self.read_ahead.close()
            for task in tuple(self._running):
                task.cancel()
            self.tasks.close()
            self.background.close()
            self.store.close()
            self.decisions.close()

    async def _guarded(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await work
        except asyncio.CancelledError:
            raise
        except ContourQAError as error:
            self.tell_error(error)
        except Exception as error:
            log.exception("A task of the workstation failed")
            self.tell_error(error)
        return None

    def _busy(self, text: str) -> None:
        with self.state:
            self.state.shell_busy = text
