"""KeptEdits: what a reader has drawn is saved beside the original, and never lost without a word."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from undo_stack import Signal, SignalContainer

from ContourQALib.case import Contour
from ContourQALib.errors import ContourQAError, OutputError
from ContourQALib.formats.output import output_folder
from ContourQALib.geometry import Grid
from ContourQALib.workstation.decisions.contour_hash import hash_contour
from ContourQALib.workstation.decisions.edited_contours import save_edited
from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.open_case import OpenCase

if TYPE_CHECKING:
    from ContourQALib.workstation.session import Session

FOLDER = "edited"
"""In the results folder: takes edited contours whose original lies where nothing can be written."""


class UnsavedEditsError(WorkstationError):
    """A case is not left before its edits are saved or discarded."""


@dataclass(frozen=True)
class Edit:
    """What is to be saved of one file.

    Attributes:
        original: the file.
        contours: the structures of it that were edited, as they are now.
        grid: the image's.
        elsewhere: folder to save in where nothing can be written beside the original.
        before: all contours of the file, as they were read.
    """

    original: Path
    contours: tuple[Contour, ...]
    grid: Grid
    elsewhere: Path
    before: tuple[Contour, ...]

    def save(self) -> Path:
        """Write the file; blocks.

        Raises:
            OutputError: neither the original's folder nor the results folder can be written.
        """
        try:
            return save_edited(self.original, self.contours, self.grid, before=self.before)
        except OutputError:
            folder = output_folder(self.elsewhere)
            return save_edited(self.original, self.contours, self.grid, before=self.before, folder=folder)


class KeptEdits(SignalContainer):
    """Saves edited contours, and keeps a case open whose edits lie in no file.

    Args:
        session: what the pages share.
    """

    changed = Signal()
    """There is something to save that was not, or the other way round, or another case waits for that."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.next_case = ""
        session.case_leaving.connect(self._on_leaving)
        session.case_closing.connect(self._on_case_closing)
        session.closing.connect(self._on_closing)

    async def save(self, structures: Sequence[str]) -> dict[str, str]:
        """Save structures of the open case beside their files; those that are saved already are not.

        Returns:
            By structure, the name of the file that it was saved in; below the results folder a path.

        Raises:
            ContourQAError: a file could not be written; what was saved before stays saved.
        """
        case = self._session.case
        if case is None:
            return {}
        self._session.strokes.settle()
        wanted = [name for name in self._session.strokes.unsaved if name in structures]
        return await self.save_contours(case, [case.contour(name) for name in wanted])

    async def save_contours(self, case: OpenCase, contours: Sequence[Contour]) -> dict[str, str]:
        """Save contours as they were at a moment; as `save` otherwise.

        The file takes along what was saved of other structures before: the newest file is the one that people
        take.

        Args:
            case: the open case.
            contours: of its structures, on its image's lattice.
        """
        wanted = {contour.name for contour in contours}
        before = case.edited - wanted - set(self._session.strokes.unsaved)
        along = [case.contour(name) for name in sorted(before)]
        names: dict[str, str] = {}
        for edit in await asyncio.to_thread(self._edits, case, contours, along):
            path = await asyncio.to_thread(edit.save)
            for contour in (one for one in edit.contours if one.name in wanted):
                names[contour.name] = self._name_of(edit, path)
                self._session.strokes.mark_saved(contour.name, hash_contour(contour), names[contour.name])
        with self._session.state:
            self.changed()
        return names

    async def save_and_go(self) -> None:
        """Save everything that is unsaved, say where, and open the case that waits for it."""
        names = await self.save(self._session.strokes.unsaved)
        if names:
            files = ", ".join(dict.fromkeys(names.values()))
            self._session.tell(f"Saved the edits of {', '.join(names)} as {files}.", "success")
        await self._go()

    async def discard_and_go(self) -> None:
        """Take everything that is unsaved back to its file, and open the case that waits for it."""
        for structure in self._session.strokes.unsaved:
            self._session.strokes.back_to_file(structure)
        self._session.strokes.settle()
        await self._go()

    def stay(self) -> None:
        """Let no other case wait."""
        self.next_case = ""
        self.changed()

    async def _go(self) -> None:
        name, self.next_case = self.next_case, ""
        with self._session.state:
            self.changed()
        if name:
            await self._session.open_case(name)

    def _edits(
        self, case: OpenCase, contours: Sequence[Contour], along: Sequence[Contour] = ()
    ) -> list[Edit]:
        """By file, what is to be saved, and `along` where it is of such a file; reads files not read yet."""
        paths = {contour.name: contour.path for contour in case.files.contours()}
        elsewhere = self._session.settings.results / FOLDER / _as_folder(case.entry.name)
        edits = []
        for path in dict.fromkeys(paths[contour.name] for contour in contours):
            if path is None:
                raise WorkstationError(f"The contours of {case.entry.name} come from no file; export them.")
            ours = tuple(contour for contour in (*contours, *along) if paths[contour.name] == path)
            edits.append(Edit(path, ours, case.image.grid, elsewhere, case.files.drawn_in(path)))
        return edits

    def _name_of(self, edit: Edit, path: Path) -> str:
        if path.parent == edit.original.parent:
            return path.name
        return path.relative_to(self._session.settings.results).as_posix()

    def _on_leaving(self, name: str) -> None:
        self._session.strokes.settle()
        unsaved = self._session.strokes.unsaved
        if not unsaved:
            return
        self.next_case = name
        self._session.show_page("review")
        with self._session.state:
            self.changed()
        raise UnsavedEditsError(f"Unsaved edits of {', '.join(unsaved)}: save or discard them first.")

    def _on_case_closing(self, _case: OpenCase) -> None:
        self.next_case = ""
        self.changed()

    def _on_closing(self) -> None:
        """The server stops: nobody can be asked any more, so that what was drawn is saved."""
        case = self._session.case
        self._session.strokes.stop()
        unsaved = self._session.strokes.unsaved
        if case is None or not unsaved:
            return
        for edit in self._edits(case, [case.contour(name) for name in unsaved]):
            structures = ", ".join(contour.name for contour in edit.contours)
            try:
                sys.stdout.write(f"Unsaved edits of {structures} were saved as {edit.save()}.\n")
            except ContourQAError as error:
                sys.stderr.write(f"The edits of {structures} are lost: {error}\n")


def _as_folder(name: str) -> str:
    """A case's name as a folder's: letters, digits, dots, hyphens and underscores."""
    return re.sub(r"[^\w.-]", "_", name).lstrip(".") or "case"
