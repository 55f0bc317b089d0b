"""Surfaces: contours as the closed surfaces that 3D views show, colored by where they are probably wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid
from ContourQALib.mrml.color_tables import color_table
from ContourQALib.mrml.frames import lps_to_ras
from ContourQALib.mrml.outlines import LEFT_OUT_COLOR, TOO_MUCH_COLOR
from ContourQALib.mrml.overlay_colors import SEEN
from ContourQALib.mrml.scene_change import scene_change

if TYPE_CHECKING:
    from ContourQALib.quality.error_map import ErrorMap

FINE_VOXELS, COARSE_VOXELS = 600_000, 50_000
"""Larger masks are thinned first, to some 40 000 or 8 000 triangles: a processor draws 20 organs of a CT in
0.05 s then, of which nobody sees less than in a million triangles smaller than a pixel."""

SMOOTHING_STEPS = 20
PASS_BAND = 0.05
"""Of the windowed sinc filter: takes the staircase of voxels away, and less than 2 % of a ball's volume."""

ERRORS = "Signed probability of error"
"""Name of a surface's scalars: above zero contoured too much, below zero left out."""

REACH_VOXELS = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Where errors are looked for along the normal: a surface runs between the voxels that may be wrong."""

SOUND_COLOR = (0.84, 0.85, 0.86)
"""Of a surface's part that is probably right."""

COLORS_NAME = "ContourQA from left out to too much"
OWNED = "ContourQA.SurfaceColors"

_INSIDE, _HALF = 254, 127.0


def surface_of(contour: Contour, error: ErrorMap | None = None, most_voxels: int = FINE_VOXELS) -> Any:
    """The smoothed closed surface of a contour, with normals that point outwards.

    No scene is touched: it may be made in a thread, and VTK's work there does not hold Python's lock.

    Args:
        contour: on any grid; cropped ones take less time.
        error: where it is probably wrong; gives the points their scalars `ERRORS`.
        most_voxels: a larger mask is thinned to this, by averages.

    Returns:
        vtkPolyData in the world, RAS mm; without points where the contour is empty.
    """
    from vtkmodules.vtkCommonDataModel import vtkPolyData
    from vtkmodules.vtkFiltersCore import (
        vtkFlyingEdges3D,
        vtkPolyDataNormals,
        vtkReverseSense,
        vtkWindowedSincPolyDataFilter,
    )

    if not contour.mask.any():
        return vtkPolyData()
    values, grid = _thinned(contour.mask, contour.grid, most_voxels)
    edges = vtkFlyingEdges3D()
    edges.SetInputData(_image_of(np.pad(values, 1)))  # a structure that reaches the border is closed there
    edges.SetValue(0, _HALF)
    edges.ComputeNormalsOff()
    edges.ComputeGradientsOff()
    edges.ComputeScalarsOff()
    edges.Update()
    raw = edges.GetOutput()
    _move_points(raw, lambda ijk: lps_to_ras(grid.index_to_world(ijk - 1)))

    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputData(raw)
    smooth.SetNumberOfIterations(SMOOTHING_STEPS)
    smooth.SetPassBand(PASS_BAND)
    smooth.NormalizeCoordinatesOn()
    facing = vtkReverseSense()
    facing.SetInputConnection(smooth.GetOutputPort())
    facing.SetReverseCells(_mirrored(grid))  # else triangles of left-handed axes face inwards
    facing.ReverseNormalsOff()
    normals = vtkPolyDataNormals()
    normals.SetInputConnection(facing.GetOutputPort())
    normals.SplittingOff()
    normals.ConsistencyOff()
    normals.Update()
    surface = normals.GetOutput()
    if error is not None:
        set_errors(surface, errors_at(surface, error))
    return surface


def errors_at(surface: Any, error: ErrorMap) -> np.ndarray:
    """What is probably wrong next to each point of a surface; reads the surface and changes nothing.

    Args:
        surface: from `surface_of`.
        error: of the same contour, or of the one that it was before an edit.

    Returns:
        float32 (points,): the highest probability within a voxel's reach, negative where it is for being left
        out; 0 beyond the map.
    """
    points, normals = _array(surface.GetPoints().GetData()), _array(surface.GetPointData().GetNormals())
    grid = error.grid
    start = grid.world_to_index(lps_to_ras(points))
    step = grid.world_to_index(lps_to_ras(points + normals)) - start
    step /= np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-9)  # one voxel, however long voxels are
    over = np.zeros(len(points), np.float32)
    under = np.zeros(len(points), np.float32)
    for reach in REACH_VOXELS:
        i, j, k = np.round(start + reach * step).astype(int).T
        known = (i >= 0) & (j >= 0) & (k >= 0)
        known &= (i < grid.size[0]) & (j < grid.size[1]) & (k < grid.size[2])
        at = k[known], j[known], i[known]
        probability, inside = error.probability[at], error.mask[at]
        over[known] = np.maximum(over[known], probability * inside)
        under[known] = np.maximum(under[known], probability * ~inside)
    return np.where(over >= under, over, -under)


def set_errors(surface: Any, errors: np.ndarray | None) -> None:
    """Give a surface's points the scalars `ERRORS`, or take them away.

    Args:
        surface: vtkPolyData.
        errors: (points,), from `errors_at`.
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk

    data = surface.GetPointData()
    data.RemoveArray(ERRORS)
    if errors is not None:
        array = numpy_to_vtk(np.ascontiguousarray(errors, np.float32), deep=True)
        array.SetName(ERRORS)
        data.AddArray(array)
        data.SetActiveScalars(ERRORS)
    surface.Modified()


def add_surface(scene: Any, surface: Any, name: str, color: tuple[float, float, float]) -> Any:
    """Add a surface to 3D views; slice views do not cut it.

    Args:
        scene: takes the nodes.
        surface: from `surface_of`.
        name: of the node.
        color: red, green, blue in [0, 1] where no errors are shown.

    Returns:
        The vtkMRMLModelNode, which is not saved with the scene.
    """
    with scene_change(scene):
        node = scene.AddNewNodeByClass("vtkMRMLModelNode", name)
        node.SetSaveWithScene(False)
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        was_modifying = display.StartModify()
        try:
            display.SetSaveWithScene(False)
            display.SetVisibility2D(False)
            # one layer of a closed surface is enough, and needs no sorting where it is translucent
            display.SetBackfaceCulling(True)
            display.SetColor(*color)
            display.SetAndObserveColorNodeID(_colors(scene).GetID())
            display.SetScalarRangeFlag(display.UseManualScalarRange)
            display.SetScalarRange(-1.0, 1.0)
        finally:
            display.EndModify(was_modifying)
        node.SetAndObservePolyData(surface)
    return node


def show_surface(node: Any, *, opacity: float = 1.0, errors: bool = False) -> None:
    """How a surface is drawn.

    Args:
        node: from `add_surface`.
        opacity: 0, not at all, to 1.
        errors: colored by where it is probably wrong, as far as that is known; else in its own color.
    """
    display = node.GetDisplayNode()
    known = errors and node.GetPolyData().GetPointData().HasArray(ERRORS)
    was_modifying = display.StartModify()
    try:
        display.SetVisibility(opacity > 0)
        display.SetOpacity(opacity)
        if known:
            display.SetActiveScalarName(ERRORS)
        display.SetScalarVisibility(bool(known))
    finally:
        display.EndModify(was_modifying)


def _thinned(mask: np.ndarray, grid: Grid, most_voxels: int) -> tuple[np.ndarray, Grid]:
    """The mask as 0 to 254 on a grid of at most `most_voxels`, its finest axes halved by averages."""
    values = mask.astype(np.uint8) * np.uint8(_INSIDE)
    while values.size > most_voxels:
        axis = int(np.argmin(grid.spacing_kji))
        if values.shape[axis] % 2:
            values = np.pad(values, [(0, int(n == axis)) for n in range(3)])
        first, second = (values[tuple(_every_other(axis, start))] for start in (0, 1))
        values = first // 2 + second // 2
        grid = _halved(grid, 2 - axis, values.shape)
    return values, grid


def _every_other(axis: int, start: int) -> list[slice]:
    return [slice(start, None, 2) if n == axis else slice(None) for n in range(3)]


def _halved(grid: Grid, axis: int, shape: tuple[int, ...]) -> Grid:
    """Grid of the averages of two neighbors each along an axis of (i, j, k)."""
    middle, spacing = [0.0] * 3, list(grid.spacing)
    middle[axis], spacing[axis] = 0.5, 2 * spacing[axis]
    k, j, i = shape
    x, y, z = (float(mm) for mm in grid.index_to_world(middle))
    return Grid((i, j, k), (spacing[0], spacing[1], spacing[2]), (x, y, z), grid.direction)


def _image_of(values: np.ndarray) -> Any:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData

    image = vtkImageData()
    image.SetDimensions(*values.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(values.ravel(), deep=True))
    return image


def _move_points(surface: Any, where: Callable[[np.ndarray], np.ndarray]) -> None:
    from vtkmodules.util.numpy_support import numpy_to_vtk

    moved = where(_array(surface.GetPoints().GetData()))
    surface.GetPoints().SetData(numpy_to_vtk(np.ascontiguousarray(moved, np.float32), deep=True))


def _array(values: Any) -> np.ndarray:
    """(n, 3) float, a copy."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    return vtk_to_numpy(values).astype(float)


def _mirrored(grid: Grid) -> bool:
    return bool(np.linalg.det(grid.axes) < 0)


def _colors(scene: Any) -> Any:
    """Our color table; added where the scene has none."""
    signed = np.linspace(-1, 1, 256)
    wrong = np.where(signed[:, None] > 0, TOO_MUCH_COLOR, LEFT_OUT_COLOR)
    share = np.clip((abs(signed) - SEEN) / (1 - SEEN), 0, 1)[:, None] ** 0.7
    colors = (1 - share) * np.array(SOUND_COLOR) + share * wrong
    return color_table(scene, COLORS_NAME, OWNED, colors, signed)
