"""CaseSurfaces: the open case's structures in the 3D view."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ContourQALib.case import Contour
from ContourQALib.mrml import segmentations, surfaces
from ContourQALib.mrml.scene_change import remove_node
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.views.arrangements import THREE_D

OTHERS_OPACITY = 0.22
"""Of the structures that are not selected: their place is seen, and what lies behind them."""

SLICES_FIRST_S = 0.2
"""The pictures of the slices, which a reader waits for, are on their way by then."""

PREDICTED_ON = "review"
"""The page whose 3D view shows where the selected structure is probably wrong."""


@dataclass(eq=False)
class _Shown:
    """A structure's surface: its node, None where there is nothing to show, and what it was made of.

    `change` is the number of the edit that it shows, `fine` says whether it has the detail of a selected one.
    """

    node: Any
    change: int
    fine: bool
    error: ErrorMap | None


class CaseSurfaces:
    """Makes surfaces one by one in a thread, the selected structure's first, and keeps them up to date.

    The selected structure is fine and opaque; the others are coarse and translucent. On the review page the
    selected one is colored by where it is probably wrong, unless the score is hidden. Elsewhere every one has
    its own color: beside a true difference a predicted one would be taken for it.

    Args:
        session: what the pages share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shown: dict[str, _Shown] = {}
        self._changes: dict[str, int] = {}
        self._case: OpenCase | None = None
        self._making: asyncio.Task[Any] | None = None
        session.case_opened.connect(self._on_opened)
        session.case_closing.connect(self._on_closing)
        session.structure_selected.connect(self._make)
        session.assessed.connect(self._make)
        session.edited.connect(self._on_edited)
        session.views.volume_changed.connect(self._restyle)
        session.call_first.changed.connect(self._make)
        session.page_changed.connect(self._restyle)

    @property
    def is_complete(self) -> bool:
        """Whether every structure has the surface of its present contour and of what is known of it."""
        return self._next() is None

    @property
    def is_busy(self) -> bool:
        """Whether surfaces are being made."""
        return self._making is not None and not self._making.done()

    def node(self, structure: str) -> Any:
        """The vtkMRMLModelNode of a structure; None where there is none yet, or nothing to show."""
        shown = self._shown.get(structure)
        return None if shown is None else shown.node

    def _on_opened(self, case: OpenCase) -> None:
        self._case = case
        self._make()

    def _on_closing(self, _case: OpenCase) -> None:
        self._case = None
        if self._making is not None:
            self._making.cancel()
            self._making = None
        for shown in self._shown.values():
            self._remove(shown.node)
        self._shown, self._changes = {}, {}
        self._say("")

    def _on_edited(self, structure: str) -> None:
        self._changes[structure] = self._changes.get(structure, 0) + 1
        self._make()

    def _make(self, *_: Any) -> None:
        """Make what is missing, in the background."""
        self._restyle()
        if self.is_busy or self._next() is None:
            return
        with suppress(RuntimeError):  # without an event loop nobody looks, and the next signal makes it
            asyncio.get_running_loop()
            self._making = self._session.start(self._make_all())

    async def _make_all(self) -> None:
        await asyncio.sleep(SLICES_FIRST_S)
        case = self._case
        while case is not None and case is self._case and (name := self._next()) is not None:
            count = len(case.structures)
            self._say(f"Surface {len(self._shown) + 1} of {count}" if len(self._shown) < count else "")
            await self._make_one(case, name)
        self._say("")

    async def _make_one(self, case: OpenCase, name: str) -> None:
        change, fine, error = self._changes.get(name, 0), self._is_selected(name), self._error(name)
        old = self._shown.get(name)
        if old is not None and (old.change, old.fine) == (change, fine):
            errors = None
            if old.node is not None and error is not None:
                errors = await asyncio.to_thread(surfaces.errors_at, old.node.GetPolyData(), error)
            if self._shown.get(name) is old:
                old.error = error
                if old.node is not None:
                    with self._session.views.in_three_d():
                        surfaces.set_errors(old.node.GetPolyData(), errors)
        else:
            contour = case.contour(name)
            most = surfaces.FINE_VOXELS if fine else surfaces.COARSE_VOXELS
            surface = await asyncio.to_thread(surfaces.surface_of, contour, error, most)
            if case is self._case:
                with self._session.views.in_three_d():
                    self._put(name, _Shown(self._noded(old, surface, contour), change, fine, error))
        self._restyle()

    def _put(self, name: str, shown: _Shown) -> None:
        self._shown[name] = shown
        self._session.views.refit(THREE_D)

    def _noded(self, old: _Shown | None, surface: Any, contour: Contour) -> Any:
        node = None if old is None else old.node
        if not surface.GetNumberOfPoints():
            self._remove(node)
            return None
        if node is None:
            color = self._color(contour.name)
            return surfaces.add_surface(self._session.scene, surface, f"{contour.name} surface", color)
        node.SetAndObservePolyData(surface)
        return node

    def _next(self) -> str | None:
        """The structure whose surface is to be made or colored next; None where none is."""
        case = self._case
        if case is None:
            return None
        order = sorted(case.structures, key=lambda name: not self._is_selected(name))
        return next((name for name in order if self._is_outdated(name)), None)

    def _is_outdated(self, name: str) -> bool:
        shown = self._shown.get(name)
        if shown is None or shown.change != self._changes.get(name, 0):
            return True
        return shown.fine is not self._is_selected(name) or shown.error is not self._error(name)

    def _is_selected(self, name: str) -> bool:
        return name == self._session.structure

    def _error(self, name: str) -> ErrorMap | None:
        """Where a structure is probably wrong, as far as the reader may know it."""
        case = self._case
        found = None if case is None else case.found(name)
        if case is None or found is None or self._session.call_first.hides(case.entry.name, name):
            return None
        return found.error

    def _restyle(self, *_: Any) -> None:
        case = self._case
        in_view = case is not None and self._session.views.volume is case.volume
        with self._session.views.in_three_d():
            for name, shown in self._shown.items():
                if shown.node is None:
                    continue
                selected = self._is_selected(name)
                opacity = (1.0 if selected else OTHERS_OPACITY) if in_view else 0.0
                predicted = self._session.page == PREDICTED_ON and self._error(name) is not None
                surfaces.show_surface(shown.node, opacity=opacity, errors=selected and predicted)

    def _color(self, structure: str) -> tuple[float, float, float]:
        assert self._case is not None
        every = segmentations.segments_of(self._case.contours)
        return next((one.color for one in every if one.name == structure), surfaces.SOUND_COLOR)

    def _remove(self, node: Any) -> None:
        remove_node(self._session.scene, node)

    def _say(self, text: str) -> None:
        with self._session.state as state:
            state.views_making = text
