"""Compiled distances from many voxels to one surface (numba), slice by slice, exact.

The squared distance splits by axis: along K to the nearest surface voxel of the same column, then along J
and along I as the lower envelope of parabolas (Felzenszwalb and Huttenlocher 2012). Only one slice is held.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.compiled import kernel


@kernel
def envelope(heights, spacing, first, count, out, step, parabola, reach):  # type: ignore[no-untyped-def]
    """out[n * step] = min over q of heights[q] + ((first + n - q) * spacing)², for n in range(count).

    Args:
        heights: float64, mm², inf where there is nothing.
        spacing: mm between positions.
        first: position of the first answer, counted like q; may be negative.
        count: how many answers.
        out: float64, raveled.
        step: distance of the answers in `out`.
        parabola: int64 scratch, as long as `heights`.
        reach: float64 scratch, one longer.
    """
    used = 0
    scale = 1.0 / (spacing * spacing)
    for q in range(heights.size):
        if heights[q] == np.inf:
            continue
        mine = heights[q] * scale + float(q) * q
        meet = -np.inf
        while used > 0:
            p = parabola[used - 1]
            meet = (mine - (heights[p] * scale + float(p) * p)) / (2.0 * (q - p))
            if meet > reach[used - 1]:
                break
            used -= 1
        if used == 0:
            meet = -np.inf
        parabola[used], reach[used] = q, meet
        used += 1
    if used == 0:
        for n in range(count):
            out[n * step] = np.inf
        return
    reach[used] = np.inf
    at = 0
    for n in range(count):
        x = first + n
        while reach[at + 1] < x:
            at += 1
        away = (x - parabola[at]) * spacing
        out[n * step] = heights[parabola[at]] + away * away


@kernel
def columns_of(points, corner, extent, head, following):  # type: ignore[no-untyped-def]
    """Chain the surface voxels of each column along K in increasing order.

    Args:
        points: int64 (n, 3) indices in array order.
        corner: int64 (3,), first voxel of the surface's box.
        extent: int64 (3,), the box's size.
        head: int64 (columns,), raveled (I, J): set to the first voxel of each column, or -1.
        following: int64 (n,), set to the next voxel of the same column, or -1.
    """
    head[:] = -1
    for n in range(points.shape[0] - 1, -1, -1):
        column = (points[n, 2] - corner[2]) * extent[1] + points[n, 1] - corner[1]
        following[n] = head[column]
        head[column] = n


@kernel
def squared_in_slices(  # type: ignore[no-untyped-def]
    points, following, node, below, corner, extent, spacing, first, window, out
):
    """Squared distance of every voxel of some slices' window to the nearest of `points`, mm².

    Slices are asked for in increasing order: `node` and `below` remember where each column stands.

    Args:
        points: see `columns_of`.
        following: see `columns_of`.
        node: int64 (columns,), for each column the next surface voxel; `head` to begin with.
        below: int64 (columns,), index along K of the one before, -1 for none.
        corner: see `columns_of`.
        extent: see `columns_of`.
        spacing: float64 (3,), mm.
        first: the first slice.
        window: int64 (4,), first row and column of the window, and its rows and columns.
        out: float64 (slices, rows, columns of the window).
    """
    height, width = extent[1], extent[2]
    rows, columns = window[2], window[3]
    along_k = np.empty(height)
    along_j = np.empty((rows, width))
    longest = max(height, width)
    parabola, reach = np.empty(longest, np.int64), np.empty(longest + 1)
    for s in range(out.shape[0]):
        k = first + s
        for i in range(width):
            for j in range(height):
                column = i * height + j
                n = node[column]
                while n >= 0 and points[n, 0] < k:
                    below[column] = points[n, 0]
                    n = following[n]
                node[column] = n
                nearest = np.inf
                if below[column] >= 0:
                    nearest = float(k - below[column])
                if n >= 0:
                    nearest = min(nearest, float(points[n, 0] - k))
                nearest *= spacing[0]
                along_k[j] = nearest * nearest
            envelope(
                along_k,
                spacing[1],
                window[0] - corner[1],
                rows,
                along_j.reshape(-1)[i:],
                width,
                parabola,
                reach,
            )
        for j in range(rows):
            envelope(along_j[j], spacing[2], window[1] - corner[2], columns, out[s, j], 1, parabola, reach)


@kernel
def distances_of_layer(squared, layer, block, blocks, starts, places, origin, out):  # type: ignore[no-untyped-def]
    """Distance in mm of every active voxel of one layer of blocks, from the squared ones of its slices.

    `out` begins with the active voxel of number `origin`.
    """
    rows, columns = blocks[1], blocks[2]
    for row in range(rows):
        for column in range(columns):
            b = (layer * rows + row) * columns + column
            for n in range(starts[b], starts[b + 1]):
                place = places[n]
                i = place % block[2]
                j = (place // block[2]) % block[1]
                k = place // (block[2] * block[1])
                out[n - origin] = np.sqrt(squared[k, row * block[1] + j, column * block[2] + i])
