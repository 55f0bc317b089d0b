"""Agreement slice by slice: 2D Dice and in-plane distances along K."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.metrics.definitions import Status, comparison_status
from ContourQALib.metrics.pair import measure


@dataclass(frozen=True)
class SliceComparison:
    """Agreement in one slice; distances are in the slice's plane (outline of 4-neighbors), mm.

    Attributes:
        index: zero-based K.
    """

    index: int
    status: Status
    dice: float
    hd_mm: float
    hd95_mm: float
    msd_mm: float
    area_reference_mm2: float
    area_test_mm2: float

    @property
    def area_error_mm2(self) -> float:
        """Area of the test contour minus that of the reference; positive is over-contoured."""
        return self.area_test_mm2 - self.area_reference_mm2


def compare_slices(
    reference: np.ndarray, test: np.ndarray, spacing_ji: Sequence[float]
) -> tuple[SliceComparison, ...]:
    """Compare two bool (K, J, I) masks in every slice where either has a voxel.

    Args:
        reference: reference mask.
        test: test mask, same shape.
        spacing_ji: mm along J and I.
    """
    rows = []
    pixel_mm2 = float(np.prod(spacing_ji))
    for k in np.flatnonzero((reference | test).any(axis=(1, 2))):
        measured = measure(reference[k], test[k], spacing_ji)
        counts, distances = measured.counts, measured.distances
        rows.append(
            SliceComparison(
                index=int(k),
                status=comparison_status(counts.reference, counts.test),
                dice=counts.dice,
                hd_mm=distances.hd_mm,
                hd95_mm=distances.hd95_mm,
                msd_mm=distances.msd_mm,
                area_reference_mm2=counts.reference * pixel_mm2,
                area_test_mm2=counts.test * pixel_mm2,
            )
        )
    return tuple(rows)
