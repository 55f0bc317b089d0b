"""The sweep in numpy and scipy: exact, slower than the compiled one, and the same numbers.

Notation of METRICS.md section 2: K(x) is the level of voxel x (how many thresholds its probability reaches)
and N(x) the least level of its face neighbors, 0 beyond the grid. The mask of threshold j is {K > j}, and x
is on its surface exactly for N(x) <= j < K(x): no mask is ever made.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.metrics.surface import SurfaceDistances, box, nearest_mm, surface_voxels
from ContourQALib.thresholds.curves import Counts, DistanceCurves, above
from ContourQALib.thresholds.levels import levels_of


def sweep_plain(
    values: np.ndarray,
    reference: np.ndarray,
    spacing: np.ndarray,
    thresholds: np.ndarray,
    tolerance_mm: float,
) -> tuple[Counts, DistanceCurves]:
    """Counts and surface distances of {P >= t} against the reference, for every t.

    Args:
        values: float32 probabilities in [0, 1], two or three dimensions.
        reference: bool, same shape.
        spacing: mm along the array's axes.
        thresholds: float32, increasing, at most `levels.MOST_LEVELS`.
        tolerance_mm: tolerance of surface Dice.
    """
    levels = levels_of(values, thresholds)
    count = thresholds.size
    at_level = np.bincount(levels.ravel(), minlength=count + 1)
    inside = np.bincount(levels[reference], minlength=count + 1)
    counts = Counts(above(at_level), above(inside), int(inside.sum()), reference.size)
    return counts, _distances(levels, reference, spacing, count, tolerance_mm)


def _distances(
    levels: np.ndarray, reference: np.ndarray, spacing: np.ndarray, count: int, tolerance_mm: float
) -> DistanceCurves:
    surface = surface_voxels(reference)
    voxels, lowest, highest = _active_voxels(levels)
    to_reference = nearest_mm(voxels, surface, spacing)
    everywhere = int(levels.min())  # thresholds below this select the whole grid
    curves = DistanceCurves.undefined(count)
    if everywhere:
        curves.fill(slice(0, everywhere), _of_whole_grid(levels.shape, surface, spacing), tolerance_mm)
    for j in range(everywhere, count):
        on = (lowest <= j) & (j < highest)
        found = SurfaceDistances(nearest_mm(surface, voxels[on], spacing), to_reference[on])
        curves.fill(j, found, tolerance_mm)
    return curves


def _active_voxels(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The voxels that are on the surface of some mask but the whole grid's, with N and K of each."""
    floor = levels.min()
    spans = box(levels > floor)
    if spans is None:
        return np.empty((0, levels.ndim), np.intp), np.empty(0, np.uint8), np.empty(0, np.uint8)
    # One voxel more on every side: real neighbors inside the grid, beyond it the whole grid's own level.
    around = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in spans)
    padded = np.pad(levels[around], 1, constant_values=floor)
    least = padded.copy()
    for axis in range(levels.ndim):
        for step in (1, -1):
            np.minimum(least, np.roll(padded, step, axis), out=least)
    inner = tuple(slice(1, -1) for _ in around)
    level, neighbors = padded[inner], least[inner]
    voxels = np.argwhere(level > neighbors)
    at = tuple(voxels.T)
    return voxels + [s.start for s in around], neighbors[at], level[at]


def _of_whole_grid(shape: tuple[int, ...], surface: np.ndarray, spacing: np.ndarray) -> SurfaceDistances:
    """Distances between the reference and the mask of every voxel: its surface is the grid's edge."""
    room = np.minimum(surface, np.asarray(shape) - 1 - surface) * spacing
    to_edge = room.min(axis=1) if len(surface) else np.empty(0)
    edge = np.ones(shape, bool)
    edge[tuple(slice(1, -1) for _ in shape)] = False
    return SurfaceDistances(to_edge, nearest_mm(np.argwhere(edge), surface, spacing))
