"""CaseChoices: what readers decided of the open case's contours."""

from __future__ import annotations

import asyncio

from undo_stack import Signal, SignalContainer

from ContourQALib.workstation.decisions.decision import Choice, Decision
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session


class CaseChoices(SignalContainer):
    """The latest choice for each structure of the open case; read in a thread, kept until the case closes.

    Args:
        session: what the pages share.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self._session = session
        self._choices: dict[str, Choice] = {}
        session.case_opened.connect(self._on_opened)
        session.decided.connect(self._on_decided)

    def of(self, structure: str) -> Choice | None:
        """The latest choice; None where nobody decided yet."""
        return self._choices.get(structure)

    @property
    def count(self) -> int:
        """Structures of the open case that somebody decided on."""
        case = self._session.case
        return sum(name in self._choices for name in case.structures) if case else 0

    def _on_opened(self, case: OpenCase) -> None:
        self._choices = {}
        self._session.start(self._read(case))

    def _on_decided(self, decision: Decision) -> None:
        case = self._session.case
        if case is not None and decision.case == case.entry.name:
            self._choices[decision.structure] = decision.choice
            self.changed()

    async def _read(self, case: OpenCase) -> None:
        made = await asyncio.to_thread(self._session.decisions.of_case, case.entry.name)
        if case is self._session.case:
            self._choices = {one.structure: one.choice for one in made} | self._choices
            with self._session.state:
                self.changed()
