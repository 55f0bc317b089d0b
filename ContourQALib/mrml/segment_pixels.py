"""SegmentPixels: which pixels of a slice view a segment covers, the same as Slicer draws.

Slicer's displayable manager resamples a picture of the whole view for every segment and lets the
graphics card lay them above each other: 7 to 13 ms a segment where a processor does both. Here a segment
costs what its own pixels cost, some 0.3 ms, and all of them become one picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ContourQALib.mrml import labelmaps
from ContourQALib.mrml.frames import numbers_of

STRAIGHT_VOXELS = 0.01
"""A plane that runs along the labelmap's axes leaves its slice nowhere by more than this."""

NOTHING = 0
"""Value of a labelmap where no segment is."""

Corner = tuple[int, int]
"""(x, y) of a picture's first pixel in the view."""


@dataclass(frozen=True, eq=False)
class SegmentPixels:
    """A segment's voxels, ready to be cut by the planes of views.

    Attributes:
        values: of its labelmap (K, J, I), not copied.
        label: the segment's value there.
        index_of_ras: 4x4, from RAS mm in the world to the index (i, j, k) of `values`.
    """

    values: np.ndarray
    label: int
    index_of_ras: np.ndarray

    @classmethod
    def of_labelmap(cls, labelmap: Any, label: int, to_world: np.ndarray) -> SegmentPixels | None:
        """Those of a label in a labelmap; None where there are no voxels.

        Args:
            labelmap: vtkOrientedImageData.
            label: the segment's value.
            to_world: 4x4, the transform above the segmentation.
        """
        from vtkmodules.vtkCommonMath import vtkMatrix4x4

        values = labelmaps.voxels_of(labelmap)
        if values is None:
            return None
        matrix = vtkMatrix4x4()
        labelmap.GetImageToWorldMatrix(matrix)
        ras_of_index = to_world @ numbers_of(matrix)
        ras_of_index[:3, 3] += ras_of_index[:3, :3] @ np.array(labelmap.GetExtent()[::2])
        return cls(values, label, np.linalg.inv(ras_of_index))

    def inside(self, ras_of_pixel: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, Corner] | None:
        """The pixels of a view whose middle lies in the segment.

        Args:
            ras_of_pixel: 4x4, from (x, y, 0) in the view, y upwards, to RAS mm in the world.
            size: pixels across and up.

        Returns:
            bool (rows upwards, columns) of the part of the view that the labelmap may touch, and where it is;
            None where it touches none.
        """
        index_of_pixel = self.index_of_ras @ ras_of_pixel
        shape = np.array(self.values.shape[::-1])
        box = _box(index_of_pixel, shape, size)
        if box is None:
            return None
        left, right, low, high = box
        x, y = np.arange(left, right), np.arange(low, high)
        steps, start = index_of_pixel[:3, :2], index_of_pixel[:3, 3]
        along = [int(np.argmax(np.abs(steps[:, n]))) for n in (0, 1)]
        stray = np.abs(steps) * (right - left, high - low)
        stray[along, (0, 1)] = 0
        if along[0] != along[1] and stray.max() < STRAIGHT_VOXELS:
            values = self._straight(along, start, steps, x, y)
        else:
            values = self._slanted(start, steps, x, y)
        return None if values is None else (values == self.label, (left, low))

    def _straight(
        self, along: list[int], start: np.ndarray, steps: np.ndarray, x: np.ndarray, y: np.ndarray
    ) -> np.ndarray | None:
        """Values where rows and columns of the view are rows and columns of the labelmap."""
        shape = self.values.shape[::-1]
        across = 3 - sum(along)
        n = _nearest(start[across])
        if not 0 <= n < shape[across]:
            return None
        plane = self.values.take(int(n), axis=2 - across)  # its axes in the order K, J, I, without one
        columns, rows = (
            _nearest(start[axis] + steps[axis, n] * at)
            for n, (axis, at) in enumerate(zip(along, (x, y), strict=True))
        )
        if along[0] > along[1]:  # columns of the view run along the plane's first axis
            plane = plane.T
        height, width = plane.shape
        values = plane[np.ix_(rows.clip(0, height - 1), columns.clip(0, width - 1))]
        values[(rows < 0) | (rows >= height)] = NOTHING
        values[:, (columns < 0) | (columns >= width)] = NOTHING
        return values

    def _slanted(self, start: np.ndarray, steps: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Values on any plane."""
        i, j, k = (_nearest(start[n] + steps[n, 1] * y[:, None] + steps[n, 0] * x[None, :]) for n in range(3))
        depth, rows, columns = self.values.shape
        known = (i >= 0) & (j >= 0) & (k >= 0) & (i < columns) & (j < rows) & (k < depth)
        values = np.full(known.shape, NOTHING, self.values.dtype)
        values[known] = self.values[k[known], j[known], i[known]]
        return values


def edge(inside: np.ndarray, width: int) -> np.ndarray:
    """The pixels of a shape that have one outside of it within `width` rows and columns.

    What lies beyond the array is not inside: where a view cuts a segment its border is drawn, as Slicer does.

    Args:
        inside: bool (rows, columns).
        width: pixels.
    """
    rows, columns = inside.shape
    padded = np.pad(inside, width)
    kept = padded[:rows].copy()
    for n in range(1, 2 * width + 1):
        kept &= padded[n : n + rows]
    core = kept[:, :columns].copy()
    for n in range(1, 2 * width + 1):
        core &= kept[:, n : n + columns]
    return inside & ~core


def _nearest(index: Any) -> Any:
    return np.floor(index + 0.5).astype(np.intp)


def _box(
    index_of_pixel: np.ndarray, shape: np.ndarray, size: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """Columns and rows of a view between which a labelmap may lie: left, right, low, high; None for none."""
    ends = np.array([[-0.5, n - 0.5] for n in shape])
    corners = np.array([[i, j, k, 1] for i in ends[0] for j in ends[1] for k in ends[2]])
    at = (np.linalg.inv(index_of_pixel) @ corners.T)[:3]
    low, high = at.min(axis=1), at.max(axis=1)
    if low[2] > 0 or high[2] < 0:
        return None
    left, bottom = (max(0, int(np.floor(mm))) for mm in low[:2])
    right, top = (min(n, int(np.ceil(mm)) + 1) for n, mm in zip(size, high[:2], strict=True))
    return (left, right, bottom, top) if left < right and bottom < top else None
