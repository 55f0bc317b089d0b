"""StrokeEditing: contours of the open case are painted, erased, undone and taken back to their file."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from undo_stack import Signal, SignalContainer, UndoStack

from ContourQALib.case import Contour
from ContourQALib.metrics.domain import cropped
from ContourQALib.mrml.segment_patches import read_patch, write_patch
from ContourQALib.workstation.decisions.contour_hash import hash_contour
from ContourQALib.workstation.editing.brush import LARGEST_MM, SMALLEST_MM, Brush
from ContourQALib.workstation.editing.brush_pipeline import BrushTool
from ContourQALib.workstation.editing.stroke import Stroke, box_around, patch_of
from ContourQALib.workstation.open_case import OpenCase

if TYPE_CHECKING:
    from ContourQALib.workstation.session import Session

REST_S = 0.5
"""A hand that has not moved for this long has come to rest: the contour is assessed again."""

MAXIMUM_UNDO = 200
"""Strokes; a stroke takes some ten kB."""

SAME_SLICE_MM = 0.01


class Tool(StrEnum):
    """What the left button does in the slice views."""

    NONE = ""
    PAINT = "paint"
    ERASE = "erase"


CURSOR_COLORS = {Tool.NONE: (1.0, 1.0, 1.0), Tool.PAINT: (0.55, 0.9, 0.6), Tool.ERASE: (0.95, 0.55, 0.5)}


class StrokeEditing(SignalContainer):
    """Edits the selected structure, and no other.

    A stroke changes voxels while the hand moves. When it has rested, the session hears that the structure was
    edited, and it is assessed again.

    Args:
        session: what the pages share.
    """

    changed = Signal()
    """Another tool or brush, or something else can be undone, saved or taken back now."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.tool = Tool.NONE
        self.brush = Brush()
        self._tool = BrushTool(session.scene, self)
        self._stack = UndoStack(undo_limit=MAXIMUM_UNDO)
        self._stroke: Stroke | None = None
        self._of_file: dict[str, Contour] = {}
        self._saved: dict[tuple[str, str], str] = {}
        self._resting: dict[str, asyncio.TimerHandle] = {}
        self._hashes: dict[str, tuple[int, str]] = {}
        session.case_closing.connect(self._on_closing)
        session.page_changed.connect(self._on_page)

    def use(self, tool: Tool) -> None:
        """Take a tool into the hand; none where no structure is selected."""
        self.release()
        self.tool = tool if self._session.case is not None and self._session.structure else Tool.NONE
        self._show()

    def set_brush(self, *, diameter_mm: float | None = None, ball: bool | None = None) -> None:
        """Change the brush; a diameter beyond what is sensible becomes the nearest sensible one."""
        size = self.brush.diameter_mm if diameter_mm is None else diameter_mm
        size = min(max(size, SMALLEST_MM), LARGEST_MM)
        self.brush = replace(self.brush, diameter_mm=size, ball=self.brush.ball if ball is None else ball)
        self._show()

    def resize(self, factor: float) -> None:
        """Make the brush larger or smaller."""
        self.set_brush(diameter_mm=self.brush.diameter_mm * factor)

    def press(self, point: np.ndarray, normal: np.ndarray) -> None:
        """Begin a stroke of the tool on the selected structure.

        Args:
            point: LPS mm.
            normal: unit vector across the slice, LPS.
        """
        self.release()
        case = self._session.case
        if case is None or not self._session.structure or self.tool is Tool.NONE:
            return
        structure = self._session.structure
        self._of_file.setdefault(structure, case.contour(structure))
        self._stroke = Stroke(structure, self.tool is Tool.PAINT, point)
        self.move(point, normal)

    def move(self, point: np.ndarray, normal: np.ndarray) -> None:
        """Go on with the stroke to a point."""
        stroke, case = self._stroke, self._session.case
        if stroke is None or case is None:
            return
        start = stroke.last if abs(float(normal @ (point - stroke.last))) < SAME_SLICE_MM else point
        stroke.last = point
        touched = self.brush.touched(case.image.grid, start, point, normal)
        if touched is None:
            return
        id_ = case.segment_ids[stroke.structure]
        before = read_patch(case.contours, id_, touched.first, touched.mask.shape)
        after = before | touched.mask if stroke.adds else before & ~touched.mask
        if (after != before).any():
            stroke.add(touched.first, before)
            self._write(stroke.structure, touched.first, after)

    def release(self) -> None:
        """End the stroke; it is one step to undo."""
        stroke, case = self._stroke, self._session.case
        self._stroke = None
        if stroke is None or case is None:
            return
        id_ = case.segment_ids[stroke.structure]
        command = stroke.command(
            lambda first, shape: read_patch(case.contours, id_, first, shape), self._redraw
        )
        if command is not None:
            self._stack.push(command)
            self._rest_later(stroke.structure)
            self.changed()

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return self._stack.can_undo()

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return self._stack.can_redo()

    def undo(self) -> None:
        """Undo the last step, of whatever structure it was."""
        self.release()
        self._stack.undo()
        self.changed()

    def redo(self) -> None:
        """Do again what was undone last."""
        self.release()
        self._stack.redo()
        self.changed()

    def back_to_file(self, structure: str) -> None:
        """Make a structure again what its file holds; that is a step to undo."""
        original = self._of_file.get(structure)
        if original is not None:
            self.become(structure, original)

    def become(self, structure: str, contour: Contour) -> None:
        """Make a structure another contour, such as one that was saved earlier; that is a step to undo.

        Args:
            structure: of the open case.
            contour: on the lattice of the case's image.
        """
        self.release()
        case = self._session.case
        if case is None:
            return
        contour, now = cropped(contour), case.contour(structure)
        self._of_file.setdefault(structure, now)
        first, shape = box_around(case.image.grid, contour, now)
        stroke = Stroke(structure, True, np.zeros(3))
        stroke.add(first, read_patch(case.contours, case.segment_ids[structure], first, shape))
        self._write(structure, first, patch_of(contour, case.image.grid, first, shape))
        self._stroke = stroke
        self.release()

    @property
    def unsaved(self) -> tuple[str, ...]:
        """Structures whose contour lies in no file, in the case's order; `settle` before it is relied on."""
        case = self._session.case
        return tuple(name for name in case.structures if self._is_unsaved(case, name)) if case else ()

    def mark_saved(self, structure: str, sha256: str, name: str) -> None:
        """Remember that a contour with this hash lies in a file of this name."""
        self._saved[structure, sha256] = name
        self.changed()

    def saved_as(self, structure: str, sha256: str) -> str:
        """The name of the file that an edited contour with this hash was saved in; "" for none."""
        return self._saved.get((structure, sha256), "")

    def hash_of(self, structure: str) -> str:
        """`hash_contour` of a structure of the open case as it is now; made anew only after a change."""
        case = self._session.case
        if case is None:
            return ""
        changes, sha256 = self._hashes.get(structure, (-1, ""))
        if changes != case.changes[structure]:
            changes, sha256 = case.changes[structure], hash_contour(case.contour(structure))
            self._hashes[structure] = changes, sha256
        return sha256

    def settle(self) -> None:
        """End a stroke under way, and do now what waits for the hand to rest."""
        self.release()
        for structure in tuple(self._resting):
            self._resting.pop(structure).cancel()
            self._rest(structure)

    def stop(self) -> None:
        """End a stroke under way, and find out what was edited; the event loop may have ended."""
        self.release()
        for structure in tuple(self._resting):
            self._resting.pop(structure).cancel()
            self._note(structure)

    def _write(self, structure: str, first: tuple[int, int, int], patch: np.ndarray) -> None:
        case = self._session.case
        if case is None:
            return
        write_patch(case.contours, case.segment_ids[structure], first, patch)
        case.changes[structure] += 1

    def _redraw(self, structure: str, first: tuple[int, int, int], patch: np.ndarray) -> None:
        """Change voxels by undo or redo: the structure is brought in sight, and rests after that."""
        if structure != self._session.structure:
            self._session.select_structure(structure)
        self._write(structure, first, patch)
        self._rest_later(structure)

    def _rest_later(self, structure: str) -> None:
        waiting = self._resting.pop(structure, None)
        if waiting is not None:
            waiting.cancel()
        self._resting[structure] = asyncio.get_event_loop().call_later(REST_S, self._on_rest, structure)

    def _on_rest(self, structure: str) -> None:
        if self._stroke is not None and self._stroke.structure == structure:
            self._rest_later(structure)  # the next stroke has begun; it may change nothing
            return
        self._resting.pop(structure, None)
        self._rest(structure)

    def close(self) -> None:
        """Take the brush out of the views for good."""
        self._tool.close()

    def _note(self, structure: str) -> None:
        """Note whether a contour is still what its file holds."""
        case = self._session.case
        if case is None:
            return
        if self.hash_of(structure) == hash_contour(self._of_file[structure]):
            case.edited.discard(structure)
        else:
            case.edited.add(structure)

    def _rest(self, structure: str) -> None:
        self._note(structure)
        with self._session.state:
            self._session.edited(structure)
            self.changed()
        self._session.assess((structure,))

    def _is_unsaved(self, case: OpenCase, structure: str) -> bool:
        if structure not in case.edited:
            return False
        return not self.saved_as(structure, self.hash_of(structure))

    def _show(self) -> None:
        self._tool.show(self.tool is not Tool.NONE, self.brush.diameter_mm, CURSOR_COLORS[self.tool])
        self.changed()

    def _on_page(self, page: str) -> None:
        if page != "review":
            self.use(Tool.NONE)

    def _on_closing(self, _case: OpenCase) -> None:
        for waiting in self._resting.values():
            waiting.cancel()
        self._resting.clear()
        self._stroke = None
        self._stack.clear()
        self._of_file.clear()
        self._hashes.clear()
        self._saved.clear()
        self.tool = Tool.NONE
        self._show()
