"""LatestOnly: the newest of what is asked for, one at a time, never a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Start = Callable[[Coroutine[Any, Any, Any]], "asyncio.Task[Any]"]


class LatestOnly(Generic[T]):
    """Follows a slider: what is under way is finished, then the newest is done, what lay between never is.

    What is under way is not cancelled: to end a computing process and to start another takes longer than any
    answer, and a hand that never rests would never see one.

    Args:
        work: does one item.
        start: runs a coroutine on the event loop and tells its errors, as `Session.start` does.
    """

    def __init__(self, work: Callable[[T], Awaitable[None]], start: Start) -> None:
        self._work = work
        self._start = start
        self._waiting: list[T] = []
        self._task: asyncio.Task[Any] | None = None

    @property
    def busy(self) -> bool:
        """Whether an item is under way or waits."""
        return self._task is not None or bool(self._waiting)

    def ask(self, item: T) -> None:
        """Do an item as soon as the one under way is done, unless another is asked for before."""
        self._waiting = [item]
        if self._task is None:
            self._begin()

    def forget(self) -> None:
        """Do not begin what waits."""
        self._waiting = []

    def _begin(self) -> None:
        item = self._waiting.pop()
        self._task = self._start(self._do(item))
        self._task.add_done_callback(self._on_done)

    async def _do(self, item: T) -> None:
        await self._work(item)

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._task = None
        if task.cancelled():  # the page is closed
            self._waiting = []
        elif self._waiting:
            self._begin()
