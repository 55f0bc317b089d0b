"""`slicer.ScriptedLoadableModule`: the four base classes of a scripted module."""

from __future__ import annotations

import importlib
import logging
import sys
import unittest
from pathlib import Path
from typing import Any

import slicer
from PySide6 import QtWidgets

from .ctk_widgets import ctkCollapsibleButton
from .mrml_widgets import qMRMLWidget
from .scenes import nodes_of

__all__ = [
    "ScriptedLoadableModule",
    "ScriptedLoadableModuleLogic",
    "ScriptedLoadableModuleTest",
    "ScriptedLoadableModuleWidget",
]


class ModuleParent:
    """What the application hands to a module class: title, categories and the rest, with the file's path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = Path(path).stem
        self.title = self.helpText = self.acknowledgementText = ""
        self.categories: list[str] = []
        self.contributors: list[str] = []
        self.dependencies: list[str] = []
        self.hidden = False
        self.icon = None
        self.index = -1
        self.associatedNodeTypes: list[str] = []


class ScriptedLoadableModule:
    """The module's description; its tests become runnable by name."""

    def __init__(self, parent: Any) -> None:
        super().__init__()
        self.parent = parent
        self.moduleName = type(self).__name__
        slicer.selfTests[self.moduleName] = self.runTest

    def resourcePath(self, filename: str) -> str:
        return str(Path(self.parent.path).parent / "Resources" / filename)

    def getDefaultModuleDocumentationLink(self, docPage: str | None = None) -> str:
        return f'<p>See the <a href="{docPage or self.moduleName}">online documentation</a>.</p>'

    def runTest(self, msec: int = 100, **kwargs: Any) -> None:
        """Runs the class <module>Test of the module's file."""
        module = sys.modules.get(type(self).__module__) or importlib.import_module(type(self).__module__)
        case = getattr(module, f"{self.moduleName}Test", None)
        if case is None:
            raise AssertionError(f"There is no class {self.moduleName}Test in {module.__name__}")
        test = case()
        test.messageDelay = msec
        test.runTest(**kwargs)


class ScriptedLoadableModuleWidget:
    """The module's panel; without a parent it makes its own top-level widget and is set up at once."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__()
        name = type(self).__name__
        self.moduleName = name.removesuffix("Widget")
        self.developerMode = slicer.util.settingsValue(
            "Developer/DeveloperMode", False, converter=slicer.util.toBool
        )
        self.parent = parent
        if parent is None:
            self.parent = qMRMLWidget()
            self.parent.setLayout(QtWidgets.QVBoxLayout())
            self.parent.setMRMLScene(slicer.mrmlScene)
        self.layout = self.parent.layout()
        if parent is None:
            self.setup()
            self.parent.show()
        slicer.app.moduleManager().connect(
            "moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded
        )

    def resourcePath(self, filename: str) -> str:
        return str(Path(slicer.util.modulePath(self.moduleName)).parent / "Resources" / filename)

    def setup(self) -> None:
        self.setupDeveloperSection()

    def setupDeveloperSection(self) -> None:
        """A section with a reload button, in developer mode only."""
        if not self.developerMode:
            return
        self.reloadCollapsibleButton = ctkCollapsibleButton()
        self.reloadCollapsibleButton.text = "Reload && Test"
        self.layout.addWidget(self.reloadCollapsibleButton)
        self.reloadButton = QtWidgets.QPushButton("Reload")
        self.reloadButton.connect("clicked()", self.onReload)
        QtWidgets.QVBoxLayout(self.reloadCollapsibleButton).addWidget(self.reloadButton)

    def cleanup(self) -> None:
        """For subclasses: called before the widget goes."""

    def _onModuleAboutToBeUnloaded(self, moduleName: str) -> None:
        if moduleName == self.moduleName:
            self.cleanup()
            slicer.app.moduleManager().disconnect(
                "moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded
            )

    def onReload(self) -> None:
        slicer.util.reloadScriptedModule(self.moduleName)

    def onTest(self, **kwargs: Any) -> None:
        with slicer.util.tryWithErrorDisplay("Test failed."):
            slicer.selfTests[self.moduleName](msec=0, **kwargs)

    def onReloadAndTest(self, **kwargs: Any) -> None:
        with slicer.util.tryWithErrorDisplay("Reload and Test failed."):
            self.onReload()
            slicer.selfTests[self.moduleName](msec=0, **kwargs)


class ScriptedLoadableModuleLogic:
    """Finds or makes the module's parameter node in the application's scene."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__()
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self) -> Any:
        if self.isSingletonParameterNode:
            node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
            if node is not None:
                node.SetAttribute("ModuleName", self.moduleName)  # closing a scene may have taken it away
        else:
            node = next(iter(self.getAllParameterNodes()), None)
        return node if node is not None else slicer.mrmlScene.AddNode(self.createParameterNode())

    def getAllParameterNodes(self) -> list[Any]:
        nodes = nodes_of(slicer.mrmlScene, "vtkMRMLScriptedModuleNode")
        return [node for node in nodes if node.GetAttribute("ModuleName") == self.moduleName]

    def createParameterNode(self) -> Any:
        if slicer.mrmlScene is None:
            return None
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """The module's tests for the application; `runTest` runs them all, in one instance."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.moduleTestNames = [
            name for name in dir(self) if "test" in name and callable(getattr(self, name))
        ]

    def setUp(self) -> None:
        """For subclasses."""

    def tearDown(self) -> None:
        """For subclasses."""

    def delayDisplay(self, message: str, requestedDelay: int | None = None, msec: int | None = None) -> None:
        """Logs the message and lets the events pass; nothing is shown."""
        logging.info(message)
        slicer.app.processEvents()

    def takeScreenshot(self, name: str, description: str, type: int = -1) -> None:
        self.delayDisplay(description)

    def runTest(self) -> None:
        self.setUpClass()
        for name in self.moduleTestNames:
            self.setUp()
            getattr(self, name)()
            self.tearDown()
        self.tearDownClass()
