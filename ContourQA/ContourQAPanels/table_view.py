"""TableView: rows of a table node in a QTableWidget, rounded, with what is undefined explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import qt

from ContourQALib.mrml.table_columns import texts, titles
from ContourQALib.report.wording import UNDEFINED

REASON, NOTES = "reason", "notes"
"""Columns that say why figures are undefined, and what to know of them."""

ROW_PIXELS = 24

NAME_PIXELS = 116
"""The widest that a column of names gets by itself: the figures beside it are what is looked for."""


@dataclass(frozen=True)
class TableRow:
    """A row as it is shown: texts by the column's name, "" for what is undefined."""

    cells: dict[str, str]

    def __getitem__(self, name: str) -> str:
        """The text of a column; "" where the table lacks it."""
        return self.cells.get(name, "")


class TableView:
    """Fills a QTableWidget from a table node.

    Args:
        table: QTableWidget.
        first: names of the columns that come first, in this order; the others follow as the node has them.
        hidden: names of columns that are not shown.
        alike: names of columns that are not shown where all rows say the same.
        left: names of columns of words, which are aligned to the left.
        short: headings that take less room than those of the node, by the column's name.
    """

    def __init__(
        self,
        table: Any,
        first: Sequence[str],
        hidden: Sequence[str] = (),
        alike: Sequence[str] = (),
        left: Sequence[str] = (),
        short: Mapping[str, str] | None = None,
    ) -> None:
        self._table = table
        self._first, self._hidden, self._alike = tuple(first), set(hidden), tuple(alike)
        self._left = {*left, REASON, NOTES}
        self._short = dict(short or {})
        self.rows: tuple[TableRow, ...] = ()
        self.filling = False
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setSectionResizeMode(qt.QHeaderView.Fixed)
        table.verticalHeader().setDefaultSectionSize(ROW_PIXELS)
        # Columns are fitted once they are filled: fitting them to each new item takes most of the time.
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.Interactive)

    @property
    def current(self) -> TableRow | None:
        """The selected row."""
        index = self._table.currentRow()
        return self.rows[index] if 0 <= index < len(self.rows) else None

    def show(self, node: Any) -> None:
        """Show a table node as `mrml.tables` fills it; None empties the table. Nothing is selected then."""
        self.filling = True
        try:
            self._table.clear()
            self._table.setRowCount(0)
            self._table.setColumnCount(0)
            self.rows = ()
            if node is not None and node.GetNumberOfColumns():
                self._fill(node)
        finally:
            self.filling = False

    def _fill(self, node: Any) -> None:
        names = [node.GetColumnName(index) for index in range(node.GetNumberOfColumns())]
        heads = dict(zip(names, titles(node), strict=True))
        self.rows = tuple(TableRow(dict(zip(names, cells, strict=True))) for cells in texts(node))
        # What only a few rows have to say is shown where one of them says it, what all say alike is not.
        told = {name: {row[name] for row in self.rows} - {""} for name in names}
        silent = {name for name in self._left if not told.get(name)}
        silent |= {name for name in self._alike if len(told.get(name, ())) < 2}
        order = [name for name in self._first if name in heads]
        shown = [n for n in (*order, *(n for n in names if n not in order)) if n not in self._hidden | silent]
        self._table.setColumnCount(len(shown))
        self._table.setRowCount(len(self.rows))
        for column, name in enumerate(shown):
            head = qt.QTableWidgetItem(self._short.get(name, heads[name]))
            head.setToolTip(node.GetColumnDescription(name) or heads[name])
            self._table.setHorizontalHeaderItem(column, head)
            for place, row in enumerate(self.rows):
                self._table.setItem(place, column, self._item(name, row))
        self._table.resizeColumnsToContents()
        for column, name in enumerate(shown):
            if name in self._first[:2] and self._table.columnWidth(column) > NAME_PIXELS:
                self._table.setColumnWidth(column, NAME_PIXELS)

    def _item(self, name: str, row: TableRow) -> Any:
        words = name in self._left or name in self._first[:2]
        item = qt.QTableWidgetItem(row[name] or ("" if words else UNDEFINED))
        if not words:
            item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
        tip = row[REASON] if not row[name] else row[name] if words else row[NOTES]
        if tip:
            item.setToolTip(tip)
        return item
