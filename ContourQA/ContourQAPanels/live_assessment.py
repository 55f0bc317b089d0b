"""LiveAssessment: segments that are edited are assessed anew, each within a second of the last stroke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ContourQALib.errors import ContourQAError
from ContourQAPanels.assessing import Assessing, Inputs, inputsOf
from ContourQAPanels.editing import SegmentWatcher

if TYPE_CHECKING:
    from ContourQAPanels.assessed import Assessed
    from ContourQAPanels.session import Session
    from ContourQAPanels.task_runner import Task


CATCHING_UP = ""
"""Stands for no single segment among the tasks."""


class LiveAssessment:
    """Asks about the one segment that changed; of several changes to it the latest wins.

    Args:
        session: what the panels share.
        result: called with the assessment of one segment.
        gone: called with the ID of a segment that was removed.
        pending: called when other segments than before wait for their figures.
    """

    def __init__(
        self,
        session: Session,
        result: Callable[[Assessed], None],
        gone: Callable[[str], None],
        pending: Callable[[], None],
    ) -> None:
        self._session = session
        self._result, self._gone, self._pendingChanged = result, gone, pending
        self._watcher = SegmentWatcher(self._onTouched, self._onSettled, self._onRemoved)
        self._known: Callable[[], Assessed | None] = lambda: None
        self._tasks: dict[str, Task] = {}
        self._touched: set[str] = set()

    @property
    def pending(self) -> frozenset[str]:
        """IDs of the segments whose figures are not those of their contour as it is now."""
        return frozenset(self._touched) | frozenset(self._tasks)

    def watch(self, segmentationNode: Any, known: Callable[[], Assessed | None] | None) -> None:
        """Watch a segmentation's segments; None watches nothing.

        Args:
            segmentationNode: the node.
            known: gives what is assessed already: a segment whose contour is that one is left alone.
        """
        segmentation = segmentationNode.GetSegmentation() if segmentationNode is not None else None
        self._known = known or (lambda: None)
        if segmentation is not self._watcher.segmentation:
            self._watcher.watch(segmentationNode)
            self._stop()
            self._catchUp()

    def close(self) -> None:
        """Watch no more, and forget what is in flight."""
        self._watcher.watch(None)
        self._stop()

    def _stop(self) -> None:
        tasks, self._tasks = self._tasks, {}
        self._touched.clear()
        for task in tasks.values():
            task.cancel()

    def _catchUp(self) -> None:
        """Ask about assessed segments that were changed while nobody watched."""
        known = self._known()
        if known is None or self._watcher.segmentation is None:
            return
        try:
            inputs = inputsOf(self._session)
        except ContourQAError:
            return  # the panel says what is missing
        self._ask(
            CATCHING_UP, replace(inputs, segmentIds=tuple(set(known.segmentIds) & set(inputs.segmentIds)))
        )

    def _onTouched(self, segmentId: str) -> None:
        parameters = self._session.parameterNode
        if parameters is not None and segmentId not in parameters.unselectedSegments:
            self._touched.add(segmentId)
            self._pendingChanged()

    def _onSettled(self, segmentId: str) -> None:
        if segmentId not in self._touched or segmentId in self._tasks:
            return  # one that is in flight is asked again when its answer, which is out of date, is here
        self._touched.discard(segmentId)
        try:
            inputs = inputsOf(self._session)
        except ContourQAError:
            self._pendingChanged()
            return  # the panel says what is missing
        self._ask(segmentId, replace(inputs, segmentIds=(segmentId,)))

    def _ask(self, key: str, inputs: Inputs) -> None:
        """Ask about what differs from what is known; `key` is a segment's ID or `CATCHING_UP`."""
        asking = Assessing(self._session, inputs, self._known())
        self._tasks[key] = self._session.tasks.run(
            asking.prepare(),
            done=lambda assessment: self._onDone(key, asking, assessment),
            failed=lambda message: self._onFailed(key, message),
            cancelled=lambda: self._onCancelled(key),
        )

    def _onDone(self, segmentId: str, asking: Assessing, assessment: Any) -> None:
        self._tasks.pop(segmentId, None)
        if segmentId in self._touched:
            self._onSettled(segmentId)
        elif assessment is not None and asking.stillThere():
            self._result(asking.assessed(assessment))
        self._pendingChanged()

    def _onFailed(self, segmentId: str, message: str) -> None:
        self._tasks.pop(segmentId, None)
        self._session.showMessage(message, "error")
        self._pendingChanged()

    def _onCancelled(self, segmentId: str) -> None:
        self._tasks.pop(segmentId, None)
        self._pendingChanged()

    def _onRemoved(self, segmentId: str) -> None:
        self._touched.discard(segmentId)
        task = self._tasks.pop(segmentId, None)
        if task is not None:
            task.cancel()
        self._gone(segmentId)
