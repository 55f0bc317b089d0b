"""Loading a .ui file with the stand-in widgets in it."""

from __future__ import annotations

import warnings
from typing import Any
from xml.etree import ElementTree

from PySide6 import QtCore, QtUiTools, QtWidgets

from .objects import wrap_tool_tips
from .properties import WIDGETS

_OURS = {"SlicerParameterName", "SlicerPackParameterName"}
"""Dynamic properties that Slicer itself reads."""

_registered: set[type] = set()
"""PySide6 keeps them for all later loaders, and with each that it is told of looks through all plugins."""


class UiLoader(QtUiTools.QUiLoader):
    """Qt's loader, with the stand-ins for Slicer's widgets, and with the connections that carry VTK objects.

    Qt cannot connect signals whose types it does not know, such as ``mrmlSceneChanged(vtkMRMLScene*)``;
    those of the file's connections are made afterwards.
    """

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        for cls in set(WIDGETS.values()) - _registered:
            self.registerCustomWidget(cls)
            _registered.add(cls)

    def load(self, device: Any, parent: QtWidgets.QWidget | None = None) -> QtWidgets.QWidget:
        """The root widget of a .ui file, given as an open device or a path.

        A property that the widget does not have is a warning: Qt would drop it silently, and in the
        application it would come to nothing as well.
        """
        if not isinstance(device, QtCore.QIODevice):
            device = QtCore.QFile(str(device))
            device.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        tree = ElementTree.fromstring(bytes(device.readAll().data()))
        later = _take_vtk_connections(tree)
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(tree))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        root = super().load(buffer, parent)
        wrap_tool_tips(root)
        for sender, signal, receiver, slot in later:
            _find(root, sender).connect(signal, _find(root, receiver), slot)
        for widget in (root, *root.findChildren(QtWidgets.QWidget)):
            unknown = {bytes(name.data()).decode() for name in widget.dynamicPropertyNames()} - _OURS
            unknown = {name for name in unknown if not name.startswith("_")}
            if unknown:
                warnings.warn(
                    f"{widget.objectName} ({widget.className()}) has no {sorted(unknown)}", stacklevel=2
                )
        return root


def _take_vtk_connections(tree: ElementTree.Element) -> list[tuple[str, str, str, str]]:
    taken = []
    for connections in tree.iter("connections"):
        for connection in list(connections):
            texts = [connection.findtext(part, "") for part in ("sender", "signal", "receiver", "slot")]
            if "vtk" in texts[1] or "vtk" in texts[3]:
                connections.remove(connection)
                taken.append((texts[0], texts[1], texts[2], texts[3]))
    return taken


def _find(root: QtWidgets.QWidget, name: str) -> QtWidgets.QWidget:
    found = root if root.objectName == name else root.findChild(QtWidgets.QWidget, name)
    if found is None:
        raise LookupError(f"The .ui file connects {name}, which it does not contain")
    return found
