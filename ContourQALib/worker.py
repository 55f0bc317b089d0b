"""Worker: a child process that computes, so that a panel or a page never waits for a network or a sweep."""

from __future__ import annotations

from ContourQALib.worker_events import Cancelled, Done, Event, Failed, Progress, WorkerError

__all__ = ["Cancelled", "Done", "Event", "Failed", "Progress", "WorkerError"]
