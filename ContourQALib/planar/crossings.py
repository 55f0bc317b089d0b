"""Crossings: which edges of the polygons of a plane go through one another."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ContourQALib.planar.edges import Edges, spread

AT_ONCE = 1_000_000
"""Pairs of edges that are looked at together: tens of MB."""


def crossings(edges: Edges) -> np.ndarray:
    """Pairs of edges with an inner point in common: not those that only touch, or lie upon one another.

    Args:
        edges: of the polygons of all planes; only edges of one plane can cross.

    Returns:
        (C, 2) int64, the numbers of the edges.
    """
    # Planes are moved apart along v, so that one sorted list holds them all.
    apart = int(edges.high[:, 1].max() - edges.low[:, 1].min()) + 1
    from_v, to_v = (ends[:, 1] + edges.plane * apart for ends in (edges.low, edges.high))
    order = np.argsort(from_v, kind="stable")
    after = np.arange(1, len(order) + 1)
    count = np.maximum(np.searchsorted(from_v[order], to_v[order], "left") - after, 0)
    total = np.cumsum(count)
    cuts = [*np.searchsorted(total, np.arange(0, total[-1], AT_ONCE), "left"), len(order)]
    found = [np.empty((0, 2), np.int64)]
    for begin, end in pairwise(cuts):
        one, other = spread(after[begin:end], count[begin:end])
        found.append(_crossing(edges, order[one + begin], order[other]))
    return np.concatenate(found)


def _crossing(edges: Edges, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Those of some pairs of edges that cross."""
    left, right = np.minimum(edges.low[:, 0], edges.high[:, 0]), np.maximum(edges.low[:, 0], edges.high[:, 0])
    meet = (left[one] <= right[other]) & (left[other] <= right[one])
    one, other = one[meet], other[meet]
    through = _apart(edges, one, other) & _apart(edges, other, one)
    return np.stack([one[through], other[through]], axis=1)


def _apart(edges: Edges, line: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Whether both ends of edges lie truly on different sides of other edges' lines."""
    along, up = (edges.high[line] - edges.low[line]).T
    sides = []
    for ends in (edges.low, edges.high):
        across, above = (ends[edge] - edges.low[line]).T
        sides.append(np.sign(along * above - up * across))
    return np.asarray(sides[0] * sides[1] < 0)
