"""ErrorMap: where a contour is probably wrong, what that says of slices, and what to mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.geometry import Grid

LISTED_SHARE = 0.9
"""Slices are listed until they hold this share of the predicted error volume."""

LISTED_SLICES = 10
"""No more slices than this are listed: whoever must see more looks at all of them."""

MARKED = 0.5
"""Voxels more likely wrong than right are marked."""


@dataclass(frozen=True)
class SuspiciousSlice:
    """A slice to look at: zero-based K and the predicted volume of wrong voxels in it, cc."""

    index: int
    error_volume_cc: float


@dataclass(frozen=True, eq=False)
class ErrorMap:
    """Where a contour is probably wrong, in the box of the image that was looked at.

    Beyond the box nothing is known, which counts as no error. A map of the whole image would take a hundred
    megabytes a contour of a CT, nearly all of them zeros.

    Attributes:
        probability: float32 (K, J, I) of the box, probability that a voxel is wrong: contoured too much
            inside the contour, left out outside it.
        mask: bool (K, J, I) of the box, the contour.
        grid: grid of both, a box of the image's.
        corner: voxel (K, J, I) of the image at which the box begins.
    """

    probability: np.ndarray
    mask: np.ndarray
    grid: Grid
    corner: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    def of_box(
        cls, probability: np.ndarray, spans: Sequence[slice], mask: np.ndarray, grid: Grid
    ) -> ErrorMap:
        """The map of a box of an image; nothing of the whole image is kept.

        Args:
            probability: float32, the box's.
            spans: the box, along K, J, I of the image.
            mask: bool (K, J, I), the contour on the image's grid.
            grid: the image's.
        """
        k, j, i = spans
        inside = mask[k, j, i].copy()  # a view would keep the whole mask alive
        return cls(np.ascontiguousarray(probability), inside, grid.part(spans), (k.start, j.start, i.start))

    @property
    def over(self) -> np.ndarray:
        """Probability of being contoured and wrong, float32 (K, J, I)."""
        return self.probability * self.mask

    @property
    def under(self) -> np.ndarray:
        """Probability of being left out wrongly, float32 (K, J, I)."""
        return self.probability * ~self.mask

    def padded(self, grid: Grid) -> np.ndarray:
        """The probability on the whole image's grid: float32 (K, J, I), 0 beyond the box.

        Args:
            grid: the image's.
        """
        whole = np.zeros(grid.shape, np.float32)
        into = zip(self.corner, self.grid.shape, strict=True)
        whole[tuple(slice(start, start + length) for start, length in into)] = self.probability
        return whole

    def marked(self) -> tuple[np.ndarray, np.ndarray]:
        """Voxels probably contoured too much, and probably left out: two bool (K, J, I) of the box."""
        wrong = self.probability > MARKED
        return wrong & self.mask, wrong & ~self.mask

    def slice_volumes_cc(self) -> tuple[np.ndarray, np.ndarray]:
        """Expected volume of wrong voxels in the box's slices along K, cc: too much, and left out."""
        total = self.probability.sum(axis=(1, 2), dtype=np.float64)
        over = self.over.sum(axis=(1, 2), dtype=np.float64)
        voxel = self.grid.voxel_volume_cc
        return over * voxel, np.maximum(total - over, 0.0) * voxel

    def slices_to_look_at(self) -> tuple[SuspiciousSlice, ...]:
        """The slices with the greatest expected error volume, the greatest first; see `LISTED_SHARE`.

        Indices are the image's. Of equal slices the lower comes first. A map of zeros lists none.
        """
        over, under = self.slice_volumes_cc()
        volumes = over + under
        total = float(volumes.sum())
        listed: list[SuspiciousSlice] = []
        seen = 0.0
        for index in np.argsort(-volumes, kind="stable")[:LISTED_SLICES]:
            if volumes[index] <= 0 or seen >= LISTED_SHARE * total:
                break
            listed.append(SuspiciousSlice(self.corner[0] + int(index), float(volumes[index])))
            seen += float(volumes[index])
        return tuple(listed)
