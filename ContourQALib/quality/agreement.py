"""Agreement of a contour with what else is known of it: its probability map, or a second segmentation.

The two baselines that learned models found hard to beat (EVALUATION.md); neither needs a model.
"""

from __future__ import annotations

import math

import numpy as np

from ContourQALib.metrics.overlap import overlap


def expected_dice(probability: np.ndarray, mask: np.ndarray) -> float:
    """Dice to be expected of a mask if the map is right: 2 sum(p m) / (sum p + sum m).

    Args:
        probability: (K, J, I) in [0, 1].
        mask: bool (K, J, I) on the same grid.

    Returns:
        A figure in [0, 1]; nan where map and mask are both empty.

    Example:
        >>> expected_dice(np.ones((1, 1, 2)), np.array([[[True, False]]]))
        0.6666666666666666
    """
    # float64: a float32 sum over ten million voxels loses the fourth digit
    whole = float(np.sum(probability, dtype=np.float64)) + float(np.count_nonzero(mask))
    shared = float(np.sum(probability[mask], dtype=np.float64))
    return 2 * shared / whole if whole else math.nan


def agreement_dice(mask: np.ndarray, second: np.ndarray) -> float:
    """Dice of a mask with a second segmentation of the same structure; nan where both are empty.

    Args:
        mask: bool (K, J, I).
        second: bool (K, J, I) on the same grid.
    """
    return overlap(second, mask).dice
