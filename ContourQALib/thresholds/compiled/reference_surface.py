"""The reference's surface in a sweep: distances to it, and from it, for all masks at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import numpy as np

from ContourQALib.metrics.pair_kernel import surface
from ContourQALib.metrics.surface import SurfaceDistances
from ContourQALib.team import Team
from ContourQALib.thresholds.compiled.active import LARGE, ActiveVoxels
from ContourQALib.thresholds.compiled.distance_kernel import columns_of, distances_of_layer, squared_in_slices
from ContourQALib.thresholds.compiled.level_kernel import levels_at
from ContourQALib.thresholds.compiled.level_scan import Box, LevelScan
from ContourQALib.thresholds.compiled.run_statistics import Runs
from ContourQALib.thresholds.compiled.search_kernel import first_witnesses, nearest_of_all

VOXELS_AT_ONCE = 1_000_000
"""Active voxels whose distances are measured by one thread in one call."""

KEPT_VOXELS = 4_000_000
"""Active voxels up to which their distances are kept: 32 MB."""

POINTS_AT_ONCE = 2048
"""Reference voxels searched from in one call: as many runs of thresholds are then held twice at most."""


def surface_points(reference: np.ndarray, box: Box, skip: np.ndarray) -> np.ndarray:
    """Indices (n, 3) int64 of the reference's surface in array order.

    Args:
        reference: uint8 (K, J, I), zero or one.
        box: its box.
        skip: uint8 (3,), axes along which nothing has neighbors.
    """
    first, extent = box
    shape = extent + 2
    shape[2] += -shape[2] % 8  # see `pair_kernel.surface`
    padded, marked = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    inner = tuple(slice(1, n + 1) for n in extent)
    padded[inner] = reference[tuple(slice(a, a + n) for a, n in zip(first, extent, strict=True))]
    positions = surface(padded, marked, bool(skip[0]), bool(skip[1]))
    return np.stack(np.unravel_index(positions, tuple(shape)), axis=1) + (first - 1)


class Columns:
    """The surface's voxels chained by columns along the first axis, for distances slice by slice."""

    def __init__(self, points: np.ndarray, spacing: np.ndarray) -> None:
        self.points, self.spacing = points, spacing
        self.corner = points.min(axis=0)
        self.extent = points.max(axis=0) + 1 - self.corner
        self.head = np.empty(self.extent[1] * self.extent[2], np.int64)
        self.following = np.empty(len(points), np.int64)
        columns_of(points, self.corner, self.extent, self.head, self.following)

    def start(self) -> tuple[np.ndarray, np.ndarray]:
        """Where each column stands before its first slice."""
        return self.head.copy(), np.full(self.head.size, -1, np.int64)

    def squared(
        self, at: tuple[np.ndarray, np.ndarray], first: int, window: np.ndarray, out: np.ndarray
    ) -> None:
        """Squared distances in mm² of slices from `first` on, see `distance_kernel.squared_in_slices`."""
        squared_in_slices(
            self.points,
            self.following,
            at[0],
            at[1],
            self.corner,
            self.extent,
            self.spacing,
            first,
            window,
            out,
        )


class DistancesToReference:
    """Distances from the active voxels to the reference's surface, some layers of blocks at a time.

    They may be gone through several times. Few are kept after the first; more are measured anew, so that a
    map that is noise all over does not fill the memory.
    """

    def __init__(self, active: ActiveVoxels, columns: Columns, team: Team) -> None:
        self.active, self.columns, self.team = active, columns, team
        layer_starts = active.blocks.starts[:: active.counts[1] * active.counts[2]]
        portions = max(team.size, -(-int(layer_starts[-1]) // VOXELS_AT_ONCE))
        cuts = np.searchsorted(layer_starts, np.linspace(0, layer_starts[-1], portions + 1))
        self.cuts = np.unique(np.append(cuts, [0, active.counts[0]]))
        self.kept: list[Runs] | None = None

    def __iter__(self) -> Iterator[Runs]:
        """The distances, in the order of the active voxels."""
        if self.kept is not None:
            yield from self.kept
            return
        done = []
        steps = list(pairwise(self.cuts))
        for n in range(0, len(steps), self.team.size):
            parts = [partial(self._measure, layers) for layers in steps[n : n + self.team.size]]
            for runs in self.team.run(parts):
                yield runs
                if self.active.places.size <= KEPT_VOXELS:
                    done.append(runs)
        if self.active.places.size <= KEPT_VOXELS:
            self.kept = done

    def _measure(self, layers: tuple[int, int]) -> Runs:
        active, size, counts = self.active, self.active.blocks.size, self.active.counts
        window = np.array([*active.corner[1:], *(counts[1:] * size[1:])])
        at = self.columns.start()
        squared = np.empty((size[0], window[2], window[3]))
        first, last = (active.blocks.starts[layer * counts[1] * counts[2]] for layer in layers)
        out = np.empty(last - first)
        for layer in range(*layers):
            self.columns.squared(at, active.corner[0] + layer * size[0], window, squared)
            distances_of_layer(squared, layer, size, counts, active.blocks.starts, active.places, first, out)
        return Runs(out, active.lows[first:last], active.highs[first:last])


def distances_from_reference(
    points: np.ndarray,
    scan: LevelScan,
    active: ActiveVoxels,
    spacing: np.ndarray,
    team: Team,
) -> list[Runs]:
    """Distance from each surface voxel of the reference to every mask's surface, as runs of thresholds."""
    blocks = active.blocks
    large, members = active.large_blocks()
    points, fine_ends, coarse_ends = _grouped(points, active)
    levels = levels_at(points, scan.bits, scan.thresholds, scan.starts)
    floor, top = scan.floor, scan.top
    witness = np.zeros((top, 3), np.int64)
    first_witnesses(
        blocks.starts, blocks.corners, active.places, active.lows, active.highs, blocks.size, floor, witness
    )

    def work(groups: np.ndarray) -> list[Runs]:
        near = witness.copy()
        done = []
        for first, last in pairwise(groups):
            begin = fine_ends[coarse_ends[first - 1] - 1] if first else 0
            room = (fine_ends[coarse_ends[last - 1] - 1] - begin) * (top - floor)
            values, begins, ends = np.empty(room), np.empty(room, np.uint8), np.empty(room, np.uint8)
            count = nearest_of_all(
                points, levels, fine_ends, coarse_ends, first, last, spacing, floor, top,
                blocks.size, blocks.corners, blocks.starts, blocks.least, blocks.most,
                active.places, active.lows, active.highs, active.by_low,
                large.size, large.corners, large.starts, members, large.least, large.most,
                near, values, begins, ends,
            )  # fmt: skip
            done.append(Runs(values[:count].copy(), begins[:count].copy(), ends[:count].copy()))
        return done

    portions = _portions(fine_ends[coarse_ends - 1], team.size)
    return [runs for part in team.run([partial(work, p) for p in portions]) for runs in part]


def _grouped(points: np.ndarray, active: ActiveVoxels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points with near ones together: by large block, within it by block; and where the groups end."""
    block = (points - active.corner) // active.blocks.size
    block -= block.min(axis=0) // LARGE * LARGE
    large = block // LARGE
    reach = block.max(axis=0) + 1
    owner = np.ravel_multi_index(tuple(large.T), tuple(large.max(axis=0) + 1))
    own = np.ravel_multi_index(tuple(block.T), tuple(reach))
    order = np.lexsort((own, owner))
    own, owner = own[order], owner[order]
    fine_last = np.flatnonzero(np.append(own[1:] != own[:-1], True))
    coarse_last = np.flatnonzero(np.append(owner[fine_last][1:] != owner[fine_last][:-1], True))
    return np.ascontiguousarray(points[order]), fine_last + 1, coarse_last + 1


def _portions(ends: np.ndarray, threads: int) -> list[np.ndarray]:
    """For each thread the large groups at which its calls begin and end, about equal numbers of points."""
    total = int(ends[-1])
    calls = max(threads, -(-total // POINTS_AT_ONCE))
    cuts = np.unique(np.append(0, np.searchsorted(ends, np.linspace(0, total, calls + 1)[1:]) + 1))
    cuts = np.minimum(cuts, ends.size)
    cuts = np.unique(cuts)
    middle = np.linspace(0, cuts.size - 1, threads + 1).astype(int)
    portions = [cuts[a : b + 1] for a, b in pairwise(middle)]
    return [p for p in portions if p.size > 1]


def distances_of_whole_grid(
    points: np.ndarray, shape: tuple[int, ...], spacing: np.ndarray, skip: np.ndarray
) -> SurfaceDistances:
    """Distances between the reference's surface and the mask of every voxel, the grid's edge."""
    size = np.asarray(shape)
    free = np.flatnonzero(skip == 0)
    room = np.minimum(points, size - 1 - points) * spacing
    faces = []
    inner = [(0, n) for n in shape]
    for axis in free:
        # The face's own axis first: its two slices are then planes of a grid like any other.
        order = [int(axis), *(a for a in range(3) if a != axis)]
        sorted_points = points[:, order]
        sorted_points = sorted_points[np.lexsort(sorted_points.T[::-1])]
        columns = Columns(np.ascontiguousarray(sorted_points), spacing[order])
        (j0, j1), (i0, i1) = inner[order[1]], inner[order[2]]
        if j1 > j0 and i1 > i0:
            window = np.array([j0, i0, j1 - j0, i1 - i0])
            at = columns.start()
            for slice_ in sorted({0, shape[axis] - 1}):
                squared = np.empty((1, j1 - j0, i1 - i0))
                columns.squared(at, slice_, window, squared)
                faces.append(np.sqrt(squared.ravel()))
        inner[axis] = (1, shape[axis] - 1)
    return SurfaceDistances(room[:, free].min(axis=1), np.concatenate(faces))
