"""ResultTable: the table of assessed contours with the details of the selected one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from ContourQALib.report.wording import UNDEFINED
from ContourQAPanels.assessment_rows import SLICE_LINK, AssessmentRow, detailsHtml

STRUCTURE, VERDICT, DICE, HD95, MSD, REASON = range(6)

WIDTHS = {STRUCTURE: 118, VERDICT: 62, DICE: 84, HD95: 84, MSD: 80, REASON: 168}
"""Pixels: either the figures or the reason stand beside structure, verdict and Dice, so that a panel of 480
pixels shows every column without scrolling."""

BADGES = {
    "accept": ("#0b6b7a", "#ffffff"),
    "review": ("#f5b82e", "#241a00"),
    "reject": ("#a3241b", "#ffffff"),
    "": ("#6b6b6b", "#ffffff"),
}
"""Background and text of a verdict. Teal, amber and brick are told apart by the color-blind, each pair of
background and text is readable in the light and in the dark theme, and the word says it without color."""

PENDING = "\u2026"
"""Stands for figures that are being computed anew."""


class ResultTable:
    """Fills a QTableWidget and the text area below it.

    Args:
        table: QTableWidget with the columns above.
        details: QTextBrowser.
        selected: called with the row that the user chose, or None.
        activated: called with the row that the user clicked, which may have been selected before.
        sliceChosen: called with the index of a slice whose link was clicked.
    """

    def __init__(
        self,
        table: Any,
        details: Any,
        selected: Callable[[AssessmentRow | None], None],
        activated: Callable[[AssessmentRow], None],
        sliceChosen: Callable[[int], None],
    ) -> None:
        self._table, self._details = table, details
        self._selected, self._activated, self._sliceChosen = selected, activated, sliceChosen
        self._rows: list[AssessmentRow] = []
        self._pending: Collection[str] = ()
        self._filling = False
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.Interactive)
        table.horizontalHeader().setStretchLastSection(True)
        for column, width in WIDTHS.items():
            table.setColumnWidth(column, width)
        rowHeader = table.verticalHeader()
        rowHeader.setVisible(False)
        rowHeader.setSectionResizeMode(qt.QHeaderView.Fixed)
        # Two lines: a figure above its interval.
        rowHeader.setDefaultSectionSize(2 * table.fontMetrics().height() + 6)
        table.connect("itemSelectionChanged()", self._onSelectionChanged)
        table.connect("cellClicked(int,int)", self._onCellClicked)
        details.connect("anchorClicked(QUrl)", self._onLink)
        self.show([])

    @property
    def rows(self) -> tuple[AssessmentRow, ...]:
        """What is shown, from top to bottom."""
        return tuple(self._rows)

    @property
    def current(self) -> AssessmentRow | None:
        """The selected row."""
        index = self._table.currentRow()
        return self._rows[index] if 0 <= index < len(self._rows) else None

    def show(self, rows: Sequence[AssessmentRow], pending: Collection[str] = ()) -> None:
        """Replace the rows; the contour that was selected stays so, else the first one is.

        Args:
            rows: in the order to show them.
            pending: IDs of segments whose figures are being computed anew.
        """
        before = self.current
        self._rows, self._pending = list(rows), set(pending)
        self._filling = True
        try:
            self._table.setRowCount(0)
            self._table.setRowCount(len(self._rows))
            for index, row in enumerate(self._rows):
                self._fill(index, row)
            for column, name in ((HD95, "hd95_mm"), (MSD, "msd_mm")):
                known = any(getattr(row, name).value is not None for row in self._rows)
                self._table.setColumnHidden(column, bool(self._rows) and not known)
            rulesAlone = self._table.isColumnHidden(HD95) and self._table.isColumnHidden(MSD)
            self._table.setColumnHidden(REASON, not rulesAlone)  # the details have all the reasons
            chosen = [i for i, row in enumerate(self._rows) if before and row.segmentId == before.segmentId]
            if self._rows:
                self._table.selectRow(chosen[0] if chosen else 0)
        finally:
            self._filling = False
        self._showDetails()

    def setPending(self, pending: Collection[str]) -> None:
        """Mark the rows of these segments as being computed anew, and no others."""
        before, self._pending = set(self._pending), set(pending)
        changed = before ^ self._pending
        self._filling = True
        try:
            for index, row in enumerate(self._rows):
                if row.segmentId in changed:  # all twenty would take as long as a stroke, at each of them
                    self._fill(index, row)
        finally:
            self._filling = False

    def _fill(self, index: int, row: AssessmentRow) -> None:
        waiting = bool(row.segmentId) and row.segmentId in self._pending
        tip = "\n".join(row.reasons) or _("Nothing was found against this contour.")
        texts = {
            STRUCTURE: row.structure,
            VERDICT: "",
            DICE: PENDING if waiting else _stacked(row.dice.text(".2f")),
            HD95: PENDING if waiting else _stacked(row.hd95_mm.text(".1f")),
            MSD: PENDING if waiting else _stacked(row.msd_mm.text(".1f")),
            REASON: row.reasons[0] if row.reasons else UNDEFINED,
        }
        for column, text in texts.items():
            item = qt.QTableWidgetItem(text)
            item.setToolTip(tip)
            item.setData(qt.Qt.UserRole, row.segmentId)
            self._table.setItem(index, column, item)
        # A label instead of the cell's own background, which the selection's color would hide.
        background, foreground = BADGES["" if waiting else row.verdict]
        badge = qt.QLabel(PENDING if waiting else _verdictWord(row.verdict), self._table)
        badge.setAlignment(qt.Qt.AlignCenter)
        badge.setStyleSheet(
            f"background-color: {background}; color: {foreground}; border-radius: 4px; margin: 2px; "
            "padding: 1px 3px; font-weight: bold;"
        )
        badge.setAttribute(qt.Qt.WA_TransparentForMouseEvents)
        badge.setToolTip(tip)
        self._table.setCellWidget(index, VERDICT, badge)

    def _showDetails(self) -> None:
        row = self.current
        self._details.setHtml(detailsHtml(row) if row else "")

    def _onSelectionChanged(self) -> None:
        if not self._filling:
            self._showDetails()
            self._selected(self.current)

    def _onCellClicked(self, row: int, column: int) -> None:
        if 0 <= row < len(self._rows):
            self._activated(self._rows[row])

    def _onLink(self, url: Any) -> None:
        target = url.toString()
        if target.startswith(SLICE_LINK) and target[len(SLICE_LINK) :].isdigit():
            self._sliceChosen(int(target[len(SLICE_LINK) :]))


def _stacked(figure: str) -> str:
    """A figure above its interval, however wide the column is."""
    return figure.replace(" (", "\n(")


def _verdictWord(verdict: str) -> str:
    return {"accept": _("accept"), "review": _("review"), "reject": _("reject")}.get(verdict, verdict)
