"""Curves: what a sweep measures, one value a threshold, before names and units of a case are put to it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ContourQALib.metrics.surface import SurfaceDistances


@dataclass(frozen=True, eq=False)
class DistanceCurves:
    """Surface distances at every threshold, (T,) float64 each; inf or nan where a surface is missing."""

    hd_mm: np.ndarray
    hd95_mm: np.ndarray
    hd95_pooled_mm: np.ndarray
    hd95_slicerrt_mm: np.ndarray
    msd_mm: np.ndarray
    masd_mm: np.ndarray
    surface_dice: np.ndarray

    @classmethod
    def undefined(cls, count: int) -> DistanceCurves:
        """Curves of `count` thresholds to be filled in with `put`."""
        return cls(*(np.full(count, np.nan) for _ in fields(cls)))

    def fill(self, where: int | slice, distances: SurfaceDistances, tolerance_mm: float) -> None:
        """Fill in the figures of one threshold, or of several that select the same voxels."""
        for field in fields(self):
            figure = (
                distances.surface_dice(tolerance_mm)
                if field.name == "surface_dice"
                else getattr(distances, field.name)
            )
            getattr(self, field.name)[where] = figure

    def place(self, where: slice, curves: DistanceCurves) -> None:
        """Put the curves of some thresholds where they belong."""
        for field in fields(self):
            getattr(self, field.name)[where] = getattr(curves, field.name)


@dataclass(frozen=True, eq=False)
class Counts:
    """Voxels at every threshold, (T,) int64 each.

    Attributes:
        selected: voxels of the mask P >= t.
        true_positive: those of them inside the reference.
        reference: voxels of the reference, one number.
        grid: voxels of the grid, one number.
    """

    selected: np.ndarray
    true_positive: np.ndarray
    reference: int
    grid: int


def above(histogram: np.ndarray) -> np.ndarray:
    """Voxels of level j + 1 or more for every threshold j, from the voxels of each level."""
    return histogram[::-1].cumsum()[::-1][1:]
