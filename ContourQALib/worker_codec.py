"""Objects to JSON and back: frozen dataclasses and enums of this library, and what they are made of.

Nothing else is ever made of a message: a type is found by its name only if it is a dataclass or an Enum that
lies in ContourQALib. Arrays are handed to whoever carries them (see `worker_arrays`).
"""

from __future__ import annotations

import base64
import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import numpy as np

PACKAGE = "ContourQALib"

Share = Callable[[np.ndarray], dict[str, Any]]
"""Puts an array where the other side finds it; returns how, for JSON."""

Take = Callable[[dict[str, Any]], np.ndarray]
"""Finds the array again."""


def encode(value: Any, share: Share) -> Any:
    """What `json.dumps` takes, without loss but for numpy's scalars, which become Python's.

    Raises:
        TypeError: the value holds an object of another kind.
    """
    if isinstance(value, Enum):  # first: an enum of text is a str too
        return {"enum": _name_of(type(value)), "member": value.name}
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, np.generic):
        return encode(value.item(), share)
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.ndarray):
        return {"array": share(value)}
    if isinstance(value, tuple):
        return {"tuple": [encode(one, share) for one in value]}
    if isinstance(value, list):
        return [encode(one, share) for one in value]
    if isinstance(value, Mapping):
        return {"mapping": [[encode(key, share), encode(one, share)] for key, one in value.items()]}
    if isinstance(value, PurePath):
        return {"path": str(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    if is_dataclass(value) and not isinstance(value, type):
        name = _name_of(type(value))
        held = {f.name: encode(getattr(value, f.name), share) for f in fields(value) if f.init}
        return {"type": name, "fields": held}
    raise TypeError(f"objects of the type {type(value).__qualname__} are not carried")


def decode(data: Any, take: Take) -> Any:
    """The object that `encode` was given.

    Raises:
        TypeError, ValueError, KeyError: the data are of no object that is carried.
        ContourQAError: the object's own checks refuse it.
    """
    if isinstance(data, list):
        return [decode(one, take) for one in data]
    if not isinstance(data, dict):
        return data
    if "type" in data:
        return _type_of(data["type"])(**{name: decode(one, take) for name, one in data["fields"].items()})
    if "enum" in data:
        return _type_of(data["enum"])[data["member"]]
    if "tuple" in data:
        return tuple(decode(one, take) for one in data["tuple"])
    if "mapping" in data:
        return {decode(key, take): decode(one, take) for key, one in data["mapping"]}
    if "array" in data:
        return take(data["array"])
    if "float" in data:
        return float(data["float"])
    if "path" in data:
        return Path(data["path"])
    if "bytes" in data:
        return base64.b64decode(data["bytes"])
    raise ValueError(f"a message holds an object of no known kind ({', '.join(data)[:80]})")


def _name_of(kind: type) -> str:
    name = f"{kind.__module__}:{kind.__qualname__}"
    if _type_of(name) is not kind:
        raise TypeError(f"objects of the type {kind.__qualname__} are not carried")
    return name


@cache
def _type_of(name: str) -> Any:
    """The dataclass or Enum of ContourQALib with this "module:name"; nothing else is looked up."""
    module, _, qualified = name.partition(":")
    package, *parts = module.split(".")
    public = all(part.isidentifier() and not part.startswith("_") for part in parts)
    if package != PACKAGE or not public or not qualified.isidentifier():
        raise TypeError(f"objects of the type {name} are not carried")
    kind = getattr(importlib.import_module(module), qualified, None)
    carried = isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, Enum))
    if not carried or kind.__module__ != module:
        raise TypeError(f"objects of the type {name} are not carried")
    return kind
