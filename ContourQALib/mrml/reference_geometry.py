"""The reference geometry of a segmentation: the grid that its segments are edited, converted and saved on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.mrml.frames import ijk_to_ras, numbers_of


def set_reference(segmentation: Any, grid: Grid) -> None:
    """Let a vtkSegmentation without transforms have a grid of the world for its reference geometry."""
    import slicer

    extent = [end for n in grid.size for end in (0, n - 1)]
    text = slicer.vtkSegmentationConverter.SerializeImageGeometry(ijk_to_ras(grid), extent)
    segmentation.SetConversionParameter(_reference_key(), text)


def reference_matrix(segmentation: Any) -> np.ndarray | None:
    """Index-to-RAS matrix, before parent transforms, of the reference geometry if there is one."""
    found = _reference(segmentation)
    return None if found is None else found[0]


def reference_geometry(segmentation: Any) -> tuple[np.ndarray, tuple[int, int, int]] | None:
    """The reference geometry if there is one: index-to-RAS matrix from its first voxel, size (I, J, K)."""
    found = _reference(segmentation)
    if found is None:
        return None
    matrix, extent = found
    first, last = np.array(extent[::2]), np.array(extent[1::2])
    matrix[:3, 3] += matrix[:3, :3] @ first
    i, j, k = (int(n) for n in last - first + 1)
    return matrix, (i, j, k)


def _reference(segmentation: Any) -> tuple[np.ndarray, list[int]] | None:
    import slicer
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    text = segmentation.GetConversionParameter(_reference_key())
    matrix, extent = vtkMatrix4x4(), [0] * 6
    if not text or not slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, matrix, extent):
        return None
    return numbers_of(matrix), extent


def _reference_key() -> str:
    import slicer

    return str(slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName())
