"""Team: a few threads that do parts of one work at the same time, the caller's own among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

Part = TypeVar("Part")


class Team:
    """Threads for work that leaves the interpreter's lock alone, such as compiled kernels.

    The caller's thread does the first part itself: with a team of one nothing is started, and with two only
    one thread is, which for work of milliseconds is a good part of the cost.

    Args:
        size: threads, the caller's included.

    Example:
        >>> with Team(2) as team:
        ...     team.run([lambda: 1, lambda: 2])
        [1, 2]
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._others = ThreadPoolExecutor(size - 1) if size > 1 else None

    def __enter__(self) -> Team:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._others is not None:
            self._others.shutdown()

    def run(self, parts: Sequence[Callable[[], Part]]) -> list[Part]:
        """Do all parts and return what they gave, in their order."""
        if self._others is None:
            return [part() for part in parts]
        others = [self._others.submit(part) for part in parts[1:]]
        return [*(part() for part in parts[:1]), *(other.result() for other in others)]
