"""Prediction: what a quality model says of one contour, before anything is decided on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Prediction:
    """The predicted quality of one contour on its image's grid; None where the model gives no such figure.

    Attributes:
        dice: predicted Dice, in [0, 1].
        hd95_mm: predicted HD95.
        msd_mm: predicted mean surface distance.
        error: float32 (K, J, I) on the image's grid, probability that a voxel is wrong: contoured too much
            inside the contour, left out outside it; 0 beyond the window that the network saw.
        features: float32 (F,), what the network made of image and contour; compared with training's for
            novelty.
        seen_share: share of the contour's volume inside the window that the network saw.
    """

    dice: float
    hd95_mm: float | None = None
    msd_mm: float | None = None
    error: np.ndarray | None = None
    features: np.ndarray | None = None
    seen_share: float = 1.0

    def over(self, mask: np.ndarray) -> np.ndarray | None:
        """Probability of being contoured and wrong, (K, J, I); `mask` is the contour's."""
        return None if self.error is None else self.error * mask

    def under(self, mask: np.ndarray) -> np.ndarray | None:
        """Probability of being left out wrongly, (K, J, I)."""
        return None if self.error is None else self.error * ~mask
