"""Runs: distances that hold for runs of thresholds, and their statistics at every threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.metrics.ranks import between, linear_rank, slicerrt_rank
from ContourQALib.thresholds.curves import DistanceCurves
from ContourQALib.thresholds.rank_kernel import BINS, BINS_A_VOXEL, collect, counts_of, find_bins, tally


@dataclass(frozen=True, eq=False)
class Runs:
    """Distances that hold for the thresholds from `begins` to before `ends`.

    Attributes:
        values_mm: float64 (n,).
        begins: uint8 (n,).
        ends: uint8 (n,).
    """

    values_mm: np.ndarray
    begins: np.ndarray
    ends: np.ndarray

    @classmethod
    def over(cls, values_mm: np.ndarray, end: int) -> Runs:
        """Distances that all hold for the thresholds below `end`."""
        return cls(values_mm, np.zeros(values_mm.size, np.uint8), np.full(values_mm.size, end, np.uint8))


class RunStatistics:
    """Counts, sums and order statistics of one set of distances at every threshold.

    Args:
        runs: the distances.
        count: how many thresholds there are.
        finest_mm: the finest spacing, which the bins are made for.
        limit_mm: distances up to this count as within tolerance.
    """

    def __init__(self, runs: Sequence[Runs], count: int, finest_mm: float, limit_mm: float) -> None:
        self.runs = runs
        self.scale = BINS_A_VOXEL / finest_mm
        histogram, within = np.zeros((BINS, count + 1), np.int32), np.zeros(count + 1, np.int64)
        self.sums = np.zeros(count)
        self.least, self.most = np.full(BINS, np.inf), np.full(BINS, -np.inf)
        for part in runs:
            tally(
                part.values_mm, part.begins, part.ends, self.scale, limit_mm, histogram, self.sums, within,
                self.least, self.most,
            )  # fmt: skip
        self.within = within.cumsum()[:-1]
        self.counts = np.empty((count, BINS), np.int32)
        counts_of(histogram, self.counts)
        self.sizes = self.counts.sum(axis=1, dtype=np.int64)

    def gathered(self, slots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The distances of every slot, one after the other, and where each slot begins.

        Args:
            slots: number of the slot of each bin and threshold, int32 (BINS, T); -1 for none.
        """
        bins, thresholds = np.nonzero(slots >= 0)
        sizes = np.empty(bins.size, np.int64)
        sizes[slots[bins, thresholds]] = self.counts[thresholds, bins]
        starts = np.append(0, sizes.cumsum())
        out, cursor, wanted = np.empty(starts[-1]), starts[:-1].copy(), (slots >= 0).any(axis=1)
        for part in self.runs:
            collect(part.values_mm, part.begins, part.ends, self.scale, wanted, slots, cursor, out)
        return out, starts


def order_statistics(sets: Sequence[RunStatistics], ranks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Order statistics, at every threshold, of several sets of distances taken together.

    Args:
        sets: one set, or two to be pooled, of the same thresholds.
        ranks: each int64 (T,), the zero-based rank wanted at each threshold.

    Returns:
        For each of `ranks` the distances, float64 (T,).
    """
    counts = sets[0].counts if len(sets) == 1 else np.sum([s.counts for s in sets], axis=0)
    least = np.min([s.least for s in sets], axis=0)
    several = least < np.max([s.most for s in sets], axis=0)
    wanted = np.array(ranks)
    bins, below = np.zeros_like(wanted), np.zeros_like(wanted)
    find_bins(counts, wanted, bins, below)
    answers = least[bins]
    which, at = np.nonzero(several[bins])
    slots = np.full(counts.shape[::-1], -1, np.int32)
    keys, slot = np.unique(bins[which, at] * counts.shape[0] + at, return_inverse=True)
    slots.ravel()[keys] = np.arange(keys.size)
    gathered = [s.gathered(slots) for s in sets]
    for r, j, n in zip(which, at, slot, strict=True):
        values = np.concatenate([out[starts[n] : starts[n + 1]] for out, starts in gathered])
        rank = wanted[r, j] - below[r, j]
        answers[r, j] = np.partition(values, rank)[rank]
    return list(answers)


def distance_curves(to_test: RunStatistics, to_reference: RunStatistics) -> DistanceCurves:
    """The figures of both directed sets of distances at every threshold, as `SurfaceDistances` defines them."""
    directed = (to_test, to_reference)
    highest, linear, slicerrt = [], [], []
    for one in directed:
        rank, fraction = linear_rank(one.sizes)
        last = one.sizes - 1
        wanted = [last, rank, np.minimum(rank + 1, last), slicerrt_rank(one.sizes)]
        found = order_statistics([one], wanted)
        highest.append(found[0])
        linear.append(between(found[1], found[2], fraction))
        slicerrt.append(found[3])
    sizes = to_test.sizes + to_reference.sizes
    rank, fraction = linear_rank(sizes)
    pooled = order_statistics(directed, [rank, np.minimum(rank + 1, sizes - 1)])
    return DistanceCurves(
        hd_mm=np.maximum(*highest),
        hd95_mm=np.maximum(*linear),
        hd95_pooled_mm=between(pooled[0], pooled[1], fraction),
        hd95_slicerrt_mm=(slicerrt[0] + slicerrt[1]) / 2,
        msd_mm=(to_test.sums + to_reference.sums) / sizes,
        masd_mm=(to_test.sums / to_test.sizes + to_reference.sums / to_reference.sizes) / 2,
        surface_dice=(to_test.within + to_reference.within) / sizes,
    )
