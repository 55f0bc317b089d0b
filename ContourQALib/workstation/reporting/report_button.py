"""ReportButton: makes the open case's report while the reader goes on, and lets the browser fetch it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_server.utils.typed_state import TypedState

from ContourQALib.errors import ContourQAError
from ContourQALib.worker_events import Progress
from ContourQALib.workstation.download_click import download_click
from ContourQALib.workstation.reporting.case_report import case_report
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import testid

FILE_NAME = "contour-report.html"
MAKE, CANCEL = "reporting_make", "reporting_cancel"
NO_CASE = "Open a case first; then its report can be made."
UNDER_WAY = "A report is being made; wait for it or cancel it."


@dataclass
class ReportingState:
    """What the page knows of the report that is being made."""

    busy: bool = False
    step: str = ""


class ReportButton:
    """A button that becomes cancel while its report is made.

    Args:
        session: what the pages share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._typed = TypedState(session.state, ReportingState, namespace="reporting")
        self._work: asyncio.Task[str] | None = None
        session.controller.trigger(MAKE)(self.begin)
        session.controller.trigger(CANCEL)(self.cancel)
        session.case_closing.connect(lambda _case: self.cancel())

    def build(self) -> None:
        """Make the button, inside the container that is open."""
        names = self._typed.name
        with v3.VBtn(
            v_if=(f"shell_case && !{names.busy}",),
            size="small",
            variant="tonal",
            prepend_icon="mdi-file-document-outline",
            click=download_click(MAKE, takes_long=True),
            classes="mr-3",
            **testid("report-make"),
        ):
            html.Span("Report")
            v3.VTooltip("One HTML page of this case", activator="parent", location="bottom")
        with v3.VBtn(
            v_if=(names.busy,),
            size="small",
            variant="tonal",
            prepend_icon="mdi-close",
            click=f"trigger('{CANCEL}')",
            classes="mr-3",
            **testid("report-cancel"),
        ):
            html.Span(f"Cancel report {{{{ {names.step} }}}}")

    def begin(self) -> str:
        """Make the report beside all else; where the browser waits for its address."""
        return self._session.downloads.later(self._session.start(self.make()))

    async def make(self) -> str:
        """The address of the report; "" with a sentence in the message line where there is none."""
        session = self._session
        if session.case is None or self._work is not None:
            session.tell(NO_CASE if session.case is None else UNDER_WAY, "warning")
            return ""
        self._show(True)
        self._work = asyncio.ensure_future(case_report(session, session.case, self._on_progress))
        try:
            page = await self._work
        except asyncio.CancelledError:
            session.tell("The report was cancelled.")
            return ""
        except ContourQAError as error:
            session.tell(str(error), "error")
            return ""
        finally:
            self._work = None
            self._show(False)
        return session.downloads.offer(FILE_NAME, page)

    def cancel(self) -> None:
        """Stop making the report, if one is being made."""
        if self._work is not None:
            self._work.cancel()

    def _on_progress(self, step: Progress) -> None:
        self._show(True, f"{step.done + 1}/{step.total} {step.what}")

    def _show(self, busy: bool, step: str = "") -> None:
        data: Any = self._typed.data
        with self._session.state:
            data.busy = busy
            data.step = step
