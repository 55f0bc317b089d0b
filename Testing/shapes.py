"""Masks with closed-form answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid


def contour(mask: np.ndarray, spacing: Sequence[float] = (1.0, 1.0, 1.0), name: str = "shape") -> Contour:
    """A contour at the origin; `spacing` is x, y, z."""
    return Contour(mask, Grid.for_shape(mask.shape, spacing), name)


def box_mask(shape: Sequence[int], low: Sequence[int], high: Sequence[int]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


def ball_mask(
    shape: Sequence[int], center: Sequence[float], radius_mm: float, spacing_kji=(1.0, 1.0, 1.0)
) -> np.ndarray:
    index = np.indices(shape).reshape(3, -1).T
    distance = np.linalg.norm((index - center) * np.asarray(spacing_kji), axis=1)
    return (distance <= radius_mm).reshape(shape)
