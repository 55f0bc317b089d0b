"""A real MRML scene with the services that the application gives it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import slicer
import vtk

SLICE_VIEWS = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}


class ApplicationScene:
    """A scene with colors, slice views, segmentations, volumes and the reading of .mrb files.

    Attributes:
        scene: the vtkMRMLScene.
        application_logic: the vtkSlicerApplicationLogic.
        logics: module logics by the lower-case name of their module.
        slice_logics: vtkMRMLSliceLogic by the name of the view.
    """

    def __init__(self) -> None:
        self.scene = slicer.vtkMRMLScene()
        self._folder = tempfile.TemporaryDirectory()
        self.application_logic = slicer.vtkSlicerApplicationLogic()
        self.application_logic.SetMRMLScene(self.scene)
        self.application_logic.SetTemporaryPath(self._folder.name)
        self.application_logic.GetColorLogic().SetMRMLScene(self.scene)
        self.application_logic.GetColorLogic().AddDefaultColorNodes()
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        self.scene.AddNode(crosshair)
        self.logics = {  # the segmentation logic has to know the scene before the first segment is added
            "segmentations": slicer.vtkSlicerSegmentationsModuleLogic(),
            "volumes": slicer.vtkSlicerVolumesLogic(),
            "subjecthierarchy": slicer.vtkSlicerSubjectHierarchyModuleLogic(),
            "tables": slicer.vtkSlicerTablesLogic(),
            "plots": slicer.vtkSlicerPlotsLogic(),
            "transforms": slicer.vtkSlicerTransformLogic(),
        }
        for name, logic in self.logics.items():
            logic.SetMRMLApplicationLogic(self.application_logic)
            logic.SetMRMLScene(self.scene)
            self.application_logic.SetModuleLogic(name.capitalize(), logic)
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(self.scene, True)
        self._slice_logics = vtk.vtkCollection()
        self.application_logic.SetSliceLogics(self._slice_logics)
        self.slice_logics = {name: self._slice_view(name, side) for name, side in SLICE_VIEWS.items()}
        self._read_and_write_bundles()

    def _slice_view(self, name: str, orientation: str) -> Any:
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(self.application_logic)
        logic.SetMRMLScene(self.scene)
        node = logic.AddSliceNode(name)
        node.SetOrientation(orientation)
        node.SetDimensions(400, 400, 1)
        self._slice_logics.AddItem(logic)
        return logic

    def _read_and_write_bundles(self) -> None:
        self._remote = slicer.vtkMRMLRemoteIOLogic()
        self._remote.SetMRMLScene(self.scene)
        self._remote.SetMRMLApplicationLogic(self.application_logic)
        self._remote.GetCacheManager().SetRemoteCacheDirectory(self._folder.name)
        self._data_io = slicer.vtkDataIOManagerLogic()
        self._data_io.SetMRMLApplicationLogic(self.application_logic)
        self._data_io.SetAndObserveDataIOManager(self._remote.GetDataIOManager())
        self._data_io.SetMRMLScene(self.scene)
        self._remote.AddDataIOToScene()

    def save_and_reload(self, path: Path) -> None:
        """Writes the scene to an .mrb file, closes it and reads the file, as a user would do.

        Raises:
            AssertionError: if MRML says that it could not.
        """
        if not self.scene.WriteToMRB(str(path)):
            raise AssertionError(f"The scene could not be written to {path.name}")
        self.scene.Clear(0)
        self.read(path)

    def read(self, path: Path) -> None:
        """Adds what an .mrb file holds to the scene."""
        if not self.scene.ReadFromMRB(str(path)):
            raise AssertionError(f"The scene could not be read from {path.name}")

    def close(self) -> None:
        """Closes the scene and takes the logics off it."""
        self.scene.Clear(1)
        for logic in (*self.logics.values(), *self.slice_logics.values(), self._data_io, self._remote):
            logic.SetMRMLScene(None)
        self.application_logic.SetMRMLScene(None)
        self._folder.cleanup()


def nodes_of(scene: Any, class_name: str = "vtkMRMLNode") -> list[Any]:
    """The nodes of a class in the scene's order (slicer.util only knows the application's scene)."""
    collection = scene.GetNodesByClass(class_name)
    collection.UnRegister(None)
    return [collection.GetItemAsObject(index) for index in range(collection.GetNumberOfItems())]
