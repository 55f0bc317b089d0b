"""TaskRunner: long work of the panels, in steps on the main thread and in the worker process beside it.

Nothing here may block: one timer advances the preparation of tasks for a few milliseconds at a time and asks
the worker what has happened. MRML and Qt are touched on the main thread alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from typing import Any

import qt
from slicer.i18n import tr as _

from ContourQALib.errors import ContourQAError

TICK_MS = 20
"""Time between two looks at the worker; the timer runs only while something is in flight."""

WARMING_S = 3.0
"""So long the timer runs for a worker that was asked to start: Slicer's event loop holds Python's lock, and
the worker's threads have their turn only while Python code runs."""

BUDGET_S = 0.015
"""Preparation goes on until it has taken this long, then the event loop has its turn."""

Preparation = Generator[None, None, Any]
"""Prepares nodes in steps of well under 100 ms, yields between them, and returns a worker's request; or None
when there is nothing to ask: then the task is done, with None."""


class Task:
    """One piece of work on its way: prepared on the main thread, then computed by the worker."""

    def __init__(
        self,
        runner: TaskRunner,
        work: Preparation,
        done: Callable[[Any], None],
        progress: Callable[[int, int, str], None] | None,
        failed: Callable[[str], None],
        cancelled: Callable[[], None] | None,
    ) -> None:
        self.active = True
        self.job: int | None = None
        self.work = work
        self._runner = runner
        self._done, self._progress, self._failed, self._cancelled = done, progress, failed, cancelled

    def cancel(self) -> None:
        """Give up: `cancelled` is called at once, and nothing else is ever called again."""
        if self.active:
            self._runner._drop(self)
            self._end(self._cancelled)

    def _report(self, event: Any) -> None:
        """Hand a worker's event to whoever asked."""
        kind = type(event).__name__
        if kind == "Progress":
            if self._progress:
                _guarded(self._progress, event.done, event.total, event.what)
        elif kind == "Done":
            self._end(self._done, event.result)
        elif kind == "Failed":
            self._end(self._failed, event.message)
        elif kind == "Cancelled":
            self._end(self._cancelled)

    def _end(self, callback: Callable[..., None] | None, *arguments: Any) -> None:
        self.active = False
        if callback is None:
            return
        message = _guarded(callback, *arguments)
        if message is not None and callback is not self._failed:
            _guarded(self._failed, message)


class TaskRunner:
    """Runs tasks of all panels; the worker does them one after the other.

    Args:
        worker: whatever has the worker's submit, poll, cancel and close.
    """

    def __init__(self, worker: Any) -> None:
        self.worker = worker
        self._warm: Any = None  # the worker that was started
        self._warmingUntil = 0.0
        self._preparing: list[Task] = []
        self._submitted: dict[int, Task | None] = {}  # None: cancelled, its last event still to come
        self._timer = qt.QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.connect("timeout()", self._tick)

    @property
    def busy(self) -> bool:
        """Whether anything that somebody waits for is in flight."""
        return bool(self._preparing) or any(self._submitted.values())

    def run(
        self,
        work: Preparation,
        *,
        done: Callable[[Any], None],
        progress: Callable[[int, int, str], None] | None = None,
        failed: Callable[[str], None],
        cancelled: Callable[[], None] | None = None,
    ) -> Task:
        """Start a task and return at once; exactly one of done, failed and cancelled will be called.

        Args:
            work: prepares the request; a ContourQAError raised in it goes to `failed`.
            done: gets the worker's result.
            progress: told how many parts are done, how many there are, and the next one's name.
            failed: gets one sentence for the user.
            cancelled: called after `Task.cancel`.
        """
        task = Task(self, work, done, progress, failed, cancelled)
        self._preparing.append(task)
        self._timer.start()
        return task

    @property
    def warm(self) -> bool:
        """Whether the worker's process was started, or asked to start."""
        return self._warm is self.worker

    def warmUp(self) -> None:
        """Start the worker's process, which takes some seconds; if it cannot, the first request says so."""
        if self.warm:
            return
        self._warm = self.worker
        try:
            self.worker.warm()
        except ContourQAError:
            logging.info("ContourQA: the worker cannot be started ahead of time")
            return
        self._warmingUntil = time.monotonic() + WARMING_S
        self._timer.start()

    def cancelAll(self) -> None:
        """Cancel every task."""
        for task in [*self._preparing, *(task for task in self._submitted.values() if task)]:
            task.cancel()

    def replaceWorker(self, worker: Any) -> None:
        """Cancel everything, end the worker and go on with another one."""
        self.cancelAll()
        self._submitted.clear()
        self.worker.close()
        self.worker = worker

    def close(self) -> None:
        """Cancel everything and end the worker; the runner can be used no more."""
        self.cancelAll()
        self._timer.stop()
        self._submitted.clear()
        self.worker.close()

    def _drop(self, task: Task) -> None:
        """Forget a task that was cancelled; the worker is told, and listened to until it has let go."""
        if task in self._preparing:
            self._preparing.remove(task)
            task.work.close()
        elif task.job is not None and self._submitted.get(task.job) is task:
            self._submitted[task.job] = None
            self.worker.cancel(task.job)

    def _tick(self) -> None:
        try:
            self._prepare()
            self._listen()
        except Exception:
            logging.exception("ContourQA: the worker cannot be asked")
        warming = time.monotonic() < self._warmingUntil
        if not (self._preparing or self._submitted or warming):
            self._timer.stop()

    def _prepare(self) -> None:
        """Advance preparation in the order of starting, until the budget is spent."""
        end = time.monotonic() + BUDGET_S
        while self._preparing and time.monotonic() < end:
            task = self._preparing[0]
            try:
                next(task.work)
            except StopIteration as finished:
                self._submit(task, finished.value)
            except Exception as error:
                self._remove(task)
                task._end(task._failed, _sentence(error))

    def _submit(self, task: Task, request: Any) -> None:
        self._remove(task)
        if request is None:
            task._end(task._done, None)
            return
        try:
            task.job = self.worker.submit(request)
            self._warm = self.worker
        except Exception as error:
            task._end(task._failed, _sentence(error))
            return
        self._submitted[task.job] = task

    def _remove(self, task: Task) -> None:
        if task in self._preparing:
            self._preparing.remove(task)

    def _listen(self) -> None:
        if not self._submitted:
            return
        for event in self.worker.poll():
            last = type(event).__name__ != "Progress"
            task = self._submitted.get(event.job)
            if last:
                self._submitted.pop(event.job, None)
            if task is not None:
                task._report(event)


def _guarded(callback: Callable[..., None], *arguments: Any) -> str | None:
    """Call back; the sentence to show when that fails, which must not stop the other tasks."""
    try:
        callback(*arguments)
    except Exception as error:
        return _sentence(error)
    return None


def _sentence(error: Exception) -> str:
    """What the user reads of an error; a fault of ours goes to the Python console in full."""
    if isinstance(error, ContourQAError):
        return str(error)
    logging.error("ContourQA: unexpected error", exc_info=error)
    return _("Something went wrong inside ContourQA; the Python console has the details.")
