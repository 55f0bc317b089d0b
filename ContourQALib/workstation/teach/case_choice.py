"""CaseChoice: what is taught with, the phantom of a seed or the reference of the open case."""

from __future__ import annotations

import asyncio
from typing import Any

from trame_server.utils.typed_state import TypedState
from undo_stack import Signal, SignalContainer

from ContourQALib.workstation.latest_only import LatestOnly
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.teach.quiz_game import seed_of
from ContourQALib.workstation.teach.teach_state import PHANTOM, REFERENCE, TeachState
from ContourQALib.workstation.teach.teaching_case import TeachingCase, phantom_case, reference_case

PHANTOM_ITEM = {"title": "Phantom (no patient)", "value": PHANTOM}

Choice = tuple[str, int]
"""Source and seed."""


class CaseChoice(SignalContainer):
    """Makes the case that the page chooses; of several choices in a row the last one counts.

    Args:
        session: whose open case may be taught with.
        state: the choice.
    """

    taken = Signal(object, object)
    """A TeachingCase, with the node of its image where the open case has one; None while there is none."""

    def __init__(self, session: Session, state: TypedState[TeachState]) -> None:
        self._session = session
        self._state = state
        self._choice: Choice | None = None
        self._making: LatestOnly[Choice] = LatestOnly(self._make, session.start)
        self._offer(session.case)

    def load(self) -> None:
        """Make the case that is chosen, unless it is there or on its way."""
        data = self._state.data
        choice = data.source, seed_of(data.seed)
        if choice == self._choice:
            return
        self._choice = choice
        data.loading = True
        self.taken(None, None)
        self._making.ask(choice)

    def on_opened(self, case: OpenCase) -> None:
        """A case was opened: its reference can be taught with."""
        self._offer(case)

    def on_closing(self) -> None:
        """The open case goes: so does its reference."""
        self._offer(None)
        data = self._state.data
        if data.source == REFERENCE:
            data.source, self._choice = PHANTOM, None
            self.taken(None, None)

    def _offer(self, case: OpenCase | None) -> None:
        sources = [PHANTOM_ITEM]
        if case is not None and case.entry.reference:
            sources.append({"title": f"Reference of {case.entry.name}", "value": REFERENCE})
        self._state.data.sources = sources

    async def _make(self, choice: Choice) -> None:
        if choice != self._choice:
            return
        try:
            case, volume = await self._made(choice)
        except Exception:
            if choice == self._choice:
                with self._session.state:
                    self._choice = None
                    self._state.data.loading = False
                    self._state.data.source = PHANTOM
            raise
        if choice == self._choice:
            with self._session.state:
                self._state.data.loading = False
                self.taken(case, volume)

    async def _made(self, choice: Choice) -> tuple[TeachingCase, Any]:
        source, seed = choice
        case = self._session.case
        if source == PHANTOM or case is None:
            return await asyncio.to_thread(phantom_case, seed), None
        model = self._session.settings.model_of(case.entry.name)
        return await asyncio.to_thread(_of_reference, case, model), case.volume


def _of_reference(case: OpenCase, model: str | None) -> TeachingCase:
    return reference_case(case.entry.name, case.image, case.files.reference(), model)
