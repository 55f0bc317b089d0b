"""Compiled loops behind the comparison of two masks (numba): one pass over the voxels, surfaces, near search.

Masks come as uint8 views of bool arrays, zero or one, in three dimensions and C order. Everything here is
exact; `pair.py` puts the pieces together and says what they are for.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.compiled import kernel


@kernel
def scan(a, b, slices, rows, columns):  # type: ignore[no-untyped-def]
    """Count voxels of a, b and both, and mark the slices, rows and columns where each has any.

    `slices` (2, K), `rows` (2, J) and `columns` (2, I) are uint8, zero to begin with.
    """
    in_a, in_b, in_both = 0, 0, 0
    for k in range(a.shape[0]):
        for j in range(a.shape[1]):
            row_a, row_b = a[k, j], b[k, j]
            # Bytes stay bytes, so that the compiler takes 32 or 64 of them in one instruction.
            anything = np.uint8(0)
            for i in range(a.shape[2]):
                anything = np.uint8(anything | row_a[i] | row_b[i])
            if not anything:
                continue
            here_a, here_b, here_both = 0, 0, 0
            for i in range(a.shape[2]):
                here_a += row_a[i]
                here_b += row_b[i]
                here_both += row_a[i] & row_b[i]
                columns[0, i] |= row_a[i]
                columns[1, i] |= row_b[i]
            if here_a:
                slices[0, k], rows[0, j] = 1, 1
            if here_b:
                slices[1, k], rows[1, j] = 1, 1
            in_a += here_a
            in_b += here_b
            in_both += here_both
    return in_a, in_b, in_both


@kernel
def surface(mask, flat, skip_k, skip_j):  # type: ignore[no-untyped-def]
    """Mark and list the voxels of `mask` that have a face neighbor outside it.

    Args:
        mask: uint8 with at least one voxel of background on every side, of a multiple of eight in size.
        flat: uint8 of the same shape, all zero: set to one on the surface.
        skip_k: leave out the neighbors along K (a slice measured in its plane).
        skip_j: leave out those along J.

    Returns:
        The surface's positions in the raveled array, int64 in increasing order.
    """
    depth, height, width = mask.shape
    for k in range(1, depth - 1):
        for j in range(1, height - 1):
            row, out = mask[k, j], flat[k, j]
            before, after, above, below = mask[k - 1, j], mask[k + 1, j], mask[k, j - 1], mask[k, j + 1]
            if skip_k:
                before, after = row, row
            if skip_j:
                above, below = row, row
            for i in range(1, width - 1):
                within = before[i] & after[i] & above[i] & below[i] & row[i - 1] & row[i + 1]
                out[i] = np.uint8(row[i] & ~within)
    words, marks = flat.reshape(-1).view(np.uint64), flat.reshape(-1)
    found = 0
    for w in range(words.size):
        # Eight marks in a word: the product's highest byte is their sum.
        found += int((words[w] * np.uint64(0x0101010101010101)) >> np.uint64(56))
    positions = np.empty(found, np.int64)
    n = 0
    for w in range(words.size):
        if words[w]:
            for p in range(8 * w, 8 * w + 8):
                if marks[p]:
                    positions[n] = p
                    n += 1
    return positions


@kernel
def nearest(points, targets, steps, squared, out):  # type: ignore[no-untyped-def]
    """Squared distance from each point to the nearest target, by looking around it in order of distance.

    Args:
        points: positions in the raveled `targets`, at least the table's reach away from its edges.
        targets: raveled uint8, one where a target is.
        steps: displacements in the raveled array, in order of distance.
        squared: their squared lengths, mm².
        out: (len(points),) float64; inf where nothing lies within the table's reach.

    Returns:
        How many points found nothing.
    """
    far = 0
    for n in range(points.size):
        p = points[n]
        out[n] = np.inf
        for s in range(steps.size):
            if targets[p + steps[s]]:
                out[n] = squared[s]
                break
        if out[n] == np.inf:
            far += 1
    return far


@kernel
def nearest_of_few(points, targets, spacing, out):  # type: ignore[no-untyped-def]
    """Squared distance from each of a few points to the nearest target, by trying all; indices (n, 3)."""
    for n in range(points.shape[0]):
        best = np.inf
        for m in range(targets.shape[0]):
            k = (points[n, 0] - targets[m, 0]) * spacing[0]
            j = (points[n, 1] - targets[m, 1]) * spacing[1]
            i = (points[n, 2] - targets[m, 2]) * spacing[2]
            best = min(best, k * k + j * j + i * i)
        out[n] = best
