"""The paper's failure battery: six groups of contours for every test contour, with their exact Dice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from contourqa_training.isaksson.pairs import Pair
from ContourQALib.metrics.overlap import overlap

LARGEST_SHIFT = 0.5
"""Of the window's size, to both sides, in x and in y."""

TEST, EMPTY, NOISE, ONES, SHIFTED, REFERENCES = (
    "test contours", "empty", "noise", "all ones", "shifted references", "references",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class BatteryCase:
    """One contour of the battery.

    Attributes:
        group: of the six.
        pair: the test contour that it stands in for.
        mask: bool (K, J, I) in the window.
        dice: its exact Dice.
    """

    group: str
    pair: Pair
    mask: np.ndarray
    dice: float


def battery(pairs: Sequence[Pair], seed: int) -> list[BatteryCase]:
    """The battery of some test pairs: group by group, one case a pair and group.

    A patient with two contours counts twice in every group, as in the paper's 6 x 80 cases.
    """
    cases = []
    for place, (group, make) in enumerate(MAKERS.items()):
        for number, pair in enumerate(pairs):
            mask = make(pair, np.random.default_rng((seed, pair.fold, place, number)))
            dice = pair.dice if group == TEST else overlap(pair.reference, mask).dice
            cases.append(BatteryCase(group, pair, mask, dice))
    return cases


def shifted(mask: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """A mask (K, J, I) moved along J and I by whole voxels; what leaves the window is lost."""
    moved = np.zeros_like(mask)
    source, target = [slice(None)], [slice(None)]
    for size, step in zip(mask.shape[1:], (rows, columns), strict=True):
        source.append(slice(max(-step, 0), size - max(step, 0)))
        target.append(slice(max(step, 0), size - max(-step, 0)))
    moved[tuple(target)] = mask[tuple(source)]
    return moved


def _shifted_reference(pair: Pair, random: np.random.Generator) -> np.ndarray:
    rows, columns = (
        round(random.uniform(-LARGEST_SHIFT, LARGEST_SHIFT) * size) for size in pair.mask.shape[1:]
    )
    return shifted(pair.reference, rows, columns)


MAKERS: dict[str, Callable[[Pair, np.random.Generator], np.ndarray]] = {
    TEST: lambda pair, random: pair.mask,
    EMPTY: lambda pair, random: np.zeros_like(pair.mask),
    NOISE: lambda pair, random: random.random(pair.mask.shape) < 0.5,
    ONES: lambda pair, random: np.ones_like(pair.mask),
    SHIFTED: _shifted_reference,
    REFERENCES: lambda pair, random: pair.reference,
}
"""How each group's mask is made, in the paper's order."""
