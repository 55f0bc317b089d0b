"""The sweep by compiled kernels: one pass over the map, then work near the contours alone.

Notation and identities are those of METRICS.md section 2, as in `plain.py`, whose numbers these are.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np

from ContourQALib.metrics.surface import SurfaceDistances
from ContourQALib.thresholds.active import find_active_voxels
from ContourQALib.thresholds.curves import Counts, DistanceCurves, above
from ContourQALib.thresholds.gather_kernel import gather
from ContourQALib.thresholds.level_scan import LevelScan, scan
from ContourQALib.thresholds.reference_surface import (
    Columns,
    Runs,
    distances_from_reference,
    distances_of_whole_grid,
    distances_to_reference,
    surface_points,
)

THREADS = 2

WORTH_THREADS = 200_000
"""Voxels of a grid from which handing out the work costs less than it saves."""

GATHERED = 3_000_000
"""Distances held at once when the runs are laid out threshold by threshold: 24 MB."""


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
    threads = THREADS if values.size >= WORTH_THREADS else 1
    with ThreadPoolExecutor(threads) as pool:
        found = scan(map_values, drawn, thresholds, pool, threads)
        if found is None:
            return None
        counts = Counts(above(found.everywhere), above(found.inside), int(found.inside.sum()), reference.size)
        distances = _distances(found, drawn, spacing, skip.astype(np.uint8), tolerance_mm, pool, threads)
    return counts, distances


def _distances(
    found: LevelScan,
    drawn: np.ndarray,
    spacing: np.ndarray,
    skip: np.ndarray,
    tolerance_mm: float,
    pool: Executor,
    threads: int,
) -> DistanceCurves:
    count, floor, top = found.thresholds.size, found.floor, found.top
    curves = DistanceCurves.undefined(count)
    box = found.reference_box
    if box is None:
        for j in range(top):
            curves.put(j, SurfaceDistances(np.empty(0), np.full(1, np.inf)), tolerance_mm)
        return curves
    points = surface_points(drawn, box, skip)
    if floor:
        whole = distances_of_whole_grid(points, drawn.shape, spacing, skip)
        for j in range(floor):
            curves.put(j, whole, tolerance_mm)
    if top > floor:
        active = find_active_voxels(found, spacing, skip, pool, threads)
        to_reference = distances_to_reference(active, Columns(points, spacing), pool, threads)
        _put_all(
            curves,
            [Runs(to_reference, active.lows, active.highs)],
            distances_from_reference(points, found, active, spacing, pool, threads),
            (floor, top),
            tolerance_mm,
            pool,
        )
    for j in range(top, count):
        curves.put(j, SurfaceDistances(np.full(len(points), np.inf), np.empty(0)), tolerance_mm)
    return curves


def _put_all(
    curves: DistanceCurves,
    to_reference: Sequence[Runs],
    to_test: Sequence[Runs],
    span: tuple[int, int],
    tolerance_mm: float,
    pool: Executor,
) -> None:
    """Fill in the curves for the thresholds of `span`, some of them at a time."""
    sizes = [_sizes(runs, span) for runs in (to_test, to_reference)]
    first, stop = span
    while first < stop:
        held = np.cumsum((sizes[0] + sizes[1])[first - span[0] :])
        last = first + max(1, int(np.searchsorted(held, GATHERED)))
        part = slice(first - span[0], last - span[0])
        lists = [
            _lists(runs, size[part], first) for runs, size in zip((to_test, to_reference), sizes, strict=True)
        ]
        jobs = [
            pool.submit(curves.put, first + n, SurfaceDistances(lists[0][n], lists[1][n]), tolerance_mm)
            for n in range(len(lists[0]))
        ]
        for job in jobs:
            job.result()
        first = last


def _sizes(runs: Sequence[Runs], span: tuple[int, int]) -> np.ndarray:
    """How many distances each threshold of `span` has."""
    change = np.zeros(span[1] + 1, np.int64)
    for part in runs:
        change += np.bincount(part.begins, minlength=change.size)
        change -= np.bincount(part.ends, minlength=change.size)
    return change.cumsum()[span[0] : span[1]]


def _lists(runs: Sequence[Runs], sizes: np.ndarray, first: int) -> list[np.ndarray]:
    """The distances of each threshold from `first` on."""
    stops = np.cumsum(sizes)
    out, cursor = np.empty(stops[-1]), stops - sizes
    for part in runs:
        gather(part.values_mm, part.begins, part.ends, first, first + sizes.size, cursor, out)
    return np.split(out, stops[:-1])
