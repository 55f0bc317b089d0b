"""`slicer.packaging` and the installing functions of slicer.util: recorded, nothing is installed."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any


class Installer:
    """The package index of a test.

    Attributes:
        installed: what was asked to be installed, one entry a call.
        missing: names that count as not installed, whatever the interpreter has.
        refuses: set to an exception that `pip_install` then raises, such as for a machine without network.
    """

    def __init__(self) -> None:
        self.installed: list[str] = []
        self.missing: set[str] = set()
        self.refuses: Exception | None = None

    def pip_install(self, requirements: str | list[str], *args: Any, **kwargs: Any) -> None:
        """Records the requirements as one text; they then count as installed."""
        if self.refuses is not None:
            raise self.refuses
        text = requirements if isinstance(requirements, str) else " ".join(map(str, requirements))
        self.installed.append(text)
        self.missing -= {_name(each) for each in text.split()}

    def pip_check(self, requirements: Any) -> bool:
        """Whether each of the requirements is there; versions are not compared."""
        listed = requirements.split() if isinstance(requirements, str) else requirements
        listed = listed if isinstance(listed, list) else [listed]
        return not any(self._lacks(_name(str(each))) for each in listed)

    def _lacks(self, name: str) -> bool:
        modules = {"scikit-image": "skimage", "simpleitk": "SimpleITK"}
        return (
            name in self.missing
            or importlib.util.find_spec(modules.get(name, name.replace("-", "_"))) is None
        )


def packaging_module(installer: Installer, ask: Callable[[str], bool]) -> ModuleType:
    """A module `slicer.packaging` as of 5.12, around an installer; `ask` is the question to the user."""
    module = ModuleType("slicer.packaging")

    def load_requirements(path: str | Path) -> list[Any]:
        from packaging.requirements import Requirement

        lines = (line.split("#")[0].strip() for line in Path(path).read_text().splitlines())
        return [Requirement(line) for line in lines if line and not line.startswith("-")]

    def pip_ensure(
        requirements: Any,
        constraints: Any = None,
        prompt_install: bool = True,
        requester: str | None = None,
        **_: Any,
    ) -> None:
        listed = requirements if isinstance(requirements, list) else str(requirements).split()
        lacking = [str(each) for each in listed if not installer.pip_check([each])]
        if not lacking:
            return
        if prompt_install and not ask(f"{requester or 'This module'} needs {', '.join(lacking)}. Install?"):
            raise RuntimeError("The user declined to install the packages")
        installer.pip_install(lacking)

    module.load_requirements = load_requirements
    module.pip_check = installer.pip_check
    module.pip_ensure = pip_ensure
    module.pip_install = installer.pip_install
    module.isPipInstallInProgress = lambda: False
    return module


def _name(requirement: str) -> str:
    return re.split(r"[<>=!~;\[ ]", requirement.strip())[0].lower()
