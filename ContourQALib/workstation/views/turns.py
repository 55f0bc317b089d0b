"""Turns: the view that the reader changed is drawn first, the others right after, hidden ones not at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from trame_slicer.views.render_scheduler import ScheduledRenderStrategy

HEAD_START_S = 0.03
"""The others wait so long after the changed view was drawn: its picture is encoded and on its way by then."""

LONGEST_TURN_S = 0.4
"""A view that was to be drawn first and was not is waited for no longer than this."""


class Turns:
    """Knows which view changed first.

    MRML draws every slice view again when one of them changes its slice, for marks of its place in the others
    that may not even be shown. One thread draws, so that the picture the reader waits for would come last.
    """

    def __init__(self) -> None:
        self._first: PoliteRendering | None = None
        self._is_drawn = True
        self._until_s = 0.0

    def take(self, view: PoliteRendering) -> None:
        """Let a view be first, if none is that is yet to be drawn."""
        now_s = time.monotonic()
        if self._is_drawn or now_s > self._until_s or view is self._first:
            self._first, self._is_drawn, self._until_s = view, False, now_s + LONGEST_TURN_S

    def drawn(self, view: PoliteRendering) -> None:
        """A view was drawn."""
        if view is self._first and not self._is_drawn:
            self._is_drawn, self._until_s = True, time.monotonic() + HEAD_START_S

    def wait_s(self, view: PoliteRendering) -> float:
        """How long a view has to wait."""
        if view is self._first:
            return 0.0
        return max(0.0, self._until_s + view.patience_s - time.monotonic())


class PoliteRendering(ScheduledRenderStrategy):
    """Schedules the pictures of a view, a little later where it is another one's turn.

    Args:
        turns: shared by the views.
        draw: schedules a picture.
        is_seen: whether anybody would see it; whoever lets the view be seen again schedules a picture.
        patience_s: how much longer than the others it waits; the others never wait for a patient view.
    """

    def __init__(
        self,
        turns: Turns,
        draw: Callable[[], None],
        is_seen: Callable[[], bool] = lambda: True,
        patience_s: float = 0.0,
    ) -> None:
        super().__init__()
        self.patience_s = patience_s
        self._turns, self._draw, self._is_seen = turns, draw, is_seen
        self._waiting: asyncio.TimerHandle | None = None

    def schedule_render(self) -> None:
        """Draw soon; what is asked for while it waits is one picture."""
        if not self._is_seen():
            return
        wait_s = self._turns.wait_s(self)
        if not wait_s:
            self._draw_now()
        elif self._waiting is None:
            try:
                self._waiting = asyncio.get_running_loop().call_later(wait_s, self._on_time)
            except RuntimeError:  # nobody waits for pictures where no event loop runs
                self._draw_now()

    def hurry(self, *_: Any) -> None:
        """This view changed: it is its turn, unless it is a patient one."""
        if self._is_seen():
            if not self.patience_s:
                self._turns.take(self)
            self.schedule_render()

    def drawn(self, *_: Any) -> None:
        """The view was drawn, with everything that was asked for until now."""
        self._stop_waiting()
        self._turns.drawn(self)

    def _on_time(self) -> None:
        self._waiting = None
        self.schedule_render()  # another view may have taken its turn meanwhile

    def _draw_now(self) -> None:
        self._stop_waiting()
        self._draw()

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
