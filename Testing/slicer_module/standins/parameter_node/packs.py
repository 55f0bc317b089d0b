"""Parameter packs: several typed values under one name."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any

from . import fields
from .annotations import Default, first


def parameterPack(cls: type | None = None) -> Any:
    """Class decorator: members with types, defaults and rules, a constructor and equality."""
    return _make if cls is None else _make(cls)


def isParameterPack(kind: Any) -> bool:
    """Whether this class, or the class of this object, is a pack."""
    return bool(getattr(kind, "_is_parameterPack", False))


def nestedParameterNames(pack: Any) -> list[str]:
    """The members' names, those of inner packs with a dot."""
    names = []
    for name, member in pack.allParameters.items():
        inner = getattr(member, "pack", None)
        names += [f"{name}.{each}" for each in nestedParameterNames(inner)] if inner else [name]
    return names


def observed(cls: type, values: dict[str, Any], save: Callable[[Any], None]) -> Any:
    """A pack that calls `save` with itself after every change."""
    pack = cls(**values)
    vars(pack)["_save"] = save
    return pack


def _make(cls: type) -> type:
    hints = typing.get_type_hints(cls, include_extras=True)
    if not hints:
        raise ValueError(f"{cls.__name__} has no members")
    members: dict[str, fields.Field] = {}
    types = dict(hints)
    for name, hint in hints.items():
        field = fields.field_of(hint)
        default = first(hint, Default)
        if hasattr(cls, name):
            default = Default(getattr(cls, name))
        if default is not None:
            field.default = default.value
        for validator in field.validators:
            validator.validate(field.default)
        members[name] = field
        setattr(cls, name, _member(name, field))

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        given = dict(zip(members, args, strict=False)) | kwargs
        unknown = set(given) - set(members)
        if unknown or len(args) > len(members):
            raise TypeError(f"{cls.__name__} has no members {sorted(unknown) or args[len(members) :]}")
        for name, field in members.items():
            setattr(self, name, given.get(name, field.default))

    cls.__init__ = __init__
    cls.__eq__ = lambda self, other: (
        isinstance(other, cls) and all(getattr(self, name) == getattr(other, name) for name in members)
    )
    cls.__hash__ = None
    cls.__repr__ = lambda self: f"{cls.__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in members)})"
    cls.allParameters = members
    cls._is_parameterPack = True
    cls.getValue = _get_value
    cls.setValue = _set_value
    cls.dataType = staticmethod(lambda name: _data_type(types, name))
    return cls


def _member(name: str, field: fields.Field) -> property:
    key = f"_pack_{name}"

    def write(self: Any, value: Any) -> None:
        for validator in field.validators:
            validator.validate(value)
        vars(self)[key] = value
        if "_save" in vars(self):
            vars(self)["_save"](self)

    return property(lambda self: vars(self)[key], write)


def _get_value(self: Any, name: str) -> Any:
    top, _, rest = name.partition(".")
    value = getattr(self, top)
    return value.getValue(rest) if rest else value


def _set_value(self: Any, name: str, value: Any) -> None:
    top, _, rest = name.partition(".")
    if rest:
        inner = getattr(self, top)
        inner.setValue(rest, value)
        setattr(self, top, inner)
    else:
        setattr(self, top, value)


def _data_type(types: dict[str, Any], name: str) -> Any:
    top, _, rest = name.partition(".")
    return types[top].dataType(rest) if rest else types[top]
