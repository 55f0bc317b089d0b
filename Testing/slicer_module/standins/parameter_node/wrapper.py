"""The decorator that turns a class with typed fields into a view of a vtkMRMLScriptedModuleNode."""

from __future__ import annotations

import typing
import weakref
from collections.abc import Callable
from typing import Any

import slicer
import vtk
from PySide6 import QtWidgets

from .annotations import Default, first
from .bindings import Binding, SlicerParameterNamePropertyName, bind
from .fields import Field, field_of


def parameterNodeWrapper(cls: type | None = None) -> Any:
    """Class decorator: every annotated member becomes a typed field of the node given to the constructor."""
    return _make if cls is None else _make(cls)


def isParameterNodeWrapper(wrapper: Any) -> bool:
    """Whether this class, or the class of this object, was made by `parameterNodeWrapper`."""
    return bool(getattr(wrapper, "_is_parameter_node_wrapper", False))


class _Kept:
    """The value of one field in one node; reads come from a copy that follows the node."""

    def __init__(self, field: Field, default: Default, node: Any, name: str) -> None:
        self.field, self.default, self.node, self.name = field, default, node, name
        if not field.is_in(node, name):
            field.write(node, name, default.value)
        self._writing = False
        self._tag = None
        if field.cached:
            self._copy = field.read(node, name)
            me = weakref.ref(self)  # the node must not keep this object alive
            self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: me() and me()._follow())

    def _follow(self) -> None:
        if not self._writing:
            self._copy = self._fresh()

    def _fresh(self) -> Any:
        if not self.field.is_in(self.node, self.name):
            self.field.write(self.node, self.name, self.default.value)
        return self.field.read(self.node, self.name)

    def read(self) -> Any:
        return self._copy if self.field.cached else self._fresh()

    def write(self, value: Any) -> None:
        self._writing = True
        try:
            with slicer.util.NodeModify(self.node):
                self.field.write(self.node, self.name, value)
                if self.field.cached:
                    self._copy = self.field.read(self.node, self.name)  # observers ask for it already
        finally:
            self._writing = False

    def __del__(self) -> None:
        if self._tag is not None:
            self.node.RemoveObserver(self._tag)


class _Wrapper:
    """What every wrapper can do besides its fields."""

    allParameters: typing.ClassVar[dict[str, Field]] = {}
    _types: typing.ClassVar[dict[str, Any]] = {}
    _defaults: typing.ClassVar[dict[str, Default]] = {}
    _is_parameter_node_wrapper = True

    def __init__(self, parameterNode: Any, prefix: str | None = None) -> None:
        self.parameterNode = parameterNode
        self._bindings: dict[int, tuple[dict[str, Binding], int]] = {}
        self._next_tag = 0
        self._to_widgets = False
        self._kept = {
            name: _Kept(field, self._defaults[name], parameterNode, f"{prefix or ''}{name}")
            for name, field in self.allParameters.items()
        }

    def default(self, name: str) -> Default:
        return self._defaults[self._checked(name)]

    def isCached(self, name: str) -> bool:
        return self.allParameters[self._checked(name)].cached

    @classmethod
    def dataType(cls, name: str) -> Any:
        top, _, rest = name.partition(".")
        cls._checked(top)
        return cls._types[top].dataType(rest) if rest else cls._types[top]

    def getValue(self, name: str) -> Any:
        top, _, rest = name.partition(".")
        value = self._kept[self._checked(top)].read()
        return value.getValue(rest) if rest else value

    def setValue(self, name: str, value: Any) -> None:
        top, _, rest = name.partition(".")
        kept = self._kept[self._checked(top)]
        if rest:
            kept.read().setValue(rest, value)
        else:
            kept.write(value)

    def connectGui(self, gui: Any) -> int:
        """Binds every widget that names a field: the children of a widget, or the attributes of an object."""
        if isinstance(gui, QtWidgets.QWidget):
            widgets = list(gui.findChildren(QtWidgets.QWidget))
        else:
            widgets = list(vars(gui).values())
        named = {widget.property(SlicerParameterNamePropertyName): widget for widget in widgets}
        return self.connectParametersToGui({name: widget for name, widget in named.items() if name})

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        """Binds widgets to the fields named; gives a tag for `disconnectGui`."""
        bound = {name: bind(widget, self.dataType(name)) for name, widget in mapping.items()}
        tag = self._next_tag
        self._next_tag += 1
        for name, binding in bound.items():
            binding.write(self.getValue(name))
            binding.follow(self._from_widget(name, binding))
        observer = self.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show_all())
        self._bindings[tag] = (bound, observer)
        return tag

    def disconnectGui(self, tag: int) -> None:
        bound, observer = self._bindings.pop(tag, ({}, None))
        for binding in bound.values():
            binding.release()
        if observer is not None:
            self.RemoveObserver(observer)

    def _from_widget(self, name: str, binding: Binding) -> Callable[[], None]:
        def changed() -> None:
            with slicer.util.NodeModify(self):
                if not self._to_widgets:
                    self.setValue(name, binding.read())

        return changed

    def _show_all(self) -> None:
        if self._to_widgets:
            return
        self._to_widgets = True
        try:
            with slicer.util.NodeModify(self):
                for bound, _ in list(self._bindings.values()):
                    for name, binding in bound.items():
                        binding.write(self.getValue(name))
        finally:
            self._to_widgets = False

    def StartModify(self) -> int:
        return self.parameterNode.StartModify()

    def EndModify(self, was_modifying: int) -> int:
        return self.parameterNode.EndModify(was_modifying)

    def AddObserver(self, event: Any, callback: Any, priority: float = 0.0) -> int:
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    def Modified(self) -> None:
        self.parameterNode.Modified()

    @classmethod
    def _checked(cls, name: str) -> str:
        if name.partition(".")[0] not in cls.allParameters:
            raise ValueError(f"There is no parameter {name!r}; there are {sorted(cls.allParameters)}")
        return name


def _make(cls: type) -> type:
    types = typing.get_type_hints(cls, include_extras=True)
    reserved = sorted(name for name in types if hasattr(_Wrapper, name) or name == "parameterNode")
    if reserved:
        raise ValueError(f"{cls.__name__} uses reserved names: {reserved}")
    fields = {name: field_of(hint) for name, hint in types.items()}
    defaults = {}
    for name, field in fields.items():
        given = Default(getattr(cls, name)) if hasattr(cls, name) else first(types[name], Default)
        defaults[name] = given or Default(generator=lambda field=field: field.default)
        setattr(cls, name, _member(name))
    for name, value in vars(_Wrapper).items():
        if name == "__init__" or not name.startswith("__"):
            setattr(cls, name, value)
    cls.allParameters, cls._types, cls._defaults = fields, types, defaults
    return cls


def _member(name: str) -> property:
    def write(self: Any, value: Any) -> None:
        self._kept[name].write(value)

    return property(lambda self: self._kept[name].read(), write)
