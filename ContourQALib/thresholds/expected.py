"""Expected Dice at every threshold of a probability map: what the map lets expect where no reference is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.case import ProbabilityMap
from ContourQALib.thresholds.levels import checked, equal_steps
from ContourQALib.thresholds.sweep import check_probabilities


@dataclass(frozen=True, eq=False)
class ExpectedCurve:
    """What the masks P >= t of a map let expect if the map is right; curves are (T,) float64.

    Attributes:
        structure: the map's name.
        thresholds: increasing; masks are P >= t compared as float32.
        volume_cc: volume of each mask.
        expected_dice: Dice of expected counts, 2 sum(p, p >= t) / (n_t + sum p) with n_t voxels selected; nan
            where map and mask are both empty.
        expected_volume_cc: volume of the structure that the map lets expect, sum p.
    """

    structure: str
    thresholds: np.ndarray
    volume_cc: np.ndarray
    expected_dice: np.ndarray
    expected_volume_cc: float


def expected_curve(
    probability: ProbabilityMap, thresholds: Sequence[float] | np.ndarray | None = None
) -> ExpectedCurve:
    """Expected Dice and volume at every threshold, exact, in one pass over the map.

    Args:
        probability: the map, on its own grid.
        thresholds: increasing numbers in [0, 1]; 0 to 1 in steps of 0.01 by default.

    Raises:
        SettingError: thresholds cannot be used, or the map holds values outside [0, 1].

    Example:
        >>> grid = Grid.for_shape((1, 1, 4))
        >>> values = np.array([[[1.0, 0.5, 0.5, 0.0]]])
        >>> expected_curve(ProbabilityMap(values, grid, "a"), [0.5, 0.75]).expected_dice
        array([0.8       , 0.66666667])
    """
    steps = equal_steps() if thresholds is None else checked(thresholds)
    check_probabilities(probability.values, probability.name)
    single = steps.astype(np.float32)
    voxels, sums = np.zeros(steps.size + 1), np.zeros(steps.size + 1)
    for plane in probability.values:  # plane by plane: counting takes sixteen bytes a voxel
        likely = plane[plane > 0]  # most of a map is zero and need not be searched for
        level = np.searchsorted(single, likely, side="right")
        voxels += np.bincount(level, minlength=voxels.size)
        sums += np.bincount(level, weights=likely, minlength=sums.size)
    voxels[np.searchsorted(single, 0, side="right")] += probability.values.size - voxels.sum()
    # a voxel of level n is in the masks of the first n thresholds
    selected = voxels[::-1].cumsum()[::-1][1:]
    shared = sums[::-1].cumsum()[::-1][1:]
    whole = selected + sums.sum()
    dice = np.divide(2 * shared, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    voxel_cc = probability.grid.voxel_volume_cc
    return ExpectedCurve(probability.name, steps, selected * voxel_cc, dice, float(sums.sum()) * voxel_cc)
