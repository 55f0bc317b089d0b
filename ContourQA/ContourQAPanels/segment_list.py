"""SegmentList: the check list of a segmentation's segments with their colors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import qt

ICON_SIZE = 12


class SegmentList:
    """Fills a QListWidget; what is unchecked is told by the IDs, so that new segments come checked.

    Args:
        widget: QListWidget.
        changed: called with the IDs of the unchecked segments when the user checks or unchecks.
    """

    def __init__(self, widget: Any, changed: Callable[[list[str]], None]) -> None:
        self._widget, self._changed = widget, changed
        self._shown: Any = None
        self._ids: tuple[str, ...] = ()
        self._filling = False
        widget.connect("itemChanged(QListWidgetItem*)", self._onItemChanged)

    def show(self, segments: Sequence[Any], unselected: Sequence[str]) -> None:
        """Show segments (`mrml.segmentations.Segment`) with check marks; nothing to do if none changed."""
        state = tuple(segments), frozenset(unselected)
        if state == self._shown:
            return
        self._shown = state
        self._ids = tuple(segment.id for segment in segments)
        self._filling = True
        try:
            self._widget.clear()
            for segment in segments:
                item = qt.QListWidgetItem(segment.name)
                item.setIcon(_icon(segment.color))
                item.setData(qt.Qt.UserRole, segment.id)
                item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
                item.setCheckState(qt.Qt.Unchecked if segment.id in state[1] else qt.Qt.Checked)
                self._widget.addItem(item)
        finally:
            self._filling = False

    def checkAll(self, checked: bool) -> None:
        """Check or uncheck every segment."""
        self._changed([] if checked else list(self._ids))

    def _onItemChanged(self, item: Any) -> None:
        if self._filling:
            return
        items = [self._widget.item(row) for row in range(self._widget.count)]
        self._changed([one.data(qt.Qt.UserRole) for one in items if one.checkState() == qt.Qt.Unchecked])


def _icon(color: tuple[float, float, float]) -> Any:
    pixmap = qt.QPixmap(ICON_SIZE, ICON_SIZE)
    pixmap.fill(qt.QColor(*(round(255 * part) for part in color)))
    return qt.QIcon(pixmap)
