"""How values of each type are kept as texts and node references of a vtkMRMLScriptedModuleNode."""

from __future__ import annotations

import enum
import pathlib
import types
import typing
from collections.abc import Iterable, MutableSequence
from typing import Any

import slicer

from . import packs
from .annotations import IsInstance, NotNone, Validator, split, validators_of


class Field:
    """One type of value under one name of the node: writes, reads, and knows what may be written."""

    cached = True
    """Whether reads come from a copy that follows the node's changes."""

    def __init__(self, default: Any, validators: Iterable[Validator] = ()) -> None:
        self.default = default
        self.validators = list(validators)

    def is_in(self, node: Any, name: str) -> bool:
        return bool(node.HasParameter(name))

    def write(self, node: Any, name: str, value: Any) -> None:
        for validator in self.validators:
            validator.validate(value)
        self.store(node, name, value)

    def store(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, self.to_text(value))

    def read(self, node: Any, name: str) -> Any:
        return self.from_text(node.GetParameter(name))

    def remove(self, node: Any, name: str) -> None:
        node.UnsetParameter(name)

    def to_text(self, value: Any) -> str:
        return str(value)

    def from_text(self, text: str) -> Any:
        return text


class TextField(Field):
    def __init__(self) -> None:
        super().__init__("", [NotNone(), IsInstance(str)])


class NumberField(Field):
    def __init__(self, number: type) -> None:
        super().__init__(0, [NotNone(), IsInstance((int, float) if number is float else int)])
        self.from_text = number


class BoolField(Field):
    def __init__(self) -> None:
        super().__init__(False, [NotNone(), IsInstance(bool)])

    def from_text(self, text: str) -> bool:
        return text == "True"


class PathField(Field):
    def __init__(self, path: type) -> None:
        super().__init__(path(), [NotNone(), IsInstance(path)])
        self.from_text = path


class EnumField(Field):
    def __init__(self, members: type[enum.Enum]) -> None:
        super().__init__(next(iter(members)), [IsInstance(members)])
        self.members = members

    def to_text(self, value: Any) -> str:
        return str(value.name)

    def from_text(self, text: str) -> enum.Enum:
        if text not in self.members.__members__:
            raise ValueError(f"The parameter node has {text!r}, which is no name in {self.members!r}")
        return self.members[text]


class NodeField(Field):
    """A reference to another node, with the field's name as its role."""

    def __init__(self, node_class: type) -> None:
        super().__init__(None, [IsInstance(node_class)])

    def store(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, "")  # says that the field was written, even with None
        node.SetNodeReferenceID(name, None if value is None else value.GetID())

    def read(self, node: Any, name: str) -> Any:
        return node.GetNodeReference(name)

    def remove(self, node: Any, name: str) -> None:
        super().remove(node, name)
        node.RemoveNodeReferenceIDs(name)


class ListField(Field):
    """Elements under "name.0", "name.1", ..., their number under "name.len"."""

    def __init__(self, element: Field) -> None:
        super().__init__([])
        self.element = element
        self.cached = element.cached

    def _length(self, node: Any, name: str) -> int:
        return int(node.GetParameter(f"{name}.len")) if self.is_in(node, name) else 0

    def is_in(self, node: Any, name: str) -> bool:
        return bool(node.HasParameter(f"{name}.len"))

    def store(self, node: Any, name: str, value: Any) -> None:
        values = list(value)
        for item in values:
            for validator in self.element.validators:
                validator.validate(item)  # all of them, before the first is written
        before = self._length(node, name)
        with slicer.util.NodeModify(node):
            for index, item in enumerate(values):
                self.element.write(node, f"{name}.{index}", item)
            node.SetParameter(f"{name}.len", str(len(values)))
            for index in range(len(values), before):
                self.element.remove(node, f"{name}.{index}")

    def read(self, node: Any, name: str) -> ObservedList:
        values = [self.element.read(node, f"{name}.{index}") for index in range(self._length(node, name))]
        return ObservedList(self, node, name, values)

    def remove(self, node: Any, name: str) -> None:
        with slicer.util.NodeModify(node):
            for index in range(self._length(node, name)):
                self.element.remove(node, f"{name}.{index}")
            node.UnsetParameter(f"{name}.len")


class ObservedList(MutableSequence):
    """A list whose changes are written to its parameter node at once."""

    def __init__(self, field: ListField, node: Any, name: str, values: list[Any]) -> None:
        self._field, self._node, self._name, self._values = field, node, name, values

    def _save(self) -> None:
        try:
            self._field.write(self._node, self._name, self._values)
        finally:  # a refused element is not kept here either
            self._values = self._field.read(self._node, self._name)._values

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._values[index] = value
        self._save()

    def __delitem__(self, index: Any) -> None:
        del self._values[index]
        self._save()

    def __len__(self) -> int:
        return len(self._values)

    def insert(self, index: int, value: Any) -> None:
        self._values.insert(index, value)
        self._save()

    def extend(self, values: Iterable[Any]) -> None:
        self._values.extend(values)
        self._save()

    def clear(self) -> None:
        self._values.clear()
        self._save()

    def __eq__(self, other: object) -> bool:
        return self._values == (other._values if isinstance(other, ObservedList) else other)

    __hash__ = None

    def __repr__(self) -> str:
        return f"ObservedList({self._values})"


class PackField(Field):
    """The members of a parameter pack under "name.member"."""

    def __init__(self, pack: type) -> None:
        super().__init__(None, [NotNone(), IsInstance(pack)])
        self.pack = pack
        self.members: dict[str, Field] = pack.allParameters
        self.cached = all(member.cached for member in self.members.values())

    @property
    def default(self) -> Any:
        return self.pack()

    @default.setter
    def default(self, value: Any) -> None:
        """A pack makes its own defaults."""

    def is_in(self, node: Any, name: str) -> bool:
        return all(member.is_in(node, f"{name}.{key}") for key, member in self.members.items())

    def store(self, node: Any, name: str, value: Any) -> None:
        with slicer.util.NodeModify(node):
            for key, member in self.members.items():
                member.write(node, f"{name}.{key}", getattr(value, key))

    def read(self, node: Any, name: str) -> Any:
        values = {key: member.read(node, f"{name}.{key}") for key, member in self.members.items()}
        return packs.observed(self.pack, values, lambda pack: self.store(node, name, pack))

    def remove(self, node: Any, name: str) -> None:
        for key, member in self.members.items():
            member.remove(node, f"{name}.{key}")


def field_of(annotated: Any) -> Field:
    """The field for a type, with the rules annotated to it.

    Raises:
        TypeError: for a type that these stand-ins do not know (the application knows some more).
    """
    kind = split(annotated)[0]
    field = _bare_field(kind)
    field.validators += validators_of(annotated)
    return field


def _bare_field(kind: Any) -> Field:
    optional = [each for each in typing.get_args(kind) if each is not type(None)]
    if typing.get_origin(kind) in (typing.Union, types.UnionType) and len(optional) == 1:
        if isinstance(optional[0], type) and issubclass(optional[0], slicer.vtkMRMLNode):
            return NodeField(optional[0])
        raise TypeError(f"The stand-ins have no field for {kind}: only nodes may be optional")
    if typing.get_origin(kind) is list:
        return ListField(field_of(typing.get_args(kind)[0]))
    if packs.isParameterPack(kind):
        return PackField(kind)
    if not isinstance(kind, type):
        raise TypeError(f"The stand-ins have no field for {kind}")
    if kind is bool:
        return BoolField()
    if kind in (int, float):
        return NumberField(kind)
    if kind is str:
        return TextField()
    if issubclass(kind, pathlib.PurePath):
        return PathField(kind)
    if issubclass(kind, enum.Enum):
        return EnumField(kind)
    if issubclass(kind, slicer.vtkMRMLNode):
        return NodeField(kind)
    raise TypeError(f"The stand-ins have no field for {kind}")
