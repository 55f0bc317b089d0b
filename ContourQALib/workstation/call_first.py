"""CallFirst: the reader decides before the model's score is shown, so that it cannot lead the decision."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from undo_stack import Signal, SignalContainer

from ContourQALib.quality.worklist import WorklistEntry
from ContourQALib.workstation.open_case import OpenCase

if TYPE_CHECKING:
    from ContourQALib.workstation.session import Session


class CallFirst(SignalContainer):
    """Says of which contours nothing of the model's opinion may be shown yet.

    A contour's score is hidden until the present reader has decided on it. Switched off while a case is open,
    the mode goes on in that case: what has not been decided there stays hidden until it is, or until the case
    is left. Switched on, it hides the scores of what has been on screen before too, but a call on those no
    longer counts as blind.

    Args:
        session: what the pages share.
    """

    changed = Signal()
    """Something is hidden that was not, or the other way round."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._enabled = session.settings.call_first
        self._held: OpenCase | None = None
        self._shown: set[str] | None = set() if self._enabled else None
        self._readers = {session.reader}  # whoever has sat at this screen
        self._looking: asyncio.Task[None] | None = None
        session.known_decisions.changed.connect(self._on_decided)
        session.case_closing.connect(self._on_closing)
        session.state.change("shell_reader")(self._on_reader)

    @property
    def enabled(self) -> bool:
        """Whether the mode is on for the cases that are opened from now on."""
        return self._enabled

    def switch(self, on: bool) -> None:
        """Switch the mode on or off.

        Call it on the event loop: which scores were on screen before is looked up in a thread, and no call
        counts as blind until that is known.
        """
        if on == self._enabled:
            return
        self._enabled = on
        self._held = None if on else self._session.case
        if on:
            self._shown = None
            self._looking = self._session.start(self._look())
        self.changed()

    def hides(self, case: str, structure: str) -> bool:
        """Whether nothing of the model's opinion of a contour may be shown now."""
        held = self._held is not None and self._held.entry.name == case
        known, reader = self._session.known_decisions, self._session.reader
        return (self._enabled or held) and not known.has_decided(reader, case, structure)

    def hides_entry(self, entry: WorklistEntry) -> bool:
        """The same of a line of a worklist; a case that failed has nothing to hide."""
        return entry.structure is not None and self.hides(entry.case.case, entry.structure.structure)

    def is_blind(self, case: str, structure: str) -> bool:
        """Whether a decision made now is made before the score was ever on this screen."""
        if self._shown is None or case in self._shown or not self.hides(case, structure):
            return False
        return not any(
            self._session.known_decisions.has_decided(reader, case, structure) for reader in self._readers
        )

    async def _look(self) -> None:
        """Which cases' scores could be seen until now: every one that is known."""
        cases, store = self._session.cases, self._session.store
        known = await asyncio.to_thread(
            lambda: {case.name for case in cases if not case.problem and store.known(case) is not None}
        )
        if self._session.case is not None and self._session.case.assessment is not None:
            known.add(self._session.case.entry.name)
        self._shown = known

    def _on_decided(self) -> None:
        if self._enabled or self._held is not None:
            self.changed()

    def _on_closing(self, _case: OpenCase) -> None:
        if self._held is not None:
            self._held = None
            self.changed()

    def _on_reader(self, **_: object) -> None:
        self._readers.add(self._session.reader)
        self._on_decided()
