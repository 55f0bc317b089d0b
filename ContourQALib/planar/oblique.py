"""Oblique planes: the voxels whose centers lie inside, where planes lie along no face of the grid.

A line of voxels along the grid's axis that is nearest to the planes has one v and comes from plane to plane.
The part of it that one plane stands for is a stretch; edges of the polygons cut it into runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.planar.edges import Edges, edges_of, spread
from ContourQALib.planar.filling import Filled
from ContourQALib.planar.plane_frame import PlaneFrame
from ContourQALib.planar.planes import GRAIN, Planes

AT_ONCE = 1_000_000
"""Voxels around the structure that are looked at together: tens of MB."""

ON_EDGE = 1e-6
"""Voxels from an edge within which a center is on it, and counts as beyond it."""


@dataclass(frozen=True, eq=False)
class _Stretches:
    """Parts of lines of voxels, each within what one plane stands for.

    Attributes:
        line: (S, 2) int64 the line's place along the frame's second and third axis.
        plane: (S,) the number of the plane.
        first: (S,) the first voxel along the frame's first axis.
        stop: (S,) the one after the last.
        u: (S,) u of the voxel 0, mm.
        v: (S,) int64, v of all voxels in grains.
    """

    line: np.ndarray
    plane: np.ndarray
    first: np.ndarray
    stop: np.ndarray
    u: np.ndarray
    v: np.ndarray


def fill_oblique(mask: np.ndarray, grid: Grid, planes: Planes, frame: PlaneFrame) -> Filled:
    """Set the voxels inside.

    Args:
        mask: (K, J, I) bool on `grid`, changed.
        grid: where it lies.
        planes: of the structure.
        frame: in mm.
    """
    view = frame.slices_of(mask)
    inside = total = 0
    for index in voxels_inside(grid, planes, frame):
        u, v, t = held(index, view).T
        view[t, v, u] = True
        inside += len(u)
        total += len(index)
    return Filled(inside, total - inside)


def held(index: np.ndarray, view: np.ndarray) -> np.ndarray:
    """Those of some indices of `voxels_inside` that the grid has.

    Args:
        index: (N, 3) along the frame's axes.
        view: values on the grid as `PlaneFrame.slices_of` gives them.
    """
    return np.asarray(index[((index >= 0) & (index < view.shape[::-1])).all(axis=1)])


def voxels_inside(grid: Grid, planes: Planes, frame: PlaneFrame) -> Iterator[np.ndarray]:
    """Voxels whose centers are inside, by and by: indices (N, 3) along the frame's axes, also off the grid.

    Args:
        grid: where the voxels lie.
        planes: of the structure.
        frame: in mm.
    """
    origin, steps = frame.first_and_steps(grid)
    first, last = _box(planes, origin, steps)
    if (last < first).any():
        return
    edges = edges_of([plane.polygons for plane in planes.planes])
    rows = np.arange(first[1], last[1] + 1)
    together = max(1, AT_ONCE // (len(rows) * (last[0] - first[0] + 1)))
    for begin in range(first[2], last[2] + 1, together):
        layers = np.arange(begin, min(begin + together, last[2] + 1))
        line = np.stack([axis.ravel() for axis in np.meshgrid(rows, layers)], axis=1)
        stretches = _stretches(planes, line, origin, steps, (first[0], last[0] + 1))
        stretch, start, stop = _runs(stretches, edges, steps[0, 0])
        run, along = spread(start, stop - start)
        yield np.concatenate([along[:, None], stretches.line[stretch[run]]], axis=1)


def _box(planes: Planes, origin: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last index along the frame's axes of the voxels around a structure."""
    u, v = np.concatenate([polygon for plane in planes.planes for polygon in plane.polygons]).T
    t = planes.planes[0].lower_mm - planes.tolerance_mm, planes.planes[-1].upper_mm
    corners = [(a, b, c) for a in (u.min(), u.max()) for b in (v.min(), v.max()) for c in t]
    index = (np.array(corners) - origin) @ np.linalg.inv(steps)
    return np.floor(index.min(axis=0)).astype(int), np.ceil(index.max(axis=0)).astype(int)


def _stretches(
    planes: Planes, line: np.ndarray, origin: np.ndarray, steps: np.ndarray, extent: tuple[int, int]
) -> _Stretches:
    """The stretches of lines from the first to the one after the last voxel of `extent`."""
    u, v, t = (origin + line @ steps[1:]).T
    lower = np.array([plane.lower_mm for plane in planes.planes]) - planes.tolerance_mm
    upper = np.array([plane.upper_mm for plane in planes.planes]) - planes.tolerance_mm
    step = steps[0, 2]
    ends = np.sort([t + extent[0] * step, t + extent[1] * step], axis=0)
    begin = np.searchsorted(upper, ends[0], "right")
    number, plane = spread(begin, np.maximum(np.searchsorted(lower, ends[1], "right") - begin, 0))
    if abs(step) * (extent[1] - extent[0]) < ON_EDGE:  # the lines run along the planes
        kept = lower[plane] <= t[number]
        number, plane = number[kept], plane[kept]
        first, stop = (np.full(len(plane), end) for end in extent)
    else:
        at = np.sort([(end[plane] - t[number]) / step for end in (lower, upper)], axis=0)
        # Where t falls along the line its lower end is the later one: what is on it belongs all the same.
        first, stop = np.ceil(at).astype(int) if step > 0 else np.floor(at).astype(int) + 1
        first, stop = np.maximum(first, extent[0]), np.minimum(stop, extent[1])
        kept = first < stop
        number, plane, first, stop = number[kept], plane[kept], first[kept], stop[kept]
    grains = np.rint(v / GRAIN).astype(np.int64)
    return _Stretches(line[number], plane, first, stop, u[number], grains[number])


def _runs(stretches: _Stretches, edges: Edges, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each run of voxels inside its stretch, its first voxel and the one after its last.

    Args:
        stretches: of lines of voxels.
        edges: of all planes.
        step: what a voxel adds to u, mm.
    """
    if not len(stretches.v):
        return (np.empty(0, np.int64),) * 3
    # Planes are moved apart along v, so that one sorted list holds them all.
    least = min(stretches.v.min(), edges.low[:, 1].min())
    apart = int(max(stretches.v.max(), edges.high[:, 1].max()) - least) + 1
    v = stretches.v - least + stretches.plane * apart
    order = np.argsort(v, kind="stable")
    from_v, to_v = (ends[:, 1] - least + edges.plane * apart for ends in (edges.low, edges.high))
    begin = np.searchsorted(v[order], from_v, "left")
    edge, at = spread(begin, np.searchsorted(v[order], to_v, "left") - begin)
    stretch = order[at]
    low, high = edges.low[edge], edges.high[edge]
    part = (stretches.v[stretch] - low[:, 1]) / (high[:, 1] - low[:, 1])
    u = (low[:, 0] + (high[:, 0] - low[:, 0]) * part) * GRAIN
    voxel = np.ceil((u - stretches.u[stretch]) / step - ON_EDGE).astype(np.int64)
    voxel = np.clip(voxel, stretches.first[stretch], stretches.stop[stretch])
    order = np.lexsort((voxel, stretch))
    start, stop = voxel[order].reshape(-1, 2).T
    filled = start < stop
    return stretch[order][::2][filled], start[filled], stop[filled]
