"""Filling: the voxels whose centers lie inside, where planes lie along a face of the grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ContourQALib.planar.edges import edges_of
from ContourQALib.planar.plane_frame import PlaneFrame
from ContourQALib.planar.planes import Plane, Planes
from ContourQALib.planar.runs import runs_of


@dataclass(frozen=True)
class Filled:
    """What came of filling a mask.

    Attributes:
        inside: voxels set.
        outside: voxels that the same lattice would have beyond the grid.
        bridged: slices that have no plane of their own and were filled from one beside them.
        unseen: planes that stand for no slice, since slices are further apart.
    """

    inside: int
    outside: int
    bridged: int = 0
    unseen: int = 0


def slices_of(plane: Plane, tolerance_mm: float, slice_mm: float) -> range:
    """Slices of the endless lattice whose centers a plane stands for.

    A slice half-way between two planes belongs to the upper one: both ends are moved down by the
    tolerance, so that positions that a file rounded do not decide.
    """
    first, stop = (math.ceil((end - tolerance_mm) / slice_mm) for end in (plane.lower_mm, plane.upper_mm))
    return range(first, stop)


def fill(mask: np.ndarray, planes: Planes, frame: PlaneFrame) -> Filled:
    """Set the voxels inside.

    Args:
        mask: (K, J, I) bool, changed.
        planes: of the structure.
        frame: along the grid.
    """
    where, ends = runs_of(edges_of([plane.polygons for plane in planes.planes]))
    starts = np.searchsorted(where[:, 0], np.arange(len(planes.planes) + 1))
    view = frame.slices_of(mask)
    depth, height, width = view.shape
    inside = total = bridged = unseen = 0
    for number, plane in enumerate(planes.planes):
        slices = slices_of(plane, planes.tolerance_mm, frame.slice_mm)
        bridged += max(0, len(slices) - 1)
        unseen += not slices
        rows, runs = where[starts[number] : starts[number + 1], 1], ends[starts[number] : starts[number + 1]]
        total += int((runs[:, 1] - runs[:, 0]).sum()) * len(slices)
        first, stop = max(slices.start, 0), min(slices.stop, depth)
        runs = np.clip(runs, 0, width)
        kept = (rows >= 0) & (rows < height) & (runs[:, 0] < runs[:, 1])
        rows, runs = rows[kept], runs[kept]
        if not rows.size or first >= stop:
            continue
        inside += int((runs[:, 1] - runs[:, 0]).sum()) * (stop - first)
        box = slice(rows[0], rows[-1] + 1), slice(runs[:, 0].min(), runs[:, 1].max())
        view[first:stop, box[0], box[1]] = _drawn(rows - box[0].start, runs - box[1].start)
    return Filled(inside, total - inside, bridged, unseen)


def _drawn(rows: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """(rows, columns) bool with the runs set."""
    shape = rows[-1] + 1, runs.max()
    drawn = np.zeros(shape, bool)
    flat = drawn.reshape(-1)
    begin = rows * shape[1]
    for first, stop in zip((begin + runs[:, 0]).tolist(), (begin + runs[:, 1]).tolist(), strict=True):
        flat[first:stop] = True
    return drawn
