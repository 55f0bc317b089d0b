"""UndoWatcher: after an undo the panels show what the nodes hold, not what they remember."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from slicer.util import VTKObservationMixin

if TYPE_CHECKING:
    from ContourQAPanels.session import Session

RESULTS = (
    "assessmentTable",
    "errorOverlay",
    "comparisonTable",
    "differenceOverlay",
    "sliceChart",
    "thresholdContour",
    "thresholdChart",
)
"""Nodes of the parameter node that a click may make."""


class UndoWatcher(VTKObservationMixin):
    """Lets panels forget results whose nodes an undo or a redo has changed or removed.

    The parameter node takes no part in undo: what was chosen stays. It loses its references to nodes that an
    undo removes, and gets them again when a redo brings the nodes back.

    Args:
        session: what the panels share.
        panels: each has `resultNodes()` and `forgetResults()`.
        changed: called when any of them had to forget.
    """

    def __init__(self, session: Session, panels: Sequence[Any], changed: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._session, self._panels, self._changed = session, panels, changed
        self._before: list[Any] = []
        self._ids: dict[str, str] = {}
        scene = session.scene
        for begins in (scene.StartUndoEvent, scene.StartRedoEvent):
            self.addObserver(scene, begins, self._onStart)
        for ends in (scene.EndUndoEvent, scene.EndRedoEvent):
            self.addObserver(scene, ends, self._onEnd)

    def sceneClosing(self) -> None:
        """IDs of this scene mean nothing in the next one."""
        self._ids.clear()

    def close(self) -> None:
        """Watch no more."""
        self.removeObservers()
        self._panels = ()

    def _states(self) -> list[Any]:
        nodes = (panel.resultNodes() for panel in self._panels)
        return [[(node.GetID(), node.GetMTime()) for node in found] for found in nodes]

    def _onStart(self, caller: Any, event: str) -> None:
        self._before = self._states()
        for name in RESULTS if self._session.parameterNode is not None else ():
            node = self._session.live(getattr(self._session.parameterNode, name))
            if node is not None:
                self._ids[name] = node.GetID()

    def _onEnd(self, caller: Any, event: str) -> None:
        self._refer()
        before, self._before = self._before, []
        other = [
            panel for panel, was, now in zip(self._panels, before, self._states(), strict=True) if was != now
        ]
        for panel in other:
            panel.forgetResults()
        if other:
            self._changed()

    def _refer(self) -> None:
        """Refer again to nodes that are back."""
        parameters = self._session.parameterNode
        for name, nodeId in self._ids.items() if parameters is not None else ():
            back = self._session.scene.GetNodeByID(nodeId)
            if back is not None and self._session.live(getattr(parameters, name)) is None:
                setattr(parameters, name, back)
