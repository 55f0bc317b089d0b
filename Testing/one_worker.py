"""One computing process for all workstations of a test run; one for each costs seconds, which torch takes."""

from __future__ import annotations

import functools
from typing import Any

from ContourQALib.worker import Progress, Worker, WorkerError


class LentWorker:
    """What a workstation's `Tasks` need of a `Worker`, of one that others use too; ends like one of its own.

    Its process is a real one and stays for the next: how processes start, fail and end is what Testing/worker
    and Testing/workstation/serving/test_process.py show.

    Args:
        worker: to be shared, by borrowers of one thread.
        owners: by job, who gave it; one mapping for all borrowers.
    """

    def __init__(self, worker: Worker, owners: dict[int, LentWorker]) -> None:
        self._worker = worker
        self._owners = owners
        self._events: list[Any] = []
        self._closed = False

    def submit(self, request: Any) -> int:
        """Put a request behind everybody's."""
        if self._closed:
            raise WorkerError("This worker was closed and takes no more work: make a new one.")
        job = self._worker.submit(request)
        self._owners[job] = self
        return job

    def warm(self) -> None:
        """Start the process, if there is none."""
        self._worker.warm()

    def poll(self) -> list[Any]:
        """What happened to this borrower's jobs since the last call; others' events are kept for them."""
        for event in self._worker.poll():
            owner = self._owners[event.job] if isinstance(event, Progress) else self._owners.pop(event.job)
            owner._events.append(event)
        events, self._events = self._events, []
        return events

    def cancel(self, job: int) -> None:
        """Stop a job of this borrower."""
        self._worker.cancel(job)

    def close(self) -> None:
        """Stop this borrower's jobs; their ends are told to nobody."""
        self._closed = True
        for job in [job for job, owner in self._owners.items() if owner is self]:
            self._worker.cancel(job)


@functools.cache
def _lender() -> tuple[Worker, dict[int, LentWorker]]:
    return Worker(), {}


def lend_worker(session: Any) -> None:
    """Let the shared process compute what a workstation's session asks for, before it asks for anything."""
    session.tasks._worker = LentWorker(*_lender())
