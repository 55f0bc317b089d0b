# ruff: noqa: N801
"""The selector of one node of a scene."""

from __future__ import annotations

from typing import Any

import slicer
from PySide6 import QtCore, QtGui, QtWidgets

from . import connections
from .observers import observe
from .properties import stand_in, stored
from .scenes import nodes_of

_Scene = slicer.vtkMRMLScene


class _NodeBox(QtWidgets.QComboBox):
    """The combo box inside a node selector; what it shows may differ from its current item."""

    def __init__(self, parent: qMRMLNodeComboBox) -> None:
        super().__init__(parent)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.parent()._shown_text()
        painter.drawComplexControl(QtWidgets.QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QtWidgets.QStyle.ControlElement.CE_ComboBoxLabel, option)


@stand_in
class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Chooses one node of some types of the scene.

    As in the application: without a scene it is disabled; a new node is not selected by itself; when the
    selected node goes, the next one is selected, or none if there is no other; while a scene is imported or
    closed the list stays as it is until the end.
    """

    currentNodeChanged = QtCore.Signal((object,), (bool,))
    currentNodeIDChanged = QtCore.Signal(str)
    nodeActivated = QtCore.Signal(object)
    nodeAdded = QtCore.Signal(object)
    nodeAddedByUser = QtCore.Signal(object)
    nodeAboutToBeRemoved = QtCore.Signal(object)
    currentNodeRenamed = QtCore.Signal(str)
    VTK_SIGNALS = {  # noqa: RUF012
        f"{name}(vtkMRMLNode*)": f"{name}(PyObject)"
        for name in (
            "currentNodeChanged",
            "nodeActivated",
            "nodeAdded",
            "nodeAddedByUser",
            "nodeAboutToBeRemoved",
        )
    }

    nodeTypes = stored("QStringList", "nodeTypes", (), lambda self: self._fill())
    showHidden = stored(bool, "showHidden", False, lambda self: self._fill())
    showChildNodeTypes = stored(bool, "showChildNodeTypes", True, lambda self: self._fill())
    hideChildNodeTypes = stored("QStringList", "hideChildNodeTypes", (), lambda self: self._fill())
    baseName = stored(str, "baseName", "")
    noneEnabled = stored(bool, "noneEnabled", False, lambda self: self._fill())
    noneDisplay = stored(str, "noneDisplay", "None", lambda self: self._fill())
    addEnabled = stored(bool, "addEnabled", True)
    removeEnabled = stored(bool, "removeEnabled", True)
    editEnabled = stored(bool, "editEnabled", False)
    renameEnabled = stored(bool, "renameEnabled", False)
    selectNodeUponCreation = stored(bool, "selectNodeUponCreation", True)
    interactionNodeSingletonTag = stored(str, "interactionNodeSingletonTag", "")

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._requested = ""
        self._attributes: list[tuple[str, str, Any]] = []
        self._removers: list[Any] = []
        self._renames: dict[str, Any] = {}
        self._box = _NodeBox(self)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self._announced: str | None = ""
        self._box.connect("currentIndexChanged(int)", self._announce)
        self._box.connect("activated(int)", lambda: self.nodeActivated.emit(self.currentNode()))
        self.enabled = False

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is self._scene:
            return
        for remove in self._removers:
            remove()
        self._removers = []
        self._scene = scene
        if scene is not None:
            self._removers = [
                observe(scene, _Scene.NodeAddedEvent, self._node_added, with_node=True),
                observe(scene, _Scene.NodeAboutToBeRemovedEvent, self._node_goes, with_node=True),
                observe(scene, _Scene.EndImportEvent, self._fill),
                observe(scene, _Scene.EndCloseEvent, self._fill),
            ]
        self._fill()
        self.setCurrentNodeID(self._requested)
        self._requested = ""
        self.enabled = scene is not None

    def currentNode(self) -> Any:
        node_id = self._box.currentData
        return self._scene.GetNodeByID(node_id) if self._scene is not None and node_id else None

    def _read_id(self) -> str:
        node = self.currentNode()
        return node.GetID() if node is not None else ""

    def setCurrentNodeID(self, node_id: str) -> None:
        if self._scene is None:
            self._requested = node_id
            return
        index = self._box.findData(node_id) if node_id else -1
        self._box.currentIndex = index if index >= 0 else (0 if self.noneEnabled else -1)

    currentNodeID = QtCore.Property(str, _read_id, setCurrentNodeID)

    def setCurrentNode(self, node: Any) -> None:
        self.setCurrentNodeID((node.GetID() or "") if node is not None else "")

    def setCurrentNodeIndex(self, index: int) -> None:
        node = self.nodeFromIndex(index)
        self.setCurrentNode(node)

    def nodeCount(self) -> int:
        return self._box.count - (1 if self.noneEnabled else 0)

    def nodeFromIndex(self, index: int) -> Any:
        node_id = self._box.itemData(index + (1 if self.noneEnabled else 0))
        return self._scene.GetNodeByID(node_id) if node_id else None

    def addAttribute(self, nodeType: str, attributeName: str, attributeValue: Any = None) -> None:
        self._attributes.append((nodeType, attributeName, attributeValue))
        self._fill()

    def removeAttribute(self, nodeType: str, attributeName: str) -> None:
        self._attributes = [each for each in self._attributes if each[:2] != (nodeType, attributeName)]
        self._fill()

    def addNode(self, nodeType: str | None = None) -> Any:
        """A new node of the first type, as "Create new ..." in the list of the application makes one."""
        nodeType = nodeType or next(iter(self.nodeTypes), None)
        if self._scene is None or nodeType not in self.nodeTypes:
            return None
        name = self.baseName or nodeType.removeprefix("vtkMRML").removesuffix("Node")
        node = self._scene.AddNewNodeByClass(nodeType, self._scene.GenerateUniqueName(name))
        for kind, attribute, value in self._attributes:
            if kind == nodeType and value is not None:
                node.SetAttribute(attribute, str(value))
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self) -> None:
        self._scene.RemoveNode(self.currentNode())

    def renameCurrentNode(self) -> None:
        """Asks for a name; the test answers."""
        node = self.currentNode()
        name = QtWidgets.QInputDialog.getText(self, "Rename", "New name:") if node is not None else ""
        if name:
            node.SetName(name)
            self.currentNodeRenamed.emit(name)

    def _accepts(self, node: Any) -> bool:
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        for kind in self.nodeTypes:
            fits = node.IsA(kind) if self.showChildNodeTypes else node.GetClassName() == kind
            if fits and not any(node.IsA(hidden) for hidden in self.hideChildNodeTypes):
                return all(self._has(node, attribute, value) for _, attribute, value in self._attributes)
        return False

    @staticmethod
    def _has(node: Any, attribute: str, value: Any) -> bool:
        found = node.GetAttribute(attribute)
        return found is not None and (value is None or found == str(value))

    def _fill(self) -> None:
        """Lists the nodes anew; the selection stays if its node is still there."""
        if "_box" not in vars(self):
            return
        chosen = self._box.currentData
        blocked = self._box.blockSignals(True)
        self._box.clear()
        for forget in self._renames.values():
            forget()
        self._renames.clear()
        if self.noneEnabled:
            self._box.addItem(self.noneDisplay, "")
        for node in nodes_of(self._scene) if self._scene is not None else ():
            if self._accepts(node):
                self._insert(node)
        index = self._box.findData(chosen) if chosen else -1
        self._box.currentIndex = index if index >= 0 else (0 if self.noneEnabled else -1)
        self._box.blockSignals(blocked)
        self._announce()

    def _insert(self, node: Any) -> None:
        self._box.addItem(node.GetName() or "", node.GetID())
        self._renames[node.GetID()] = observe(node, "ModifiedEvent", self._show_names)

    def _show_names(self) -> None:
        for index in range(self._box.count):
            node = (
                self._scene.GetNodeByID(self._box.itemData(index) or "") if self._scene is not None else None
            )
            if node is not None and node.GetName() != self._box.itemText(index):
                self._box.setItemText(index, node.GetName() or "")

    def _node_added(self, node: Any) -> None:
        if self._scene.IsImporting() or not self._accepts(node):
            return
        chosen = self._box.currentIndex
        blocked = self._box.blockSignals(True)  # Qt selects the first item of an empty list by itself
        self._insert(node)
        self._box.currentIndex = chosen
        self._box.blockSignals(blocked)
        self.nodeAdded.emit(node)

    def _node_goes(self, node: Any) -> None:
        index = -1 if self._scene.IsClosing() else self._box.findData(node.GetID())
        if index >= 0:
            self.nodeAboutToBeRemoved.emit(node)
            self._renames.pop(node.GetID())()
            self._box.removeItem(index)  # Qt goes to the next row
            self._announce()

    def _announce(self) -> None:
        """Tells a change of the selected node once, whatever happened to the rows."""
        node_id = self._read_id()
        if node_id != self._announced:
            self._announced = node_id
            node = self.currentNode()
            connections.emit(self, "currentNodeChanged(PyObject)", node)
            connections.emit(self, "currentNodeChanged(bool)", node is not None)
            self.currentNodeIDChanged.emit(node_id)
        self._box.update()

    def _shown_text(self) -> str:
        return self._box.currentText or f"Select a {self._label()}"

    def _label(self) -> str:
        kind = next(iter(self.nodeTypes), "")
        name = self._scene.GetTypeDisplayNameByClassName(kind) if self._scene is not None and kind else ""
        return name or "node"
