# ruff: noqa: N801
"""The selector of any number of nodes of a scene."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .node_selector import qMRMLNodeComboBox
from .properties import stand_in


@stand_in
class qMRMLCheckableNodeComboBox(qMRMLNodeComboBox):
    """Chooses any number of nodes by check boxes; new nodes are not checked."""

    checkedNodesChanged = QtCore.Signal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._box.model().connect("dataChanged(QModelIndex,QModelIndex,QList<int>)", self._checks_changed)
        self._checked: tuple[str, ...] = ()

    def checkedNodes(self) -> tuple[Any, ...]:
        return tuple(node for node in self._nodes() if self.checkState(node) == QtCore.Qt.CheckState.Checked)

    def uncheckedNodes(self) -> tuple[Any, ...]:
        return tuple(node for node in self._nodes() if self.checkState(node) != QtCore.Qt.CheckState.Checked)

    def allChecked(self) -> bool:
        return not self.uncheckedNodes()

    def noneChecked(self) -> bool:
        return not self.checkedNodes()

    def checkState(self, node: Any) -> QtCore.Qt.CheckState:
        item = self._item(node)
        return item.checkState() if item is not None else QtCore.Qt.CheckState.Unchecked

    def setCheckState(self, node: Any, check: Any) -> None:
        item = self._item(node)
        if item is not None:
            item.setCheckState(QtCore.Qt.CheckState(check))

    def check(self, node: Any) -> None:
        self.setCheckState(node, QtCore.Qt.CheckState.Checked)

    def uncheck(self, node: Any) -> None:
        self.setCheckState(node, QtCore.Qt.CheckState.Unchecked)

    def setUserCheckable(self, node: Any, userCheckable: bool) -> None:
        item = self._item(node)
        if item is not None:
            item.setCheckable(userCheckable)

    def _nodes(self) -> list[Any]:
        return [self.nodeFromIndex(index) for index in range(self.nodeCount())]

    def _item(self, node: Any) -> QtGui.QStandardItem | None:
        index = self._box.findData(node.GetID()) if node is not None else -1
        return self._box.model().item(index) if index >= 0 else None

    def _fill(self) -> None:
        """Filled anew, as after an import, it forgets its check marks, as the real one does."""
        super()._fill()
        self._checks_changed()

    def _insert(self, node: Any) -> None:
        super()._insert(node)
        item = self._box.model().item(self._box.count - 1)
        item.setCheckable(True)
        item.setCheckState(QtCore.Qt.CheckState.Unchecked)

    def _node_goes(self, node: Any) -> None:
        super()._node_goes(node)
        self._checks_changed()

    def _checks_changed(self) -> None:
        if "_checked" not in vars(self):
            return
        checked = tuple(node.GetID() for node in self.checkedNodes())
        if checked != self._checked:
            self._checked = checked
            self._box.update()
            self.checkedNodesChanged.emit()

    def _shown_text(self) -> str:
        nodes = self._nodes()
        checked = [node.GetName() for node in self.checkedNodes()]
        if nodes and len(checked) == len(nodes):
            return "All"
        return ", ".join(checked) or "None"
