# ruff: noqa: N801
"""A scripted module as the application keeps it: loaded, shown, left, reloaded and unloaded."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import slicer
from PySide6 import QtWidgets

from .mrml_widgets import qMRMLWidget
from .properties import stand_in, stored
from .scripted_module import ModuleParent


class LoadedModule:
    """`slicer.modules.contourqa`: the module's instance, and its panel once it is asked for."""

    def __init__(self, path: Path, python_module: ModuleType) -> None:
        self.path = str(path)
        self.name = path.stem
        self.python_module = python_module
        self.parent = ModuleParent(self.path)
        self.instance = getattr(python_module, self.name)(self.parent)
        self._representation: qSlicerScriptedLoadableModuleWidget | None = None

    @property
    def title(self) -> str:
        return self.parent.title

    def widgetRepresentation(self) -> qSlicerScriptedLoadableModuleWidget:
        if self._representation is None:
            self._representation = qSlicerScriptedLoadableModuleWidget(self)
            self._representation.reload()
        return self._representation

    def createNewWidgetRepresentation(self) -> qSlicerScriptedLoadableModuleWidget:
        representation = qSlicerScriptedLoadableModuleWidget(self)
        representation.reload()
        return representation

    def unload(self) -> None:
        """The application ends: cleanup by the module manager's signal, then the panel is deleted."""
        representation, self._representation = self._representation, None
        if representation is None:
            return
        if representation.isEntered:
            representation.exit()
        slicer.app.moduleManager().moduleAboutToBeUnloaded.emit(self.name)
        vars(slicer.modules).pop(f"{self.name}Widget", None)
        representation._widget = None
        representation.delete()
        slicer.app.processEvents()


@stand_in
class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The frame around a module's panel, the `parent` of its widget class."""

    isEntered = stored(bool, "isEntered", False)

    def __init__(self, module: LoadedModule) -> None:
        super().__init__()
        self._module = module
        self._widget: Any = None
        self.setObjectName(f"{module.name}ModuleWidget")
        QtWidgets.QVBoxLayout(self)
        self.setMRMLScene(slicer.mrmlScene)

    def self(self) -> Any:
        """The Python object."""
        return self._widget

    def reload(self) -> None:
        """Makes the panel, or makes it anew after its file was read again."""
        import sys

        python_module = sys.modules[self._module.name]
        self._widget = getattr(python_module, f"{self._module.name}Widget")(self)
        setattr(slicer.modules, f"{self._module.name}Widget", self._widget)
        self._widget.setup()

    def enter(self) -> None:
        """The user opens the module."""
        self.isEntered = True
        self.show()
        if hasattr(self._widget, "enter"):
            self._widget.enter()

    def exit(self) -> None:
        """The user goes to another module."""
        self.isEntered = False
        self.hide()
        if hasattr(self._widget, "exit"):
            self._widget.exit()
