"""FreeMemory: what opening a case needed goes back to the system, and threads share what is free."""

from __future__ import annotations

import asyncio
import ctypes
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from undo_stack import Signal

REST_S = 4.0
"""How long nothing must have happened: surfaces and overlays are made in the seconds after an assessment."""


M_ARENA_MAX = -8
"""Of glibc's malloc.h."""

MOST_ARENAS = 2


class FreeMemory:
    """Lets the C library return the memory that is free, some seconds after any of the signals.

    Reading files and drawing views leave free pieces among pieces in use, which glibc keeps for its process:
    40 MB of 800 after a CT with 20 contours was opened, more after several cases. Elsewhere nothing is done.

    Args:
        signals: of what needs memory for a while.
    """

    def __init__(self, *signals: Signal) -> None:
        self._waiting: asyncio.TimerHandle | None = None
        trim = _trimmer()
        if trim is not None:
            self._trim = trim
            for signal in signals:
                signal.connect(self._on_happened)

    def close(self) -> None:
        """Do nothing any more."""
        if self._waiting is not None:
            self._waiting.cancel()

    def _on_happened(self, *_: Any) -> None:
        self.close()
        with suppress(RuntimeError):  # without an event loop nobody waits for memory
            self._waiting = asyncio.get_running_loop().call_later(REST_S, self._give_back)

    def _give_back(self) -> None:
        # in a thread: the library looks through all that is free, some 10 ms
        asyncio.get_running_loop().run_in_executor(None, self._trim, 0)


def give_back() -> None:
    """Let the C library return what is free at once, some 10 ms; without glibc nothing is done."""
    trim = _trimmer()
    if trim is not None:
        trim(0)


def share_arenas() -> None:
    """Let the threads of this process take their memory from the same two pools, where there is glibc.

    By default a dozen threads that read and draw get a pool each, and what one of them frees no other takes:
    30 MB with a CT. Call it before the threads are started.
    """
    choose = _of_glibc("mallopt")
    if choose is not None:
        choose(M_ARENA_MAX, MOST_ARENAS)


def _trimmer() -> Callable[[int], int] | None:
    return _of_glibc("malloc_trim")


def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function of the C library; None where it is not glibc."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return getattr(library, name) if hasattr(library, "gnu_get_libc_version") else None
