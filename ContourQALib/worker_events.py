"""What a worker tells of its jobs: how far, done, failed or cancelled; and the errors of waiting for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ContourQALib.errors import ContourQAError


class WorkerError(ContourQAError):
    """A job failed, or the computing process could not be started or ended unexpectedly."""


class CancelledError(WorkerError):
    """A job that somebody waited for was cancelled."""


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        job: its number, as `Worker.submit` gave it.
        done: parts that are done.
        total: parts there are.
        what: the part in work, such as a structure's name.
    """

    job: int
    done: int
    total: int
    what: str


@dataclass(frozen=True, eq=False)
class Done:
    """A job's answer; of which type, its request says (see `worker_requests`)."""

    job: int
    result: Any


@dataclass(frozen=True)
class Failed:
    """A job without an answer and, in one sentence for the user, why."""

    job: int
    message: str


@dataclass(frozen=True)
class Cancelled:
    """A job that was cancelled; nothing more is heard of it."""

    job: int


Event = Progress | Done | Failed | Cancelled
"""What `Worker.poll` gives; the last three are a job's last."""
