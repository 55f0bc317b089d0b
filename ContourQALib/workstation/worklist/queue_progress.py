"""QueueProgress: how far the assessment of many cases is, in figures and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

MINUTE_S = 60.0
HOUR_S = 3600.0
SOON_S = 10.0
"""Below this nobody counts seconds."""


class QueueState(StrEnum):
    """What the queue does."""

    IDLE = "idle"
    RUNNING = "running"
    YIELDING = "yielding"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True)
class QueueProgress:
    """How far the queue is.

    Attributes:
        state: what it does; yielding while the open case is assessed, which comes first.
        done: cases that were assessed or failed.
        total: cases there are.
        failed: how many of `done` failed.
        now: the case in work; "" for none.
        step: what is done to it.
        case_s: how long a case takes on average; None before one is done.
        problem: why it stopped by itself; "" where it did not.
    """

    state: QueueState
    done: int
    total: int
    failed: int = 0
    now: str = ""
    step: str = ""
    case_s: float | None = None
    problem: str = ""

    @property
    def left_s(self) -> float | None:
        """How long the rest may take; None where nothing is known of it or nothing is left."""
        left = self.total - self.done
        return None if self.case_s is None or not left else left * self.case_s

    @property
    def text(self) -> str:
        """One line: "12 of 100 cases, 2 not assessed, about 3 min left"."""
        parts = [f"{self.done} of {self.total} {'case' if self.total == 1 else 'cases'} done"]
        if self.failed:
            parts.append(f"{self.failed} not assessed")
        left = self.left_s
        if self.state in (QueueState.RUNNING, QueueState.YIELDING) and left is not None:
            parts.append(f"{duration_text(left)} left")
        return ", ".join(parts)

    @property
    def doing(self) -> str:
        """What it does now, for beside the line; "" for nothing."""
        return {
            QueueState.RUNNING: f"{self.now}: {self.step}" if self.now and self.step else self.now,
            QueueState.YIELDING: "waiting, the open case comes first",
            QueueState.PAUSED: f"pausing after {self.now}" if self.now else "paused",
            QueueState.STOPPED: "stopped",
        }.get(self.state, "")


def duration_text(seconds: float) -> str:
    """A duration as people say it: "about 3 min"; rounded up, since nobody minds being early."""
    if seconds < SOON_S:
        return "a few seconds"
    if seconds < MINUTE_S:
        return f"about {10 * math.ceil(seconds / 10)} s"
    if seconds < HOUR_S:
        return f"about {math.ceil(seconds / MINUTE_S)} min"
    return f"about {seconds / HOUR_S:.1f} h"
