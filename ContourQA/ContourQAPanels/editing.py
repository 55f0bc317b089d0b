"""SegmentWatcher: tells which segments were changed, once the hand has come to rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import qt
from slicer.util import VTKObservationMixin

SETTLE_S = 0.25
"""A segment that has not changed for this long is looked at; strokes come faster."""

LOOK_MS = 50

EVENTS = (
    "SourceRepresentationModified",
    "RepresentationModified",
    "SegmentModified",
    "SegmentAdded",
    "SegmentRemoved",
    "ContainedRepresentationNamesModified",
)


class SegmentWatcher(VTKObservationMixin):
    """Watches the segments of one segmentation node.

    Events do not say reliably which segment they are about (a layer of several segments tells nothing, and
    the segment editor sends no data): the times of the segments' own representations do.

    Args:
        touched: called with a segment's ID as soon as it changes.
        settled: called with its ID when it has not changed for `SETTLE_S`.
        removed: called with the ID of a segment that is gone.
    """

    def __init__(
        self,
        touched: Callable[[str], None],
        settled: Callable[[str], None],
        removed: Callable[[str], None],
    ) -> None:
        VTKObservationMixin.__init__(self)
        self._touched, self._settled, self._removed = touched, settled, removed
        self._segmentation: Any = None
        self._states: dict[str, tuple[Any, ...]] = {}
        self._due: dict[str, float] = {}
        self._timer = qt.QTimer()
        self._timer.setInterval(LOOK_MS)
        self._timer.connect("timeout()", self._onTimer)

    @property
    def segmentation(self) -> Any:
        """The vtkSegmentation that is watched."""
        return self._segmentation

    def watch(self, segmentationNode: Any) -> None:
        """Watch the segments of a node from now on, and no others; None watches nothing."""
        segmentation = segmentationNode.GetSegmentation() if segmentationNode is not None else None
        if segmentation is self._segmentation:
            return
        self.removeObservers()
        self._timer.stop()
        self._due.clear()
        self._segmentation = segmentation
        self._states = _states(segmentation)
        if segmentation is not None:
            for name in EVENTS:
                self.addObserver(segmentation, getattr(segmentation, name), self._onEvent)

    def _onEvent(self, caller: Any, event: str) -> None:
        before, self._states = self._states, _states(self._segmentation)
        for segmentId in before.keys() - self._states.keys():
            self._due.pop(segmentId, None)
            self._removed(segmentId)
        for segmentId, state in self._states.items():
            if before.get(segmentId) != state:
                self._due[segmentId] = time.monotonic() + SETTLE_S
                self._touched(segmentId)
        if self._due:
            self._timer.start()

    def _onTimer(self) -> None:
        now = time.monotonic()
        for segmentId in [one for one, due in self._due.items() if due <= now]:
            del self._due[segmentId]
            self._settled(segmentId)
        if not self._due:
            self._timer.stop()


def _states(segmentation: Any) -> dict[str, tuple[Any, ...]]:
    """By segment ID what changes when the segment does: its name, and its source representation's time."""
    if segmentation is None:
        return {}
    source = segmentation.GetSourceRepresentationName()
    states = {}
    for segmentId in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segmentId)
        representation = segment.GetRepresentation(source)
        changed = representation.GetMTime() if representation is not None else 0
        states[segmentId] = (segment.GetName(), segment.GetLabelValue(), changed)
    return states
