"""A deterministic CT-like male pelvis with reference contours and two models' contours and probability maps.

For the demo, for teaching and for tests: no patient, nothing to download, the same voxels for the same seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid, Vector
from ContourQALib.phantom_ct import scan
from ContourQALib.phantom_models import Model
from ContourQALib.phantom_shapes import Space

FIELD_OF_VIEW_MM: Vector = (320.0, 320.0, 192.0)
"""What the image covers when only its size is given; 128 x 128 x 64 then has voxels of 2.5 x 2.5 x 3 mm."""

SIZE = (128, 128, 64)

MINIMUM_SIZE = 8
MAXIMUM_VOXELS = 100_000_000

COLORS = {
    "CTV": (0.90, 0.20, 0.20),
    "Bladder": (0.95, 0.80, 0.25),
    "Rectum": (0.60, 0.40, 0.25),
    "FemoralHead_L": (0.35, 0.65, 0.90),
    "FemoralHead_R": (0.25, 0.80, 0.75),
    "Bowel": (0.75, 0.50, 0.85),
}
"""The organs in their order, and the color of each."""


@dataclass(frozen=True, eq=False)
class Phantom:
    """One phantom patient; every tuple holds the organs of `COLORS` in that order.

    Attributes:
        image: CT in HU, int16.
        reference: the true contours, which do not overlap.
        vendor: a general model's contours: the CTV 16 to 18 % too large and too long, the lowest rectum and a
            bowel loop missed, a dent in the bladder.
        fine_tuned: a locally fine-tuned model's contours: small random errors.
        vendor_probability: what `vendor` was cut from at one half; for the CTV a higher threshold is better.
        fine_tuned_probability: the same of `fine_tuned`.
    """

    image: Image
    reference: tuple[Contour, ...]
    vendor: tuple[Contour, ...]
    fine_tuned: tuple[Contour, ...]
    vendor_probability: tuple[ProbabilityMap, ...]
    fine_tuned_probability: tuple[ProbabilityMap, ...]


def pelvis(size: tuple[int, int, int] = SIZE, spacing: Vector | None = None, seed: int = 0) -> Phantom:
    """Draw a patient of the seed's sizes and shapes, scan him, and let both models contour him.

    Args:
        size: voxels along I, J, K.
        spacing: mm along I, J, K; by default the size covers `FIELD_OF_VIEW_MM`, so that
            another size is another sampling of one anatomy.
        seed: which patient.

    Returns:
        A phantom on a grid about the LPS origin along the patient's axes: I to his left, J to his back, K up.

    Raises:
        SettingError: fewer than 8 voxels along an axis, more than 100 million in all, or a negative seed.
        GeometryError: a spacing that is not positive.
    """
    if min(size) < MINIMUM_SIZE or math.prod(size) > MAXIMUM_VOXELS:
        shown = "x".join(str(n) for n in size)
        raise SettingError(
            f"A phantom of {shown} voxels cannot be drawn; take at least {MINIMUM_SIZE} along each axis "
            f"and at most {MAXIMUM_VOXELS // 1_000_000} million in all."
        )
    if seed < 0:
        raise SettingError(f"The seed is {seed} but must be zero or a positive whole number.")
    if spacing is None:
        x, y, z = (extent / n for extent, n in zip(FIELD_OF_VIEW_MM, size, strict=True))
        spacing = (x, y, z)
    first_x, first_y, first_z = (-(n - 1) / 2 * step for n, step in zip(size, spacing, strict=True))
    grid = Grid(size, spacing, (first_x, first_y, first_z))
    scanned = scan(grid, seed)
    model = Model(scanned, Space(grid), np.random.default_rng([seed, 1]))
    vendor, fine_tuned = _maps(model.vendor(), grid), _maps(model.fine_tuned(), grid)
    return Phantom(
        image=Image(scanned.values, grid, "phantom"),
        reference=tuple(_contour(name, scanned.organs[name] < 0, grid) for name in COLORS),
        vendor=tuple(_contour(p.name, p.values >= 0.5, grid) for p in vendor),
        fine_tuned=tuple(_contour(p.name, p.values >= 0.5, grid) for p in fine_tuned),
        vendor_probability=vendor,
        fine_tuned_probability=fine_tuned,
    )


def _maps(values: dict[str, np.ndarray], grid: Grid) -> tuple[ProbabilityMap, ...]:
    return tuple(ProbabilityMap(values[name], grid, name) for name in COLORS)


def _contour(name: str, mask: np.ndarray, grid: Grid) -> Contour:
    return Contour(mask, grid, name, color=COLORS[name])
