"""A worker that computes nothing: it gives prepared answers, in as many steps as the test likes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ContourQALib.worker_events import Cancelled, Done, Event, Failed, Progress

CRASH = object()
"""An answer that stands for the computing process ending in the middle of its work."""


class FakeWorker:
    """`submit`, `poll`, `cancel` and `close` of `ContourQALib.worker.Worker`, without a process.

    Jobs run one after the other. Every `poll` brings the first of them one step on; the last step gives its
    answer. `hold` keeps a job where it is until `go_on`.

    Args:
        answers: by the name of the request's class. A result; a function of the request, which gives one;
            an exception, whose text becomes the message of a Failed; or CRASH, which fails every job.
        steps: how many Progress events come before the answer.

    Attributes:
        requests: what was submitted, in order.
        cancelled: jobs that the module cancelled.
        closed: whether `close` was called.
    """

    CRASHED = "The computing process ended unexpectedly. Start the computation again."

    def __init__(self, answers: Mapping[str, Any] | None = None, steps: int = 0) -> None:
        self.answers: dict[str, Any] = dict(answers or {})
        self.steps = steps
        self.requests: list[Any] = []
        self.cancelled: list[int] = []
        self.closed = False
        self.warmed = 0
        self._waiting: list[tuple[int, Any]] = []
        self._step = 0
        self._events: list[Event] = []
        self._held = False

    def submit(self, request: Any) -> int:
        """Numbers the request; it is worked on by `poll`."""
        if self.closed:
            raise AssertionError("A request was submitted to a worker that was closed")
        name = type(request).__name__
        if name not in self.answers:
            raise AssertionError(f"The test has no answer to {name}; it has {sorted(self.answers)}")
        self.requests.append(request)
        self._waiting.append((len(self.requests), request))
        return len(self.requests)

    def warm(self) -> None:
        """Counts how often the module asked for a start ahead of time."""
        self.warmed += 1

    def poll(self) -> list[Event]:
        """What happened since the last call."""
        if self._waiting and not self._held:
            self._work(*self._waiting[0])
        events, self._events = self._events, []
        return events

    def cancel(self, job: int) -> None:
        """Cancels a job that has not ended; another poll tells so."""
        if any(number == job for number, _ in self._waiting):
            self._end(job)
            self.cancelled.append(job)
            self._events.append(Cancelled(job))

    def close(self) -> None:
        """Nothing is heard any more."""
        self.closed = True
        self._waiting.clear()
        self._events.clear()

    def hold(self) -> None:
        """Jobs stand still, as if they took very long."""
        self._held = True

    def go_on(self) -> None:
        """Takes `hold` back."""
        self._held = False

    @property
    def running(self) -> bool:
        return bool(self._waiting)

    @property
    def pid(self) -> None:
        return None

    def _work(self, job: int, request: Any) -> None:
        if self._step < self.steps:
            self._step += 1
            self._events.append(Progress(job, self._step, self.steps, f"part {self._step}"))
            return
        answer = self.answers[type(request).__name__]
        if answer is CRASH:
            self._events += [Failed(number, self.CRASHED) for number, _ in self._waiting]
            self._waiting.clear()
            self._step = 0
            return
        self._end(job)
        self._events.append(_event(job, request, answer))

    def _end(self, job: int) -> None:
        if self._waiting[0][0] == job:
            self._step = 0
        self._waiting = [each for each in self._waiting if each[0] != job]


def _event(job: int, request: Any, answer: Any | Callable[[Any], Any]) -> Event:
    try:
        if isinstance(answer, Exception):
            raise answer
        return Done(job, answer(request) if callable(answer) else answer)
    except Exception as error:
        return Failed(job, str(error))
