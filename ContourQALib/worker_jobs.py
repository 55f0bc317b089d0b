"""What a worker keeps: its jobs, and the process and folder that must not outlive it."""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass, field

from ContourQALib.worker_arrays import SharedArrays
from ContourQALib.worker_child import WorkerChild
from ContourQALib.worker_requests import Request


@dataclass(eq=False)
class Job:
    """A job that has not ended.

    Attributes:
        child: the process that has it; None before it is sent.
        started: whether that process works at it.
        cancelled: whether its user does not want it any more.
        told: whether its user knows that it is cancelled.
        starts: processes that ended before they came to it.
        ended: set when it has ended.
    """

    number: int
    request: Request
    child: WorkerChild | None = None
    started: bool = False
    cancelled: bool = False
    told: bool = False
    starts: int = 0
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass(eq=False)
class Held:
    """What must not outlive the worker: the process and the folder of arrays, and who made them."""

    child: WorkerChild | None = None
    arrays: SharedArrays | None = None
    owner: int = field(default_factory=os.getpid)

    def release(self) -> None:
        """End the process and remove the folder."""
        if os.getpid() != self.owner:  # a fork of the owner holds neither
            return
        child, self.child = self.child, None
        if child is not None:
            child.close()
        if self.arrays is not None:
            shutil.rmtree(self.arrays.folder, ignore_errors=True)
            self.arrays = None
