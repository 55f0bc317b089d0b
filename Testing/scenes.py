"""What tests put into scenes, made with MRML's own calls and none of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ContourQALib.geometry import Grid

TURN = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]) @ np.array(
    [[1.0, 0.0, 0.0], [0.0, 0.96, -0.28], [0.0, 0.28, 0.96]]
)
FLIP = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
GRIDS = {
    "plain": Grid((9, 8, 7)),
    "anisotropic": Grid((9, 8, 7), (0.9, 1.2, 3.0), (-120.5, 33.25, 700.0)),
    "oblique": Grid((9, 8, 7), (0.9, 1.2, 3.0), (-120.5, 33.25, -70.0), tuple(TURN.ravel())),
    "flipped": Grid((9, 8, 7), (0.9, 1.2, 3.0), (12.0, -33.25, 7.0), tuple(FLIP.ravel())),
    "mirrored": Grid((9, 8, 7), (0.9, 1.2, 3.0), (1.0, 2.0, 3.0), (-1, 0, 0, 0, 1, 0, 0, 0, 1)),
    "one slice": Grid((9, 8, 1), (0.9, 1.2, 3.0), (1.0, 2.0, 3.0)),
}
POSITION_DIGITS = 4  # mm: half a voxel is 0.45 mm at the least, rounding 1e-10


def matrix(rows: Any) -> Any:
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    made = vtkMatrix4x4()
    for row in range(4):
        for column in range(4):
            made.SetElement(row, column, float(rows[row][column]))
    return made


def to_ras(grid: Grid) -> np.ndarray:
    """4x4 RAS mm of an index, from the definition of a grid."""
    rows = np.eye(4)
    rows[:3, :3] = np.diag([-1, -1, 1]) @ grid.axes @ np.diag(grid.spacing)
    rows[:3, 3] = np.diag([-1, -1, 1]) @ grid.origin
    return rows


def volume(scene: Any, values: np.ndarray, rows: Any, kind: str = "vtkMRMLScalarVolumeNode") -> Any:
    """A volume of (K, J, I) or (K, J, I, components) values."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData

    data = vtkImageData()
    data.SetDimensions(values.shape[2::-1])
    columns = values.reshape(-1, *values.shape[3:])
    data.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(columns), deep=True))
    node = scene.AddNewNodeByClass(kind, "CT")
    node.SetIJKToRASMatrix(matrix(rows))
    node.SetAndObserveImageData(data)
    return node


def labelmap(values: np.ndarray, rows: Any, first: Sequence[int] = (0, 0, 0)) -> Any:
    """A labelmap of (K, J, I) values whose first voxel has an index of its own."""
    import slicer
    from vtkmodules.util.numpy_support import numpy_to_vtk

    made = slicer.vtkOrientedImageData()
    extent = [end for low, n in zip(first, values.shape[::-1], strict=True) for end in (low, low + n - 1)]
    made.SetExtent(extent)
    made.SetImageToWorldMatrix(matrix(rows))
    made.GetPointData().SetScalars(numpy_to_vtk(values.ravel(), deep=True))
    return made


def segmentation(scene: Any, layer: Any, labels: dict[str, int]) -> Any:
    """A segmentation whose segments are labels of one shared layer, as Slicer keeps those without overlap."""
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Case")
    for name, label in labels.items():
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.SetLabelValue(label)
        segment.AddRepresentation("Binary labelmap", layer)
        node.GetSegmentation().AddSegment(segment, name)
    return node


def transform(scene: Any, rows: Any, parent: Any = None) -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Moved")
    node.SetMatrixTransformToParent(matrix(rows))
    if parent is not None:
        node.SetAndObserveTransformNodeID(parent.GetID())
    return node


def bending(scene: Any) -> Any:
    """A transform that is not linear."""
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonTransforms import vtkThinPlateSplineTransform

    spline = vtkThinPlateSplineTransform()
    spline.SetBasisToR()
    for n, set_points in enumerate((spline.SetSourceLandmarks, spline.SetTargetLandmarks)):
        points = vtkPoints()
        for index, corner in enumerate(np.ndindex(2, 2, 2)):
            points.InsertNextPoint(*(10.0 * np.array(corner) + (n * index)))
        set_points(points)
    node = scene.AddNewNodeByClass("vtkMRMLTransformNode", "Bent")
    node.SetAndObserveTransformToParent(spline)
    return node


def moved(rows: Any, ras: np.ndarray) -> np.ndarray:
    """Points (n, 3) through a 4x4 matrix."""
    return np.asarray(ras) @ np.asarray(rows)[:3, :3].T + np.asarray(rows)[:3, 3]


def places(points: np.ndarray) -> set[tuple[float, ...]]:
    """Positions to compare as a set, whatever their order."""
    return {tuple(point) for point in np.round(points, POSITION_DIGITS) + 0.0}


def places_of(mask: np.ndarray, grid: Grid) -> set[tuple[float, ...]]:
    """RAS positions of the voxels of a mask."""
    return places(moved(to_ras(grid), np.argwhere(mask)[:, ::-1]))
