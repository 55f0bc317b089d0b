"""Compiled search from the reference to the masks of all thresholds at once (numba), exact.

For a reference voxel g of level q, the mask of threshold j contains g exactly for j < q. Its distance to that
mask's surface is then the distance to the nearest x with N(x) <= j, and otherwise to the nearest x with
K(x) > j: both are monotone in j, so one walk around g serves all thresholds. Blocks are left out when their
nearest corner is too far for what their greatest K and least N could improve. What was nearest to the voxel
before is a first answer for the next one: it lies on the mask's surface, so nothing farther is of use.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.compiled import kernel

SLACK = 1.0 - 1e-12
"""Taken off a lower bound: rounding must never leave out the block that an answer comes from."""


@kernel
def places_of(block):  # type: ignore[no-untyped-def]
    """Where each place of a block lies from its first voxel, int64 (voxels, 3): divisions are slow."""
    ahead = np.empty((block[0] * block[1] * block[2], 3), np.int64)
    n = 0
    for k in range(block[0]):
        for j in range(block[1]):
            for i in range(block[2]):
                ahead[n, 0], ahead[n, 1], ahead[n, 2] = k, j, i
                n += 1
    return ahead


@kernel
def first_witnesses(starts, corners, places, lows, highs, block, floor, witness):  # type: ignore[no-untyped-def]
    """Put some voxel of every mask's surface into `witness` (T, 3), for thresholds `floor` to the last."""
    from_corner = places_of(block)
    missing = witness.shape[0] - floor
    known = np.zeros(witness.shape[0], np.bool_)
    for b in range(corners.shape[0]):
        for n in range(starts[b], starts[b + 1]):
            for j in range(lows[n], highs[n]):
                if not known[j]:
                    known[j] = True
                    missing -= 1
                    for axis in range(3):
                        witness[j, axis] = corners[b, axis] + from_corner[places[n], axis]
        if missing == 0:
            return


@kernel
def gap(low, high, first, last, spacing):  # type: ignore[no-untyped-def]
    """Distance along one axis between index ranges [low, high] and [first, last], mm."""
    return max(0, first - high, low - last) * spacing


@kernel
def farthest(low, high, witness, spacing, bound, floor, top):  # type: ignore[no-untyped-def]
    """For each threshold the squared distance that no voxel in the box [low, high] exceeds."""
    for j in range(floor, top):
        k = max(high[0] - witness[j, 0], witness[j, 0] - low[0]) * spacing[0]
        m = max(high[1] - witness[j, 1], witness[j, 1] - low[1]) * spacing[1]
        i = max(high[2] - witness[j, 2], witness[j, 2] - low[2]) * spacing[2]
        bound[j] = k * k + m * m + i * i


@kernel
def of_use(  # type: ignore[no-untyped-def]
    low, high, chosen, count, corners, size, least, most, spacing, bound, out, out_away
):
    """Choose the blocks that can hold some mask's nearest voxel for some voxel of the box [low, high]."""
    kept = 0
    for n in range(count):
        b = chosen[n]
        if most[b] == 0:
            continue
        k = gap(low[0], high[0], corners[b, 0], corners[b, 0] + size[0] - 1, spacing[0])
        j = gap(low[1], high[1], corners[b, 1], corners[b, 1] + size[1] - 1, spacing[1])
        i = gap(low[2], high[2], corners[b, 2], corners[b, 2] + size[2] - 1, spacing[2])
        away = (k * k + j * j + i * i) * SLACK
        if bound[most[b] - 1] >= away or bound[least[b]] >= away:
            out[kept], out_away[kept] = b, away
            kept += 1
    return kept


@kernel
def bounds_of(points, first, last, low, high):  # type: ignore[no-untyped-def]
    """Least and greatest index of points [first, last) along each axis."""
    for axis in range(3):
        low[axis] = high[axis] = points[first, axis]
    for n in range(first + 1, last):
        for axis in range(3):
            low[axis] = min(low[axis], points[n, axis])
            high[axis] = max(high[axis], points[n, axis])


@kernel
def from_witnesses(gk, gj, gi, own, witness, spacing, floor, top, best):  # type: ignore[no-untyped-def]
    """Begin with the distances to the witnesses, each part of them made monotone in the threshold."""
    for j in range(floor, top):
        k = (witness[j, 0] - gk) * spacing[0]
        m = (witness[j, 1] - gj) * spacing[1]
        i = (witness[j, 2] - gi) * spacing[2]
        best[j] = k * k + m * m + i * i
    # Whatever lies above threshold j + 1 lies above j, and a neighbor at most j is at most j + 1.
    for j in range(top - 2, max(own, floor) - 1, -1):
        if best[j + 1] < best[j]:
            best[j] = best[j + 1]
            for axis in range(3):
                witness[j, axis] = witness[j + 1, axis]
    for j in range(floor + 1, own):
        if best[j - 1] < best[j]:
            best[j] = best[j - 1]
            for axis in range(3):
                witness[j, axis] = witness[j - 1, axis]


@kernel
def improve(  # type: ignore[no-untyped-def]
    gk, gj, gi, own, chosen, count, lower_bounds, spacing, block, corners, starts, least, most,
    places, lows, highs, by_low, from_corner, best, witness,
):  # fmt: skip
    """Improve the best distances of one reference voxel by the active voxels of the chosen blocks.

    A block's voxels come in order of falling K and of rising N: the first one that could not improve
    anything, even if it lay in the block's nearest corner, ends the list.
    """
    for n in range(count):
        b = chosen[n]
        reach = 0.0
        if most[b] > own:
            reach = best[most[b] - 1]
        if least[b] < own:
            reach = max(reach, best[least[b]])
        if lower_bounds[n] >= reach:
            continue
        ck, cj, ci = corners[b, 0] - gk, corners[b, 1] - gj, corners[b, 2] - gi
        k = gap(0, 0, ck, ck + block[0] - 1, spacing[0])
        j = gap(0, 0, cj, cj + block[1] - 1, spacing[1])
        i = gap(0, 0, ci, ci + block[2] - 1, spacing[2])
        nearest_corner = (k * k + j * j + i * i) * SLACK
        if nearest_corner >= reach:
            continue
        for e in range(starts[b], starts[b + 1]):
            t = np.int64(highs[e]) - 1
            if t < own or best[t] <= nearest_corner:
                break
            at = from_corner[places[e]]
            k, j, i = (ck + at[0]) * spacing[0], (cj + at[1]) * spacing[1], (ci + at[2]) * spacing[2]
            away = k * k + j * j + i * i
            while t >= own and best[t] > away:
                best[t] = away
                witness[t, 0] = gk + ck + at[0]
                witness[t, 1] = gj + cj + at[1]
                witness[t, 2] = gi + ci + at[2]
                t -= 1
        for m in range(starts[b], starts[b + 1]):
            e = starts[b] + by_low[m]
            t = np.int64(lows[e])
            if t >= own or best[t] <= nearest_corner:
                break
            at = from_corner[places[e]]
            k, j, i = (ck + at[0]) * spacing[0], (cj + at[1]) * spacing[1], (ci + at[2]) * spacing[2]
            away = k * k + j * j + i * i
            while t < own and best[t] > away:
                best[t] = away
                witness[t, 0] = gk + ck + at[0]
                witness[t, 1] = gj + cj + at[1]
                witness[t, 2] = gi + ci + at[2]
                t += 1


@kernel
def nearest_of_all(  # type: ignore[no-untyped-def]
    points, levels, fine_ends, coarse_ends, first_group, last_group, spacing, floor, top,
    block, corners, starts, least, most, places, lows, highs, by_low,
    coarse_size, coarse_corners, coarse_starts, coarse_members, coarse_least, coarse_most,
    witness, values, begins, ends,
):  # fmt: skip
    """Distances of reference voxels to the masks' surfaces, as runs of thresholds that share a distance.

    Args:
        points: int64 (n, 3), grouped: near ones together.
        levels: int64 (n,), their levels.
        fine_ends: int64, where each small group ends in `points`.
        coarse_ends: int64, where each large group ends in `fine_ends`.
        first_group: first large group to work on.
        last_group: one past the last.
        spacing: float64 (3,), mm.
        floor: first threshold whose mask is not the whole grid.
        top: one past the last threshold whose mask is not empty.
        block: int64 (3,), size of a block.
        corners: int64 (blocks, 3), first voxel of each block.
        starts: int64 (blocks + 1,), its active voxels in the three next arrays.
        least: uint8, the least N of each block.
        most: uint8, the greatest K of each block.
        places: see `active_kernel.active_voxels`.
        lows: likewise.
        highs: likewise; falling within a block.
        by_low: the voxels of each block in order of rising N, counted from its first.
        coarse_size: int64 (3,), size of a large block.
        coarse_corners: int64, first voxel of each large block.
        coarse_starts: int64, where its members begin in the next array.
        coarse_members: int64, numbers of blocks.
        coarse_least: uint8, the least N of each large block.
        coarse_most: uint8, the greatest K of each large block.
        witness: int64 (T, 3), a voxel on the surface of each mask; changed.
        values: float64, room for (top - floor) runs a point: the distances, mm.
        begins: uint8, first threshold of each run.
        ends: uint8, one past its last.

    Returns:
        How many runs there are.
    """
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    bound = np.empty(witness.shape[0])
    best = np.empty(witness.shape[0])
    every = np.arange(coarse_corners.shape[0])
    coarse, members = np.empty(every.size, np.int64), np.empty(corners.shape[0], np.int64)
    near, fine = np.empty(every.size, np.int64), np.empty(corners.shape[0], np.int64)
    unused, fine_away = np.empty(every.size), np.empty(corners.shape[0])
    from_corner = places_of(block)
    runs = 0
    for group in range(first_group, last_group):
        begin_fine = coarse_ends[group - 1] if group else 0
        end_fine = coarse_ends[group]
        begin = fine_ends[begin_fine - 1] if begin_fine else 0
        bounds_of(points, begin, fine_ends[end_fine - 1], low, high)
        farthest(low, high, witness, spacing, bound, floor, top)
        coarse_count = of_use(
            low, high, every, every.size, coarse_corners, coarse_size, coarse_least, coarse_most, spacing,
            bound, coarse, unused,
        )  # fmt: skip
        for small in range(begin_fine, end_fine):
            last = fine_ends[small]
            bounds_of(points, begin, last, low, high)
            farthest(low, high, witness, spacing, bound, floor, top)
            near_count = of_use(
                low, high, coarse, coarse_count, coarse_corners, coarse_size, coarse_least, coarse_most,
                spacing, bound, near, unused,
            )  # fmt: skip
            count = 0
            for n in range(near_count):
                for m in range(coarse_starts[near[n]], coarse_starts[near[n] + 1]):
                    members[count] = coarse_members[m]
                    count += 1
            count = of_use(
                low, high, members, count, corners, block, least, most, spacing, bound, fine, fine_away
            )
            for p in range(begin, last):
                own = levels[p]
                gk, gj, gi = points[p, 0], points[p, 1], points[p, 2]
                from_witnesses(gk, gj, gi, own, witness, spacing, floor, top, best)
                improve(
                    gk, gj, gi, own, fine, count, fine_away, spacing, block, corners, starts, least, most,
                    places, lows, highs, by_low, from_corner, best, witness,
                )  # fmt: skip
                t = floor
                while t < top:
                    begin_run = t
                    while t < top and best[t] == best[begin_run]:
                        t += 1
                    values[runs] = np.sqrt(best[begin_run])
                    begins[runs], ends[runs] = begin_run, t
                    runs += 1
            begin = last
    return runs
