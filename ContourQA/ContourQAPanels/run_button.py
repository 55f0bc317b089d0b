"""RunButton: starts long work and, while it runs, cancels it; with the progress bar beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

if TYPE_CHECKING:
    from ContourQAPanels.session import Session
    from ContourQAPanels.task_runner import Task

DOUBLE_CLICK_S = 0.5
"""The second click of a double click shall not cancel what the first one started."""


class RunButton:
    """Apply and Cancel in one button.

    Args:
        button: QPushButton.
        bar: QProgressBar, hidden while nothing runs.
        session: what the panels share.
        start: called by a click while nothing runs; calls `run`, or not.
        changed: called when work begins and when it ends.
    """

    def __init__(
        self,
        button: Any,
        bar: Any,
        session: Session,
        start: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self._button, self._bar, self._session = button, bar, session
        self._start, self._changed = start, changed
        self._title, self._tip = button.text, ""
        self._task: Task | None = None
        self._since = 0.0
        bar.visible = False
        button.connect("clicked(bool)", self._onClicked)

    @property
    def running(self) -> bool:
        """Whether work is in flight."""
        return self._task is not None

    def run(self, work: Generator[None, None, Any], done: Callable[[Any], None]) -> None:
        """Start work; its result goes to `done`, anything else is said in the message area.

        Args:
            work: prepares a request of the worker in small steps (see `TaskRunner.run`).
            done: called with the answer; a ContourQAError raised in it is shown.
        """
        self._session.showMessage("")
        self._since = time.monotonic()

        def finished(answer: Any) -> None:
            self._end()
            done(answer)

        self._task = self._session.tasks.run(
            work, done=finished, progress=self._onProgress, failed=self._onFailed, cancelled=self._onCancelled
        )
        self._button.text = _("Cancel")
        self._button.enabled = True
        self._button.toolTip = _("Stop; nothing will have been changed.")
        self._bar.setRange(0, 0)
        self._bar.setFormat(_("Preparing"))
        self._bar.visible = True
        self._changed()

    def cancel(self) -> None:
        """Cancel what runs, if anything does."""
        if self._task is not None:
            self._task.cancel()

    def offer(self, missing: str, tip: str) -> None:
        """Enable the button, unless something is missing.

        Args:
            missing: what is missing, a sentence; "" for nothing.
            tip: what the button does.
        """
        self._tip = missing or tip
        if self._task is None:
            self._button.enabled = not missing
            self._button.toolTip = self._tip

    def _onClicked(self, checked: bool = False) -> None:
        if self._task is None:
            self._start()
        elif time.monotonic() - self._since > DOUBLE_CLICK_S:
            self.cancel()

    def _onProgress(self, done: int, total: int, what: str) -> None:
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._bar.setFormat(
            _("{part} ({number} of {total})").format(part=what, number=min(done + 1, total), total=total)
        )

    def _onFailed(self, message: str) -> None:
        self._end()
        self._session.showMessage(message, "error")

    def _onCancelled(self) -> None:
        self._end()
        self._session.showMessage(_("Cancelled; nothing was changed."))

    def _end(self) -> None:
        self._task = None
        self._bar.visible = False
        self._button.text = self._title
        self._button.toolTip = self._tip
        self._changed()
