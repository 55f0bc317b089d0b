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
    import slicer
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    text = segmentation.GetConversionParameter(_reference_key())
    matrix = vtkMatrix4x4()
    if not text or not slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, matrix, [0] * 6):
        return None
    return numbers_of(matrix)


def _reference_key() -> str:
    import slicer

    return str(slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName())
