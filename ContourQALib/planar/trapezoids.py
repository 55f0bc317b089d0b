"""Trapezoids: polygons cut along v into parts whose even-odd areas are exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.planar.crossings import crossings
from ContourQALib.planar.edges import exact_edges, rounded, spread


@dataclass(frozen=True, eq=False)
class Sides:
    """Left and right sides of trapezoids: 2n and 2n + 1 bound the one from u[2n] to u[2n + 1].

    Attributes:
        plane: (S,) the number of the plane.
        v: (S, 2) lower and upper end.
        u: (S, 2) u at the lower and at the upper end.
    """

    plane: np.ndarray
    v: np.ndarray
    u: np.ndarray


def sides_of(groups: Sequence[Sequence[np.ndarray]], rows: tuple[int, int] | None = None) -> Sides:
    """Cut polygons at every corner and crossing, and pair the edges between two cuts even-odd.

    Edges that lie upon one another, as in a keyhole, enclose nothing wherever they stand in the order.

    Args:
        groups: for each plane the (N, 2) u and v of its polygons; at least one polygon.
        rows: cut also along the borders of these rows, v - 1/2 from the first to the one after the last,
            and leave out what is beyond them.
    """
    low, high, owner = exact_edges(groups)
    crossed = crossings(rounded(low, high, owner))
    v = [low[:, 1], high[:, 1], _crossing_v(low, high, crossed)]
    plane = [owner, owner, owner[crossed[:, 0]]]
    if rows is not None:
        borders = np.arange(rows[0], rows[1] + 1) - 0.5
        v.append(np.tile(borders, len(groups)))
        plane.append(np.repeat(np.arange(len(groups)), len(borders)))
    level, rank = _levels(np.concatenate(v), np.concatenate(plane))
    begin = rank[: len(low)]
    edge, cut = spread(begin, rank[len(low) : 2 * len(low)] - begin)
    if rows is not None:
        inside = (level[cut] >= rows[0] - 0.5) & (level[cut + 1] <= rows[1] - 0.5)
        edge, cut = edge[inside], cut[inside]
    ends = np.stack([level[cut], level[cut + 1]], axis=1)
    slope = (high[edge, 0] - low[edge, 0]) / (high[edge, 1] - low[edge, 1])
    u = low[edge, :1] + slope[:, None] * (ends - low[edge, 1:])
    order = np.lexsort((u.sum(axis=1), cut))
    return Sides(owner[edge[order]], ends[order], u[order])


def _crossing_v(low: np.ndarray, high: np.ndarray, crossed: np.ndarray) -> np.ndarray:
    one, other = crossed.T
    along, across = (high - low)[one], (high - low)[other]
    between = low[other] - low[one]
    part = (between[:, 0] * across[:, 1] - between[:, 1] * across[:, 0]) / (
        along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]
    )
    return np.asarray(low[one, 1] + part * along[:, 1])


def _levels(v: np.ndarray, plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different values, plane by plane in increasing order, and the number of each given one."""
    order = np.lexsort((v, plane))
    v, plane = v[order], plane[order]
    new = np.ones(len(v), bool)
    new[1:] = (v[1:] != v[:-1]) | (plane[1:] != plane[:-1])
    rank = np.empty(len(v), np.int64)
    rank[order] = np.cumsum(new) - 1
    return v[new], rank
