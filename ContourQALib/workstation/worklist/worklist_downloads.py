"""WorklistDownloads: makes the worklist's files off the event loop and offers them to the browser."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ContourQALib.errors import ContourQAError
from ContourQALib.workstation.decisions.decision_export import decisions_file
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.worklist import worklist_bar as bar
from ContourQALib.workstation.worklist import worklist_files as files

DECISIONS_NAME = "decisions.csv"

HIDDEN = (
    "This file shows the model's scores: decide on every assessed contour first, or switch my call first off."
)
NOTHING = "No case has been assessed yet; wait for the first."


class WorklistDownloads:
    """Answers the page's menu of files.

    Args:
        session: what the pages share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        for name, action in (
            (bar.REPORT, self.report),
            (bar.TABLE, self.table),
            (bar.DECISIONS, self.decisions),
        ):
            session.controller.trigger(name)(action)

    async def report(self) -> str:
        """The worklist's page; the address, or "" and a sentence in the message line."""
        worklist, settings = self._session.known_cases.worklist, self._session.settings
        return await self._scored(files.REPORT_NAME, lambda: files.report_file(worklist, settings))

    async def table(self) -> str:
        """The worklist's table; otherwise as `report`."""
        worklist = self._session.known_cases.worklist
        return await self._scored(files.TABLE_NAME, lambda: files.table_file(worklist))

    async def decisions(self) -> str:
        """Every decision; otherwise as `report`."""
        log = self._session.decisions
        return await self._offer(DECISIONS_NAME, lambda: decisions_file(log.all()))

    async def _scored(self, name: str, make: Callable[[], bytes]) -> str:
        """A file with scores: there is none while one of them is hidden from the reader."""
        worklist = self._session.known_cases.worklist
        if not worklist.cases:
            self._session.tell(NOTHING, "warning")
            return ""
        if any(map(self._session.call_first.hides_entry, worklist.entries)):
            self._session.tell(HIDDEN, "warning")
            return ""
        return await self._offer(name, make)

    async def _offer(self, name: str, make: Callable[[], bytes]) -> str:
        try:
            content = await asyncio.to_thread(make)
            return self._session.downloads.offer(name, content)
        except ContourQAError as error:
            self._session.tell(str(error), "error")
            return ""
