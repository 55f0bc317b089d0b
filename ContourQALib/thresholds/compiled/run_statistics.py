"""Runs: distances that hold for runs of thresholds, and their statistics at every threshold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ContourQALib.metrics.ranks import between, linear_rank, slicerrt_rank
from ContourQALib.thresholds.compiled.rank_kernel import BINS, collect, counts_of, find_bins, first_bin, tally
from ContourQALib.thresholds.curves import DistanceCurves


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
        runs: the distances, in collections that are gone through twice.
        count: how many thresholds there are.
        finest_mm: the finest spacing, the least distance but zero.
        limit_mm: distances up to this count as within tolerance.
    """

    def __init__(self, runs: Sequence[Iterable[Runs]], count: int, finest_mm: float, limit_mm: float) -> None:
        self.runs = runs
        self.base = first_bin(finest_mm)
        histogram, within = np.zeros((BINS, count + 1), np.int32), np.zeros(count + 1, np.int64)
        self.sums = np.zeros(count)
        self.least, self.most = np.full(BINS, np.inf), np.full(BINS, -np.inf)
        for part in chain.from_iterable(runs):
            tally(
                part.values_mm, part.values_mm.view(np.int64), part.begins, part.ends, self.base, limit_mm,
                histogram, self.sums, within, self.least, self.most,
            )  # fmt: skip
        self.within = within.cumsum()[:-1]
        self.counts = np.empty((count, BINS), np.int32)
        counts_of(histogram, self.counts)
        self.sizes = self.counts.sum(axis=1, dtype=np.int64)

    def gathered(self, thresholds: np.ndarray, bins: np.ndarray) -> list[np.ndarray]:
        """The distances that lie in some bin at some threshold, for every such pair."""
        slots = np.full((BINS, self.sizes.size), -1, np.int32)
        slots[bins, thresholds] = np.arange(bins.size)
        stops = self.counts[thresholds, bins].cumsum(dtype=np.int64)
        out, cursor = np.empty(stops[-1] if stops.size else 0), np.append(0, stops)[:-1]
        wanted = np.zeros(BINS, np.bool_)
        wanted[bins] = True
        for part in chain.from_iterable(self.runs):
            collect(
                part.values_mm, part.values_mm.view(np.int64), part.begins, part.ends, self.base, wanted,
                slots, cursor, out,
            )  # fmt: skip
        return np.split(out, stops[:-1])


class _Query:
    """Ranks wanted of one set of distances, or of several pooled; first only their bins are known."""

    def __init__(self, sets: Sequence[RunStatistics], ranks: Sequence[np.ndarray]) -> None:
        counts = sets[0].counts if len(sets) == 1 else np.sum([s.counts for s in sets], axis=0)
        least = np.min([s.least for s in sets], axis=0)
        several = least < np.max([s.most for s in sets], axis=0)
        self.sets, self.ranks = sets, np.array(ranks)
        self.bins, self.below = np.zeros_like(self.ranks), np.zeros_like(self.ranks)
        find_bins(counts, self.ranks, self.bins, self.below)
        self.answers = least[self.bins]
        self.open = several[self.bins]
        """Where a bin holds several distances, and the answer is still to be found among them."""

    def keys(self) -> np.ndarray:
        """Threshold and bin of each open answer, as one number."""
        return np.nonzero(self.open)[1] * BINS + self.bins[self.open]

    def settle(self, slots: np.ndarray, gathered: dict[RunStatistics, list[np.ndarray]]) -> None:
        """Find the open answers, in the order of `keys`, among the distances of their slots."""
        for r, j, slot in zip(*np.nonzero(self.open), slots, strict=True):
            values = np.concatenate([gathered[s][slot] for s in self.sets])
            rank = self.ranks[r, j] - self.below[r, j]
            self.answers[r, j] = np.partition(values, rank)[rank]


def distance_curves(to_test: RunStatistics, to_reference: RunStatistics) -> DistanceCurves:
    """The figures of both directed sets of distances at every threshold, as `SurfaceDistances` has them."""
    directed = (to_test, to_reference)
    queries, fractions = [], []
    for sets in ((to_test,), (to_reference,), directed):
        size = np.sum([s.sizes for s in sets], axis=0)
        rank, fraction = linear_rank(size)
        fractions.append(fraction)
        queries.append(_Query(sets, [rank, np.minimum(rank + 1, size - 1), size - 1, slicerrt_rank(size)]))
    keys, slots = np.unique(np.concatenate([q.keys() for q in queries]), return_inverse=True)
    gathered = {s: s.gathered(*np.divmod(keys, BINS)) for s in directed}
    parts = np.split(slots, np.cumsum([q.keys().size for q in queries])[:-1])
    for query, part in zip(queries, parts, strict=True):
        query.settle(part, gathered)
    (low, high, last, slicerrt), (low_2, high_2, last_2, slicerrt_2), pooled = (q.answers for q in queries)
    sizes = to_test.sizes + to_reference.sizes
    return DistanceCurves(
        hd_mm=np.maximum(last, last_2),
        hd95_mm=np.maximum(between(low, high, fractions[0]), between(low_2, high_2, fractions[1])),
        hd95_pooled_mm=between(pooled[0], pooled[1], fractions[2]),
        hd95_slicerrt_mm=(slicerrt + slicerrt_2) / 2,
        msd_mm=(to_test.sums + to_reference.sums) / sizes,
        masd_mm=(to_test.sums / to_test.sizes + to_reference.sums / to_reference.sizes) / 2,
        surface_dice=(to_test.within + to_reference.within) / sizes,
    )
