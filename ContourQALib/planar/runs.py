"""Runs: which points of a lattice are inside polygons, row by row, decided in whole numbers."""

from __future__ import annotations

import numpy as np

from ContourQALib.planar.edges import PER_UNIT, Edges, spread


def runs_of(edges: Edges) -> tuple[np.ndarray, np.ndarray]:
    """Where rows of the lattice points (u, v), u and v whole, are inside polygons by the even-odd rule.

    A point that lies on an edge counts as if it were moved a little towards greater u and, by far less,
    greater v. Polygons that share an edge therefore share no point and leave none out.

    Args:
        edges: of the polygons of all planes.

    Returns:
        (R, 2) int64: plane and row (v) of each run, in increasing order; (R, 2) int64: its first point (u)
        and the one after its last.
    """
    first = -(-edges.low[:, 1] // PER_UNIT)
    edge, row = spread(first, -(-edges.high[:, 1] // PER_UNIT) - first)
    low = edges.low[edge]
    width, rise = (edges.high - edges.low)[edge].T
    column = -(-(low[:, 0] * rise + width * (row * PER_UNIT - low[:, 1])) // (rise * PER_UNIT))
    plane = edges.plane[edge]
    order = np.lexsort((column, row, plane))
    where = np.stack([plane, row], axis=1)[order[::2]]
    ends = column[order].reshape(-1, 2)
    filled = ends[:, 0] < ends[:, 1]
    return where[filled], ends[filled]
