"""Structures drawn as contours on planes, and what they should become."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.planar.planar_structure import PlanarContour, PlanarStructure

GRID = Grid((14, 12, 8), (1.0, 1.25, 3.0), (-6.0, -7.0, 30.0))
"""A small axial grid; three sizes and three spacings, so that a swapped axis shows."""


def structure(*polygons: np.ndarray, name: str = "parotid") -> PlanarStructure:
    """A structure of polygons (N, 3) in LPS mm."""
    return PlanarStructure(name, tuple(PlanarContour(np.asarray(p, float)) for p in polygons))


def at(z: float, points: Sequence[Sequence[float]]) -> np.ndarray:
    """A polygon (N, 3) of points (x, y) on the plane z."""
    return np.column_stack([np.asarray(points, float), np.full(len(points), float(z))])


def rectangle(z: float, x: tuple[float, float], y: tuple[float, float]) -> np.ndarray:
    """A rectangle on the plane z."""
    return at(z, [(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])])


def circle(z: float, center: tuple[float, float], radius_mm: float, points: int = 64) -> np.ndarray:
    """A regular polygon on the plane z."""
    angle = np.arange(points) * 2 * np.pi / points
    return at(
        z,
        np.column_stack([center[0] + radius_mm * np.cos(angle), center[1] + radius_mm * np.sin(angle)]),
    )


def slices(mask: np.ndarray) -> list[int]:
    """K of the slices that a mask has voxels in."""
    return np.flatnonzero(mask.any(axis=(1, 2))).tolist()


def reoriented(grid: Grid, order: Sequence[int], flips: Sequence[bool]) -> Grid:
    """The same voxels with the axes in another order, some of them running the other way."""
    corner = [n - 1 if flip else 0 for n, flip in zip(grid.size, flips, strict=True)]
    axes = grid.axes * np.where(flips, -1.0, 1.0)
    return Grid(
        tuple(grid.size[axis] for axis in order),
        tuple(grid.spacing[axis] for axis in order),
        tuple(grid.index_to_world(corner)),
        tuple(axes[:, list(order)].ravel()),
    )


def as_before(values: np.ndarray, order: Sequence[int], flips: Sequence[bool]) -> np.ndarray:
    """A (K, J, I) array on a `reoriented` grid in the order of the first one."""
    back = values.transpose(2, 1, 0).transpose(np.argsort(order))  # (I, J, K) of the first grid
    back = back[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    return back.transpose(2, 1, 0)


def turned(points: np.ndarray, rotation: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Points (N, 3) turned about a center."""
    return (points - center) @ rotation.T + center


def turned_grid(grid: Grid, rotation: np.ndarray, center: np.ndarray) -> Grid:
    """A grid turned about a center."""
    origin = turned(np.array(grid.origin), rotation, center)
    return Grid(grid.size, grid.spacing, tuple(origin), tuple((rotation @ grid.axes).ravel()))


def rotation(seed: int) -> np.ndarray:
    """A random rotation matrix."""
    found = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    return found * np.sign(np.linalg.det(found))
