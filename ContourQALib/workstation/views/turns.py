"""Turns: the view that the reader changed is drawn first, the others right after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from trame_slicer.views.render_scheduler import ScheduledRenderStrategy

HEAD_START_S = 0.04
"""The others wait so long: the changed view's picture is drawn and on its way by then."""


class Turns:
    """Knows which view changed last.

    MRML draws every slice view again when one of them changes its slice, for marks of its place in the others
    that may not even be shown. One thread draws, so that the picture the reader waits for would come last.
    """

    def __init__(self) -> None:
        self._first: PoliteRendering | None = None
        self._until_s = 0.0

    def take(self, view: PoliteRendering) -> None:
        """Let a view be first."""
        self._first, self._until_s = view, time.monotonic() + HEAD_START_S

    def wait_s(self, view: PoliteRendering) -> float:
        """How long a view has to wait."""
        return 0.0 if view is self._first else max(0.0, self._until_s - time.monotonic())


class PoliteRendering(ScheduledRenderStrategy):
    """Schedules the pictures of a view, a little later where it is another one's turn.

    Args:
        turns: shared by the views.
        draw: schedules a picture.
    """

    def __init__(self, turns: Turns, draw: Callable[[], None]) -> None:
        super().__init__()
        self._turns, self._draw = turns, draw
        self._waiting: asyncio.TimerHandle | None = None

    def schedule_render(self) -> None:
        """Draw soon; what is asked for while it waits is one picture."""
        wait_s = self._turns.wait_s(self)
        if not wait_s:
            self._draw_now()
        elif self._waiting is None:
            try:
                self._waiting = asyncio.get_running_loop().call_later(wait_s, self._draw_now)
            except RuntimeError:  # nobody waits for pictures where no event loop runs
                self._draw_now()

    def hurry(self, *_: Any) -> None:
        """This view changed: it is its turn."""
        self._turns.take(self)
        self._draw_now()

    def _draw_now(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._draw()
