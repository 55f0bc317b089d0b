"""Signals as PythonQt offers them: ``connect("name(types)", slot)`` and ``object.signal.connect(slot)``."""

from __future__ import annotations

import inspect
import sys
import types
import weakref
from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6 import QtCore

_qt_connect = QtCore.QObject.connect
_qt_emit = QtCore.QObject.emit
_qt_disconnect = QtCore.QObject.disconnect
_connected: dict[int, list[tuple[str, Any, Callable[..., None]]]] = {}
"""(signature, slot, what Qt calls) by the address of the sender; Python wrappers may come and go."""
_timers: dict[int, weakref.ref[QtCore.QTimer]] = {}
"""The timers among the senders, by address."""


class Signal:
    """One signal of one object, found as an attribute; calling it emits it, as in PythonQt."""

    def __init__(self, sender: QtCore.QObject, name: str) -> None:
        self._sender, self._name = sender, name

    def connect(self, slot: Callable[..., Any]) -> bool:
        """Connects the first signature of this name."""
        return connect(self._sender, signatures(self._sender, self._name)[0], slot)

    def disconnect(self, slot: Callable[..., Any]) -> bool:
        """Takes `connect` back."""
        return disconnect(self._sender, signatures(self._sender, self._name)[0], slot)

    def emit(self, *values: Any) -> None:
        """Calls what is connected to the signature with as many values."""
        found = signatures(self._sender, self._name)
        fitting = [each for each in found if _count(each) == len(values)] or found
        emit(self._sender, fitting[0], *values)

    __call__ = emit


def signatures(sender: QtCore.QObject, name: str) -> list[str]:
    """The signatures of the signals of this name as Qt or, for VTK's types, as the real widget has them."""
    declared = [signature for signature in _declared(sender) if signature.split("(")[0] == name]
    meta_object = sender.metaObject()
    methods = (meta_object.method(index) for index in range(meta_object.methodCount()))
    return declared + [
        bytes(method.methodSignature().data()).decode()
        for method in methods
        if method.methodType() == QtCore.QMetaMethod.MethodType.Signal
        and bytes(method.name().data()).decode() == name
    ]


def connect(sender: QtCore.QObject, signature: str, slot: Any, member: str | None = None) -> bool:
    """Connects a signal with a callable, or with the method `member` ("name(types)") of the object `slot`.

    Returns:
        False, with a printed line and without an exception, if the sender has no such signal.
    """
    native = _native(sender, signature)
    if native is None:
        print(f"connect: {type(sender).__name__} has no signal {signature}", file=sys.stderr)  # noqa: T201
        return False
    if member is not None:
        slot = getattr(slot, member.split("(")[0])
    call = _caller(slot)
    address = shiboken6.getCppPointer(sender)[0]
    if address not in _connected:
        _connected[address] = []
        _qt_connect(sender, QtCore.SIGNAL("destroyed()"), lambda: _forget(address))
        if isinstance(sender, QtCore.QTimer):
            _timers[address] = weakref.ref(sender)
    _connected[address].append((native, slot, call))
    _qt_connect(sender, QtCore.SIGNAL(native), call)
    return True


def disconnect(sender: QtCore.QObject, signature: str, slot: Any, member: str | None = None) -> bool:
    """Takes one `connect` back; False if there was none."""
    native = _native(sender, signature)
    if member is not None:
        slot = getattr(slot, member.split("(")[0])
    entries = _connected.get(shiboken6.getCppPointer(sender)[0], [])
    for entry in entries:
        if entry[0] == native and entry[1] == slot:
            entries.remove(entry)
            return bool(_qt_disconnect(sender, QtCore.SIGNAL(native), entry[2]))
    return False


def emit(sender: QtCore.QObject, signature: str, *values: Any) -> None:
    """Emits the signal with this very signature."""
    _qt_emit(sender, QtCore.SIGNAL(_native(sender, signature)), *values)


def release_stopped_timers() -> None:
    """Disconnects timers that do not run.

    A timer without a parent and the object that it calls hold each other, which does no harm once it is
    stopped; a running one would go on calling a panel that is gone.
    """
    for address, weak in list(_timers.items()):
        timer = weak()
        if timer is not None and shiboken6.isValid(timer) and not timer.isActive():
            for signature, _, call in _connected.get(address, []):
                _qt_disconnect(timer, QtCore.SIGNAL(signature), call)
            _forget(address)


def _forget(address: int) -> None:
    _connected.pop(address, None)
    _timers.pop(address, None)


def _count(signature: str) -> int:
    types_of = signature.split("(")[1].rstrip(")")
    return types_of.count(",") + 1 if types_of else 0


def _declared(sender: QtCore.QObject) -> dict[str, str]:
    """Signatures with VTK's types, by the stand-in's own signature, of the class and its bases."""
    found: dict[str, str] = {}
    for cls in reversed(type(sender).__mro__):
        found.update(cls.__dict__.get("VTK_SIGNALS", {}))
    return found


def _native(sender: QtCore.QObject, signature: str) -> str | None:
    signature = bytes(QtCore.QMetaObject.normalizedSignature(signature).data()).decode()
    signature = _declared(sender).get(signature, signature)
    return signature if sender.metaObject().indexOfSignal(signature) >= 0 else None


def _caller(slot: Callable[..., Any]) -> Callable[..., None]:
    """What Qt calls: drops surplus arguments; an exception is printed and goes no further."""
    count = _argument_count(slot)

    def call(*values: Any) -> None:
        try:
            slot(*values[:count])
        except Exception:
            sys.excepthook(*sys.exc_info())  # the test's fixture collects it

    return call


def _argument_count(slot: Callable[..., Any]) -> int | None:
    """Positional arguments of a function or method, with defaults counted; None (all) for other callables."""
    function = slot.__func__ if isinstance(slot, types.MethodType) else slot
    if not isinstance(function, types.FunctionType) or function.__code__.co_flags & inspect.CO_VARARGS:
        return None
    return function.__code__.co_argcount - (1 if isinstance(slot, types.MethodType) else 0)
