"""Puts the stand-ins where a scripted module looks for them, and takes them away again."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import slicer
from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

from . import translation
from .dialogs import Dialogs, patch_dialogs
from .objects import patch_objects, use_a_known_font
from .packages import Installer, packaging_module
from .patches import Patches
from .sample_data import sample_data_module
from .scenes import ApplicationScene

if TYPE_CHECKING:
    from .loaded_module import LoadedModule


def qt_application() -> QtWidgets.QApplication:
    """The process's only QApplication, made on the first call, without a screen unless one is asked for."""
    application = QtWidgets.QApplication.instance()
    if application is None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        os.environ.setdefault("MPLBACKEND", "Agg")  # matplotlib would take Qt's once it sees an application
        application = QtWidgets.QApplication(["ContourQA tests"])
        application.setOrganizationName("ContourQA tests")
        application.setApplicationName("ContourQA tests")
        use_a_known_font(application)
    return application


class StandIns:
    """Everything that stands in for the application, from the constructor until `uninstall`.

    Args:
        settings_folder: where QSettings keeps its files, so that no setting of the user is read or written.
        version: of the application; before 5.12 there is no `slicer.packaging`.

    Attributes:
        dialogs: questions and messages to the user.
        installer: packages that were asked for.
        errors: exceptions that were printed, as from slots, timers and observers.
        app: `slicer.app`.
        selected_modules: names given to `slicer.util.selectModule`.
    """

    def __init__(self, settings_folder: Path, version: tuple[int, int] = (5, 12)) -> None:
        self.qt = qt_application()
        self.dialogs = Dialogs()
        self.installer = Installer()
        self.errors: list[BaseException] = []
        self.selected_modules: list[str] = []
        self._patches = Patches()
        self._folders: set[str] = set()
        self._loaded: list[str] = []
        self._path = list(sys.path)
        QtCore.QSettings.setDefaultFormat(QtCore.QSettings.Format.IniFormat)
        QtCore.QSettings.setPath(
            QtCore.QSettings.Format.IniFormat, QtCore.QSettings.Scope.UserScope, str(settings_folder)
        )
        try:
            self._install(version)
        except BaseException:
            self._patches.undo()
            raise

    def _install(self, version: tuple[int, int]) -> None:
        from .application import Application, BuiltInModule

        patches = self._patches
        patches.attribute(sys, "excepthook", self._collect)
        patch_objects(patches)
        patch_dialogs(patches, self.dialogs)
        for name in [each for each, value in vars(slicer).items() if _belongs_to_util(value)]:
            patches.hide(slicer, name)  # the application does not have them there
        modules = SimpleNamespace(sampleDataSources={})
        self.app = Application(self.qt, version, modules)
        for name in ("segmentations", "volumes", "subjecthierarchy", "tables", "plots", "transforms"):
            setattr(modules, name, BuiltInModule(self.app, name))
        for name, value in (
            ("app", self.app),
            ("modules", modules),
            ("mrmlScene", None),
            ("selfTests", {}),
        ):
            patches.attribute(slicer, name, value)
        self._install_modules(version)
        self._install_util()

    def _install_modules(self, version: tuple[int, int]) -> None:
        patches = self._patches
        patches.module("qt", _qt_module())
        for name in ("ctk_widgets", "mrml_widgets", "checkable_selector", "plot_view", "table_view"):
            importlib.import_module(f".{name}", __package__)  # they register their widgets
        from . import ctk_widgets, loaded_module, parameter_node, scripted_module
        from .properties import WIDGETS

        ctk = ModuleType("ctk")
        for name, cls in WIDGETS.items():
            if cls.__module__ == ctk_widgets.__name__:
                setattr(ctk, name, cls)
            elif name.startswith(("qMRML", "qSlicer")):
                patches.attribute(slicer, name, cls)
        patches.module("ctk", ctk)
        patches.module("SampleData", sample_data_module())
        patches.module("slicer.i18n", translation)
        patches.module("slicer.parameterNodeWrapper", parameter_node)
        patches.module("slicer.ScriptedLoadableModule", scripted_module)
        patches.attribute(slicer, "qSlicerScriptedLoadableModule", loaded_module.LoadedModule)
        if version >= (5, 12):
            ask = lambda text: bool(self.dialogs.ask("confirm", text, False))  # noqa: E731
            patches.module("slicer.packaging", packaging_module(self.installer, ask))

    def _install_util(self) -> None:
        for name, kind in (("infoDisplay", "info"), ("warningDisplay", "warning"), ("errorDisplay", "error")):
            self._replace(name, lambda text, *_, _kind=kind, **__: self.dialogs.tell(_kind, str(text)))
        for name in ("confirmOkCancelDisplay", "confirmYesNoDisplay", "confirmRetryCloseDisplay"):
            self._replace(name, lambda text, *_, **__: bool(self.dialogs.ask("confirm", str(text), False)))
        ok = QtWidgets.QMessageBox.StandardButton.Ok
        self._replace("messageBox", lambda text, *_, **__: self.dialogs.ask("dialog", str(text), ok))
        self._replace("delayDisplay", lambda *_, **__: self.app.processEvents())
        self._replace("pip_install", self.installer.pip_install)
        self._replace("pip_uninstall", lambda *_, **__: None)
        self._replace(
            "selectModule", lambda module: self.selected_modules.append(getattr(module, "name", module))
        )

    def _replace(self, name: str, function: Any) -> None:
        self._patches.attribute(slicer.util, name, function)

    def _collect(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        self.errors.append(error)
        sys.__excepthook__(kind, error, trace)

    def use_scene(self, application_scene: ApplicationScene | None) -> None:
        """Makes this the application's scene."""
        self.app.use(application_scene)
        slicer.mrmlScene = application_scene.scene if application_scene is not None else None

    def load_module(self, path: Path) -> LoadedModule:
        """Imports a scripted module from its file and registers it, as the application does at its start."""
        from .loaded_module import LoadedModule

        folder = str(path.parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        self._folders.add(f"{folder}{os.sep}")
        importlib.invalidate_caches()
        module = LoadedModule(path, importlib.import_module(path.stem))
        self._loaded.append(path.stem)
        setattr(slicer.modules, path.stem.lower(), module)
        setattr(slicer.modules, f"{path.stem}Instance", module.instance)
        self.app.startupCompleted.emit()
        return module

    def forget_modules(self) -> None:
        """Unregisters what was loaded, with its samples, tests and connections to the application."""
        for name in self._loaded:
            for registered in (name.lower(), f"{name}Instance", f"{name}Widget"):
                vars(slicer.modules).pop(registered, None)
        self._loaded.clear()
        slicer.modules.sampleDataSources.clear()
        slicer.selfTests.clear()
        self.app.forget_connections()

    def uninstall(self) -> None:
        """Takes everything away, with the Python modules that were imported from the module's folder."""
        for name, module in list(sys.modules.items()):
            if self._folders and (getattr(module, "__file__", None) or "").startswith(tuple(self._folders)):
                del sys.modules[name]
        sys.path[:] = self._path
        self.app.close()
        self._patches.undo()


def _belongs_to_util(value: Any) -> bool:
    return getattr(value, "__module__", None) == slicer.util.__name__


def _qt_module() -> ModuleType:
    """`qt`: the names of QtCore, QtGui and QtWidgets in one module, with our .ui loader."""
    from .ui_loader import UiLoader

    module = ModuleType("qt")
    for part in (QtCore, QtGui, QtWidgets, QtUiTools):
        for name in dir(part):
            if not name.startswith("_"):
                setattr(module, name, getattr(part, name))
    module.Qt = QtCore.Qt
    module.QUiLoader = UiLoader
    return module
