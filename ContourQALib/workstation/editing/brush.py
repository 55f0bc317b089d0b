"""Brush: which voxels a disc or a ball touches while it moves from one point to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ContourQALib.geometry import Grid

SMALLEST_MM, LARGEST_MM = 1.0, 100.0
"""Diameters that make sense for organs."""

ROUNDING = 1e-6
"""Of a voxel: what the conversion of a slice's position to LPS and back may lose."""


@dataclass(frozen=True, eq=False)
class Touched:
    """The voxels that a brush touched.

    Attributes:
        first: (i, j, k) of the box on the image's grid.
        mask: bool (K, J, I); the box lies wholly within the image.
    """

    first: tuple[int, int, int]
    mask: np.ndarray


@dataclass(frozen=True)
class Brush:
    """A disc in the plane of a slice, one voxel thick, or a ball.

    Attributes:
        diameter_mm: of the disc or the ball.
        ball: whether neighboring slices are touched too.
    """

    diameter_mm: float = 10.0
    ball: bool = False

    def touched(self, grid: Grid, start: np.ndarray, end: np.ndarray, normal: np.ndarray) -> Touched | None:
        """Voxels whose center the brush covers on its way between two points of a slice.

        A disc is as thick as the voxels are along its normal's main axis: on a slice along the grid that is
        the slice alone, on an oblique one a plane without holes. A brush smaller than a voxel touches the
        voxel that it is in.

        Args:
            grid: of the image.
            start: LPS mm.
            end: LPS mm, on the same slice.
            normal: unit vector across the slice, LPS.

        Returns:
            None where nothing of the image is touched.
        """
        spacing = np.array(grid.spacing)
        # in mm along the grid's axes, which are perpendicular
        begin = grid.world_to_index(start) * spacing
        way = grid.world_to_index(end) * spacing - begin
        across = np.asarray(normal) @ grid.axes
        in_plane = np.sqrt(np.maximum(0.0, 1 - across**2))
        radius = max(self.diameter_mm / 2, float(np.linalg.norm(spacing * in_plane)) / 2)
        half_thickness = float((np.abs(across) * spacing).max()) / 2
        reach = np.full(3, radius) if self.ball else radius * in_plane + half_thickness * np.abs(across)
        low = np.ceil((np.minimum(begin, begin + way) - reach) / spacing - ROUNDING)
        high = np.floor((np.maximum(begin, begin + way) + reach) / spacing + ROUNDING) + 1
        low, high = np.maximum(low, 0).astype(int), np.minimum(high, grid.size).astype(int)
        if (low >= high).any():
            return None
        # (K, J, I) of offsets from the start, along I, J and K
        x, y, z = (
            (np.arange(low[n], high[n]) * spacing[n] - begin[n]).reshape(shape)
            for n, shape in enumerate([(1, 1, -1), (1, -1, 1), (-1, 1, 1)])
        )
        length_squared = float(way @ way)
        part = 0.0
        if length_squared > 0:
            part = np.clip((x * way[0] + y * way[1] + z * way[2]) / length_squared, 0, 1)
        squared = (x - part * way[0]) ** 2 + (y - part * way[1]) ** 2 + (z - part * way[2]) ** 2
        if self.ball:
            mask = squared <= radius**2
        else:
            height = x * across[0] + y * across[1] + z * across[2]
            # half open, so that a plane between two slices takes one of them
            lowest, highest = -half_thickness * (1 + ROUNDING), half_thickness * (1 - ROUNDING)
            mask = (squared - height**2 <= radius**2) & (height >= lowest) & (height < highest)
        return Touched((int(low[0]), int(low[1]), int(low[2])), mask) if mask.any() else None
