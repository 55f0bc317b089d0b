"""PythonQt's manners on PySide6's own classes: attributes, signals, tool tips, deleted objects."""

from __future__ import annotations

import functools
from typing import Any

import shiboken6
from PySide6 import QtCore, QtGui, QtWidgets

from . import connections
from .patches import Patches
from .properties import patch_properties, qobject_classes
from .values import convert

_LISTS = {
    *("actions", "buttons", "children", "dynamicPropertyNames", "findChildren", "findItems", "selectedFiles"),
    *("selectedIndexes", "selectedItems", "selectedRanges", "selectedRows", "selectedColumns", "sizes"),
}
"""Methods whose list comes back as a tuple."""

_get = QtCore.QObject.__getattribute__
_set = shiboken6.Object.__setattr__  # those of the classes refuse to be called from outside


def patch_objects(patches: Patches) -> None:
    """Makes PySide6's QObjects behave like PythonQt's until `patches.undo()`."""
    patch_properties(patches)
    patches.attribute(QtCore.QObject, "__getattribute__", _get_attribute)
    for cls in qobject_classes():
        if "__setattr__" in vars(cls):  # many have one of their own
            patches.attribute(cls, "__setattr__", _set_attribute)
    patches.attribute(QtCore.QObject, "className", lambda self: self.metaObject().className())
    patches.attribute(QtCore.QObject, "delete", lambda self: shiboken6.delete(self))
    patches.attribute(QtWidgets.QWidget, "setToolTip", _set_tool_tip)


def wrap_tool_tips(widget: QtWidgets.QWidget) -> None:
    """Does for a loaded .ui file what the application does for every plain tool tip."""
    for each in (widget, *widget.findChildren(QtWidgets.QWidget)):
        _set_tool_tip(each, each.toolTip)


def _get_attribute(self: QtCore.QObject, name: str) -> Any:
    if name.startswith("__"):
        return _get(self, name)
    if not shiboken6.isValid(self):
        raise ValueError(f"Trying to access '{name}' of a {type(self).__name__} that was deleted")
    if name == "connect":
        return functools.partial(connections.connect, self)
    if name == "disconnect":
        return functools.partial(connections.disconnect, self)
    value = _get(self, name)
    if isinstance(value, QtCore.SignalInstance):
        return connections.Signal(self, name)
    if name in _LISTS and callable(value):
        return _tuple_from(value)
    return value


def _set_attribute(self: QtCore.QObject, name: str, value: Any) -> None:
    if not name.startswith("__") and not shiboken6.isValid(self):
        raise ValueError(f"Trying to set '{name}' of a {type(self).__name__} that was deleted")
    cls = type(self)
    own_state = name.startswith("_") and hasattr(cls, "_is_stand_in")
    of_qt = cls.__module__.startswith("PySide6") or "_is_stand_in" in vars(cls)
    declared = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    if of_qt and not own_state and declared is None:
        raise AttributeError(f"{cls.__name__} has no attribute '{name}'")
    if isinstance(declared, QtCore.Property):  # no descriptor: PySide6 itself looks for it in its own setter
        meta_object = self.metaObject()
        kind = meta_object.property(meta_object.indexOfProperty(name)).metaType().id()
        declared.fset(self, convert(value, kind, f"{cls.__name__}.{name}"))
    else:
        _set(self, name, value)


def _tuple_from(method: Any) -> Any:
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = method(*args, **kwargs)
        return tuple(result) if isinstance(result, list) else result

    return call


_qt_set_tool_tip = QtWidgets.QWidget.setToolTip


def _set_tool_tip(self: QtWidgets.QWidget, text: str) -> None:
    """The application turns plain tool tips into rich text, so that they wrap; they read back as such."""
    if text and not QtGui.Qt.mightBeRichText(text):
        text = QtGui.Qt.convertFromPlainText(text, QtCore.Qt.WhiteSpaceMode.WhiteSpaceNormal)
    _qt_set_tool_tip(self, text)


FONT_FAMILY = "DejaVu Sans"


def use_a_known_font(application: QtWidgets.QApplication) -> None:
    """Screenshots look alike everywhere: matplotlib's own copy of DejaVu Sans, not the machine's fonts."""
    import matplotlib

    fonts = f"{matplotlib.get_data_path()}/fonts/ttf"
    for style in ("", "-Bold", "-Oblique", "-BoldOblique"):
        QtGui.QFontDatabase.addApplicationFont(f"{fonts}/DejaVuSans{style}.ttf")
    font = QtGui.QFont(FONT_FAMILY)
    font.setPixelSize(13)
    application.setFont(font)
