"""Stroke: the voxels that one movement of the hand changed, and the step by which it is undone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from undo_stack import UndoCommand

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid

Index = tuple[int, int, int]
"""(i, j, k) on the image's grid."""

Shape = tuple[int, int, int]
"""(K, J, I)"""

Write = Callable[[str, Index, np.ndarray], None]
"""Changes a structure's voxels in a box that begins at an index."""


class StrokeCommand(UndoCommand):
    """A structure's voxels in a box, before and after; a bit a voxel.

    Args:
        structure: which contour was changed.
        first: of the box.
        before: bool (K, J, I).
        after: bool (K, J, I).
        write: what changes the voxels.
    """

    def __init__(
        self, structure: str, first: Index, before: np.ndarray, after: np.ndarray, write: Write
    ) -> None:
        super().__init__()
        self.structure = structure
        self._first = first
        self._shape = before.shape
        self._before, self._after = np.packbits(before), np.packbits(after)
        self._write = write

    def undo(self) -> None:
        """Write the voxels as they were before."""
        self._put(self._before)

    def redo(self) -> None:
        """Write the voxels as they were afterwards."""
        self._put(self._after)

    def _put(self, bits: np.ndarray) -> None:
        voxels = np.unpackbits(bits, count=int(np.prod(self._shape))).astype(bool)
        self._write(self.structure, self._first, voxels.reshape(self._shape))


class Stroke:
    """What a hand has changed since it was set down.

    Args:
        structure: the contour that it changes.
        adds: whether it paints; it erases otherwise.
        at: where it was set down, LPS mm.
    """

    def __init__(self, structure: str, adds: bool, at: np.ndarray) -> None:
        self.structure = structure
        self.adds = adds
        self.last = at
        self._patches: list[tuple[Index, np.ndarray]] = []

    def add(self, first: Index, before: np.ndarray) -> None:
        """Remember the voxels of a box as they were before they were changed."""
        self._patches.append((first, before))

    def command(self, read: Callable[[Index, Shape], np.ndarray], write: Write) -> StrokeCommand | None:
        """The whole stroke as one step.

        Args:
            read: the structure's voxels as they are now in a box.
            write: what changes the voxels.

        Returns:
            None where the voxels are as they were.
        """
        if not self._patches:
            return None
        ends = [np.add(first, before.shape[::-1]) for first, before in self._patches]
        low = np.min([first for first, _ in self._patches], axis=0)
        i, j, k = (int(n) for n in low)
        depth, height, width = (int(n) for n in (np.max(ends, axis=0) - low)[::-1])
        after = read((i, j, k), (depth, height, width))
        before = after.copy()
        for first, patch in reversed(self._patches):  # the oldest last, which is what was there before all
            x, y, z = np.subtract(first, low)
            n_z, n_y, n_x = patch.shape
            before[z : z + n_z, y : y + n_y, x : x + n_x] = patch
        if (before == after).all():
            return None
        return StrokeCommand(self.structure, (i, j, k), before, after, write)


def box_around(grid: Grid, *contours: Contour) -> tuple[Index, Shape]:
    """The smallest box of a grid that holds contours of its lattice, cropped to themselves."""
    low, high = np.array(grid.size), np.zeros(3, int)
    for contour in contours:
        first = _first_of(contour, grid)
        low = np.clip(first, 0, low)
        high = np.maximum(high, np.minimum(first + contour.grid.size, grid.size))
    size = np.maximum(high - low, 0)
    return (int(low[0]), int(low[1]), int(low[2])), (int(size[2]), int(size[1]), int(size[0]))


def patch_of(contour: Contour, grid: Grid, first: Index, shape: Shape) -> np.ndarray:
    """A contour's voxels in a box of the grid on whose lattice it lies, bool (K, J, I)."""
    patch = np.zeros(shape, bool)
    start = (_first_of(contour, grid) - first)[::-1]
    into = tuple(
        slice(max(at, 0), max(min(at + n, size), 0))
        for at, n, size in zip(start, contour.mask.shape, shape, strict=True)
    )
    part = tuple(
        slice(max(-at, 0), max(-at, 0) + span.stop - span.start) for at, span in zip(start, into, strict=True)
    )
    patch[into] = contour.mask[part]
    return patch


def _first_of(contour: Contour, grid: Grid) -> np.ndarray:
    return np.round(grid.world_to_index(contour.grid.origin)).astype(int)
