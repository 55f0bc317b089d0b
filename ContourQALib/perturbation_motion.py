"""Contour errors that put a contour elsewhere: shifted, rotated, scaled, mirrored, on the wrong organ.

Every function takes the bool mask (K, J, I), its grid, a severity above zero and a random generator, and
returns a new mask. Directions are drawn in LPS, so that the axes of the grid do not matter. A moved mask is
interpolated linearly and cut at one half; what leaves the grid is lost.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.perturbation_surface import DISTANCE_TOLERANCE_MM, window


def random_direction(rng: np.random.Generator) -> np.ndarray:
    """Unit vector (x, y, z), uniform over the sphere."""
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def shift(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Move by `severity` mm in a random direction."""
    return translated(mask, grid, severity * random_direction(rng))


def shift_fraction(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Move along each axis of the image by up to the share `severity` of the image's extent there.

    The failure battery of Isaksson et al. 2022 shifts the reference by up to 50 % this way. At least one axis
    moves by the whole share.
    """
    share = rng.uniform(-1, 1, 3)
    share /= np.abs(share).max()
    extent_mm = np.array(grid.size) * grid.spacing
    return translated(mask, grid, grid.axes @ (severity * share * extent_mm))


def translated(mask: np.ndarray, grid: Grid, vector_mm: np.ndarray) -> np.ndarray:
    """The mask moved by `vector_mm` (LPS), by trilinear interpolation cut at one half."""
    box = window(mask, grid, 0.0)
    if box is None:
        return mask
    offset = (grid.axes.T @ vector_mm / grid.spacing)[::-1]
    # A move by exactly half a voxel would keep or drop both faces; pushed on a little, it moves both.
    offset = offset + np.sign(offset) * 1e-6
    whole = np.floor(offset).astype(int)
    part = np.pad(mask[box].astype(np.float32), ((0, 1),) * 3)
    for axis, fraction in enumerate(offset - whole):
        moved = np.moveaxis(part, axis, 0)
        blended = moved * np.float32(1 - fraction)
        blended[1:] += moved[:-1] * np.float32(fraction)
        part = np.moveaxis(blended, 0, axis)
    return _paste(part >= 0.5, [s.start + w for s, w in zip(box, whole, strict=True)], mask.shape)


def _paste(part: np.ndarray, start: list[int], shape: tuple[int, ...]) -> np.ndarray:
    result = np.zeros(shape, bool)
    into = tuple(
        slice(max(s, 0), max(min(s + n, m), 0)) for s, n, m in zip(start, part.shape, shape, strict=True)
    )
    if all(w.start < w.stop for w in into):
        result[into] = part[tuple(slice(w.start - s, w.stop - s) for w, s in zip(into, start, strict=True))]
    return result


def rotate(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Turn by `severity` degrees about a random axis through the mask's center of mass."""
    x, y, z = random_direction(rng)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.deg2rad(severity)
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return transformed(mask, grid, grid.axes.T @ turn @ grid.axes)


def scale(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Enlarge by the factor 1 + `severity` or shrink by its inverse (the seed says which), about its center.

    Severity 0.8 gives the factors 1.8 and 0.56, the range that Isaksson et al. 2022 train with.
    """
    return transformed(mask, grid, np.eye(3) * _factor(severity, rng))


def wrong_spacing(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Misread the slice spacing by the factor 1 + `severity` or its inverse, counted from the first slice."""
    return transformed(mask, grid, np.diag([1.0, 1.0, _factor(severity, rng)]), np.zeros(3))


def _factor(severity: float, rng: np.random.Generator) -> float:
    return 1 + severity if rng.random() < 0.5 else 1 / (1 + severity)


def transformed(
    mask: np.ndarray, grid: Grid, matrix: np.ndarray, center_mm: np.ndarray | None = None
) -> np.ndarray:
    """The mask under a linear map about a point.

    Args:
        mask: bool (K, J, I).
        grid: grid of the mask.
        matrix: 3x3, acts on mm along the grid's axes I, J, K.
        center_mm: the fixed point, mm along I, J, K from the first voxel's center; None: the center of mass.
    """
    from scipy.ndimage import affine_transform

    box = window(mask, grid, 0.0)
    if box is None:
        return mask
    if center_mm is None:
        center_mm = _center_mm(mask, box, grid)
    spacing = np.array(grid.spacing)
    first = np.array([s.start for s in box])[::-1]
    last = np.array([s.stop - 1 for s in box])[::-1]
    corners = np.array([[(first, last)[b >> n & 1][n] for n in range(3)] for b in range(8)])
    moved = ((corners * spacing - center_mm) @ matrix.T + center_mm) / spacing
    low = np.maximum(np.floor(moved.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(moved.max(axis=0)).astype(int) + 1, grid.size)
    result = np.zeros_like(mask)
    if (low >= high).any():
        return result
    # Output voxel i (from `low`) is looked up at the inverse map's place in the cropped mask (from `first`).
    inverse = np.linalg.inv(matrix) * spacing / spacing[:, None]
    offset = inverse @ (low - center_mm / spacing) + center_mm / spacing - first
    shape = (high - low)[::-1]
    values = affine_transform(
        mask[box].astype(np.float32),
        inverse[::-1, ::-1],
        offset[::-1],
        tuple(shape),
        order=1,
        prefilter=False,
    )
    into = tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))
    result[into] = values >= 0.5
    return result


def _center_mm(mask: np.ndarray, box: tuple[slice, slice, slice], grid: Grid) -> np.ndarray:
    kji = np.argwhere(mask[box]).mean(axis=0) + [s.start for s in box]
    return np.asarray(kji[::-1] * grid.spacing)


def swap_left_right(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Mirror the share `severity` of the contour's slices, from one end, through the image's middle.

    The mirrored axis is the grid's axis that runs closest to left-right.
    """
    occupied = np.flatnonzero(mask.any(axis=(1, 2)))
    count = round(severity * len(occupied))
    chosen = occupied[:count] if rng.random() < 0.5 else occupied[len(occupied) - count :]
    across = int(np.argmax(np.abs(grid.axes[0])))
    result = mask.copy()
    if across == 2:  # sagittal slices: the mirror exchanges whole slices
        result[chosen] = False
        result[len(mask) - 1 - chosen] |= mask[chosen]
    else:
        result[chosen] = np.flip(mask[chosen], axis=2 - across)
    return result


def wrong_organ(mask: np.ndarray, grid: Grid, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Contour a ball of the same volume instead, its center `severity` mm away in a random direction.

    Of 32 drawn directions the first that keeps the ball's center inside the image is taken; where none does,
    the center is held at the image's edge, so that the result is an organ and not nothing.
    """
    box = window(mask, grid, 0.0)
    if box is None:
        return mask
    spacing, size = np.array(grid.spacing), np.array(grid.size)
    start = _center_mm(mask, box, grid)
    ways = start + severity * np.array([grid.axes.T @ random_direction(rng) for _ in range(32)])
    inside = ((ways >= 0) & (ways <= (size - 1) * spacing)).all(axis=1)
    center = np.clip(ways[int(np.argmax(inside))], 0, (size - 1) * spacing)
    radius = (0.75 / np.pi * np.count_nonzero(mask) * np.prod(spacing)) ** (1 / 3)
    return ball(grid, center, float(radius))


def ball(grid: Grid, center_mm: np.ndarray, radius_mm: float) -> np.ndarray:
    """Mask of the voxels whose centers lie within `radius_mm` of a point (mm along I, J, K)."""
    spacing = np.array(grid.spacing)
    low = np.maximum(np.floor((center_mm - radius_mm) / spacing).astype(int), 0)
    high = np.minimum(np.ceil((center_mm + radius_mm) / spacing).astype(int) + 1, grid.size)
    i, j, k = (
        ((np.arange(a, b) * step - c) ** 2)
        for a, b, step, c in zip(low, high, spacing, center_mm, strict=True)
    )
    result = np.zeros(grid.shape, bool)
    squared = k[:, None, None] + j[:, None] + i
    into = tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))
    result[into] = squared <= (radius_mm + DISTANCE_TOLERANCE_MM) ** 2
    return result
