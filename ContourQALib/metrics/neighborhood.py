"""Neighborhood: the voxels around a voxel, in order of their distance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

VOXELS = 1024
"""Voxels looked at around a surface voxel before a tree is asked: in practice nearly all find theirs among
the first few, and this many cost less than a query of the tree."""


@dataclass(frozen=True, eq=False)
class Neighborhood:
    """Displacements within a ball, the nearest first.

    Attributes:
        steps: (n, 3) int64 along the array's axes.
        squared_mm2: (n,) float64 squared lengths.
        reach: the farthest step along each axis.
    """

    steps: np.ndarray
    squared_mm2: np.ndarray
    reach: tuple[int, int, int]

    def flat_steps(self, shape: tuple[int, ...]) -> np.ndarray:
        """The displacements in a raveled array of `shape`, int64."""
        _, height, width = shape
        return self.steps @ np.array([height * width, width, 1])


@lru_cache(maxsize=32)
def neighborhood(spacing: tuple[float, float, float], voxels: int = VOXELS) -> Neighborhood:
    """The ball of about `voxels` voxels of this spacing (mm along the array's axes)."""
    radius = (voxels * float(np.prod(spacing)) * 3 / (4 * np.pi)) ** (1 / 3)
    reach = tuple(min(int(radius / s), voxels // 2) for s in spacing)
    axes = [np.arange(-r, r + 1) for r in reach]
    steps = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    squared = squared_length(steps, spacing)
    inside = np.flatnonzero(squared <= radius**2)
    order = inside[np.argsort(squared[inside], kind="stable")]
    return Neighborhood(steps[order], squared[order], (reach[0], reach[1], reach[2]))


def squared_length(steps: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """Squared length in mm² of whole index steps (n, 3); every path adds in this order, so all agree."""
    k, j, i = (steps * spacing).T
    return np.asarray(k * k + j * j + i * i)
