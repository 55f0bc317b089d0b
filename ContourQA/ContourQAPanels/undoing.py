"""UndoWatcher: after an undo the panels show what the nodes hold, not what they remember."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from slicer.util import VTKObservationMixin


class UndoWatcher(VTKObservationMixin):
    """Lets panels forget results whose nodes an undo or a redo has changed or removed.

    Args:
        scene: the MRML scene.
        panels: each has `resultNodes()` and `forgetResults()`.
        changed: called when any of them had to forget.
    """

    def __init__(self, scene: Any, panels: Sequence[Any], changed: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._panels, self._changed = panels, changed
        self._before: list[Any] = []
        for begins in (scene.StartUndoEvent, scene.StartRedoEvent):
            self.addObserver(scene, begins, self._onStart)
        for ends in (scene.EndUndoEvent, scene.EndRedoEvent):
            self.addObserver(scene, ends, self._onEnd)

    def close(self) -> None:
        """Watch no more."""
        self.removeObservers()
        self._panels = ()

    def _states(self) -> list[Any]:
        nodes = (panel.resultNodes() for panel in self._panels)
        return [[(node.GetID(), node.GetMTime()) for node in found] for found in nodes]

    def _onStart(self, caller: Any, event: str) -> None:
        self._before = self._states()

    def _onEnd(self, caller: Any, event: str) -> None:
        before, self._before = self._before, []
        other = [
            panel for panel, was, now in zip(self._panels, before, self._states(), strict=True) if was != now
        ]
        for panel in other:
            panel.forgetResults()
        if other:
            self._changed()
