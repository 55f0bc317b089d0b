"""Which order statistics the percentiles of the field are."""

from __future__ import annotations

import math

PERCENTILE = 0.95
"""The share of surface distances that HD95 leaves below it."""


def linear_rank(count: int) -> tuple[int, float]:
    """Zero-based rank below the 95th percentile of `count` values, and how far it lies towards the next."""
    position = PERCENTILE * (count - 1)
    return math.floor(position), position - math.floor(position)


def between(below: float, above: float, fraction: float) -> float:
    """The value `fraction` of the way from `below` to `above`, exact at both ends."""
    step = above - below
    return below + step * fraction if fraction < 0.5 else above - step * (1 - fraction)


def slicerrt_rank(count: int) -> int:
    """Zero-based rank that SlicerRT's Segment Comparison prints as 95%."""
    return max(0, math.floor(PERCENTILE * count - 1))
