# ruff: noqa: N801
"""The view of a table node."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .observers import observe
from .properties import stand_in, stored


@stand_in
class qMRMLTableView(QtWidgets.QTableView):
    """Shows a table node, for reading; titles, units and descriptions of columns as in the application."""

    mrmlSceneChanged = QtCore.Signal(object)
    selectionChanged = QtCore.Signal()
    VTK_SIGNALS = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged(PyObject)"}  # noqa: RUF012

    transposed = stored(bool, "transposed", False)
    firstRowLocked = stored(bool, "firstRowLocked", False, lambda self: self._fill())
    firstColumnLocked = stored(bool, "firstColumnLocked", False)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = self._table = None
        self._forget = lambda: None
        self._items = QtGui.QStandardItemModel(self)
        self.setModel(self._items)

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)

    def mrmlTableNode(self) -> Any:
        return self._table

    def setMRMLTableNode(self, node: Any) -> None:
        if node is self._table:
            return
        self._forget()
        self._table = node
        if node is not None:
            self._forget = observe(node, "ModifiedEvent", self._fill)
        self._fill()

    def _fill(self) -> None:
        if "_items" not in vars(self):
            return
        self._items.clear()
        if self._table is None:
            return
        for column in range(self._table.GetNumberOfColumns()):
            name = self._table.GetColumnName(column)
            title, unit = self._table.GetColumnTitle(name) or name, self._table.GetColumnUnitLabel(name)
            header = QtGui.QStandardItem(f"{title} [{unit}]" if unit else title)
            header.setToolTip(self._table.GetColumnDescription(name) or "")
            values = self._table.GetTable().GetColumn(column)
            texts = [values.GetVariantValue(row).ToString() for row in range(values.GetNumberOfValues())]
            self._items.appendColumn([QtGui.QStandardItem(text) for text in texts])
            self._items.setHorizontalHeaderItem(column, header)
