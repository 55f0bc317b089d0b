"""SliceCamera: an offscreen slice view of its own, which shows nodes of a scene without that scene knowing.

The camera has a private scene. Volumes and segmentations are shown through stand-in nodes there that share
the voxels of the real ones (nothing is copied) and carry copies of their display settings. A slice node in
the user's scene would make the application open a view for it, and would be saved and undone with his data.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal

import numpy as np

from ContourQALib.case import Image
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid
from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.frames import ijk_to_ras, matrix_of, numbers_of, to_world
from ContourQALib.mrml.labelmaps import cropped
from ContourQALib.mrml.outlines import OUTLINE_PIXELS, outline
from ContourQALib.mrml.volumes import grid_of_volume, image_of
from ContourQALib.report.figures import window
from ContourQALib.report.views import LEAST_MARGIN_MM, MARGIN

Orientation = Literal["axial", "coronal", "sagittal"]

SEGMENTATIONS_2D = "vtkMRMLSegmentationsDisplayableManager2D"
LABELMAP, SURFACE = "Binary labelmap", "Closed surface"

SAMPLED = 1_000_000
"""Voxels that the gray scale of a volume without display settings is chosen from."""

COMPRESSION = 2
"""Of PNG, 0 to 9: written more than twice as fast as with VTK's 5, and a tenth larger (a CT of 512 x 512)."""

NEAR_MM = 5.0
"""A structure counts as shown by a view whose center is in its box or this far from it."""


class SliceCamera:
    """Takes pictures of slices; making one costs more than a picture, so keep it for many.

    Needs a graphics driver, be it one in software, and no screen.
    """

    def __init__(self, size: tuple[int, int] = (512, 512)) -> None:
        import slicer
        import vtk

        if min(size) < 1:
            raise SettingError(f"A picture of {size[0]} x {size[1]} pixels cannot be taken.")
        self._size = size
        self._scene = slicer.vtkMRMLScene()
        for name in ("vtkMRMLInteractionNode", "vtkMRMLSelectionNode"):  # displayable managers ask for them
            self._scene.AddNode(getattr(slicer, name)())
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(self._scene)
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLScene(self._scene)
        self._slice = self._logic.AddSliceNode("ContourQA")
        self._slice.SetDimensions(*size, 1)

        self._window = vtk.vtkRenderWindow()
        self._window.SetMultiSamples(0)  # blends the edges of outlines, and needs a GPU
        self._window.SetOffScreenRendering(1)
        self._window.SetSize(*size)
        renderer = vtk.vtkRenderer()
        renderer.GetActiveCamera().ParallelProjectionOn()
        self._window.AddRenderer(renderer)
        interactor = vtk.vtkGenericRenderWindowInteractor()  # displayable managers crash without one
        interactor.SetRenderWindow(self._window)
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)  # the slice logic has applied the window already
        self._mapper.SetColorLevel(127.5)
        picture = vtk.vtkActor2D()
        picture.SetMapper(self._mapper)
        picture.GetProperty().SetDisplayLocationToBackground()
        renderer.AddViewProp(picture)

        self._managers = slicer.vtkMRMLDisplayableManagerGroup()
        self._managers.SetRenderer(renderer)
        manager = slicer.vtkMRMLDisplayableManagerGroup.InstantiateDisplayableManager(SEGMENTATIONS_2D)
        if manager is None:
            raise SceneError("Segmentations cannot be drawn: Slicer's Segmentations module is not loaded.")
        self._managers.AddDisplayableManager(manager)
        self._managers.SetMRMLDisplayableNode(self._slice)

    def __enter__(self) -> SliceCamera:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the window and the private scene; a camera that is closed takes no more pictures."""
        if self._window is None:
            return
        self._managers.SetMRMLDisplayableNode(None)
        self._managers.SetRenderer(None)
        self._mapper.RemoveAllInputConnections(0)
        self._logic.SetMRMLScene(None)
        self._scene.Clear(True)
        self._window.Finalize()
        self._window = None

    def take(
        self,
        volume_node: Any,
        segmentation_nodes: Sequence[Any],
        ras: Sequence[float],
        orientation: Orientation = "axial",
        structures: Sequence[str] = (),
        field_of_view_mm: float | None = None,
    ) -> bytes:
        """A picture of a slice as PNG, without captions.

        The slice is the volume's own that is nearest to the orientation, patient right on the left of the
        page. Segmentations are drawn as outlines in the colors of their display, those that show fillings
        alone (overlays) as fillings, whether or not they are hidden at the moment.

        Args:
            volume_node: vtkMRMLScalarVolumeNode, shown with its own window and colors.
            segmentation_nodes: drawn above it.
            ras: what is to be in the middle, mm.
            orientation: which slice.
            structures: names of the segments to draw; by default those that are not hidden one by one.
            field_of_view_mm: shorter side of the picture; by default the structures about the middle with a
                margin, or the whole slice where there is none.

        Raises:
            SceneError: the volume is missing or empty, or a node's transform is not linear.
            SettingError: the orientation is none of the three.
        """
        if orientation not in ("axial", "coronal", "sagittal"):
            raise SettingError(f"{orientation} is not one of axial, coronal and sagittal.")
        if self._window is None:
            raise SettingError("This camera was closed; make a new one.")
        shown: list[Any] = []
        try:
            volume = self._stand_in_volume(volume_node, shown)
            boxes: list[np.ndarray] = []
            for node in segmentation_nodes:
                boxes += self._stand_in_segmentation(node, structures, shown)
            self._aim(volume, orientation, np.asarray(ras, float), boxes, field_of_view_mm)
            return self._picture()
        finally:
            self._forget(shown)

    def _forget(self, shown: Sequence[Any]) -> None:
        """Let go of everything that was shown: a kept camera must not keep a closed scene's images."""
        self._logic.GetSliceCompositeNode().SetBackgroundVolumeID(None)
        for node in reversed(shown):
            self._scene.RemoveNode(node)
        layer = self._logic.GetBackgroundLayer()
        if layer is not None:
            layer.GetReslice().RemoveAllInputs()
            layer.GetResliceUVW().RemoveAllInputs()

    def _add(self, node: Any, shown: list[Any]) -> Any:
        shown.append(self._scene.AddNode(node))
        return shown[-1]

    def _stand_in_volume(self, node: Any, shown: list[Any]) -> Any:
        import slicer

        grid = grid_of_volume(node)
        volume = self._add(slicer.vtkMRMLScalarVolumeNode(), shown)
        volume.SetAndObserveImageData(node.GetImageData())
        volume.SetIJKToRASMatrix(ijk_to_ras(grid))
        display = self._add(slicer.vtkMRMLScalarVolumeDisplayNode(), shown)
        display.SetAutoWindowLevel(False)
        colors = slicer.vtkMRMLColorTableNode()
        colors.SetTypeToGrey()
        theirs = node.GetDisplayNode()
        if theirs is not None and theirs.IsA("vtkMRMLScalarVolumeDisplayNode"):
            # One by one: copying the node as a whole looks for its automatic window among all voxels
            display.SetInterpolate(theirs.GetInterpolate())
            if hasattr(theirs, "GetInvertDisplayScalarRange"):  # newer than Slicer 5.8
                display.SetInvertDisplayScalarRange(theirs.GetInvertDisplayScalarRange())
            display.SetAutoThreshold(False)
            display.SetThreshold(theirs.GetLowerThreshold(), theirs.GetUpperThreshold())
            display.SetApplyThreshold(theirs.GetApplyThreshold())
            table = theirs.GetLookupTable()
            if table is not None:
                copy = table.NewInstance()
                copy.UnRegister(None)
                copy.DeepCopy(table)
                colors.SetTypeToUser()
                colors.SetAndObserveLookupTable(copy)
            wide, level = theirs.GetWindow(), theirs.GetLevel()
        else:
            wide, level = _gray_scale(node)
        display.SetAndObserveColorNodeID(self._add(colors, shown).GetID())
        display.SetWindowLevel(wide, level)
        volume.SetAndObserveDisplayNodeID(display.GetID())
        self._logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
        return volume

    def _stand_in_segmentation(
        self, node: Any, structures: Sequence[str], shown: list[Any]
    ) -> list[np.ndarray]:
        """Show a segmentation; returns the boxes of its segments, corners (8, 3) in RAS mm."""
        import slicer

        segmentation, theirs = node.GetSegmentation(), node.GetDisplayNode()
        matrix = to_world(node, f"Segmentation {node.GetName()}")
        transform = self._add(slicer.vtkMRMLLinearTransformNode(), shown)
        transform.SetMatrixTransformToParent(matrix_of(matrix))
        display = self._add(slicer.vtkMRMLSegmentationDisplayNode(), shown)
        filled = False
        if theirs is not None:
            display.CopyContent(theirs)
            filled = bool(theirs.GetVisibility2DFill() and not theirs.GetVisibility2DOutline())
        if not filled:
            outline(display, max(OUTLINE_PIXELS, display.GetSliceIntersectionThickness()))
        display.SetVisibility(True)
        display.SetVisibility2D(True)
        display.RemoveAllViewNodeIDs()
        boxes = []
        for segment_id in segmentation.GetSegmentIDs():
            segment = segmentation.GetSegment(segment_id)
            if structures:
                wanted = segment.GetName() in structures
                display.SetSegmentVisibility(segment_id, wanted)
            else:
                wanted = theirs is None or theirs.GetSegmentVisibility(segment_id)
            if wanted:
                boxes += [corners @ matrix[:3, :3].T + matrix[:3, 3] for corners in _corners(segment)]
        stand_in = self._add(slicer.vtkMRMLSegmentationNode(), shown)
        stand_in.SetAndObserveSegmentation(segmentation)
        stand_in.SetAndObserveTransformNodeID(transform.GetID())
        stand_in.SetAndObserveDisplayNodeID(display.GetID())
        return boxes

    def _aim(
        self,
        volume: Any,
        orientation: Orientation,
        ras: np.ndarray,
        boxes: Sequence[np.ndarray],
        field_of_view_mm: float | None,
    ) -> None:
        """Turn and move the slice, and set how much of it is seen."""
        self._slice.SetOrientation(orientation.capitalize())
        self._slice.RotateToVolumePlane(volume)
        self._slice.JumpSliceByCentering(*ras)
        axes = numbers_of(self._slice.GetSliceToRAS())[:3, :2]
        about = [box for box in boxes if _near(ras, box)]
        side = field_of_view_mm
        if side is None and about:
            extent = 2 * max(float(np.abs((box - ras) @ axes).max()) for box in about)
            side = extent + 2 * max(MARGIN * extent, LEAST_MARGIN_MM)
        elif side is None:
            bounds = [0.0] * 6
            volume.GetSliceBounds(bounds, None)
            corners = np.array([[x, y, z] for x in bounds[:2] for y in bounds[2:4] for z in bounds[4:]])
            side = 2 * float(np.abs((corners - ras) @ axes).max())
        across, down = self._size
        pixel_mm = side / min(across, down)
        self._slice.SetFieldOfView(across * pixel_mm, down * pixel_mm, 1)
        self._slice.JumpSliceByCentering(*ras)

    def _picture(self) -> bytes:
        import vtk
        from vtkmodules.util.numpy_support import vtk_to_numpy

        self._logic.UpdatePipeline()
        self._mapper.SetInputConnection(self._logic.GetImageDataConnection())
        self._window.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(self._window)
        grab.SetInputBufferTypeToRGB()
        grab.ReadFrontBufferOff()
        grab.ShouldRerenderOff()
        writer = vtk.vtkPNGWriter()
        writer.WriteToMemoryOn()
        writer.SetCompressionLevel(COMPRESSION)
        writer.SetInputConnection(grab.GetOutputPort())
        writer.Write()
        return bytes(vtk_to_numpy(writer.GetResult()).tobytes())


def _near(ras: np.ndarray, box: np.ndarray) -> bool:
    return bool((ras >= box.min(axis=0) - NEAR_MM).all() and (ras <= box.max(axis=0) + NEAR_MM).all())


def _corners(segment: Any) -> list[np.ndarray]:
    """Corners (8, 3) of the box of a segment, RAS mm before its node's transform; [] where it is empty."""
    labelmap = segment.GetRepresentation(LABELMAP)
    if labelmap is None:
        surface = segment.GetRepresentation(SURFACE)
        if surface is None or surface.GetNumberOfPoints() == 0:
            return []
        x0, x1, y0, y1, z0, z1 = surface.GetBounds()
        return [np.array([[x, y, z] for x in (x0, x1) for y in (y0, y1) for z in (z0, z1)])]
    mask, matrix = cropped(labelmap, segment.GetLabelValue())
    if not mask.any():
        return []
    ends = [(-0.5, n - 0.5) for n in mask.shape[::-1]]
    index = np.array([[i, j, k] for i in ends[0] for j in ends[1] for k in ends[2]])
    return [index @ matrix[:3, :3].T + matrix[:3, 3]]


def _gray_scale(node: Any) -> tuple[float, float]:
    """Window and level of a volume that has no display settings, from a sample of its voxels."""
    values = image_of(node).values
    step = max(1, round((values.size / SAMPLED) ** (1 / 3)))
    sample = values[::step, ::step, ::step]
    shown = window(Image(sample, Grid.for_shape(sample.shape)))
    return shown.high - shown.low, (shown.high + shown.low) / 2
