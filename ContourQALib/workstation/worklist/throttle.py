"""Throttle: does something at once, and then at most every so often."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Throttle:
    """Calls an action for many calls of its own: the first at once, those that follow soon together.

    Args:
        action: what to do.
        period_s: the least time between two actions, s.
    """

    def __init__(self, action: Callable[[], None], period_s: float) -> None:
        self._action = action
        self._period_s = period_s
        self._last = float("-inf")
        self._due: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        """Do it now, or as soon as the period allows."""
        if self._due is not None:
            return
        wait_s = self._last + self._period_s - time.monotonic()
        if wait_s <= 0:
            self._act()
        else:
            self._due = asyncio.get_running_loop().call_later(wait_s, self._act)

    def cancel(self) -> None:
        """Forget what is due."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _act(self) -> None:
        self._due = None
        self._last = time.monotonic()
        self._action()
