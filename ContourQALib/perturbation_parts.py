"""Contour errors that lose or add parts: slices, slabs, islands, holes, and the whole contour.

Every function takes the bool mask (K, J, I), its grid, a severity above zero and a random generator, and
returns a new mask.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.metrics.surface import surface_voxels
from ContourQALib.perturbation_motion import ball
from ContourQALib.perturbation_surface import DISTANCE_TOLERANCE_MM, depth_mm, window

ISLAND_DISTANCE_MM = 12.0
"""An island's center lies at least this far from the contour where the image has room."""

ISLAND_SEARCH_MM = 30.0
"""An island's center lies at most this far outside the contour's bounding box."""

ISLAND_TRIES = 64
"""Places drawn for an island; the first that is far enough is taken, else the farthest."""


def missing_slices(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Remove `severity` slices at one end of the contour (the seed says which)."""
    occupied = np.flatnonzero(mask.any(axis=(1, 2)))
    if rng.random() < 0.5:
        occupied = occupied[::-1]
    return _without_slices(mask, occupied[: int(severity)])


def missing_slice_inside(
    mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Remove `severity` adjoining slices around a random one, but never the first or last of the contour."""
    inner = np.flatnonzero(mask.any(axis=(1, 2)))[1:-1]
    if len(inner) == 0:
        return mask
    middle = rng.integers(len(inner))
    nearest = np.argsort(np.abs(np.arange(len(inner)) - middle), kind="stable")
    return _without_slices(mask, inner[nearest[: int(severity)]])


def _without_slices(mask: np.ndarray, slices: np.ndarray) -> np.ndarray:
    result = mask.copy()
    result[slices] = False
    return result


def extra_slices(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Repeat an end slice `severity` times beyond it, at the end the seed says or else where room is."""
    occupied = np.flatnonzero(mask.any(axis=(1, 2)))
    if len(occupied) == 0:
        return mask
    first, last = int(occupied[0]), int(occupied[-1])
    upwards = last < len(mask) - 1 and (rng.random() < 0.5 or first == 0)
    result = mask.copy()
    if upwards:
        result[last + 1 : last + 1 + int(severity)] = mask[last]
    else:
        result[max(first - int(severity), 0) : first] = mask[first]
    return result


def slab_drop(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Remove a slab `severity` mm thick across an axis of the grid, as when a block of inference is lost."""
    axis = int(rng.integers(3))
    occupied = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
    if len(occupied) == 0:
        return mask
    middle = occupied[rng.integers(len(occupied))]
    distance = (np.arange(mask.shape[axis]) - middle) * grid.spacing_kji[axis]
    half = severity / 2
    # Half open, so that n slices' thickness takes n slices.
    gone = (distance >= -half - DISTANCE_TOLERANCE_MM) & (distance < half - DISTANCE_TOLERANCE_MM)
    gone[middle] = True
    result = mask.copy()
    np.moveaxis(result, axis, 0)[gone] = False
    return result


def truncated(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Cut off the share `severity` of the contour's extent at one side, as where the field of view ends."""
    axis, from_start = int(rng.integers(3)), rng.random() < 0.5
    occupied = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
    if len(occupied) == 0:
        return mask
    count = round(severity * (int(occupied[-1] - occupied[0]) + 1))
    result = mask.copy()
    along = np.moveaxis(result, axis, 0)
    if from_start:
        along[: occupied[0] + count] = False
    else:
        along[occupied[-1] + 1 - count :] = False
    return result


def island(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Add a ball of `severity` mm radius beside the contour, cut where it would touch it."""
    from scipy.ndimage import binary_dilation
    from scipy.spatial import cKDTree

    near, wide = window(mask, grid, ISLAND_SEARCH_MM), window(mask, grid, 0.0)
    if near is None or wide is None:
        return mask
    spacing = np.array(grid.spacing_kji)
    tree = cKDTree(surface_voxels(mask) * spacing)
    places = rng.integers([s.start for s in near], [s.stop for s in near], (ISLAND_TRIES, 3))
    distance = tree.query(places * spacing)[0]
    distance[mask[tuple(places.T)]] = -1.0
    far = distance >= ISLAND_DISTANCE_MM
    center = places[int(np.argmax(far)) if far.any() else int(np.argmax(distance))]
    added = ball(grid, (center * spacing)[::-1], severity)
    # One layer, corners included, stays background between island and contour.
    added[wide] &= ~binary_dilation(mask[wide], np.ones((3, 3, 3)))
    return mask | added


def hole(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Empty a ball of `severity` mm radius inside the contour; surface voxels stay, so the hole is closed.

    The center is one of the deeper half of the voxels. A contour without inner voxels has no room for a hole.
    """
    from scipy.ndimage import binary_erosion

    box = window(mask, grid, 0.0)
    if box is None:
        return mask
    inner = binary_erosion(mask[box])
    if not inner.any():
        return mask
    depth = depth_mm(mask[box], grid)
    deep = np.argwhere(inner & (depth >= np.median(depth[inner])))
    center = deep[rng.integers(len(deep))] + [s.start for s in box]
    gone = ball(grid, (center * grid.spacing_kji)[::-1], severity)
    gone[box] &= inner
    return mask & ~gone


def empty(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Nothing at all."""
    return np.zeros_like(mask)


def full(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Every voxel of the image."""
    return np.ones_like(mask)


def binary_noise(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Replace the share `severity` of all voxels of the image by the toss of a coin."""
    drawn = rng.random(mask.shape, dtype=np.float32)
    heads = rng.integers(0, 2, mask.shape, dtype=np.uint8).astype(bool)
    return np.where(drawn < severity, heads, mask)
