"""GrayScaleDrag: window and level by dragging in a slice view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trame_slicer.views import SliceView

from ContourQALib.workstation.views.mouse import observe_first

PIXELS_PER_WIDTH = 200
"""Dragged so far, width or level change by the width that there was: as fine as the gray scale is."""

LEAST_WIDTH = 1e-3


class GrayScaleDrag:
    """Ctrl + left drag: to the right the window widens, upwards the level rises.

    MRML has such a gesture, but in a mouse mode of its own only, in which a plain left drag does the same.

    Args:
        view: where it is dragged.
        shown: gives width and level; None where there is no image.
        show: takes width and level.
    """

    def __init__(
        self,
        view: SliceView,
        shown: Callable[[], tuple[float, float] | None],
        show: Callable[[float, float], None],
    ) -> None:
        self._interactor: Any = view.interactor()
        self._shown, self._show = shown, show
        self._start: tuple[int, int, float, float] | None = None
        for event, hear in (
            ("LeftButtonPressEvent", self._press),
            ("MouseMoveEvent", self._move),
            ("LeftButtonReleaseEvent", self._release),
        ):
            observe_first(self._interactor, event, hear)

    def _press(self) -> bool:
        scale = self._shown()
        if not self._interactor.GetControlKey() or scale is None:
            return False
        self._start = (*self._interactor.GetEventPosition(), *scale)
        return True

    def _move(self) -> bool:
        if self._start is None:
            return False
        x, y, width, level = self._start
        now_x, now_y = self._interactor.GetEventPosition()
        share = width / PIXELS_PER_WIDTH
        self._show(max(LEAST_WIDTH, width + share * (now_x - x)), level + share * (now_y - y))
        return True

    def _release(self) -> bool:
        dragged = self._move()  # the last of the moves may have been left out on the way
        self._start = None
        return dragged
