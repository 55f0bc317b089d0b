"""Tasks: a worker process as asyncio sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ContourQALib.worker import Worker
from ContourQALib.worker_events import Cancelled, Done, Failed, Progress, WorkerError
from ContourQALib.worker_requests import Request

LOOK_S = 0.02
"""How often the worker is asked for news while somebody waits for it."""


@dataclass(frozen=True, eq=False)
class _Waiting:
    future: asyncio.Future[Any]
    progress: Callable[[Progress], None] | None


class Tasks:
    """Asks a worker and waits for its answers without holding the event loop.

    Args:
        worker: who computes; one of its own by default, whose process starts with the first request.

    Example:
        >>> assessment = await Tasks().ask(AssessRequest(image, contours))
    """

    def __init__(self, worker: Worker | None = None) -> None:
        self._worker = worker or Worker()
        self._waiting: dict[int, _Waiting] = {}
        self._looking: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Number of the computing process; None where there is none."""
        return self._worker.pid

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return bool(self._waiting)

    def warm(self) -> None:
        """Start the process before the first request."""
        self._worker.warm()

    async def ask(self, request: Request, progress: Callable[[Progress], None] | None = None) -> Any:
        """Wait for the answer to a request; cancelling the waiting cancels the request.

        Args:
            request: any request of a worker.
            progress: called on the event loop with every step that the worker tells of.

        Raises:
            WorkerError: the request was refused or failed, with the worker's sentence.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        job = self._worker.submit(request)
        self._waiting[job] = _Waiting(future, progress)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())
        try:
            return await future
        except asyncio.CancelledError:
            self._worker.cancel(job)
            raise

    async def rest(self) -> None:
        """End the process, if nobody waits for it, to free its memory; the next request starts another."""
        await asyncio.to_thread(self._worker.rest)

    def close(self) -> None:
        """End the process; whoever waits is cancelled."""
        for waiting in self._waiting.values():
            waiting.future.cancel()
        self._waiting.clear()
        if self._looking is not None:
            self._looking.cancel()
        self._worker.close()

    async def _look(self) -> None:
        while self._waiting:
            for event in self._worker.poll():
                self._hear(event)
            await asyncio.sleep(LOOK_S)

    def _hear(self, event: Progress | Done | Failed | Cancelled) -> None:
        waiting = self._waiting.get(event.job)
        if waiting is None:
            return
        if isinstance(event, Progress):
            if waiting.progress is not None and not waiting.future.done():
                waiting.progress(event)
            return
        del self._waiting[event.job]
        if waiting.future.done():
            return
        if isinstance(event, Done):
            waiting.future.set_result(event.result)
        elif isinstance(event, Failed):
            waiting.future.set_exception(WorkerError(event.message))
        else:
            waiting.future.cancel()
