"""VTK observers that keep nothing alive."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import shiboken6
import vtk


def observe(
    subject: Any, event: Any, method: Callable[..., None], with_node: bool = False
) -> Callable[[], None]:
    """Calls a bound method upon an event for as long as its widget lives in Python and in Qt.

    Args:
        subject: the VTK object that is observed.
        event: number or name of the event.
        method: a bound method of a stand-in; called with nothing, or with the event's node.
        with_node: whether the event brings a node along.

    Returns:
        what takes the observer away again; it may be called late or twice.
    """
    weak = weakref.WeakMethod(method)

    def called(caller: Any, name: str, node: Any = None) -> None:
        living = weak()
        if living is not None and shiboken6.isValid(living.__self__):
            living(node) if with_node else living()

    if with_node:
        called.CallDataType = vtk.VTK_OBJECT
    tag = subject.AddObserver(event, called)
    weak_subject = weakref.ref(subject)

    def remove() -> None:
        living = weak_subject()
        if living is not None:
            living.RemoveObserver(tag)

    return remove
