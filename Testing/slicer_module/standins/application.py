"""`slicer.app`, `slicer.modules` and the layout manager, as far as a scripted module needs them."""

from __future__ import annotations

import tempfile
from types import SimpleNamespace
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .dicom_database import ctkDICOMDatabase
from .properties import stand_in, stored
from .scenes import SLICE_VIEWS, ApplicationScene


@stand_in
class ModuleManager(QtCore.QObject):
    """Knows the modules by name and tells when one goes."""

    moduleAboutToBeUnloaded = QtCore.Signal(str)
    moduleLoaded = QtCore.Signal(str)

    def __init__(self, modules: Any) -> None:
        super().__init__()
        self._modules = modules

    def module(self, name: str) -> Any:
        return getattr(self._modules, name.lower(), None)

    def isModuleLoaded(self, name: str) -> bool:
        return self.module(name) is not None

    def factoryManager(self) -> Any:
        return SimpleNamespace(loadedModuleNames=lambda: tuple(sorted(vars(self._modules))))


class SliceView:
    """The view inside a slice widget: counts the renderings that were asked for."""

    def __init__(self) -> None:
        self.renderings = 0

    def scheduleRender(self) -> None:
        self.renderings += 1

    forceRender = scheduleRender


class SliceWidget:
    """A slice view's nodes and logic, without a window."""

    def __init__(self, logic: Any) -> None:
        self._logic, self._view = logic, SliceView()

    def sliceLogic(self) -> Any:
        return self._logic

    def mrmlSliceNode(self) -> Any:
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        return self._logic.GetSliceCompositeNode()

    def sliceView(self) -> SliceView:
        return self._view

    def sliceController(self) -> SliceWidget:
        return self

    def fitSliceToBackground(self) -> None:
        self._logic.FitSliceToBackground()


@stand_in
class LayoutManager(QtCore.QObject):
    """The three slice views; no 3D view, table view or plot view of its own."""

    layoutChanged = QtCore.Signal(int)
    layout = stored(int, "layout", 3, lambda self: self.layoutChanged.emit(self.layout))
    threeDViewCount = stored(int, "threeDViewCount", 0)
    plotViewCount = stored(int, "plotViewCount", 0)
    tableViewCount = stored(int, "tableViewCount", 0)

    def __init__(self, application_scene: ApplicationScene) -> None:
        super().__init__()
        self._scene = application_scene
        self._widgets = {name: SliceWidget(logic) for name, logic in application_scene.slice_logics.items()}

    def mrmlScene(self) -> Any:
        return self._scene.scene

    def sliceViewNames(self) -> tuple[str, ...]:
        return tuple(SLICE_VIEWS)

    def sliceWidget(self, name: str) -> SliceWidget | None:
        return self._widgets.get(name)

    def mrmlSliceLogics(self) -> Any:
        return self._scene.application_logic.GetSliceLogics()

    def resetSliceViews(self) -> None:
        for widget in self._widgets.values():
            widget.fitSliceToBackground()

    def threeDWidget(self, index: int) -> None:
        return None

    def plotWidget(self, index: int) -> None:
        return None

    def tableWidget(self, index: int) -> None:
        return None


@stand_in
class _Signals(QtCore.QObject):
    startupCompleted = QtCore.Signal()
    lastWindowClosed = QtCore.Signal()
    aboutToQuit = QtCore.Signal()


class Application:
    """`slicer.app`: what is asked of it here, and for the rest the QApplication itself.

    Attributes:
        testing: what `testingEnabled` says; False, as for a user.
    """

    applicationName = "Slicer"
    mainApplicationName = "Slicer"

    def __init__(
        self, qt_application: QtWidgets.QApplication, version: tuple[int, int], modules: Any
    ) -> None:
        self._qt = qt_application
        self.majorVersion, self.minorVersion = version
        self.applicationVersion = f"{version[0]}.{version[1]}.0"
        self.testing = False
        self._modules = modules
        self.forget_connections()
        self._scene: ApplicationScene | None = None
        self._layout: LayoutManager | None = None
        self._dicom_database = ctkDICOMDatabase()
        self._folder = tempfile.TemporaryDirectory()
        self.temporaryPath = self.slicerHome = self._folder.name

    def forget_connections(self) -> None:
        """Takes the signals that outlive a module anew, as if the application had been started again."""
        self._manager = ModuleManager(self._modules)
        self._signals = _Signals()

    def use(self, application_scene: ApplicationScene | None) -> None:
        """Makes this the application's scene (the caller sets `slicer.mrmlScene`)."""
        self._scene = application_scene
        self._layout = LayoutManager(application_scene) if application_scene is not None else None
        self._dicom_database = ctkDICOMDatabase()

    def mrmlScene(self) -> Any:
        return self._scene.scene if self._scene is not None else None

    def applicationLogic(self) -> Any:
        return self._scene.application_logic if self._scene is not None else None

    def moduleLogic(self, name: str) -> Any:
        return self._scene.logics.get(name.lower()) if self._scene is not None else None

    def layoutManager(self) -> LayoutManager | None:
        return self._layout

    def dicomDatabase(self) -> ctkDICOMDatabase:
        return self._dicom_database

    def moduleManager(self) -> ModuleManager:
        return self._manager

    def processEvents(self, *args: Any) -> None:
        self._qt.processEvents(*args)
        self._qt.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)

    def testingEnabled(self) -> bool:
        return self.testing

    def commandOptions(self) -> Any:
        return SimpleNamespace(noMainWindow=False, testingEnabled=self.testing)

    def userSettings(self) -> QtCore.QSettings:
        return QtCore.QSettings()

    settings = revisionUserSettings = userSettings

    def topLevelWidgets(self) -> tuple[QtWidgets.QWidget, ...]:
        return tuple(QtWidgets.QApplication.topLevelWidgets())

    def pauseRender(self) -> None:
        """There is nothing to pause."""

    def resumeRender(self) -> None:
        """There is nothing to resume."""

    def setRenderPaused(self, paused: bool) -> None:
        """There is nothing to pause."""

    def translate(self, context: str, text: str) -> str:
        return text

    def moduleDocumentationUrl(self, name: str) -> str:
        return f"https://slicer.readthedocs.io/en/latest/user_guide/modules/{name.lower()}.html"

    def palette(self) -> QtGui.QPalette:
        return QtWidgets.QApplication.palette()

    def __getattr__(self, name: str) -> Any:
        own = name in ("connect", "disconnect", "startupCompleted", "lastWindowClosed", "aboutToQuit")
        return getattr(self._signals if own else self._qt, name)

    def close(self) -> None:
        """Removes the temporary folder."""
        self._folder.cleanup()


class BuiltInModule:
    """A module of the application with a logic only, such as `slicer.modules.segmentations`."""

    def __init__(self, application: Application, name: str) -> None:
        self._application = application
        self.name = name

    def logic(self) -> Any:
        return self._application.moduleLogic(self.name)
