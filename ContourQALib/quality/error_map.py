"""ErrorMap: what a per-voxel probability of error says of slices and of what to mark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.quality.assessment import SuspiciousSlice

LISTED_SHARE = 0.9
"""Slices are listed until they hold this share of the predicted error volume."""

LISTED_SLICES = 10
"""No more slices than this are listed: whoever must see more looks at all of them."""

MARKED = 0.5
"""Voxels more likely wrong than right are marked."""


@dataclass(frozen=True, eq=False)
class ErrorMap:
    """Where a contour is probably wrong.

    Attributes:
        probability: float32 (K, J, I), probability that a voxel is wrong.
        mask: bool (K, J, I), the contour.
        grid: grid of both, the image's.
    """

    probability: np.ndarray
    mask: np.ndarray
    grid: Grid

    @property
    def over(self) -> np.ndarray:
        """Probability of being contoured and wrong, float32 (K, J, I)."""
        return self.probability * self.mask

    @property
    def under(self) -> np.ndarray:
        """Probability of being left out wrongly, float32 (K, J, I)."""
        return self.probability * ~self.mask

    def marked(self) -> tuple[np.ndarray, np.ndarray]:
        """Voxels probably contoured too much, and probably left out: two bool (K, J, I)."""
        wrong = self.probability > MARKED
        return wrong & self.mask, wrong & ~self.mask

    def slice_volumes_cc(self) -> tuple[np.ndarray, np.ndarray]:
        """Expected volume of wrong voxels in every slice along K, cc: too much, and left out."""
        total = self.probability.sum(axis=(1, 2), dtype=np.float64)
        over = self.over.sum(axis=(1, 2), dtype=np.float64)
        voxel = self.grid.voxel_volume_cc
        return over * voxel, np.maximum(total - over, 0.0) * voxel

    def slices_to_look_at(self) -> tuple[SuspiciousSlice, ...]:
        """The slices with the greatest expected error volume, the greatest first; see `LISTED_SHARE`.

        Of equal slices the lower comes first. A map of zeros lists none.
        """
        over, under = self.slice_volumes_cc()
        volumes = over + under
        total = float(volumes.sum())
        listed: list[SuspiciousSlice] = []
        seen = 0.0
        for index in np.argsort(-volumes, kind="stable")[:LISTED_SLICES]:
            if volumes[index] <= 0 or seen >= LISTED_SHARE * total:
                break
            listed.append(SuspiciousSlice(int(index), float(volumes[index])))
            seen += float(volumes[index])
        return tuple(listed)
