"""ReadOutTable: the figures at the current threshold beside those at 0.5 and the best ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from ContourQAPanels.threshold_wording import ReadOut

HEAD_PIXELS, ROW_PIXELS, FRAME_PIXELS = 24, 20, 4


class ReadOutTable:
    """Fills a QTableWidget that is as high as its rows.

    Args:
        table: QTableWidget without a selection.
    """

    def __init__(self, table: Any) -> None:
        self._table = table
        table.verticalHeader().setVisible(False)
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.Stretch)
        table.horizontalHeader().setFixedHeight(HEAD_PIXELS)
        table.verticalHeader().setSectionResizeMode(qt.QHeaderView.Fixed)
        table.verticalHeader().setDefaultSectionSize(ROW_PIXELS)
        table.setColumnCount(4)
        self.show([])

    def show(self, rows: Sequence[ReadOut], current: str = "") -> None:
        """Show these rows; without any the table is hidden.

        Args:
            rows: one a figure.
            current: heading of the current threshold's column.
        """
        table = self._table
        table.visible = bool(rows)
        if table.rowCount != len(rows):
            table.setRowCount(len(rows))
            table.setFixedHeight(HEAD_PIXELS + len(rows) * ROW_PIXELS + FRAME_PIXELS)
        table.setHorizontalHeaderLabels([_("Figure"), current, _("At 0.5"), _("Best")])
        for index, row in enumerate(rows):
            for column, text in enumerate((row.title, row.current, row.half, row.best)):
                self._put(index, column, text)
            table.item(index, 3).setToolTip(row.tip)

    def _put(self, index: int, column: int, text: str) -> None:
        """Items are made once: a slider that moves fills the table many times a second."""
        item = self._table.item(index, column)
        if item is None:
            item = qt.QTableWidgetItem(text)
            if column:
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            self._table.setItem(index, column, item)
        else:
            item.setText(text)
