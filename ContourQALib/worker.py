"""Worker: a child process that computes, so that a panel or a page never waits for a network or a sweep."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from ContourQALib.errors import ContourQAError
from ContourQALib.worker_arrays import SharedArrays, make_folder
from ContourQALib.worker_child import WorkerChild, find_python
from ContourQALib.worker_codec import encode
from ContourQALib.worker_events import (
    Cancelled,
    CancelledError,
    Done,
    Event,
    Failed,
    Progress,
    WorkerError,
)
from ContourQALib.worker_jobs import Held, Job
from ContourQALib.worker_requests import Request

__all__ = ["Cancelled", "Done", "Event", "Failed", "Progress", "Worker", "WorkerError"]

CANCEL_S = 0.5
"""How long a cancelled job may go on before its process is killed and another takes the rest."""

MOST_STARTS = 2
"""A job that this many processes ended before, without any work, fails."""

LOOK_S = 0.25
"""How often `wait` looks whether its time is over."""


class Worker:
    """Computes in a child process, one job after the other, and tells of them when asked (`poll`).

    Nothing is started before the first job. Methods return at once, but `wait`, `rest` and `close`; all may
    be called from any thread. Arrays of a request are sent once for as long as they live and are sent again
    by the same object: keep them, and do not change them in place.

    Args:
        python: interpreter of the child; by default this one, or `PythonSlicer` inside 3D Slicer.

    Example:
        >>> with Worker() as worker:
        ...     job = worker.submit(AssessRequest(image, contours))
        ...     assessment = worker.wait(job)
    """

    def __init__(self, python: str | None = None) -> None:
        self._python = python
        self._changed = threading.Condition()  # guards everything below; never held while anything waits
        self._jobs: dict[int, Job] = {}
        self._events: list[Event] = []
        self._last = 0
        self._sender: threading.Thread | None = None
        self._warm_asked = False
        self._closed = False
        self._latest: WorkerChild | None = None
        self._held = Held()
        self._release = weakref.finalize(self, self._held.release)

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether there is a child process."""
        child = self._held.child
        return child is not None and child.alive

    @property
    def pid(self) -> int | None:
        """Number of the child process; None where there is none."""
        child = self._held.child
        return child.pid if child is not None and child.alive else None

    @property
    def log_tail(self) -> str:
        """The end of what the latest child said on standard error: not meant for the user."""
        return self._latest.log_tail if self._latest else ""

    def submit(self, request: Request) -> int:
        """Put a request behind the others.

        Returns:
            The job's number, for `cancel`, `wait` and in events.

        Raises:
            WorkerError: the worker was closed.
        """
        with self._changed:
            self._check_open()
            self._last += 1
            self._jobs[self._last] = Job(self._last, request)
            self._start_sender()
            return self._last

    def warm(self) -> None:
        """Start the child, if there is none, and let it import what the first assessment needs.

        Raises:
            WorkerError: the worker was closed.
        """
        with self._changed:
            self._check_open()
            self._warm_asked = True
            self._start_sender()

    def poll(self) -> list[Event]:
        """What happened since the last call, in order."""
        with self._changed:
            events, self._events = self._events, []
        return events

    def cancel(self, job: int) -> None:
        """Stop a job; a `Cancelled` event follows within a second. A job that has ended is left alone.

        A job that does not stop in time is ended with its process, and another process takes the other jobs.
        """
        with self._changed:
            found = self._jobs.get(job)
            if found is None or found.cancelled:
                return
            found.cancelled = True
            if found.child is None:
                self._end(found, Cancelled(job))
                return
            if found is not self._at_work(found.child):
                found.told = True  # the child has still to be told to pass it over
                self._add(Cancelled(job))
            self._stop(found)

    def wait(
        self,
        job: int,
        timeout_s: float | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> Any:
        """The job's answer, for scripts and tests; other jobs' events stay for `poll`.

        Args:
            job: as `submit` gave it.
            timeout_s: how long to wait; the job goes on afterwards.
            progress: told of parts done, parts there are, and the part in work.

        Raises:
            WorkerError: the job failed, with the message for the user; was cancelled (`CancelledError`);
                takes longer; or its end was told before.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            with self._changed:
                mine = [event for event in self._events if event.job == job]
                if mine:
                    self._events = [event for event in self._events if event.job != job]
                elif job not in self._jobs:
                    raise WorkerError(f"There is no job {job} to wait for: it has ended or was never given.")
                elif until is None or time.monotonic() < until:
                    self._changed.wait(LOOK_S if until is None else until - time.monotonic())
                else:
                    raise WorkerError(f"The job {job} is not done after {timeout_s:g} s.")
            for event in mine:
                if isinstance(event, Progress):
                    if progress:
                        progress(event.done, event.total, event.what)
                elif isinstance(event, Done):
                    return event.result
                elif isinstance(event, Failed):
                    raise WorkerError(event.message)
                else:
                    raise CancelledError(f"The job {job} was cancelled.")

    def rest(self) -> bool:
        """End the child if it has nothing to do, which frees its memory; the next request starts another.

        Takes up to a second, as `close`.

        Returns:
            Whether there is no child now.
        """
        with self._changed:
            if self._jobs:
                return False
            child, self._held.child = self._held.child, None
            if child is None:
                return True
            child.killed = True  # before anything more could be sent to it
        child.kill()  # one whose input is closed takes the folder of arrays with it
        return True

    def close(self) -> None:
        """End the child and remove the shared arrays; jobs that have not ended are forgotten."""
        with self._changed:
            self._closed = True
            for job in self._jobs.values():
                job.ended.set()
            self._jobs.clear()
            self._events.clear()
            sender = self._sender
            self._changed.notify_all()
            child = self._held.child
        if sender is not None:
            sender.join(CANCEL_S)
            if sender.is_alive() and child is not None:
                child.kill()  # it does not read: whoever writes to it would wait for ever
            sender.join()
        self._release()

    def _check_open(self) -> None:
        if self._closed:
            raise WorkerError("This worker was closed and takes no more work: make a new one.")

    def _add(self, event: Event) -> None:
        self._events.append(event)
        self._changed.notify_all()

    def _end(self, job: Job, event: Event) -> None:
        """A job has ended: told once, and only Cancelled of a cancelled one."""
        self._jobs.pop(job.number, None)
        job.ended.set()
        if not job.told:
            self._add(Cancelled(job.number) if job.cancelled else event)
        following = self._at_work(job.child) if job.child else None
        if following is not None and following.cancelled:
            self._stop(following)

    def _at_work(self, child: WorkerChild) -> Job | None:
        """The job that the child computes: the first of those it has."""
        return next((job for job in self._jobs.values() if job.child is child), None)

    # --- sending: a thread that lives while there is something to send

    def _start_sender(self) -> None:
        if self._sender is None and not self._closed:
            self._sender = threading.Thread(target=self._send_all, daemon=True)
            self._sender.start()

    def _send_all(self) -> None:
        while True:
            with self._changed:
                job = next((job for job in self._jobs.values() if job.child is None), None)
                if self._closed or (job is None and not self._warm_asked):
                    self._sender = None
                    return
                self._warm_asked = False
            try:
                child = self._living_child()
                if job is not None:
                    self._send(job, child)
                else:
                    with suppress(OSError):
                        child.send({"warm": True})
            except ContourQAError as error:
                self._fail(job, str(error))
            except Exception as error:
                self._fail(
                    job, f"The request cannot be sent to the computing process ({type(error).__name__})."
                )

    def _living_child(self) -> WorkerChild:
        held = self._held
        if held.arrays is None:
            held.arrays = SharedArrays(make_folder(), f"parent{os.getpid()}")
        child = held.child
        if child is None or child.killed or not child.alive:
            heard = weakref.WeakMethod(self._hear)  # the child's threads must not keep this worker alive

            def tell(child: WorkerChild, message: dict[str, Any] | None) -> None:
                if hear := heard():
                    hear(child, message)

            child = WorkerChild(self._python or find_python(), held.arrays, tell)
            held.child = self._latest = child
        return child

    def _send(self, job: Job, child: WorkerChild) -> None:
        assert self._held.arrays is not None
        request = encode(job.request, self._held.arrays.share)
        with self._changed:
            if job.number not in self._jobs or child.killed:
                return
            job.child = child
        try:
            child.send({"job": job.number, "request": request})
        except OSError:  # it ended just now; if that was heard, the job has been seen to
            with self._changed:
                if job.child is child:
                    self._again(job)

    def _again(self, job: Job) -> None:
        """Send a job to another process, since its own ended before any work; some times, not for ever."""
        job.child = None
        job.starts += 1
        if job.number in self._jobs and (job.cancelled or job.starts >= MOST_STARTS):
            self._end(job, Failed(job.number, _ended_sentence(self._latest)))

    def _fail(self, job: Job | None, message: str) -> None:
        with self._changed:
            if job is not None and job.number in self._jobs:
                self._end(job, Failed(job.number, message))

    # --- hearing: called by the child's thread

    def _hear(self, child: WorkerChild, message: dict[str, Any] | None) -> None:
        with self._changed:
            if message is None:
                self._child_ended(child)
                return
            job = self._jobs.get(message["job"])
            if job is None or job.child is not child:
                return
            if "started" in message:
                job.started = True
            elif "progress" in message:
                if not job.cancelled:
                    self._add(Progress(job.number, *message["progress"]))
            elif "result" in message:
                self._end(job, Done(job.number, message["result"]))
            elif "failed" in message:
                self._end(job, Failed(job.number, message["failed"]))
            else:
                self._end(job, Cancelled(job.number))

    def _child_ended(self, child: WorkerChild) -> None:
        if self._held.child is child:
            self._held.child = None
        had = [job for job in self._jobs.values() if job.child is child]
        crashed = not child.killed and any(job.started for job in had)
        for job in had:
            job.child, job.started = None, False
            if job.cancelled:
                self._end(job, Cancelled(job.number))
            elif crashed:
                self._end(job, Failed(job.number, _ended_sentence(child)))
            elif not child.killed:
                self._again(job)
        if self._jobs:
            self._start_sender()

    # --- stopping: a thread for each job that is stopped while the child has it

    def _stop(self, job: Job) -> None:
        threading.Thread(target=self._see_to_the_end, args=(job, job.child), daemon=True).start()

    def _see_to_the_end(self, job: Job, child: WorkerChild) -> None:
        asking = {"cancel": job.number}
        threading.Thread(target=_ask, args=(child, asking), daemon=True).start()
        if job.ended.wait(CANCEL_S):
            return
        with self._changed:
            late = job is self._at_work(child)
            child.killed = child.killed or late
        if late:
            child.kill()


def _ask(child: WorkerChild, message: dict[str, Any]) -> None:
    """Write to a child, in a thread of its own: one that hangs does not read, one that ended need not."""
    with suppress(OSError, ValueError):
        child.send(message)


def _ended_sentence(child: WorkerChild | None) -> str:
    how = f" ({child.ending})" if child else ""
    return f"The computing process ended unexpectedly{how}: try again; the next request starts a new one."
