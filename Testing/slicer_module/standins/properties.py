"""Qt properties as PythonQt offers them: attributes that read and write, instead of getters."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .patches import Patches
from .values import convert

WIDGETS: dict[str, type] = {}
"""Every stand-in widget by its class name, for the .ui loader and for `type(widget)` in bindings."""

_NOT_PROPERTIES = {"sizeHint", "minimumSizeHint", "spacing", "parent", "layout"}
"""Qt's own code calls these virtual methods by name, or PythonQt keeps them methods."""


class QtProperty:
    """One Qt property of one PySide6 class as a Python attribute.

    On the class itself the shadowed method stays reachable, since some share their name with a static
    function (``QTimer.singleShot``).
    """

    def __init__(self, name: str, meta: QtCore.QMetaProperty, shadowed: Any) -> None:
        self.name = name
        self.kind = meta.metaType().id()
        self.writable = meta.isWritable()
        self.shadowed = shadowed
        self.getter = shadowed if type(shadowed).__name__ == "method_descriptor" else None  # not a static one
        self.setter = f"set{name[0].upper()}{name[1:]}"

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        if owner is None:
            return self if self.shadowed is None else self.shadowed.__get__(None, cls)
        value = self.getter(owner) if self.getter is not None else owner.property(self.name)
        return tuple(value) if isinstance(value, list) else value

    def __set__(self, owner: Any, value: Any) -> None:
        where = f"{type(owner).__name__}.{self.name}"
        if not self.writable:
            raise AttributeError(f"{where} is read-only")
        value = convert(value, self.kind, where)
        setter = getattr(owner, self.setter, None)
        if setter is not None:
            setter(value)
        elif not owner.setProperty(self.name, value):
            raise AttributeError(f"{where} does not take {value!r}")


def patch_properties(patches: Patches) -> None:
    """Gives every QObject class of PySide6 its Qt properties as attributes."""
    for cls in qobject_classes():
        for name, attribute in _properties_of(cls).items():
            patches.attribute(cls, name, attribute)


@functools.cache
def qobject_classes() -> tuple[type, ...]:
    """The QObject classes of PySide6 that we use."""
    every = (getattr(module, name) for module in (QtCore, QtGui, QtWidgets) for name in dir(module))
    return tuple(cls for cls in every if isinstance(cls, type) and issubclass(cls, QtCore.QObject))


@functools.cache
def _properties_of(cls: type) -> dict[str, QtProperty]:
    meta_object = cls.staticMetaObject
    metas = [
        meta_object.property(i) for i in range(meta_object.propertyOffset(), meta_object.propertyCount())
    ]
    found = {meta.name(): QtProperty(meta.name(), meta, cls.__dict__.get(meta.name())) for meta in metas}
    if cls is QtCore.QObject:
        found["name"] = QtProperty("objectName", metas[0], cls.__dict__["objectName"])
    return {name: attribute for name, attribute in found.items() if name not in _NOT_PROPERTIES}


def stored(
    kind: Any, name: str, default: Any, changed: Callable[[Any], None] | None = None
) -> QtCore.Property:
    """A property of a stand-in that remembers its value, and calls `changed(widget)` when it differs.

    It has to exist when the class is made: Qt's .ui loader does not see later ones.
    """

    def read(self: Any) -> Any:
        return self.__dict__.get(f"_{name}", default)

    def write(self: Any, value: Any) -> None:
        value = tuple(value) if kind == "QStringList" else value
        if value != read(self):
            self.__dict__[f"_{name}"] = value
            if changed is not None:
                changed(self)

    return QtCore.Property(kind, read, write)


def stand_in(cls: type) -> type:
    """Class decorator: registers a stand-in widget and gives its properties their ``setX`` methods."""
    for name, value in list(vars(cls).items()):
        if isinstance(value, QtCore.Property):
            setter = f"set{name[0].upper()}{name[1:]}"
            if setter not in vars(cls) and value.fset is not None:
                setattr(cls, setter, _setter(name))
    cls._is_stand_in = True
    WIDGETS[cls.__name__] = cls
    return cls


def _setter(name: str) -> Callable[[Any, Any], None]:
    def set_value(self: Any, value: Any) -> None:
        setattr(self, name, value)

    return set_value
