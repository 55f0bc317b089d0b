"""Workstation: session, pages and shell put together, and served."""

from __future__ import annotations

import asyncio
from typing import Any

from trame.app import get_server

from ContourQALib.errors import OutputError
from ContourQALib.formats.output import output_folder
from ContourQALib.workstation.cases.assessment_store import AssessmentStore
from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.cases.case_list import CaseList, list_cases
from ContourQALib.workstation.cohort.cohort_page import CohortPage
from ContourQALib.workstation.compare.compare_page import ComparePage
from ContourQALib.workstation.decisions.decision_log import DecisionLog
from ContourQALib.workstation.review.review_page import ReviewPage
from ContourQALib.workstation.serving.access_gate import AccessGate
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders
from ContourQALib.workstation.serving.downloads import Downloads
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.settings import Settings
from ContourQALib.workstation.shell import Page, Shell
from ContourQALib.workstation.teach.teach_page import TeachPage
from ContourQALib.workstation.thresholds.threshold_page import ThresholdPage
from ContourQALib.workstation.worklist.worklist_page import WorklistPage

PAGES: tuple[type[Page], ...] = (WorklistPage, ReviewPage, ComparePage, ThresholdPage, CohortPage, TeachPage)

DECISIONS_FILE = "decisions.sqlite"
"""In the results folder."""


class Workstation:
    """One viewer's workstation.

    Args:
        settings: what the command line said.
        server: a trame server; one of its own by default.
        listed: the cases of the source where they were found before, which takes seconds for DICOM.

    Raises:
        FormatError: source is neither a manifest nor a folder of cases.
        AccessError: a path lies outside the folders that may be read.
        DecisionError: the file of decisions is damaged.
    """

    def __init__(self, settings: Settings, server: Any = None, listed: CaseList | None = None) -> None:
        self.settings = settings
        self.server = server or get_server(f"contourqa-{id(self)}", client_type="vue3")
        self.gate = AccessGate(settings.token, settings.host)
        self.gate.install(self.server)
        cases, notes = self._cases(listed)
        store = self._store(notes)
        decisions = DecisionLog(settings.results / DECISIONS_FILE)
        if decisions.read_only:
            notes.append(
                f"Decisions cannot be kept: {settings.results} can only be read; choose another --results."
            )
        downloads = Downloads(settings.results)
        downloads.install(self.server)
        self.session = Session(settings, self.server, cases, store, decisions, downloads)
        self.pages = {kind.name: kind(self.session) for kind in PAGES}
        self.shell = Shell(self.session, tuple(self.pages.values()))
        self.layout = self.shell.build()
        if notes:
            self.session.tell(" ".join(notes), "warning")
        self.server.controller.on_server_ready.add(self._on_ready)
        self.server.controller.on_exception.add(self._on_exception)

    def close(self) -> None:
        """End the computing processes and let go of files."""
        self.session.close()

    def _on_exception(self, error: Any = None) -> None:
        """What a click or a key has led to is told; that a browser left is no error."""
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self.session.tell_error(error)

    def _on_ready(self, **_: Any) -> None:
        asyncio.get_running_loop().call_soon(lambda: self.session.start(self._check_decisions()))
        if len(self.session.cases) == 1 and not self.session.cases[0].problem:
            asyncio.get_running_loop().call_soon(
                lambda: self.session.start(self.session.open_case(self.session.cases[0].name))
            )

    async def _check_decisions(self) -> None:
        """Say so where the file of decisions was changed by something else than this program."""
        if found := await asyncio.to_thread(self.session.decisions.verify):
            self.session.tell(found, "error")

    def _cases(self, listed: CaseList | None) -> tuple[tuple[CaseEntry, ...], list[str]]:
        """The cases, and what the reader must know of how they were found."""
        source = self.settings.source
        if source is None:
            return (), []
        listed = listed or list_cases(source, AllowedFolders(self.settings.readable))
        return listed.cases, [*listed.problems, *listed.notes]

    def _store(self, notes: list[str]) -> AssessmentStore:
        """Assessments on disk, or, where nothing can be written, only as long as the server runs."""
        settings = self.settings
        how = settings.levels, settings.model, settings.naming, settings.models, settings.second
        try:
            return AssessmentStore(output_folder(settings.results), *how)
        except OutputError as error:
            notes.append(f"{error} Assessments are not kept.")
            return AssessmentStore.in_memory(*how, folder=settings.results)
