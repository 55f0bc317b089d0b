"""Compiled search for active voxels (numba): those on the surface of some mask of the sweep.

Voxel x is on the surface of mask j exactly for N(x) <= j < K(x), its own level being K and the least level of
its face neighbors N. Active voxels are kept by block: a few bytes each, found again by where they are.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.compiled import kernel
from ContourQALib.thresholds.compiled.level_kernel import fill_levels


@kernel
def active_voxels(  # type: ignore[no-untyped-def]
    bits, runs, thresholds, starts, floor, corner, extent, block, skip, layers, cursor, places, lows, highs
):
    """Count the active voxels of each block, or note them.

    Args:
        bits: the map's float32 (K, J, I) as uint32.
        runs: see `level_kernel.scan_levels`.
        thresholds: their bits.
        starts: see `level_kernel.bucket_starts`.
        floor: least level of the grid: what lies beyond the box has it, and N is never taken below it.
        corner: int64 (3,), first voxel of the box of all levels above `floor`.
        extent: int64 (3,), the box's size.
        block: int64 (3,), a block's size, at most 256 voxels.
        skip: uint8 (3,), axes along which nothing has neighbors.
        layers: int64 (2,), first layer of blocks along K, and one past the last.
        cursor: int64 (blocks of the box,); counted up by one for each active voxel. When noting, it holds
            where the next voxel of each block goes.
        places: uint8, the voxel's place in its block; empty to count only.
        lows: uint8, N of each.
        highs: uint8, K of each.
    """
    depth, height, width = extent
    rows = (height + block[1] - 1) // block[1]
    columns = (width + block[2] - 1) // block[2]
    window = np.full((3, height + 2, width + 2), floor, np.uint8)
    least = np.empty(width, np.uint8)
    first, last = layers[0] * block[0], min(layers[1] * block[0], depth)
    for k in range(first - 2, last):
        # Slices k - 1, k and k + 1 take turns in the window: only the one ahead is new.
        ahead = window[(k + 1) % 3]
        if 0 <= k + 1 < depth:
            fill_levels(bits, runs, thresholds, starts, corner[0] + k + 1, corner[1], corner[2], ahead)
        else:
            ahead[:] = floor
        if k < first:
            continue
        before, here, after = window[(k - 1) % 3], window[k % 3], ahead
        for j in range(height):
            level = here[j + 1]
            for i in range(width):
                least[i] = level[i + 1]
                if not skip[2]:
                    least[i] = min(least[i], level[i], level[i + 2])
                if not skip[1]:
                    least[i] = min(least[i], here[j, i + 1], here[j + 2, i + 1])
                if not skip[0]:
                    least[i] = min(least[i], before[j + 1, i + 1], after[j + 1, i + 1])
            row = ((k // block[0]) * rows + j // block[1]) * columns
            place = ((k % block[0]) * block[1] + j % block[1]) * block[2]
            for i in range(width):
                if level[i + 1] > least[i]:
                    b = row + i // block[2]
                    if places.size:
                        n = cursor[b]
                        places[n] = place + i % block[2]
                        lows[n] = least[i]
                        highs[n] = level[i + 1]
                    cursor[b] += 1


@kernel
def put_in_order(starts, places, lows, highs, by_low, least, most):  # type: ignore[no-untyped-def]
    """Order the active voxels of each block by falling K, note their order by rising N, and summarize both.

    Args:
        starts: int64 (blocks + 1,), where the voxels of each block begin.
        places: uint8, reordered.
        lows: uint8, N of each, reordered.
        highs: uint8, K of each, reordered.
        by_low: uint8, set to each block's voxels in order of rising N, counted from its first.
        least: uint8 (blocks,), set to the least N; 255 in an empty block.
        most: uint8 (blocks,), set to the greatest K; 0 in an empty block.
    """
    for b in range(starts.size - 1):
        first, last = starts[b], starts[b + 1]
        for n in range(first + 1, last):
            place, low, high = places[n], lows[n], highs[n]
            m = n
            while m > first and highs[m - 1] < high:
                places[m], lows[m], highs[m] = places[m - 1], lows[m - 1], highs[m - 1]
                m -= 1
            places[m], lows[m], highs[m] = place, low, high
        # The order by falling K is nearly that of falling N: backwards there is little left to do.
        for n in range(first, last):
            mine = last - 1 - n + first
            m = n
            while m > first and lows[first + by_low[m - 1]] > lows[mine]:
                by_low[m] = by_low[m - 1]
                m -= 1
            by_low[m] = mine - first
        least[b] = lows[first + by_low[first]] if last > first else 255
        most[b] = highs[first] if last > first else 0
