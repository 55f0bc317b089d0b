"""Contour errors that move a contour's surface: grown, shrunk, bulging, dented, smoothed, stepped, noisy.

Every function takes the bool mask (K, J, I), its grid, a severity above zero and a random generator, and
returns a new mask. Distances are mm; a voxel is within a moved surface when its center is, and what
lies outside the grid is background.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.metrics.surface import surface_voxels

DISTANCE_TOLERANCE_MM = 1e-4
"""Added to distance limits: a whole number of steps reaches the voxel there in spite of float32 rounding."""


def window(mask: np.ndarray, grid: Grid, margin_mm: float) -> tuple[slice, slice, slice] | None:
    """Bounding box (K, J, I) of the mask, wider by `margin_mm` and one voxel; None for an empty mask."""
    occupied = tuple(np.asarray(mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1)))
    if not occupied[0].any():
        return None
    box = []
    for line, step in zip(occupied, grid.spacing_kji, strict=True):
        where = np.flatnonzero(line)
        reach = int(np.ceil(margin_mm / step)) + 1
        box.append(slice(max(int(where[0]) - reach, 0), min(int(where[-1]) + reach + 1, len(line))))
    return (box[0], box[1], box[2])


def within(mask: np.ndarray, grid: Grid, radius_mm: float) -> np.ndarray:
    """Voxels whose centers lie within `radius_mm` of the body that the mask's voxels make up.

    A voxel is a box: the body begins half a voxel beyond its outermost centers. The squared distance to a box
    is a sum over the axes, so one pass an axis finds the smallest one exactly.
    """
    limit = (radius_mm + DISTANCE_TOLERANCE_MM) ** 2
    squared = np.where(mask, np.float32(0), np.float32(np.inf))
    for axis, step in enumerate(grid.spacing_kji):
        before = np.moveaxis(squared, axis, 0)
        after = before.copy()
        for n in range(1, len(before)):
            gap = np.float32(((n - 0.5) * step) ** 2)
            if gap > limit:
                break
            np.minimum(after[n:], before[:-n] + gap, out=after[n:])
            np.minimum(after[:-n], before[n:] + gap, out=after[:-n])
        squared = np.moveaxis(after, 0, axis)
    return np.asarray(squared <= limit)


def dilate(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Move the surface outwards by `severity` mm: add voxels whose centers lie within that of the body."""
    box = window(mask, grid, severity)
    if box is None:
        return mask
    result = mask.copy()
    result[box] = within(mask[box], grid, severity)
    return result


def erode(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Move the surface inwards by `severity` mm: remove voxels whose centers lie within that of outside."""
    box = window(mask, grid, 0.0)
    if box is None:
        return mask
    result = mask.copy()
    result[box] = ~within(~np.pad(mask[box], 1), grid, severity)[1:-1, 1:-1, 1:-1]
    return result


def depth_mm(mask: np.ndarray, grid: Grid) -> np.ndarray:
    """Distance of every voxel of the mask to the nearest voxel outside it, mm; zero outside the mask."""
    from scipy.ndimage import distance_transform_edt

    padded = distance_transform_edt(np.pad(mask, 1), grid.spacing_kji)
    return padded[1:-1, 1:-1, 1:-1]


def bulge(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Raise a hill of `severity` mm height and twice that base radius at a random place of the surface."""
    return _hill(mask, mask, grid, severity, rng)


def dent(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Press a hollow of `severity` mm depth and twice that rim radius at a random place of the surface."""
    return ~_hill(mask, ~mask, grid, severity, rng)


def _hill(
    mask: np.ndarray, grown: np.ndarray, grid: Grid, height_mm: float, rng: np.random.Generator
) -> np.ndarray:
    from scipy.ndimage import distance_transform_edt

    box = window(mask, grid, 0.0)
    if box is None:
        return grown
    # `grown` is the mask for a hill and its complement for a hollow; the apex is a surface voxel of the mask.
    places = surface_voxels(mask)
    step = np.array(grid.spacing_kji)
    apex = places[rng.integers(len(places))]
    # All that can change lies within height of a foot point, and foot points within the base radius.
    reach = np.ceil(3 * height_mm / step).astype(int) + 2
    low, high = np.maximum(apex - reach, 0), np.minimum(apex + reach + 1, mask.shape)
    local = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    foot = distance_transform_edt(~grown[local], step, return_distances=False, return_indices=True)
    from_apex, distance = np.zeros(foot.shape[1:]), np.zeros(foot.shape[1:])
    for n, position in enumerate(np.ogrid[tuple(slice(m) for m in distance.shape)]):
        from_apex += ((foot[n] + low[n] - apex[n]) * step[n]) ** 2
        distance += (np.maximum(np.abs(foot[n] - position) - 0.5, 0) * step[n]) ** 2
    from_apex, distance = np.sqrt(from_apex), np.sqrt(distance)
    profile = 0.5 * (1 + np.cos(np.pi * np.minimum(from_apex / (2 * height_mm), 1.0)))
    result = grown.copy()
    result[local] |= distance <= height_mm * profile + DISTANCE_TOLERANCE_MM
    return result


def smooth(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Blur with a Gaussian of `severity` mm standard deviation and cut at one half: thin parts go."""
    from scipy.ndimage import gaussian_filter

    box = window(mask, grid, 0.0)
    if box is None:
        return mask
    # A half-space blurred and cut at one half stays itself, so the result never leaves the bounding box of
    # the mask; beyond the window zeros follow.
    sigma = severity / np.array(grid.spacing_kji)
    result = mask.copy()
    result[box] = gaussian_filter(mask[box].astype(np.float32), sigma, mode="constant") >= 0.5
    return result


def staircase(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Redraw the mask in blocks of `severity` mm edge (whole voxels): a block is in if half of it was."""
    box = window(mask, grid, severity)
    if box is None:
        return mask
    phase = rng.random(3)
    part = mask[box].astype(np.float32)
    edges = [max(1, round(severity / step)) for step in grid.spacing_kji]
    for axis, (edge, share) in enumerate(zip(edges, phase, strict=True)):
        starts = np.arange(-int(share * edge), part.shape[axis], edge).clip(0)
        lengths = np.diff([*starts, part.shape[axis]])
        sums = np.add.reduceat(part, starts, axis=axis)
        shape = [1, 1, 1]
        shape[axis] = -1
        part = np.repeat(sums / lengths.reshape(shape), lengths, axis=axis)
    result = mask.copy()
    # Means of ones and zeros in float32: a block that is exactly half full must not fall short by rounding.
    result[box] = part >= 0.5 - 1e-4
    return result


def noise(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Flip the share `severity` of the voxels next to the surface, one layer inside and one outside."""
    from scipy.ndimage import binary_dilation, binary_erosion

    box = window(mask, grid, 0.0)
    if box is None:
        return mask
    part = mask[box]
    band = binary_dilation(part) & ~binary_erosion(part)
    result = mask.copy()
    result[box] = part ^ (band & (rng.random(part.shape) < severity))
    return result
