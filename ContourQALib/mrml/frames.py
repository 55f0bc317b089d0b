"""Frames: MRML's world is RAS, ours is LPS; both in mm, with voxel indices as (i, j, k)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ContourQALib.errors import GeometryError
from ContourQALib.geometry import DIRECTION_TOLERANCE, POSITION_TOLERANCE_MM, Grid
from ContourQALib.mrml.errors import SceneError

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Turns left into right and posterior into anterior, and back: it is its own inverse."""


def grid_of(matrix_ijk_to_ras: Any, size: Sequence[int]) -> Grid:
    """Grid of an image of MRML.

    Args:
        matrix_ijk_to_ras: vtkMatrix4x4 or 4x4 numbers: RAS mm of an index.
        size: voxels along I, J and K.

    Raises:
        GeometryError: no voxels, axes that are not perpendicular or have no length, numbers that are not
            finite.
    """
    to_lps = LPS_TO_RAS @ numbers_of(matrix_ijk_to_ras)
    steps = to_lps[:3, :3]
    spacing = np.linalg.norm(steps, axis=0)
    if not np.isfinite(to_lps).all() or not spacing.all():
        raise GeometryError("The image has an axis without length, or one that is not a finite number.")
    i, j, k = (int(n) for n in size)
    di, dj, dk = (float(mm) for mm in spacing)
    x, y, z = (float(mm) for mm in to_lps[:3, 3])
    return Grid((i, j, k), (di, dj, dk), (x, y, z), tuple((steps / spacing).ravel()))


def ijk_to_ras(grid: Grid) -> Any:
    """RAS mm of an index of `grid`, as a vtkMatrix4x4."""
    return matrix_of(_ras_numbers(grid))


def lps_to_ras(points: Any) -> np.ndarray:
    """(..., 3) points in RAS mm of points in LPS mm; the same turns RAS into LPS."""
    return np.asarray(points, float) * LPS_TO_RAS.diagonal()[:3]


def numbers_of(matrix: Any) -> np.ndarray:
    """4x4 float array of a vtkMatrix4x4, or of anything that is four rows of four numbers."""
    if hasattr(matrix, "GetElement"):
        return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
    return np.asarray(matrix, float)


def matrix_of(numbers: Any) -> Any:
    """vtkMatrix4x4 of a 4x4 array."""
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    matrix.DeepCopy([float(value) for value in np.asarray(numbers).ravel()])
    return matrix


def to_world(node: Any, what: str) -> np.ndarray:
    """4x4 RAS matrix of all parent transforms of a node; the identity where it has none.

    Args:
        node: a vtkMRMLTransformableNode.
        what: how errors call the node.

    Raises:
        SceneError: one of the transforms is not linear.
    """
    transform = node.GetParentTransformNode()
    if transform is None:
        return np.eye(4)
    if not transform.IsTransformToWorldLinear():
        raise SceneError(f"{what} is moved by a transform that is not linear; harden the transform first.")
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    transform.GetMatrixTransformToWorld(matrix)
    return numbers_of(matrix)


def world_grid(node: Any, ijk_to_node: np.ndarray, size: Sequence[int], what: str, mend: str) -> Grid:
    """Grid in the world of an image of a node, its parent transforms applied.

    Args:
        node: the node that the image belongs to.
        ijk_to_node: 4x4, index to RAS mm before the transforms.
        size: voxels along I, J and K.
        what: how errors call the node.
        mend: what the user is to do about axes that no grid has.

    Raises:
        SceneError: a transform is not linear, or the axes are sheared or have no length.
    """
    transform = to_world(node, what)
    try:
        return grid_of(transform @ ijk_to_node, size)
    except GeometryError as error:
        by = ", moved by its transform," if node.GetParentTransformNode() is not None else ""
        raise SceneError(
            f"{what} has{by} axes that are not perpendicular or have no length; {mend}."
        ) from error


def steps_between(grid: Grid, lattice: Grid) -> tuple[int, int, int] | None:
    """Index on `lattice` of the first voxel of `grid`; None where the voxels of the two do not coincide.

    As `Grid.relation_to`, but for grids that have no voxel in common too.
    """
    alike = (
        np.abs(np.subtract(grid.spacing, lattice.spacing)).max() <= POSITION_TOLERANCE_MM
        and np.abs(np.subtract(grid.direction, lattice.direction)).max() <= DIRECTION_TOLERANCE
    )
    steps = lattice.world_to_index(grid.origin)
    off_mm = np.abs(steps - np.round(steps)) * lattice.spacing
    if not alike or off_mm.max() > POSITION_TOLERANCE_MM:
        return None
    i, j, k = (math.floor(step + 0.5) for step in steps)
    return i, j, k


def _ras_numbers(grid: Grid) -> np.ndarray:
    to_lps = np.eye(4)
    to_lps[:3, :3] = grid.axes * grid.spacing
    to_lps[:3, 3] = grid.origin
    return np.asarray(LPS_TO_RAS @ to_lps)
