"""What a user does with a panel: clicking, waiting, looking, and noticing that it does not answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from PySide6 import QtCore, QtTest, QtWidgets

TICK_MS = 2
"""How often the monitor of stalls looks at the clock."""


def click(widget: Any, row: int | None = None, column: int = 0) -> None:
    """A click with the left button into the middle of a widget, or of a cell or row of a table or list.

    Raises:
        AssertionError: the user could not do that, for the widget is disabled or cannot be seen.
    """
    if not widget.enabled:
        raise AssertionError(f"{widget.objectName} is disabled: {widget.toolTip}")
    if not widget.visible:
        raise AssertionError(f"{widget.objectName} cannot be seen")
    place = widget.rect.center()
    target = widget
    if row is not None:
        target = widget.viewport()
        place = widget.visualRect(widget.model().index(row, column)).center()
    elif isinstance(widget, QtWidgets.QCheckBox | QtWidgets.QRadioButton):
        place = QtCore.QPoint(8, widget.height // 2)
    QtTest.QTest.mouseClick(target, QtCore.Qt.MouseButton.LeftButton, pos=place)
    pass_events()


def pass_events(milliseconds: int = 0) -> None:
    """Lets the events pass that are there, and those of the next milliseconds."""
    end = time.monotonic() + milliseconds / 1000
    while True:
        QtWidgets.QApplication.processEvents()
        QtWidgets.QApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
        if time.monotonic() >= end:
            return
        time.sleep(0.001)


def wait_until(condition: Callable[[], Any], timeout_s: float = 5.0) -> Any:
    """Lets events pass until the condition holds, and gives what it gave.

    Raises:
        AssertionError: it did not in time.
    """
    end = time.monotonic() + timeout_s
    while True:
        pass_events()
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"Not within {timeout_s:g} s: {getattr(condition, '__name__', condition)}")
        time.sleep(0.001)


def take_picture(widget: Any, path: Path, size: tuple[int, int] | None = None) -> Path:
    """Saves how a widget looks now.

    Raises:
        AssertionError: it looks like nothing: one color all over.
    """
    if size is not None:  # never less than it needs: in the application a scroll area sees to that
        widget.resize(QtCore.QSize(*size).expandedTo(widget.minimumSizeHint()))
    widget.show()
    pass_events(20)
    picture = widget.grab().toImage()
    colors = {
        picture.pixel(x, y)
        for x in range(0, picture.width(), max(picture.width() // 64, 1))
        for y in range(0, picture.height(), max(picture.height() // 64, 1))
    }
    if len(colors) < 2:
        raise AssertionError(f"The picture {path.name} is blank")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not picture.save(str(path)):
        raise AssertionError(f"The picture {path.name} could not be written")
    return path


class StallMonitor:
    """The longest time for which the event loop did not come round, while used in a `with` block.

    A busy machine takes the core away for longer than our work lasts. So the time in which this thread could
    have run, but had to wait for a core, is told by the kernel and taken off; what is left is our own work
    and whatever this thread waited for by itself: locks, files, sleep.

    Attributes:
        longest_ms: of all blocks so far, as a clock on the wall shows it.
        longest_own_ms: without waiting for a core; where the kernel does not tell, the CPU time.
        longest_cpu_ms: CPU time of this thread alone.
    """

    def __init__(self) -> None:
        self.longest_ms = self.longest_own_ms = self.longest_cpu_ms = 0.0
        self._last = _Clocks()
        self._timer = QtCore.QTimer()
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.connect("timeout()", self._tick)

    def __enter__(self) -> StallMonitor:
        self._last = _Clocks()
        self._timer.start(TICK_MS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tick()
        self._timer.stop()

    def _tick(self) -> None:
        before, self._last = self._last, _Clocks()
        wall, cpu, waited = self._last.since(before)
        own = cpu if waited is None else max(cpu, wall - waited)
        self.longest_ms = max(self.longest_ms, 1000 * wall)
        self.longest_own_ms = max(self.longest_own_ms, 1000 * own)
        self.longest_cpu_ms = max(self.longest_cpu_ms, 1000 * cpu)


class _Clocks:
    """Wall time, CPU time of this thread and how long it waited for a core (None where untold), s."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.monotonic(), time.thread_time()
        try:
            told = Path("/proc/thread-self/schedstat").read_text()
            self.waited: float | None = int(told.split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            self.waited = None

    def since(self, before: _Clocks) -> tuple[float, float, float | None]:
        known = self.waited is not None and before.waited is not None
        waited = self.waited - before.waited if known else None
        return self.wall - before.wall, self.cpu - before.cpu, waited
