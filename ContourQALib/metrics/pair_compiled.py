"""Two masks measured by compiled kernels: one pass over the voxels, then work on their box alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ContourQALib.metrics.neighborhood import neighborhood
from ContourQALib.metrics.overlap import Overlap
from ContourQALib.metrics.pair_kernel import nearest, nearest_of_few, scan, surface
from ContourQALib.metrics.surface import SurfaceDistances, nearest_mm
from ContourQALib.team import Team

THREADS = 2
"""One for each mask's surface. Reading both masks is left to one: it is bound by memory, and a second thread
takes 70 % more processor time to save a sixth of the wait."""

WORTH_THREADS = 200_000
"""Voxels of the masks' box from which handing out the work costs less than it saves."""

FEW_PAIRS = 4_000_000
"""Pairs of voxels that are measured one by one rather than by a tree, which takes longer to build."""


def measure_compiled(
    reference: np.ndarray, test: np.ndarray, spacing_kji: Sequence[float]
) -> tuple[Overlap, SurfaceDistances, bool]:
    """Counts, surface distances and whether a mask touches the grid's edge; arguments as `pair.measure`."""
    flat = 3 - reference.ndim  # axes that the array lacks: nothing has neighbors along them
    shape = (1,) * flat + reference.shape
    spacing = (1.0,) * flat + tuple(float(s) for s in spacing_kji)
    masks = [np.ascontiguousarray(mask).reshape(shape).view(np.uint8) for mask in (reference, test)]
    counts, spans = _scan(masks[0], masks[1])
    touching = any(_on_edge(span, shape, flat) for span in spans)
    return counts, _distances(masks, spans, spacing, flat), touching


def _scan(a: np.ndarray, b: np.ndarray) -> tuple[Overlap, list[list[tuple[int, int]] | None]]:
    """Counts, and for each mask its first and last index along each axis (None where it is empty)."""
    marks = [np.zeros((2, n), np.uint8) for n in a.shape]
    in_a, in_b, in_both = scan(a, b, *marks)
    counts = Overlap(in_both, in_b - in_both, in_a - in_both, a.size - in_a - in_b + in_both)
    spans: list[list[tuple[int, int]] | None] = []
    for mask in range(2):
        hits = [np.flatnonzero(mark[mask]) for mark in marks]
        spans.append([(int(h[0]), int(h[-1])) for h in hits] if hits[0].size else None)
    return counts, spans


def _on_edge(span: list[tuple[int, int]] | None, shape: tuple[int, ...], flat: int) -> bool:
    if span is None:
        return False
    return any(
        first == 0 or last == n - 1 for (first, last), n in zip(span[flat:], shape[flat:], strict=True)
    )


def _distances(
    masks: Sequence[np.ndarray],
    spans: Sequence[list[tuple[int, int]] | None],
    spacing: tuple[float, ...],
    flat: int,
) -> SurfaceDistances:
    drawn = [span for span in spans if span is not None]
    if not drawn:
        return SurfaceDistances(np.empty(0), np.empty(0))
    first = [min(span[axis][0] for span in drawn) for axis in range(3)]
    stop = [max(span[axis][1] for span in drawn) + 1 for axis in range(3)]
    around = neighborhood((spacing[0], spacing[1], spacing[2]))
    extent = np.subtract(stop, first)
    # A step beyond the box leads nowhere; the margin keeps every other one inside the array.
    useful = (np.abs(around.steps) < extent).all(axis=1)
    margin = np.maximum(np.minimum(around.reach, extent - 1), 1)
    margin[:flat] = 1
    padded_shape = extent + 2 * margin
    padded_shape[2] += -padded_shape[2] % 8  # whole words, so that empty ones are skipped eight at a time
    box = tuple(slice(a, b) for a, b in zip(first, stop, strict=True))
    inner = tuple(slice(m, m + e) for m, e in zip(margin, extent, strict=True))

    def surface_of(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        padded = np.zeros(padded_shape, np.uint8)
        padded[inner] = mask[box]
        marked = np.zeros(padded_shape, np.uint8)
        return marked, surface(padded, marked, flat >= 1, flat >= 2)

    steps = around.steps[useful] @ np.array([padded_shape[1] * padded_shape[2], padded_shape[2], 1])
    squared = around.squared_mm2[useful]

    def directed(of: tuple[np.ndarray, np.ndarray], to: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        points, (targets, positions) = of[1], to
        found = np.full(points.size, np.inf)
        if not positions.size:
            return found
        if nearest(points, targets.reshape(-1), steps, squared, found):
            far = np.flatnonzero(np.isinf(found))
            found[far] = _far(points[far], positions, tuple(padded_shape), spacing)
        return np.sqrt(found)

    with Team(THREADS if extent.prod() >= WORTH_THREADS else 1) as team:
        one, other = team.run([partial(surface_of, mask) for mask in masks])
        to_test, to_reference = team.run([partial(directed, one, other), partial(directed, other, one)])
    return SurfaceDistances(to_test, to_reference)


def _far(
    points: np.ndarray, targets: np.ndarray, shape: tuple[int, ...], spacing: tuple[float, ...]
) -> np.ndarray:
    """Squared distances of points that have no target in their neighborhood, positions in a raveled array."""
    indices = [np.stack(np.unravel_index(at, shape), axis=1) for at in (points, targets)]
    if points.size * targets.size > FEW_PAIRS:
        return nearest_mm(indices[0], indices[1], np.asarray(spacing)) ** 2
    squared = np.empty(points.size)
    nearest_of_few(indices[0], indices[1], np.asarray(spacing), squared)
    return squared
