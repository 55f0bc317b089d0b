"""Oblique planes: the voxels whose centers lie inside, where planes lie along no face of the grid."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.planar.edges import Edges, spread
from ContourQALib.planar.filling import Filled
from ContourQALib.planar.plane_frame import PlaneFrame
from ContourQALib.planar.planes import GRAIN, Planes

AT_ONCE = 1_000_000
"""Voxels, and pairs of a voxel and an edge, that are looked at together: tens of MB."""


def fill_oblique(mask: np.ndarray, grid: Grid, planes: Planes, frame: PlaneFrame, edges: Edges) -> Filled:
    """Set the voxels inside, each by itself: its center is projected onto the plane that stands for it.

    Args:
        mask: (K, J, I) bool on `grid`, changed.
        grid: where it lies.
        planes: of the structure.
        frame: in mm.
        edges: of all planes.
    """
    inside = outside = 0
    for index in _boxed(grid, planes, frame):
        local = frame.local(grid.index_to_world(index))
        plane, near = _nearest(planes, local[:, 2])
        index, local, plane = index[near], local[near], plane[near]
        index = index[enclosed(np.rint(local[:, :2] / GRAIN).astype(np.int64), plane, edges)]
        held = ((index >= 0) & (index < grid.size)).all(axis=1)
        i, j, k = index[held].T
        mask[k, j, i] = True
        inside += len(i)
        outside += len(index) - len(i)
    return Filled(inside, outside)


def enclosed(points: np.ndarray, plane: np.ndarray, edges: Edges) -> np.ndarray:
    """Whether points are inside the polygons of their planes, by the rule of `runs.runs_of`.

    Args:
        points: (P, 2) int64, rounded to the grain.
        plane: (P,) the number of each point's plane.
        edges: of all planes.

    Returns:
        (P,) bool.
    """
    left = np.zeros(len(points), np.int64)
    if not len(points):
        return left > 0
    # Planes are moved apart along v, so that one sorted list holds them all.
    least = min(points[:, 1].min(), edges.low[:, 1].min())
    apart = int(max(points[:, 1].max(), edges.high[:, 1].max()) - least) + 1
    v = points[:, 1] - least + plane * apart
    order = np.argsort(v)
    from_v, to_v = (ends[:, 1] - least + edges.plane * apart for ends in (edges.low, edges.high))
    first = np.searchsorted(v[order], from_v, "left")
    count = np.searchsorted(v[order], to_v, "left") - first
    total = np.cumsum(count)
    cuts = [*np.searchsorted(total, np.arange(0, total[-1], AT_ONCE), "left"), len(count)]
    for begin, end in pairwise(cuts):
        edge, at = spread(first[begin:end], count[begin:end])
        edge, point = edge + begin, order[at]
        across, above = (points[point] - edges.low[edge]).T
        width, rise = (edges.high[edge] - edges.low[edge]).T
        left += np.bincount(point[width * above <= across * rise], minlength=len(points))
    return left % 2 == 1


def _boxed(grid: Grid, planes: Planes, frame: PlaneFrame) -> Iterator[np.ndarray]:
    """Indices (N, 3) in the order I, J, K of the voxels around a structure, also beyond the grid."""
    u, v = np.concatenate([polygon for plane in planes.planes for polygon in plane.polygons]).T
    corners = [
        (a, b, c)
        for a in (u.min(), u.max())
        for b in (v.min(), v.max())
        for c in (planes.planes[0].lower_mm, planes.planes[-1].upper_mm)
    ]
    index = grid.world_to_index((np.array(corners) - frame.offset) @ np.linalg.inv(frame.matrix).T)
    first, last = np.ceil(index.min(axis=0)).astype(int), np.floor(index.max(axis=0)).astype(int)
    if (last < first).any():
        return
    i, j = (np.arange(a, b + 1) for a, b in zip(first[:2], last[:2], strict=True))
    together = max(1, AT_ONCE // (len(i) * len(j)))
    for k in range(first[2], last[2] + 1, together):
        kji = np.meshgrid(np.arange(k, min(k + together, last[2] + 1)), j, i, indexing="ij")
        yield np.stack([axis.ravel() for axis in reversed(kji)], axis=1)


def _nearest(planes: Planes, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of the plane that stands for each t, and whether one does."""
    lower = np.array([plane.lower_mm for plane in planes.planes]) - planes.tolerance_mm
    upper = np.array([plane.upper_mm for plane in planes.planes]) - planes.tolerance_mm
    number = np.maximum(np.searchsorted(lower, t, "right") - 1, 0)
    return number, (t >= lower[number]) & (t < upper[number])
