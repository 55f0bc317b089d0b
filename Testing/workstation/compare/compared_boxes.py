"""Boxes of voxels as the contours of a reference and of two models."""

from __future__ import annotations

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid
from ContourQALib.metrics.pairing import Source

GRID = Grid((24, 20, 10), (1.0, 1.5, 3.0), (-12.0, 4.0, 30.0))


def drawn(name: str, first: tuple[int, int, int], last: tuple[int, int, int], grid: Grid = GRID) -> Contour:
    """A box of voxels, from (k, j, i) to before (k, j, i)."""
    mask = np.zeros(grid.shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(first, last, strict=True))] = True
    return Contour(mask, grid, name)


BLADDER = drawn("Bladder", (2, 4, 4), (8, 12, 14))
LARGER = drawn("Bladder", (2, 4, 4), (9, 14, 14))
SMALLER = drawn("bladder", (2, 4, 5), (8, 12, 14))
NOTHING = drawn("CTV", (0, 0, 0), (0, 0, 0))
CTV = drawn("CTV", (3, 14, 4), (6, 18, 10))

REFERENCE = Source("Reference", (BLADDER, CTV, drawn("Rectum", (1, 14, 14), (7, 18, 20))))
VPM = Source("VPM", (LARGER, NOTHING, drawn("Bowel", (0, 0, 0), (2, 3, 3))))
LFT = Source("LFT", (SMALLER, CTV))
"""Two models: one is too large, left a structure empty and drew one of its own; the other lacks two."""
