"""ReviewPage: which structure is worst, why, and where; and the reader's decision on each."""

from __future__ import annotations

import asyncio
from functools import partial

from trame.widgets import html

from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.review.case_header import CaseHeader
from ContourQALib.workstation.review.decision_panel import DecisionPanel
from ContourQALib.workstation.review.details_panel import DetailsPanel
from ContourQALib.workstation.review.display_controls import DisplayControls
from ContourQALib.workstation.review.edit_tools import EditTools
from ContourQALib.workstation.review.error_overlay import ErrorOverlay
from ContourQALib.workstation.review.findings import Findings
from ContourQALib.workstation.review.review_state import review_state
from ContourQALib.workstation.review.segmentation_download import SegmentationDownload
from ContourQALib.workstation.review.shortcut_keys import ShortcutKeys
from ContourQALib.workstation.review.shortcuts import PRESETS
from ContourQALib.workstation.review.slice_strip import SliceStrip
from ContourQALib.workstation.review.structure_table import StructureTable
from ContourQALib.workstation.session import Session


class ReviewPage:
    """The Review page.

    Args:
        session: what the pages share.
    """

    name = "review"
    title = "Review"
    icon = "mdi-eye-check-outline"
    needs_case = True
    uses_views = True

    def __init__(self, session: Session) -> None:
        self._session = session
        self.typed = review_state(session.state)
        self.findings = Findings(session)
        self.header = CaseHeader(session, self.typed)
        self.table = StructureTable(session, self.findings, self.typed)
        self.details = DetailsPanel(session, self.findings, self.typed)
        self.strip = SliceStrip(session, self.findings, self.typed)
        self.display = DisplayControls(session, self.typed)
        self.overlay = ErrorOverlay(session, self.findings, self.typed)
        self.editing = EditTools(session)
        self.deciding = DecisionPanel(session)
        self.segmentation = SegmentationDownload(session)
        self.keys = ShortcutKeys(
            session,
            self.typed,
            {
                "next_slice": self.strip.next,
                "previous_slice": self.strip.previous,
                "next_structure": partial(self.table.step, 1),
                "previous_structure": partial(self.table.step, -1),
                "next_case": self.header.next_case,
                "previous_case": self.header.previous_case,
                "undo": self.editing.undo,
                "toggle_errors": self.display.toggle_errors,
                "toggle_contours": self.display.toggle_contours,
                **{f"preset_{n + 1}": partial(self.display.use_preset, n) for n in range(PRESETS)},
                "help": self._show_help,
            },
        )
        self._opened: OpenCase | None = None
        self._is_untouched = False
        session.case_opened.connect(self._on_opened)
        session.structure_selected.connect(self._on_selected)
        session.assessed.connect(self._on_assessed)

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        with html.Div(classes="cqa-review"):
            with html.Div(classes="cqa-review-findings"):
                self.header.build()
                self.table.build()
                self.details.build()
                self.strip.build()
                self.display.build()
            with html.Div(classes="cqa-review-decision"):
                self.editing.build()
                self.deciding.build()
                self.segmentation.build()
        self.details.build_card()
        self.keys.build()

    def _show_help(self) -> None:
        self.typed.data.help_shown = True

    def _on_opened(self, case: OpenCase) -> None:
        self._opened = case
        self._is_untouched = False

    def _on_selected(self, _structure: str) -> None:
        # the first selection after a case was opened is the session's own
        self._is_untouched = self._opened is not None
        self._opened = None
        if self._is_untouched:  # later: others have not heard of this selection yet
            asyncio.get_running_loop().call_soon(self._choose_worst)

    def _on_assessed(self, _case: OpenCase) -> None:
        # on another page a reader at work would lose the structure in hand
        self._is_untouched &= self._session.page in (self.name, "worklist")
        self._choose_worst()

    def _choose_worst(self) -> None:
        """Select the riskiest structure once it is known, as long as the reader has chosen none."""
        case = self._session.case
        if case is None or case.assessment is None or not case.structures:
            return
        if self._is_untouched and not self.findings.any_hidden:
            worst = self.findings.ordered[0].structure
            if worst != self._session.structure:
                self._session.select_structure(worst)
        self._is_untouched = False
