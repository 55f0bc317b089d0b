"""The vendor's protocol: how a clinical case would look if another institution had scanned and contoured it.

Contours are drawn outside the organ by the same distance everywhere and over more slices; the image has other
voxels, a softer reconstruction and noise. Nothing here is a file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ContourQALib.case import Image
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid, place

AIR_HU = -1000
"""What OpenKBP images hold outside the body."""

FINE_MM = 1.0
"""Largest edge of the cells that measure distances to a contour, mm: a quarter of an OpenKBP voxel."""

FAR_MM = 1000.0
"""Depth, with a minus, of what lies nowhere near an organ, mm."""


@dataclass(frozen=True)
class VendorSettings:
    """How the vendor scans and contours.

    Attributes:
        spacing_mm: of his images, x, y, z.
        smoothing_mm: standard deviation of the Gaussian that softens his slices, in-plane.
        noise_hu: standard deviation of the noise of a voxel, added after softening.
        expansion_mm: his contours lie so far outside the clinical ones, in every direction.
        extension_mm: except that they end so far above and below: an organ's first and last slice go on by
            what the expansion does not reach.
        seed: of the noise.

    Raises:
        SettingError: a value that cannot be used.
    """

    spacing_mm: tuple[float, ...] = (3.6, 3.6, 3.0)
    smoothing_mm: float = 2.0
    noise_hu: float = 25.0
    expansion_mm: float = 2.0
    extension_mm: float = 6.0
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.spacing_mm) != 3 or not all(0 < mm < math.inf for mm in self.spacing_mm):
            raise SettingError("vendor.spacing_mm must be three positive numbers, along x, y and z.")
        for name in ("smoothing_mm", "noise_hu", "expansion_mm", "extension_mm"):
            if not 0 <= getattr(self, name) < math.inf:
                raise SettingError(f"vendor.{name} must be 0 or more, not {getattr(self, name):g}.")
        if self.seed < 0:
            raise SettingError(f"vendor.seed must not be below 0, as {self.seed} is.")


def vendor_grid(grid: Grid, settings: VendorSettings) -> Grid:
    """The grid of the vendor's spacing over the space of the image's, to half a voxel at the far ends."""
    return grid.at_spacing(settings.spacing_mm)


def vendor_image(image: Image, settings: VendorSettings, random: np.random.Generator) -> Image:
    """The image as the vendor's scanner gives it, int16.

    What lies outside the body is not known (OpenKBP masks it), so that the body is resampled and softened
    from its own voxels alone, and the outside stays `AIR_HU`.
    """
    from scipy.ndimage import binary_fill_holes, gaussian_filter

    grid = vendor_grid(image.grid, settings)
    body = np.stack([binary_fill_holes(slab) for slab in image.values > AIR_HU])  # airways are body
    above = (image.values.astype(np.float32) - AIR_HU) * body
    share = place(body.astype(np.float32), image.grid, grid, "linear").values
    values = place(above, image.grid, grid, "linear").values
    inside = share >= 0.5
    _, dy, dx = grid.spacing_kji
    sigma = (0.0, settings.smoothing_mm / dy, settings.smoothing_mm / dx)
    weight = np.maximum(gaussian_filter(share, sigma), np.finfo(np.float32).tiny)
    values = gaussian_filter(values, sigma) / weight
    values += random.normal(0.0, settings.noise_hu, grid.shape)
    hu = np.where(inside, np.clip(np.round(values) + AIR_HU, AIR_HU, np.iinfo(np.int16).max), AIR_HU)
    return Image(hu.astype(np.int16), grid, image.name)


def vendor_labels(
    masks: Mapping[str, np.ndarray], grid: Grid, settings: VendorSettings
) -> dict[str, np.ndarray]:
    """The contours as the vendor draws them.

    A voxel belongs to the contour when its center does. One that two contours claim goes to the one in which
    it lies deeper.

    Args:
        masks: clinical contours, bool (K, J, I) on `grid`, none empty.
        grid: the image's.
        settings: the protocol.

    Returns:
        Bool masks on `vendor_grid`, which share no voxel.
    """
    target = vendor_grid(grid, settings)
    deepest = np.zeros(target.shape, np.float32)
    owner = np.zeros(target.shape, np.uint8)
    for number, mask in enumerate(masks.values(), start=1):
        depth, cells = contour_depth_mm(mask, grid, settings)
        # places of no cell come back as 0
        claim = place(depth + np.float32(FAR_MM), cells, target, "linear").values - FAR_MM
        claim += settings.expansion_mm
        owner[claim > deepest] = number
        np.maximum(deepest, claim, out=deepest)
    return {name: owner == number for number, name in enumerate(masks, start=1)}


def contour_depth_mm(mask: np.ndarray, grid: Grid, settings: VendorSettings) -> tuple[np.ndarray, Grid]:
    """How deep points lie inside a contour that goes on beyond its first and last slice.

    The contour runs midway between the centers of voxels inside and outside (linear interpolation in the
    slice and between slices); its ends are flat. Depths are measured in cells of `FINE_MM` or less.

    Args:
        mask: bool (K, J, I), not empty.
        grid: of the mask.
        settings: how far the ends go on, and how far outside depths are needed.

    Returns:
        float32 depths, mm, negative outside, and the grid of the cells, which reaches
        `settings.expansion_mm` and more beyond the contour.
    """
    from scipy.ndimage import distance_transform_edt, zoom

    steps = np.array(grid.spacing_kji)
    where = np.argwhere(mask)
    first, last = where.min(axis=0), where.max(axis=0)
    grown_mm = settings.expansion_mm
    longer_mm = max(0.0, settings.extension_mm - grown_mm)
    reach = np.ceil(np.array([longer_mm + grown_mm, grown_mm, grown_mm]) / steps).astype(int) + 1
    box = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
    slices, rows, columns = ((n, n) for n in reach)
    drawn = np.pad(mask[box], (slices, (0, 0), (0, 0)), mode="edge")
    drawn = np.pad(drawn, ((0, 0), rows, columns))
    # odd, so that a cell lies at the center of every voxel: nothing grown is the clinical contour again
    parts = 2 * np.ceil((steps / FINE_MM - 1) / 2 - 1e-9).clip(0).astype(int) + 1
    fine = zoom(drawn.astype(np.float32), parts, order=1, mode="nearest", grid_mode=True) >= 0.5
    cell = steps / parts
    end = round(reach[0] * parts[0] - longer_mm / cell[0])
    fine[:end] = fine[len(fine) - end :] = False
    half = cell.mean() / 2  # from a cell's center to its face
    depth = np.where(
        fine, distance_transform_edt(fine, cell) - half, half - distance_transform_edt(~fine, cell)
    )
    start = first - reach - 0.5 + 0.5 / parts
    i, j, k = (int(n) for n in fine.shape[::-1])
    x, y, z = (float(mm) for mm in cell[::-1])
    a, b, c = grid.index_to_world(start[::-1])
    return depth.astype(np.float32), Grid((i, j, k), (x, y, z), (a, b, c), grid.direction)
