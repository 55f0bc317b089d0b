"""Which order statistics the percentiles of the field are, for one set size or an array of them."""

from __future__ import annotations

import numpy as np

PERCENTILE = 0.95
"""The share of surface distances that HD95 leaves below it."""


def linear_rank(count: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
    """Zero-based rank below the 95th percentile of `count` values, and how far it lies towards the next."""
    position = PERCENTILE * (np.asarray(count) - 1)
    rank = np.floor(position)
    return rank.astype(np.int64), position - rank


def between(below: np.ndarray | float, above: np.ndarray | float, fraction: np.ndarray | float) -> np.ndarray:
    """The value `fraction` of the way from `below` to `above`, exact at both ends, rounded as numpy does."""
    step = np.subtract(above, below)
    return np.where(np.less(fraction, 0.5), below + step * fraction, above - step * np.subtract(1, fraction))


def slicerrt_rank(count: np.ndarray | int) -> np.ndarray:
    """Zero-based rank that SlicerRT's Segment Comparison prints as 95%."""
    return np.maximum(0, np.floor(PERCENTILE * np.asarray(count) - 1)).astype(np.int64)
