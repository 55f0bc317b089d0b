"""Which widget shows a value of which type, and how the two follow each other."""

from __future__ import annotations

import enum
import pathlib
from collections.abc import Callable
from typing import Any

import slicer
from PySide6 import QtWidgets

from ..properties import WIDGETS
from .annotations import Choice, Decimals, Maximum, Minimum, SingleStep, WithinRange, first, split

SlicerParameterNamePropertyName = "SlicerParameterName"


def findChildWidgetForParameter(widget: Any, parameter: str) -> Any:
    """The child whose dynamic property names this parameter, or None."""
    for child in widget.findChildren(QtWidgets.QWidget):
        if child.property(SlicerParameterNamePropertyName) == parameter:
            return child
    return None


class Binding:
    """A widget's value of one type: `read`, `write`, and `signal`, which tells a change."""

    def __init__(
        self, widget: Any, signal: str, read: Callable[[], Any], write: Callable[[Any], None]
    ) -> None:
        self.widget, self.signal, self.read, self.write = widget, signal, read, write
        self._changed: Callable[[], None] | None = None

    def follow(self, changed: Callable[[], None]) -> None:
        """Calls `changed` after every change of the widget."""
        self._changed = changed
        if self.signal:
            self.widget.connect(self.signal, changed)

    def release(self) -> None:
        """Takes `follow` back."""
        if self.signal and self._changed is not None:
            self.widget.disconnect(self.signal, self._changed)
        self._changed = None


def bind(widget: Any, annotated: Any) -> Binding:
    """The binding of a widget and a type; limits of the type become limits of the widget.

    The class has to be the very one that is named here: the application compares classes for identity.

    Raises:
        RuntimeError: if such a widget cannot show such a type, or needs limits that the type does not have.
    """
    kind = split(annotated)[0]
    for widgets, kinds, make in _TABLE:
        if type(widget) in widgets() and kinds(kind):
            return make(widget, annotated)
    raise RuntimeError(f"Unable to bind {annotated} to {type(widget).__name__} {widget.objectName!r}")


def _attribute(signal: str, name: str) -> Callable[[Any, Any], Binding]:
    def make(widget: Any, annotated: Any) -> Binding:
        kind = split(annotated)[0]
        convert = kind if kind is not bool else (lambda value: value)

        def write(value: Any) -> None:
            value = str(value) if isinstance(value, pathlib.PurePath) else value
            # Slicer spares line edits alone, whose cursor would move; a spin box loses what is being typed.
            if not isinstance(widget, QtWidgets.QLineEdit) or value != getattr(widget, name):
                setattr(widget, name, value)

        return Binding(widget, signal, lambda: convert(getattr(widget, name)), write)

    return make


def _button(widget: Any, annotated: Any) -> Binding:
    widget.checkable = True
    return _attribute("toggled(bool)", "checked")(widget, annotated)


def _number(widget: Any, annotated: Any) -> Binding:
    kind = split(annotated)[0]
    within = first(annotated, WithinRange)
    lowest = within.minimum if within else getattr(first(annotated, Minimum), "minimum", None)
    highest = within.maximum if within else getattr(first(annotated, Maximum), "maximum", None)
    bounded = lowest is not None and highest is not None
    if type(widget) in (QtWidgets.QSlider, WIDGETS["ctkSliderWidget"]) and not bounded:
        raise RuntimeError(f"{type(widget).__name__} {widget.objectName!r} needs a type with limits")
    whole_widget = isinstance(widget, QtWidgets.QSlider | QtWidgets.QSpinBox)
    if hasattr(widget, "decimals"):
        decimals = first(annotated, Decimals)
        if kind is int:
            widget.decimals = 0
        elif decimals is not None:
            widget.decimals = decimals.value
    step = first(annotated, SingleStep)
    if step is not None:
        widget.singleStep = step.value
    widget.minimum = lowest if lowest is not None else (-(2**31) if whole_widget else float("-inf"))
    widget.maximum = highest if highest is not None else (2**31 - 1 if whole_widget else float("inf"))
    return _attribute("valueChanged(int)" if whole_widget else "valueChanged(double)", "value")(
        widget, annotated
    )


def _choice(widget: Any, annotated: Any) -> Binding:
    choice = first(annotated, Choice)
    if choice is None:
        raise RuntimeError(f"A combo box ({widget.objectName}) needs a type with Choice")
    return _items(widget, [(str(each), each) for each in choice.choices])


def _enumeration(widget: Any, annotated: Any) -> Binding:
    members = split(annotated)[0]
    label = getattr(members, "label", lambda each: each.name)
    return _items(widget, [(label(each), each) for each in members])


def _items(widget: Any, items: list[tuple[str, Any]]) -> Binding:
    widget.clear()
    for text, _ in items:
        widget.addItem(text)
    values = [value for _, value in items]

    def write(value: Any) -> None:
        widget.currentIndex = values.index(value)

    return Binding(widget, "currentIndexChanged(int)", lambda: values[widget.currentIndex], write)


def _node(widget: Any, annotated: Any) -> Binding:
    widget.nodeTypes = (split(annotated)[0]().GetClassName(),)
    return Binding(widget, "currentNodeChanged(vtkMRMLNode*)", widget.currentNode, widget.setCurrentNode)


def _is_node(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode)


def _is_path(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, pathlib.PurePath)


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, enum.Enum)


def _plain_text() -> Callable[[Any, Any], Binding]:
    def make(widget: Any, annotated: Any) -> Binding:
        return Binding(widget, "textChanged()", widget.toPlainText, widget.setPlainText)

    return make


_TABLE: list[tuple[Callable[[], tuple[type, ...]], Callable[[Any], bool], Callable[[Any, Any], Binding]]] = [
    (lambda: (QtWidgets.QCheckBox,), lambda kind: kind is bool, _attribute("stateChanged(int)", "checked")),
    (lambda: (QtWidgets.QPushButton,), lambda kind: kind is bool, _button),
    (lambda: (QtWidgets.QSlider, QtWidgets.QSpinBox), lambda kind: kind is int, _number),
    (
        lambda: (QtWidgets.QDoubleSpinBox, WIDGETS["ctkSliderWidget"], WIDGETS["ctkDoubleSlider"]),
        lambda kind: kind in (int, float),
        _number,
    ),
    (lambda: (QtWidgets.QComboBox,), lambda kind: kind in (int, float, str, bool), _choice),
    (lambda: (QtWidgets.QComboBox,), _is_enum, _enumeration),
    (lambda: (QtWidgets.QLineEdit,), lambda kind: kind is str, _attribute("textChanged(QString)", "text")),
    (lambda: (QtWidgets.QLabel,), lambda kind: kind is str, _attribute("", "text")),
    (lambda: (QtWidgets.QTextEdit,), lambda kind: kind is str, _plain_text()),
    (
        lambda: (WIDGETS["ctkPathLineEdit"],),
        _is_path,
        _attribute("currentPathChanged(QString)", "currentPath"),
    ),
    (
        lambda: (WIDGETS["ctkDirectoryButton"],),
        _is_path,
        _attribute("directoryChanged(QString)", "directory"),
    ),
    (lambda: (WIDGETS["qMRMLNodeComboBox"],), _is_node, _node),
]
"""Classes of widgets, types, and what binds them: the pairs that the application knows and we use."""
