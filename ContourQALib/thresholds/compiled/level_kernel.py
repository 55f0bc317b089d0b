"""Compiled loops over a whole probability map (numba): how many voxels each level has, and the levels.

A level is the number of thresholds that a probability reaches. Positive float32 numbers are ordered like
their bits taken as whole numbers, so everything here is done on these: the least and the greatest of a run of
voxels are found many at a time, and a run whose ends have the same level needs no closer look. Most runs of a
map are far from any contour.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.compiled import kernel

RUN = 64
"""Voxels of a row that are taken together."""

BUCKET_BITS = 17
"""Bits that a bucket leaves open: 64 buckets for each power of two, where the search for a level begins."""

ONE = np.uint32(0x3F800000)
"""The bits of 1.0: above them lie the numbers over 1, nan, and everything with a minus sign."""


def bucket_starts(thresholds: np.ndarray) -> np.ndarray:
    """For every bucket of bits the number of thresholds at or below its lower end.

    Args:
        thresholds: uint32, the bits of the thresholds, increasing.
    """
    ends = np.arange((int(ONE) >> BUCKET_BITS) + 1, dtype=np.uint32) << np.uint32(BUCKET_BITS)
    return np.append(np.searchsorted(thresholds, ends, side="right"), thresholds.size)


@kernel
def level_of(bits, thresholds, starts):  # type: ignore[no-untyped-def]
    """How many of the increasing `thresholds` are at or below a probability; both as bits."""
    bucket = bits >> BUCKET_BITS
    low, high = starts[bucket], starts[bucket + 1]
    while low < high:
        middle = (low + high) >> 1
        if thresholds[middle] <= bits:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def scan_levels(  # type: ignore[no-untyped-def]
    bits, reference, first, last, thresholds, starts, everywhere, inside, runs, slices, rows, columns
):
    """Count the voxels of every level in slices [first, last), and note where reference and levels are.

    Args:
        bits: the map's float32 (K, J, I) as uint32.
        reference: uint8, zero or one, same shape.
        first: first slice.
        last: one past the last slice.
        thresholds: their bits, uint32, increasing.
        starts: see `bucket_starts`.
        everywhere: int64 (T + 1,), voxels of each level, added to.
        inside: the same within the reference.
        runs: uint8 (2, K, J, runs of a row): least and greatest level of each run.
        slices: uint8 (K,), set where the reference has a voxel.
        rows: uint8 (J,), likewise.
        columns: uint8 (I,), likewise.

    Returns:
        Whether every value was a number in [0, 1]; otherwise the counts mean nothing.
    """
    width = bits.shape[2]
    for k in range(first, last):
        for j in range(bits.shape[1]):
            row, drawn = bits[k, j], reference[k, j]
            anything = np.uint8(0)
            for i in range(width):
                anything = np.uint8(anything | drawn[i])
            if anything:
                slices[k], rows[j] = 1, 1
                for i in range(width):
                    columns[i] |= drawn[i]
            for run in range(runs.shape[3]):
                begin, end = run * RUN, min(run * RUN + RUN, width)
                least, most = row[begin], row[begin]
                for i in range(begin, end):
                    least = min(least, row[i])
                    most = max(most, row[i])
                if most > ONE:
                    return False
                low = level_of(least, thresholds, starts)
                high = low if least == most else level_of(most, thresholds, starts)
                runs[0, k, j, run], runs[1, k, j, run] = low, high
                if low == high:
                    everywhere[low] += end - begin
                    if anything:
                        here = 0
                        for i in range(begin, end):
                            here += drawn[i]
                        inside[low] += here
                else:
                    for i in range(begin, end):
                        level = level_of(row[i], thresholds, starts)
                        everywhere[level] += 1
                        inside[level] += drawn[i]
    return True


@kernel
def fill_levels(bits, runs, thresholds, starts, k, j0, i0, levels):  # type: ignore[no-untyped-def]
    """Write the levels of one slice's box into the inner part of `levels`, which has a margin of one voxel.

    Args:
        bits: as in `scan_levels`.
        runs: as `scan_levels` left it.
        thresholds: their bits.
        starts: see `bucket_starts`.
        k: the slice.
        j0: first row of the box.
        i0: first column of the box.
        levels: uint8 (rows + 2, columns + 2).
    """
    height, width = levels.shape[0] - 2, levels.shape[1] - 2
    for j in range(height):
        row, out = bits[k, j0 + j], levels[j + 1]
        i = i0
        while i < i0 + width:
            run = i // RUN
            end = min(run * RUN + RUN, i0 + width)
            low = runs[0, k, j0 + j, run]
            if low == runs[1, k, j0 + j, run]:
                for n in range(i, end):
                    out[n - i0 + 1] = low
            else:
                for n in range(i, end):
                    out[n - i0 + 1] = level_of(row[n], thresholds, starts)
            i = end


@kernel
def levels_at(points, bits, thresholds, starts):  # type: ignore[no-untyped-def]
    """Levels of the voxels at `points` (n, 3), int64."""
    levels = np.empty(points.shape[0], np.int64)
    for n in range(points.shape[0]):
        levels[n] = level_of(bits[points[n, 0], points[n, 1], points[n, 2]], thresholds, starts)
    return levels
