"""Compiled statistics of distances that hold for runs of thresholds (numba), without a list a threshold.

Distances are counted into bins, for all thresholds at once. A rank then lies in a known bin; where the bin
holds but one distance that is the answer, and only what lies in the other wanted bins is looked at again.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.compiled import kernel

BINS = 2560
"""Bin 0 for a distance of zero, then 128 for each doubling of the finest spacing, twenty times over."""

FRACTION_BITS = 45
"""Bits of a float64 below those that choose its bin: seven bits of the fraction stay, 128 bins a doubling."""


def first_bin(finest_mm: float) -> int:
    """What is taken off the upper bits of a distance to get its bin, for distances from `finest_mm` on."""
    # One doubling lower, so that rounding never takes the finest spacing itself below bin 1.
    return int(np.float64(finest_mm / 2).view(np.int64) >> FRACTION_BITS)


@kernel
def bin_of(bits, base):  # type: ignore[no-untyped-def]
    """The bin of a distance from its bits: positive numbers are ordered like them, so bins are in order."""
    return max(0, min(BINS - 1, (bits >> FRACTION_BITS) - base))


@kernel
def tally(values, bits, begins, ends, base, limit, histogram, sums, within, least, most):  # type: ignore[no-untyped-def]
    """Add distances to the statistics of every threshold of their runs.

    Args:
        values: float64, mm.
        bits: the same memory as int64.
        begins: first threshold of each run.
        ends: one past its last.
        base: see `first_bin`.
        limit: distances up to this count as within tolerance, mm.
        histogram: int32 (BINS, T + 1), changed where a run begins and ends: sums along T are the counts.
        sums: float64 (T,), sums of the distances.
        within: int64 (T + 1,), like the histogram for distances within the limit.
        least: float64 (BINS,), the least distance of each bin.
        most: float64 (BINS,), the greatest.
    """
    for n in range(values.size):
        value, begin, end = values[n], begins[n], ends[n]
        b = bin_of(bits[n], base)
        histogram[b, begin] += 1
        histogram[b, end] -= 1
        least[b] = min(least[b], value)
        most[b] = max(most[b], value)
        if value <= limit:
            within[begin] += 1
            within[end] -= 1
        if value > 0.0:
            for j in range(begin, end):
                sums[j] += value


@kernel
def counts_of(histogram, counts):  # type: ignore[no-untyped-def]
    """Turn the changes of a histogram (BINS, T + 1) into counts (T, BINS)."""
    for b in range(BINS):
        running = np.int32(0)
        for j in range(counts.shape[0]):
            running += histogram[b, j]
            counts[j, b] = running


@kernel
def find_bins(counts, ranks, bins, below):  # type: ignore[no-untyped-def]
    """The bin of each rank at every threshold, and how many distances lie in smaller bins.

    Args:
        counts: int (T, BINS), distances of each bin.
        ranks: int64 (R, T), zero-based.
        bins: int64 (R, T), answers.
        below: int64 (R, T), answers.
    """
    for j in range(counts.shape[0]):
        passed, left = 0, ranks.shape[0]
        for b in range(BINS):
            here = counts[j, b]
            if here == 0:
                continue
            for r in range(ranks.shape[0]):
                if passed <= ranks[r, j] < passed + here:
                    bins[r, j], below[r, j] = b, passed
                    left -= 1
            passed += here
            if left == 0:
                break


@kernel
def collect(values, bits, begins, ends, base, wanted, slots, cursor, out):  # type: ignore[no-untyped-def]
    """Copy the distances of wanted bins to their slots.

    Args:
        values: float64, mm.
        bits: the same memory as int64.
        begins: first threshold of each run.
        ends: one past its last.
        base: see `first_bin`.
        wanted: whether any threshold wants a bin, bool (BINS,).
        slots: number of the slot of each bin and threshold, int32 (BINS, T); -1 for none.
        cursor: int64, where the next distance of each slot goes in `out`; moved on.
        out: float64.
    """
    for n in range(values.size):
        b = bin_of(bits[n], base)
        if not wanted[b]:
            continue
        for j in range(begins[n], ends[n]):
            slot = slots[b, j]
            if slot >= 0:
                out[cursor[slot]] = values[n]
                cursor[slot] += 1
