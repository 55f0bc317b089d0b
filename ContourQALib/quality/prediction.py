"""Prediction: what a quality model says of one contour, before anything is decided on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ContourQALib.quality.error_map import ErrorMap


@dataclass(frozen=True, eq=False)
class Prediction:
    """The predicted quality of one contour on its image's grid; None where the model gives no such figure.

    Attributes:
        dice: predicted Dice, in [0, 1].
        hd95_mm: predicted HD95.
        msd_mm: predicted mean surface distance.
        error: where the contour is probably wrong, in the box of the windows that the network saw.
        features: float32 (F,), what the network made of image and contour; compared with training's for
            novelty.
        seen_share: share of the contour's volume inside the window that the network saw.
    """

    dice: float
    hd95_mm: float | None = None
    msd_mm: float | None = None
    error: ErrorMap | None = None
    features: np.ndarray | None = None
    seen_share: float = 1.0
