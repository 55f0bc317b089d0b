"""Deciding: a reader's decision on a contour is put together, written down for good, and never lost."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from undo_stack import Signal, SignalContainer

from ContourQALib.case import Contour
from ContourQALib.errors import StructureError
from ContourQALib.formats.contours import read_contours
from ContourQALib.workstation.decisions.contour_hash import hash_contour
from ContourQALib.workstation.decisions.decision import Choice, Decision, storable
from ContourQALib.workstation.decisions.edited_contours import is_edited_file
from ContourQALib.workstation.decisions.errors import DecisionError
from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.review.findings import Findings
from ContourQALib.workstation.session import Session


class NoReaderError(WorkstationError):
    """A decision says who made it."""


class NothingEditedError(WorkstationError):
    """An edited contour is kept, but nobody has edited it."""


class Deciding(SignalContainer):
    """Makes decisions on the open case's contours and knows those that were made.

    What is decided always lies in a file: an edited contour is saved beside its original first, whatever the
    choice. A decision that cannot be written down waits in `pending` until `try_again` succeeds.

    Args:
        session: what the pages share.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self._session = session
        self._findings = Findings(session)
        self._image_sha256: tuple[OpenCase, str] | None = None
        self.pending: tuple[Decision, ...] = ()
        self.problem = ""
        self.busy = False
        session.known_decisions.changed.connect(self.changed)
        session.case_closing.connect(self._on_closing)
        session.closing.connect(self._on_stop)

    def history(self, structure: str) -> tuple[Decision, ...]:
        """What was decided of a structure of the open case, the latest first."""
        case = self._session.case
        return self._session.known_decisions.history(case.entry.name, structure) if case else ()

    def next_undecided(self) -> str:
        """The riskiest other structure that is undecided or whose score is hidden; "" where there is none."""
        case = self._session.case
        if case is None:
            return ""
        hides = self._session.call_first.hides
        for finding in self._findings.ordered:
            name = finding.structure
            if name != self._session.structure and (not self.history(name) or hides(case.entry.name, name)):
                return name
        return ""

    async def decide(self, choice: Choice, note: str) -> Decision | None:
        """Decide on the selected structure as it is now.

        Args:
            choice: accept, edit or reject.
            note: what the reader has to say to it.

        Returns:
            The decision as it was written down; None where it waits in `pending`, or nothing is open.

        Raises:
            NoReaderError: nobody has said who decides.
            NothingEditedError: the choice is edit, and the contour is what its file holds.
            ContourQAError: the edited contour cannot be saved, or a file has changed since it was read.
        """
        session = self._session
        case, structure = session.case, session.structure
        if case is None or not structure or self.busy:
            return None
        if not session.reader:
            raise NoReaderError("Say who decides: type your name at the top right, then decide again.")
        session.strokes.settle()
        if choice is Choice.EDIT and structure not in case.edited:
            raise NothingEditedError(
                f"Nothing of {structure} was changed yet; paint or erase, then press Edit to keep it."
            )
        self._set_busy(True)
        try:
            decision = await self._decision(case, structure, choice, note.strip())
            if await self._write_waiting():
                return await self._write(decision)
            self.pending += (decision,)  # what was decided before stays before it
            return None
        finally:
            self._set_busy(False)

    async def try_again(self) -> None:
        """Write down what waits in `pending`, in its order, as far as that succeeds."""
        if self.busy:
            return
        self._set_busy(True)
        try:
            await self._write_waiting()
        finally:
            self._set_busy(False)

    async def load_edited(self, decision: Decision) -> None:
        """Show the edited contour that a decision names; that is an edit, and a step to undo.

        Raises:
            WorkstationError: the decision is none of this case, or names no file of ours.
            ContourQAError: the file is gone or does not hold the structure.
        """
        case = self._session.case
        if case is None or decision not in self.history(decision.structure):
            return
        contour = await asyncio.to_thread(self._edited_contour, case, decision)
        if case is self._session.case:
            self._session.strokes.become(contour.name, contour)
            strokes = self._session.strokes
            strokes.mark_saved(contour.name, strokes.hash_of(contour.name), decision.edited_file)

    async def _decision(self, case: OpenCase, structure: str, choice: Choice, note: str) -> Decision:
        contour, session = case.contour(structure), self._session
        found = None if case.is_outdated(structure) else case.found(structure)
        identity = case.assessment.identity_of(found) if case.assessment and found else None
        low, high = (found.dice_interval if found else None) or (None, None)
        blind = session.call_first.is_blind(case.entry.name, structure)
        reader, is_edited = session.reader, structure in case.edited
        sha256 = await asyncio.to_thread(hash_contour, contour)
        edited_file = ""
        if is_edited:
            edited_file = session.strokes.saved_as(structure, sha256)
            if not edited_file:
                edited_file = (await session.edits.save_contours(case, [contour]))[structure]
        return Decision(
            case=case.entry.name,
            structure=structure,
            choice=choice,
            reader=reader,
            note=note,
            contour_sha256=sha256,
            model=(identity.name or "") if identity else "",
            model_version=(identity.version or "") if identity else "",
            verdict=found.verdict.value if found else "",
            dice=found.dice if found else None,
            dice_low=low,
            dice_high=high,
            score_hidden=blind,
            edited_file=edited_file,
            image_sha256=await self._image_hash(case),
        )

    async def _image_hash(self, case: OpenCase) -> str:
        if self._image_sha256 is None or self._image_sha256[0] is not case:
            hashes = await asyncio.to_thread(case.files.hashes)
            self._image_sha256 = case, hashes.get(str(case.entry.image), "")
        return self._image_sha256[1]

    async def _write_waiting(self) -> bool:
        """Write down what waits in `pending`, in its order; whether nothing waits any more."""
        while self.pending:
            if await self._write(self.pending[0], again=True) is None:
                return False
            self.pending = self.pending[1:]  # not before: the server may stop meanwhile
        self.problem = ""
        return True

    async def _write(self, decision: Decision, *, again: bool = False) -> Decision | None:
        """Write a decision down; where that fails it waits in `pending`, if it does not do so already."""
        try:
            sealed = await asyncio.to_thread(self._session.decisions.append, decision)
        except DecisionError as error:
            self.problem = str(error)
            self.pending += () if again else (decision,)
            with self._session.state:
                self.changed()
            return None
        self._on_written(sealed)
        return sealed

    def _on_written(self, sealed: Decision) -> None:
        with self._session.state:
            self._session.decided(sealed)
            self._session.worklist_changed()
            self.changed()

    def _edited_contour(self, case: OpenCase, decision: Decision) -> Contour:
        originals = {one.path.parent for one in case.files.contours() if one.path is not None}
        folders = [*originals, self._session.settings.results]
        there = [
            folder / decision.edited_file for folder in folders if (folder / decision.edited_file).is_file()
        ]
        inside = [path for path in there if any(path.resolve().is_relative_to(f.resolve()) for f in folders)]
        if not inside or not is_edited_file(inside[0]):
            raise WorkstationError(
                f"The edited contour {Path(decision.edited_file).name} is not there any more; put it back."
            )
        contours = read_contours(inside[0])
        found = next((one for one in contours if storable(one.name) == decision.structure), None)
        if found is None:
            raise StructureError(f"{inside[0]} holds no {decision.structure}; choose another decision.")
        return found.on(case.image.grid)

    def _set_busy(self, busy: bool) -> None:
        self.busy = busy
        with self._session.state:
            self.changed()

    def _on_closing(self, _case: OpenCase) -> None:
        self.changed()

    def _on_stop(self) -> None:
        """The server stops: what waits to be written down is tried once more."""
        for decision in self.pending:
            try:
                self._session.decisions.append(decision)
            except DecisionError as error:
                what = f"{decision.choice} {decision.structure} of {decision.case} by {decision.reader}"
                sys.stderr.write(f"This decision is not saved: {what}. {error}\n")
