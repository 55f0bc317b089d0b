"""Coverage: which share of each voxel is inside, for volumes that are the polygons' own."""

from __future__ import annotations

import numpy as np

from ContourQALib.case import RASTERIZED_TAG, ProbabilityMap
from ContourQALib.geometry import Grid
from ContourQALib.planar.areas import areas_of
from ContourQALib.planar.edges import spread
from ContourQALib.planar.oblique import held, voxels_inside
from ContourQALib.planar.outside import lies_beside, wholly_outside
from ContourQALib.planar.planar_structure import PlanarStructure
from ContourQALib.planar.plane_frame import PlaneFrame, frame_of
from ContourQALib.planar.planes import Planes, planes_of
from ContourQALib.planar.remarks import how_shared
from ContourQALib.planar.trapezoids import Sides, sides_of

PARTS = 3
"""Voxels are divided into this many parts along each axis where planes are oblique to the grid."""


def coverage(structure: PlanarStructure, grid: Grid) -> ProbabilityMap:
    """The share of each voxel that is inside a structure.

    Where planes lie along a face of the grid it is exact: the even-odd area in the voxel's face, times the
    part of its thickness that each plane stands for (`planes.planes_of`). The sum over all voxels is then
    `polygon_volume_cc`, if no contour leaves the grid. Where planes are oblique to the grid it is the share
    of 3 x 3 x 3 points in the voxel.

    Args:
        structure: contours in LPS mm.
        grid: where it is needed.

    Returns:
        Shares in [0, 1]; name, color and tags are the structure's, and `RASTERIZED_TAG` says how they were
        made and what was left out.

    Raises:
        GeometryError: the structure encloses nothing, is not flat, or lies wholly outside the grid.
    """
    frame = frame_of(structure, grid)
    planes = planes_of(structure, frame)
    values = np.zeros(grid.shape, np.float32)
    areas = areas_of(planes)
    volume_cc = areas.volume_cc(planes, frame)
    if frame.is_oblique:
        outside_cc = _count_parts(values, structure, grid, planes) * grid.voxel_volume_cc
    else:
        _cover(values, planes, frame)
        outside_cc = volume_cc - float(values.sum(dtype=float)) * grid.voxel_volume_cc
    if not values.any() and lies_beside(structure, grid):
        raise wholly_outside(structure)
    tags = {**structure.tags, RASTERIZED_TAG: how_shared(planes, areas, volume_cc, outside_cc)}
    return ProbabilityMap(values, grid, structure.name, structure.path, color=structure.color, tags=tags)


def _cover(values: np.ndarray, planes: Planes, frame: PlaneFrame) -> None:
    view = frame.slices_of(values)
    depth, height, width = view.shape
    corners = np.concatenate([polygon for plane in planes.planes for polygon in plane.polygons])
    first = np.maximum(np.floor(corners.min(axis=0) + 0.5).astype(int), 0)
    stop = np.minimum(np.floor(corners.max(axis=0) + 0.5).astype(int) + 1, (width, height))
    if (first >= stop).any():
        return
    sides = sides_of([plane.polygons for plane in planes.planes], (first[1], stop[1]))
    begin = np.searchsorted(sides.plane, np.arange(len(planes.planes) + 1))
    for number, plane in enumerate(planes.planes):
        faces = np.array([plane.lower_mm, plane.upper_mm]) / frame.slice_mm + 0.5
        slices = range(max(int(np.floor(faces[0])), 0), min(int(np.ceil(faces[1])), depth))
        if not slices:
            continue
        share = _shares(sides, slice(begin[number], begin[number + 1]), first, stop)
        for k in slices:
            thickness = min(faces[1], k + 1) - max(faces[0], k)
            part = view[k, first[1] : stop[1], first[0] : stop[0]]
            np.clip(part + (thickness * share).astype(np.float32), 0, 1, out=part)


def _shares(sides: Sides, part: slice, first: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """(rows, columns) share of each pixel that is inside the trapezoids of a plane.

    A side counts, with its sign, what lies to its right: of the pixels that it runs through a part, of those
    beyond in the row all of its height.
    """
    v, u = sides.v[part], np.sort(sides.u[part], axis=1) + 0.5 - first[0]
    sign = np.where(np.arange(len(v)) % 2, -1.0, 1.0)
    columns, rows = stop - first
    begin = np.floor(u[:, 0]).astype(int)
    side, column = spread(begin, np.maximum(np.ceil(u[:, 1]).astype(int) - begin, 1))
    left, right = np.maximum(u[side, 0], column), np.minimum(u[side, 1], column + 1)
    width = u[side, 1] - u[side, 0]
    part_of = np.divide(right - left, width, out=np.ones(len(side)), where=width > 0)
    height = sign[side] * (v[side, 1] - v[side, 0]) * part_of
    beyond = (left + right) / 2 - column  # of this pixel, what lies to the side's left
    beyond[column < 0], column = 0.0, np.clip(column, 0, columns)
    row = np.floor(v[side].mean(axis=1) + 0.5).astype(int) - first[1]
    at = row * (columns + 2) + column
    size = rows * (columns + 2)
    steps = np.bincount(at, height * (1 - beyond), size) + np.bincount(at + 1, height * beyond, size)
    return np.asarray(steps.reshape(rows, columns + 2).cumsum(axis=1)[:, :columns])


def _count_parts(values: np.ndarray, structure: PlanarStructure, grid: Grid, planes: Planes) -> float:
    """Count the parts of each voxel that are inside; returns what lies beyond the grid, in voxels."""
    i, j, k = (n * PARTS for n in grid.size)
    di, dj, dk = (mm / PARTS for mm in grid.spacing)
    x, y, z = grid.index_to_world(np.full(3, (1 / PARTS - 1) / 2))
    fine = Grid((i, j, k), (di, dj, dk), (x, y, z), grid.direction)
    frame = frame_of(structure, fine)
    view = frame.slices_of(values)
    beyond = 0
    for parts in voxels_inside(fine, planes, frame):
        u, v, t = held(parts // PARTS, view).T
        np.add.at(view, (t, v, u), np.float32(PARTS**-3))
        beyond += len(parts) - len(u)
    return beyond / PARTS**3
