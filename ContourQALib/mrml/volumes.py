"""Volumes of the scene to images and probability maps, and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ContourQALib.case import Image, ProbabilityMap
from ContourQALib.formats.probability import ROUNDING
from ContourQALib.geometry import Grid
from ContourQALib.mrml.dicom_series import series_of
from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.frames import ijk_to_ras, numbers_of, world_grid
from ContourQALib.mrml.scene_change import scene_change

WIDENED = {"bool": np.uint8, "float16": np.float32}
"""Types that VTK does not know, and the smallest that holds their values."""


SAMPLE = 1_000_000
"""Voxels whose values decide the window of a new volume."""

SHOWN_PERCENT = (0.1, 99.9)
"""Percentiles that the window of a new volume spans, as Slicer's automatic one does."""

RESAMPLE = "resample it with the Resample Scalar/Vector/DWI Volume module"


def image_of(volume_node: Any) -> Image:
    """The image of a volume node, where the views show it: its parent transforms are applied.

    Linear transforms go into the grid, so that no voxel is interpolated. `values` is a read-only view of the
    node's memory: what an effect writes into the volume later is seen in it, what replaces the volume is not.
    `series` is what the scene knows of the DICOM series that it was loaded from (see `series_of`).

    Args:
        volume_node: vtkMRMLScalarVolumeNode.

    Raises:
        SceneError: there is no node or no image in it, it is of another kind (label map, colors or vectors, a
            frame of a 4D sequence), it holds NaN or infinite values, its transform is not linear, or its axes
            are sheared.
    """
    what = _described(volume_node, "an image")
    if volume_node.IsA("vtkMRMLLabelMapVolumeNode"):
        raise SceneError(f"{what} is a label map; choose the image that was contoured.")
    values = _values(volume_node, what)
    if values.dtype.kind == "f":
        _limits(values, what)
    name = volume_node.GetName() or "image"
    return Image(values, grid_of_volume(volume_node), name, series=series_of(volume_node))


def probability_of(volume_node: Any, name: str | None = None) -> ProbabilityMap:
    """The probability map that a volume node holds; as `image_of` otherwise.

    Whole numbers are taken only when they are 0 and 1: a map of percent or of 0 to 255 is not guessed at.

    Args:
        volume_node: vtkMRMLScalarVolumeNode, or a label map of zeros and ones.
        name: the structure; the node's name where not given.

    Raises:
        SceneError: as `image_of`, and for values outside [0, 1].
    """
    what = _described(volume_node, "a probability map")
    values = _values(volume_node, what)
    lowest, highest = _limits(values, what)
    if lowest < -ROUNDING or highest > 1 + ROUNDING:
        raise SceneError(
            f"{what} holds values from {lowest:g} to {highest:g}, but probabilities lie between 0 and 1;"
            " divide percent by 100 and 8-bit maps by 255, pass logits through a sigmoid."
        )
    if lowest < 0 or highest > 1:
        values = np.clip(values, 0, 1)
    return ProbabilityMap(values, grid_of_volume(volume_node), name or volume_node.GetName() or "probability")


def grid_of_volume(volume_node: Any) -> Grid:
    """Grid of a volume node in the world, its parent transforms applied.

    Raises:
        SceneError: there is no image in it, its transform is not linear, or its axes are sheared.
    """
    what = _described(volume_node, "an image")
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    size = _image_data(volume_node, what).GetDimensions()
    return world_grid(volume_node, numbers_of(matrix), size, what, RESAMPLE)


def add_volume(
    scene: Any,
    image: Image,
    name: str,
    *,
    share: bool = False,
    shown: tuple[float, float] | None = None,
) -> Any:
    """Add an image to the scene as a volume.

    Args:
        scene: the MRML scene.
        image: what to add, bool as 0 and 1.
        name: of the node; the scene appends a number where it is taken.
        share: as in `set_values`.
        shown: the values that are black and white; the range of all but outliers where not given.

    Returns:
        The new vtkMRMLScalarVolumeNode.
    """
    with scene_change(scene):
        node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(*(shown or _range_of(image.values)))
        set_values(node, image.values, image.grid, share=share)
    return node


def set_values(volume_node: Any, values: np.ndarray, grid: Grid, *, share: bool = False) -> None:
    """Replace the voxels and the place of a volume node.

    Args:
        volume_node: vtkMRMLScalarVolumeNode without a parent transform.
        values: (K, J, I).
        grid: where they lie.
        share: show the memory of `values`, which lives on with the volume, instead of a copy of it: a CT is
            80 MB. For those who write neither into the array nor into the volume. Types that VTK does not
            know are copied all the same.
    """
    from vtkmodules.vtkCommonDataModel import vtkImageData

    values = np.ascontiguousarray(values, WIDENED.get(values.dtype.name, values.dtype))
    data = vtkImageData()
    data.SetDimensions(grid.size)
    # origin and spacing stay at 0 and 1: in MRML they are the node's
    data.GetPointData().SetScalars(_scalars(values, share))
    volume_node.SetIJKToRASMatrix(ijk_to_ras(grid))
    volume_node.SetAndObserveImageData(data)


def _scalars(values: np.ndarray, share: bool) -> Any:
    """A VTK array of an array's numbers."""
    from vtkmodules.util.numpy_support import create_vtk_array, get_vtk_array_type, numpy_to_vtk

    if not share:
        return numpy_to_vtk(values.ravel(), deep=True)
    # what numpy_to_vtk keeps without a copy outlives the VTK array; an observer goes with it
    scalars = create_vtk_array(get_vtk_array_type(values.dtype))
    scalars.SetVoidArray(values.ravel(), values.size, 1)
    scalars.AddObserver("DeleteEvent", lambda *_, _kept=values: None)
    return scalars


def _range_of(values: np.ndarray) -> tuple[float, float]:
    """The window that Slicer would choose, from a sample: its own pass over the voxels takes a second."""
    every = max(1, values.size // SAMPLE) | 1  # odd, so that no column is met again and again
    sample = values.ravel()[::every].astype(np.float64)
    finite = sample[np.isfinite(sample)]
    low, high = np.percentile(finite, SHOWN_PERCENT) if finite.size else (0.0, 1.0)
    return float(low), float(high if high > low else low + 1.0)


def _described(node: Any, wanted: str) -> str:
    """How errors call a volume node; checks that it is one."""
    if node is None:
        raise SceneError(f"There is no volume to read {wanted} from; choose one.")
    what = f"Volume {node.GetName()}"
    if not node.IsA("vtkMRMLScalarVolumeNode"):
        raise SceneError(f"{node.GetName()} is not a volume; choose {wanted}.")
    return what


def _image_data(node: Any, what: str) -> Any:
    data = node.GetImageData()
    if data is None or data.GetPointData().GetScalars() is None or min(data.GetDimensions()) < 1:
        raise SceneError(f"{what} holds no image; load it again or choose another one.")
    return data


def _values(node: Any, what: str) -> np.ndarray:
    """Read-only view (K, J, I) of the voxels of a node."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    data = _image_data(node, what)
    components = data.GetNumberOfScalarComponents()
    if components != 1:
        raise SceneError(
            f"{what} holds {components} values per voxel (colors, vectors or a 4D series); choose a volume"
            " with one, or make one with the Vector to Scalar Volume module."
        )
    frames = _frames(node)
    if frames > 1:
        raise SceneError(
            f"{what} shows one of the {frames} frames of a 4D sequence; clone it in the Data module to assess"
            " the frame that is shown."
        )
    values = vtk_to_numpy(data.GetPointData().GetScalars()).reshape(data.GetDimensions()[::-1])
    values.flags.writeable = False
    return values


def _limits(values: np.ndarray, what: str) -> tuple[float, float]:
    """Lowest and highest value, which are numbers."""
    lowest, highest = float(values.min()), float(values.max())
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        raise SceneError(f"{what} holds NaN or infinite values; replace them by numbers first.")
    return lowest, highest


def _frames(node: Any) -> int:
    """Frames of the sequence that a volume is the display of; 1 for an ordinary volume."""
    scene = node.GetScene()
    if scene is None or not scene.IsNodeClassRegistered("vtkMRMLSequenceBrowserNode"):
        return 1
    browsers = scene.GetNodesByClass("vtkMRMLSequenceBrowserNode")
    browsers.UnRegister(None)
    playing = (browsers.GetItemAsObject(n) for n in range(browsers.GetNumberOfItems()))
    return max((b.GetNumberOfItems() for b in playing if b.IsProxyNodeID(node.GetID())), default=1)
