"""Oblique planes: the voxels whose centers lie inside, where planes lie along no face of the grid."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.planar.edges import Edges, edges_of, spread
from ContourQALib.planar.filling import Filled
from ContourQALib.planar.plane_frame import PlaneFrame
from ContourQALib.planar.planes import GRAIN, Planes

AT_ONCE = 1_000_000
"""Voxels, and pairs of a voxel and an edge, that are looked at together: tens of MB."""


def fill_oblique(mask: np.ndarray, grid: Grid, planes: Planes, frame: PlaneFrame) -> Filled:
    """Set the voxels inside, each by itself: its center is projected onto the plane that stands for it.

    Args:
        mask: (K, J, I) bool on `grid`, changed.
        grid: where it lies.
        planes: of the structure.
        frame: in mm.
    """
    inside = total = 0
    for index in voxels_inside(grid, planes, frame):
        i, j, k = index[((index >= 0) & (index < grid.size)).all(axis=1)].T
        mask[k, j, i] = True
        inside += len(i)
        total += len(index)
    return Filled(inside, total - inside)


def voxels_inside(grid: Grid, planes: Planes, frame: PlaneFrame) -> Iterator[np.ndarray]:
    """Indices (N, 3), I, J and K, of voxels whose centers are inside, also beyond the grid, by and by.

    Args:
        grid: where the voxels lie.
        planes: of the structure.
        frame: in mm.
    """
    first, last = _box(grid, planes, frame)
    if (last < first).any():
        return
    step = frame.matrix @ (grid.axes * grid.spacing)
    start = frame.local(np.array(grid.origin))
    i, j = (np.arange(a, b + 1) for a, b in zip(first[:2], last[:2], strict=True))
    edges = edges_of([plane.polygons for plane in planes.planes])
    extent = _extent(edges, len(planes.planes))
    together = max(1, AT_ONCE // (len(i) * len(j)))
    for begin in range(first[2], last[2] + 1, together):
        k = np.arange(begin, min(begin + together, last[2] + 1))

        def along(d: int, k: np.ndarray = k) -> np.ndarray:
            across = step[d, 2] * k[:, None, None] + step[d, 1] * j[:, None]
            return np.asarray(across + (step[d, 0] * i + start[d]))

        plane, near = _standing(planes, along(2))
        points = np.rint(np.stack([along(0)[near], along(1)[near]], axis=1) / GRAIN).astype(np.int64)
        plane = plane[near]
        boxed = ((points >= extent[0][plane]) & (points <= extent[1][plane])).all(axis=1)
        within = enclosed(points[boxed], plane[boxed], edges)
        at = np.flatnonzero(near)[boxed][within]
        k_at, j_at, i_at = np.unravel_index(at, near.shape)
        yield np.stack([i[i_at], j[j_at], k[k_at]], axis=1)


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


def _box(grid: Grid, planes: Planes, frame: PlaneFrame) -> tuple[np.ndarray, np.ndarray]:
    """First and last index I, J, K of the voxels around a structure, also beyond the grid."""
    u, v = np.concatenate([polygon for plane in planes.planes for polygon in plane.polygons]).T
    t = planes.planes[0].lower_mm - planes.tolerance_mm, planes.planes[-1].upper_mm
    corners = [(a, b, c) for a in (u.min(), u.max()) for b in (v.min(), v.max()) for c in t]
    index = grid.world_to_index((np.array(corners) - frame.offset) @ np.linalg.inv(frame.matrix).T)
    return np.ceil(index.min(axis=0)).astype(int), np.floor(index.max(axis=0)).astype(int)


def _extent(edges: Edges, planes: int) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest u and v (planes, 2) of each plane's polygons, in grains."""
    begin = np.searchsorted(edges.plane, np.arange(planes))
    ends = np.minimum(edges.low, edges.high), np.maximum(edges.low, edges.high)
    return np.minimum.reduceat(ends[0], begin), np.maximum.reduceat(ends[1], begin)


def _standing(planes: Planes, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of the plane that stands for each t, and whether one does."""
    lower = np.array([plane.lower_mm for plane in planes.planes]) - planes.tolerance_mm
    upper = np.array([plane.upper_mm for plane in planes.planes]) - planes.tolerance_mm
    number = np.maximum(np.searchsorted(lower, t, "right") - 1, 0)
    return number, (t >= lower[number]) & (t < upper[number])
