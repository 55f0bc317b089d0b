"""ReadAhead: the case that comes next is read while the reader looks at the open one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.process_memory import has_room

if TYPE_CHECKING:
    from ContourQALib.workstation.session import Session

REST_S = 4.0
"""How long after an assessment or a change of the worklist: surfaces and pictures come first."""


class ReadAhead:
    """Reads image and contours of the next case in a thread, and holds them until the case is opened.

    The next is the one that the "next case" key opens. One case is held at most, and none where the server
    would take more memory than it may (see `has_room`). Nothing is read while the reader waits for something:
    an assessment, a comparison, another case. What is wrong with a case is told when it is opened.

    Args:
        session: what the pages share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: CaseFiles | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._refused: CaseEntry | None = None  # too large to be held beside the open case
        self._closed = False
        session.case_opened.connect(self._on_opened)
        for signal in (session.assessing, session.assessed, session.worklist_changed, session.page_changed):
            signal.connect(self._soon)

    @property
    def held(self) -> CaseFiles | None:
        """The files of the case ahead, read or being read; None where none is."""
        return self._held

    async def take(self, entry: CaseEntry) -> CaseFiles:
        """The files of a case that is to be opened: those read ahead, unless one was changed meanwhile.

        Of a case that is still being read what is there already counts, and nothing is read twice. Nothing is
        held afterwards, whichever case it was.
        """
        held, self._held = self._held, None
        if held is not None and held.entry is entry and not await asyncio.to_thread(held.changed):
            return held
        return self._session.files_of(entry)

    def close(self) -> None:
        """Let go of what is held, and read nothing any more."""
        self._closed, self._held = True, None
        if self._waiting is not None:
            self._waiting.cancel()

    def _on_opened(self, *_: Any) -> None:
        self._refused = None
        self._soon()

    def _soon(self, *_: Any) -> None:
        if self._waiting is None and not self._closed:
            with suppress(RuntimeError):  # without an event loop nobody opens a case
                self._waiting = asyncio.get_running_loop().call_later(REST_S, self._look)

    def _look(self) -> None:
        """Hold the case that comes next, and no other one."""
        self._waiting = None
        entry = self._next()
        if self._held is not None and self._held.entry is not entry:
            self._held = None
        if entry is None or entry is self._refused:
            return
        if self._is_busy():
            self._soon()
        elif self._held is None:
            self._held = self._session.files_of(entry)
            self._session.start(self._read(self._held))
        else:
            self._session.start(self._keep_room(self._held))

    async def _read(self, files: CaseFiles) -> None:
        case = self._session.case
        size = 0 if case is None else case.image.values.nbytes  # cases of one list are much alike
        is_room = await asyncio.to_thread(has_room, size / 2**20)
        if not is_room and files is self._held:
            self._held = None
        for read in (files.image, files.contours):
            if files is not self._held:
                break
            try:
                await asyncio.to_thread(read)
            except Exception:  # whatever it is, who opens the case meets it again
                break
        self._soon()

    async def _keep_room(self, files: CaseFiles) -> None:
        """Let go of a case that takes too much."""
        if not await asyncio.to_thread(has_room) and files is self._held:
            self._held, self._refused = None, files.entry

    def _next(self) -> CaseEntry | None:
        """The case after the open one, in the order in which they are opened; None where there is none."""
        session = self._session
        order = session.cases_to_open()
        name = session.case.entry.name if session.case is not None else ""
        if name not in order[:-1]:
            return None
        following = order[order.index(name) + 1]
        return next(entry for entry in session.cases if entry.name == following)

    def _is_busy(self) -> bool:
        """Whether the reader waits for something."""
        session, case = self._session, self._session.case
        awaited = case is not None and any(map(case.is_awaited, case.awaited))
        return awaited or session.tasks.busy or bool(session.state.shell_busy)
