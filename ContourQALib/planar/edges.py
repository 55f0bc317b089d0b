"""Edges: the sides of a structure's polygons in whole numbers, those of all planes together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.planar.planes import GRAIN

PER_UNIT = round(1 / GRAIN)
"""Rounded coordinates from one unit of u or v to the next."""


@dataclass(frozen=True, eq=False)
class Edges:
    """The sides of polygons, each directed towards greater v.

    Attributes:
        low: (E, 2) int64, u and v of the end with the lesser v, in grains.
        high: (E, 2) int64, those of the other end.
        plane: (E,) the number of each side's plane.
    """

    low: np.ndarray
    high: np.ndarray
    plane: np.ndarray


def edges_of(groups: Sequence[Sequence[np.ndarray]]) -> Edges:
    """The sides of polygons, rounded to the grain.

    Args:
        groups: for each plane the (N, 2) u and v of its polygons; at least one polygon.
    """
    low, high, plane = exact_edges(groups)
    return rounded(low, high, plane)


def exact_edges(groups: Sequence[Sequence[np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sides of polygons as `Edges` has them, not rounded: low and high end, and plane."""
    parts, lengths, owners = [], [], []
    for number, polygons in enumerate(groups):
        for polygon in polygons:
            parts += [polygon, polygon[:1]]
            lengths.append(len(polygon))
            owners.append(number)
    points = np.concatenate(parts)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    begin = np.arange(len(owner)) + owner  # each polygon's points are followed by its first one again
    return (*_upward(points[begin], points[begin + 1]), np.array(owners)[owner])


def rounded(low: np.ndarray, high: np.ndarray, plane: np.ndarray) -> Edges:
    """Edges of exact ends."""
    low_grains, high_grains = (np.rint(end / GRAIN).astype(np.int64) for end in (low, high))
    return Edges(low_grains, high_grains, plane)


def _upward(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of edges, those with the lesser v first."""
    upward = (one[:, 1] <= other[:, 1])[:, None]
    return np.where(upward, one, other), np.where(upward, other, one)


def spread(first: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All members of some ranges, one after the other, each with the number of its range.

    Args:
        first: (N,) first member of each range.
        count: (N,) how many members it has, from none.

    Example:
        >>> spread(np.array([5, 0, 7]), np.array([2, 0, 1]))
        (array([0, 0, 2]), array([5, 6, 7]))
    """
    number = np.repeat(np.arange(len(count)), count)
    return number, np.arange(len(number)) - np.repeat(np.cumsum(count) - count, count) + first[number]
