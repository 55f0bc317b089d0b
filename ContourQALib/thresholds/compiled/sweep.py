"""The sweep by compiled kernels: one pass over the map, then work near the contours alone.

Notation and identities are those of METRICS.md section 2, as in `plain.py`, whose numbers these are.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ContourQALib.metrics.surface import TOLERANCE_ROUNDING_MM, SurfaceDistances
from ContourQALib.team import Team
from ContourQALib.thresholds.compiled.active import find_active_voxels
from ContourQALib.thresholds.compiled.level_scan import LevelScan, scan
from ContourQALib.thresholds.compiled.reference_surface import (
    Columns,
    DistancesToReference,
    distances_from_reference,
    distances_of_whole_grid,
    surface_points,
)
from ContourQALib.thresholds.compiled.run_statistics import Runs, RunStatistics, distance_curves
from ContourQALib.thresholds.curves import Counts, DistanceCurves, above

THREADS = 2

WORTH_THREADS = 200_000
"""Voxels of a grid from which handing out the work costs less than it saves."""


def sweep_compiled(
    values: np.ndarray,
    reference: np.ndarray,
    spacing: np.ndarray,
    thresholds: np.ndarray,
    tolerance_mm: float,
) -> tuple[Counts, DistanceCurves] | None:
    """As `plain.sweep_plain`; None where a value of the map is no number in [0, 1], or is minus zero."""
    flat = 3 - values.ndim
    shape = (1,) * flat + values.shape
    spacing = np.append(np.ones(flat), spacing)
    skip = np.arange(3) < flat
    map_values = np.ascontiguousarray(values).reshape(shape)
    drawn = np.ascontiguousarray(reference).reshape(shape).view(np.uint8)
    with Team(THREADS if values.size >= WORTH_THREADS else 1) as team:
        found = scan(map_values, drawn, thresholds, team)
        if found is None:
            return None
        counts = Counts(above(found.everywhere), above(found.inside), int(found.inside.sum()), reference.size)
        distances = _distances(found, drawn, spacing, skip.astype(np.uint8), tolerance_mm, team)
    return counts, distances


def _distances(
    found: LevelScan,
    drawn: np.ndarray,
    spacing: np.ndarray,
    skip: np.ndarray,
    tolerance_mm: float,
    team: Team,
) -> DistanceCurves:
    count, floor, top = found.thresholds.size, found.floor, found.top
    curves = DistanceCurves.undefined(count)
    if found.reference_box is None:
        curves.fill(slice(0, top), SurfaceDistances(np.empty(0), np.full(1, np.inf)), tolerance_mm)
        return curves
    points = surface_points(drawn, found.reference_box, skip)
    to_reference: list[Iterable[Runs]] = []
    to_test: list[Iterable[Runs]] = []
    if floor:
        whole = distances_of_whole_grid(points, drawn.shape, spacing, skip)
        to_test.append([Runs.over(whole.reference_to_test_mm, floor)])
        to_reference.append([Runs.over(whole.test_to_reference_mm, floor)])
    if top > floor:
        active = find_active_voxels(found, spacing, skip, team)
        to_reference.append(DistancesToReference(active, Columns(points, spacing), team))
        to_test.append(distances_from_reference(points, found, active, spacing, team))
    if top:
        limit, finest = tolerance_mm + TOLERANCE_ROUNDING_MM, float(spacing[skip == 0].min())
        statistics = [RunStatistics(runs, top, finest, limit) for runs in (to_test, to_reference)]
        curves.place(slice(0, top), distance_curves(*statistics))
    curves.fill(slice(top, count), SurfaceDistances(np.full(1, np.inf), np.empty(0)), tolerance_mm)
    return curves
