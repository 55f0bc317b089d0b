"""How PythonQt turns Python values into the type of a Qt property."""

from __future__ import annotations

import operator
from typing import Any

from PySide6 import QtCore

_TYPES = QtCore.QMetaType.Type
_WHOLE = {_TYPES.Int.value, _TYPES.UInt.value, _TYPES.LongLong.value, _TYPES.ULongLong.value}
_REAL = {_TYPES.Double.value, _TYPES.Float.value}
_KINDS = {
    bool: _TYPES.Bool.value,
    int: _TYPES.Int.value,
    float: _TYPES.Double.value,
    str: _TYPES.QString.value,
}


def convert(value: Any, kind: int | type, where: str) -> Any:
    """The value as a property of this type takes it.

    Measured in the application: a string property takes anything by ``str``, a bool anything by its truth;
    numbers take numbers only, a whole number cuts off the fraction, and numpy's floats are refused.

    Args:
        value: what was assigned.
        kind: id of the Qt meta-type, or bool, int, float or str.
        where: "Class.property" for the message.

    Raises:
        AttributeError: as PythonQt does when the value does not fit.
    """
    if isinstance(kind, type):
        kind = _KINDS.get(kind, _TYPES.UnknownType.value)
    if kind == _TYPES.QString.value:
        return "" if value is None else str(value)
    if kind == _TYPES.Bool.value:
        return bool(value)
    if kind in _WHOLE or kind in _REAL:
        number = _number(value, kind in _WHOLE)
        if number is None:
            raise AttributeError(f"{where} does not take {value!r} of type {type(value).__name__}")
        return number
    return value


def _number(value: Any, whole: bool) -> int | float | None:
    if type(value) is float:
        return int(value) if whole else value
    try:
        index = operator.index(value)  # bool, int and numpy's integers
    except TypeError:
        return None
    return index if whole else float(index)
