"""Overlap of two masks: the four counts and the ratios that follow from them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


def ratio(numerator: float, denominator: float) -> float:
    """The quotient, or nan where the denominator is zero (undefined)."""
    return numerator / denominator if denominator else math.nan


@dataclass(frozen=True)
class Overlap:
    """Voxel counts over the whole reference grid; ratios with a zero denominator are nan."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def reference(self) -> int:
        """Voxels of the reference."""
        return self.true_positive + self.false_negative

    @property
    def test(self) -> int:
        """Voxels of the test mask."""
        return self.true_positive + self.false_positive

    @property
    def dice(self) -> float:
        """2 TP / (2 TP + FP + FN)."""
        return ratio(2 * self.true_positive, self.reference + self.test)

    @property
    def sensitivity(self) -> float:
        """TP / (TP + FN)."""
        return ratio(self.true_positive, self.reference)

    @property
    def specificity(self) -> float:
        """TN / (TN + FP)."""
        return ratio(self.true_negative, self.true_negative + self.false_positive)

    @property
    def precision(self) -> float:
        """TP / (TP + FP)."""
        return ratio(self.true_positive, self.test)


def overlap(reference: np.ndarray, test: np.ndarray) -> Overlap:
    """Count agreement of two bool masks of the same (K, J, I) shape."""
    both = int(np.count_nonzero(reference & test))
    in_reference, in_test = int(np.count_nonzero(reference)), int(np.count_nonzero(test))
    return Overlap(
        true_positive=both,
        false_positive=in_test - both,
        false_negative=in_reference - both,
        true_negative=reference.size - in_reference - in_test + both,
    )
