"""Changes to objects of others that are taken back in the reverse order."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

_MISSING = object()


class Patches:
    """A record of attributes and modules that were replaced, so that nothing stays behind.

    Tests of other folders use the same interpreter, with the real ``slicer`` package and without Qt: what
    the stand-ins change on PySide6's classes, on ``slicer`` and in ``sys.modules`` has to go again.
    """

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []
        self._modules: list[tuple[str, ModuleType | None]] = []

    def attribute(self, owner: Any, name: str, value: Any) -> None:
        """Sets `name` on a module or class; what it had itself (not by inheritance) comes back by `undo`."""
        self._undo.append((owner, name, vars(owner).get(name, _MISSING)))
        setattr(owner, name, value)

    def hide(self, owner: Any, name: str) -> None:
        """Takes `name` away from a module or class until `undo`."""
        self._undo.append((owner, name, vars(owner)[name]))
        delattr(owner, name)

    def module(self, name: str, module: ModuleType) -> None:
        """Makes `import name` give `module`; a submodule becomes an attribute of its parent as well."""
        self._modules.append((name, sys.modules.get(name)))
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            self.attribute(sys.modules[parent], child, module)

    def undo(self) -> None:
        """Takes everything back, the latest change first."""
        for owner, name, value in reversed(self._undo):
            if value is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
        for name, module in reversed(self._modules):
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
        self._undo.clear()
        self._modules.clear()
