"""More than two observers of one structure: every pair of them, and their consensus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid, to_sitk
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM
from ContourQALib.metrics.surface import box

STAPLE_MARGIN_VOXELS = 3
"""STAPLE estimates specificity over its domain; a whole scan of agreed background would drown the observers'
differences, so the domain is the box of all contours with this margin."""


class Consensus(StrEnum):
    """How several observers' contours become one."""

    STAPLE = "staple"
    MAJORITY = "majority"


@dataclass(frozen=True)
class AgreementMatrix:
    """Agreement of every pair of observers of one structure.

    Attributes:
        structure: the structure's name.
        observers: who drew; rows and columns of the matrices.
        dice: symmetric rows of Dice.
        hd95_mm: symmetric rows of HD95, mm.
        msd_mm: symmetric rows of MSD, mm.
    """

    structure: str
    observers: tuple[str, ...]
    dice: tuple[tuple[float, ...], ...]
    hd95_mm: tuple[tuple[float, ...], ...]
    msd_mm: tuple[tuple[float, ...], ...]


def compare_pairwise(
    contours: Sequence[Contour],
    observers: Sequence[str],
    tolerance_mm: float = DEFAULT_TOLERANCE_MM,
    *,
    per_slice: bool = False,
) -> tuple[tuple[Comparison, ...], AgreementMatrix]:
    """Compare every two observers' contours of one structure.

    Args:
        contours: one an observer; all are brought onto the first one's grid.
        observers: their names, in the same order.
        tolerance_mm: tolerance of surface Dice, mm.
        per_slice: also compare slice by slice.

    Raises:
        SettingError: fewer than two observers.
        GeometryError: a contour lies wholly outside the first one's grid.
    """
    if len(contours) < 2:
        raise SettingError(f"Comparing observers pairwise needs at least two contours, not {len(contours)}.")
    grid, name = contours[0].grid, contours[0].name
    placed = [replace(c.on(grid), name=name) for c in contours]
    pairs: dict[tuple[int, int], Comparison] = {}
    for a, b in combinations(range(len(placed)), 2):
        pairs[a, b] = compare(
            placed[a],
            placed[b],
            tolerance_mm,
            per_slice=per_slice,
            reference_label=observers[a],
            test_label=observers[b],
        )

    def matrix(figure: str, diagonal: float) -> tuple[tuple[float, ...], ...]:
        n = len(placed)
        return tuple(
            tuple(diagonal if a == b else getattr(pairs[min(a, b), max(a, b)], figure) for b in range(n))
            for a in range(n)
        )

    summary = AgreementMatrix(
        name, tuple(observers), matrix("dice", 1.0), matrix("hd95_mm", 0.0), matrix("msd_mm", 0.0)
    )
    return tuple(pairs.values()), summary


def consensus(contours: Sequence[Contour], method: Consensus) -> Contour:
    """The consensus of several observers' contours, on the first one's grid.

    `staple` keeps voxels whose STAPLE probability (Warfield 2004, SimpleITK) is at least 0.5; `majority`
    keeps voxels that more than half of the observers drew, so that a tie is background.

    Raises:
        SettingError: fewer than two observers.
        GeometryError: a contour lies wholly outside the first one's grid.
    """
    if len(contours) < 2:
        raise SettingError(f"A consensus needs at least two contours, not {len(contours)}.")
    grid = contours[0].grid
    masks = [c.on(grid).mask for c in contours]
    union = np.logical_or.reduce(masks)
    result = np.zeros(grid.shape, bool)
    spans = box(union)
    if spans is not None:
        spans = tuple(
            slice(max(s.start - STAPLE_MARGIN_VOXELS, 0), s.stop + STAPLE_MARGIN_VOXELS) for s in spans
        )
        cut = [mask[spans] for mask in masks]
        result[spans] = _staple(cut) if method is Consensus.STAPLE else 2 * np.sum(cut, axis=0) > len(cut)
    return Contour(result, grid, contours[0].name, color=contours[0].color)


def _staple(masks: Sequence[np.ndarray]) -> np.ndarray:
    import SimpleITK as sitk

    grid = Grid.for_shape(masks[0].shape)
    probability = sitk.STAPLE([to_sitk(mask.astype(np.uint8), grid) for mask in masks], 1.0)
    return np.asarray(sitk.GetArrayFromImage(probability) >= 0.5)
