"""Contours to learn from: real ones, other patients' scaled ones (the paper), and known errors (ours)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contourqa_training.cases import TrainingCase
from ContourQALib.case import Contour
from ContourQALib.perturbation import ERRORS, perturb

SCALE_RANGE = (0.55, 1.8)
"""Range of the random factor that scales a swapped contour (Isaksson 2022)."""

BATTERY_ONLY = ("empty", "full", "binary-noise", "shift-fraction")
"""The paper's failure battery is for judging: its members are never trained on, so that it stays unseen."""

GRADED = tuple(name for name in ERRORS if name not in BATTERY_ONLY)
"""Errors that are trained on and that stratum S is made of."""


def swapped_and_scaled(
    target: TrainingCase, others: Sequence[TrainingCase], random: np.random.Generator
) -> np.ndarray:
    """Another patient's contour in the target's place, scaled by a random factor in `SCALE_RANGE`.

    Voxels are carried over by index, as the paper's equally sized images allow; where sizes differ, the
    image centers are laid on each other.

    Returns:
        bool (K, J, I) on the target's grid.
    """
    candidates = [case for case in others if case.patient != target.patient] or list(others)
    other = candidates[int(random.integers(len(candidates)))].reference.mask
    return scaled_into(other, random.uniform(*SCALE_RANGE), target.reference.mask.shape)


def scaled_into(mask: np.ndarray, factor: float, shape: tuple[int, ...]) -> np.ndarray:
    """A contour scaled about its own center of mass, so that it stays where it was, in an array of `shape`.

    Args:
        mask: bool (K, J, I), not empty.
        factor: above 1 enlarges.
        shape: of the array that it is put into, center on center.
    """
    from scipy import ndimage

    middle = np.argwhere(mask).mean(axis=0)
    offset = (np.asarray(mask.shape) - np.asarray(shape)) / 2
    start = middle + (offset - middle) / factor
    scaled = ndimage.affine_transform(
        mask.astype(np.float32), np.full(3, 1 / factor), start, output_shape=shape, order=1
    )
    return np.asarray(scaled >= 0.5)


def spoiled(reference: Contour, random: np.random.Generator) -> np.ndarray:
    """The reference with one error of `GRADED` at a random severity within its typical range."""
    kind = ERRORS[GRADED[int(random.integers(len(GRADED)))]]
    low, high = min(kind.severities), max(kind.severities)
    severity = random.uniform(low / 2, high)
    if kind.unit == "slices":
        severity = float(max(1, round(severity)))
    return perturb(reference, kind.name, severity, seed=int(random.integers(2**31))).mask
