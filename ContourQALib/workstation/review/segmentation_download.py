"""SegmentationDownload: what the reader decided to use of a DICOM case, for the browser to fetch as DICOM."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_server.utils.typed_state import TypedState

from ContourQALib.errors import ContourQAError
from ContourQALib.workstation.decisions.decided_segmentation import decided_segmentation
from ContourQALib.workstation.decisions.decision import Choice
from ContourQALib.workstation.download_click import download_click
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import testid

FILE_NAME = "contours.seg.dcm"
"""Without the case's name, which may be the patient's."""

MAKE = "review_segmentation"

NOTHING = (
    "No contour is accepted or edited as it is shown now; decide first, then it can be saved as DICOM SEG."
)
LEFT_OUT = "Saved without {names}: undecided, rejected, or changed after the decision."


@dataclass
class SegmentationState:
    """What the page knows of it."""

    shown: bool = False


class SegmentationDownload:
    """A button for cases whose image is a DICOM series.

    Args:
        session: what the pages share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._typed = TypedState(session.state, SegmentationState, namespace="review_segmentation")
        session.controller.trigger(MAKE)(self.begin)
        session.case_opened.connect(self._on_opened)

    def build(self) -> None:
        """Make the button, inside the container that is open."""
        with (
            html.Div(v_if=(self._typed.name.shown,), classes="cqa-decide-last"),
            html.Button(
                type="button",
                click=download_click(MAKE, takes_long=True),
                title="The accepted and edited contours of this case as a DICOM segmentation of its image",
                **testid("review-dicom-seg"),
            ),
        ):
            v3.VIcon("mdi-download", size=14)
            html.Span("Save as DICOM SEG")

    def begin(self) -> str:
        """Write the file beside all else; where the browser waits for its address."""
        return self._session.downloads.later(self._session.start(self.make()))

    async def make(self) -> str:
        """The address of the file; "" with a sentence in the message line where there is none."""
        session, case = self._session, self._session.case
        if case is None or case.image.series is None:
            return ""
        session.strokes.settle()
        wanted = [name for name in case.structures if self._is_wanted(case, name)]
        if not wanted:
            session.tell(NOTHING, "warning")
            return ""
        contours = [case.contour(name) for name in wanted]
        edited = case.edited & set(wanted)
        try:
            series: Any = await asyncio.to_thread(case.files.series)
            content = await asyncio.to_thread(decided_segmentation, contours, edited, series)
        except ContourQAError as error:
            session.tell(str(error), "error")
            return ""
        others = [name for name in case.structures if name not in wanted]
        if others:
            session.tell(LEFT_OUT.format(names=", ".join(others)), "info")
        return session.downloads.offer(FILE_NAME, content)

    def _is_wanted(self, case: OpenCase, structure: str) -> bool:
        """Whether the latest decision is to use the very contour that is shown."""
        latest = self._session.known_decisions.latest(case.entry.name, structure)
        if latest is None or latest.choice is Choice.REJECT:
            return False
        return latest.contour_sha256 == self._session.strokes.hash_of(structure)

    def _on_opened(self, case: OpenCase) -> None:
        self._typed.data.shown = case.image.series is not None
