"""PlaneFrame: coordinates along a structure's planes and across them, the same however a grid's axes run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid
from ContourQALib.planar.planar_structure import PlanarStructure

FLAT_MM = 0.05
"""Points of a contour that leave its plane by no more than this are on it: files round to 0.01 mm."""

UNEVEN_MM = 0.5
"""Largest distance of a point from its contour's plane that is flattened, and said; beyond it no plane is
meant. Half a millimeter is less than half of any slice that is contoured in radiotherapy."""


@dataclass(frozen=True, eq=False)
class PlaneFrame:
    """Coordinates (u, v, t) of LPS points: u and v within the planes, t across them.

    Where the planes lie along a face of the grid, u and v count voxels (0 is the center of the first one) and
    (u, v, t) are the grid's own axes. Elsewhere all are mm, and u runs in the plane beside the axis of the
    grid that is nearest to it, so that v is the same for all voxels along this axis. Order and sense of the
    axes follow the patient, not the file: the same voxels are chosen whichever way the file's axes run.

    Attributes:
        matrix: (3, 3), rows for u, v and t.
        offset: (3,), added to the product.
        uv_area_mm2: area of a unit square of u and v, mm².
        slice_mm: how far apart the grid's slices are along t.
        axes: the grid's axes (0 for I) along u, v and t, or where planes are oblique those nearest to them.
        flipped: whether u, v and t run against those axes.
        is_oblique: whether the planes lie along no face of the grid.
    """

    matrix: np.ndarray
    offset: np.ndarray
    uv_area_mm2: float
    slice_mm: float
    axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    is_oblique: bool

    def local(self, points_mm: np.ndarray) -> np.ndarray:
        """(u, v, t) of (..., 3) LPS points in mm; t is in mm."""
        return np.asarray(points_mm @ self.matrix.T + self.offset)

    def slices_of(self, values: np.ndarray) -> np.ndarray:
        """A (K, J, I) array as (slices along t, rows along v, columns along u), without a copy."""
        u, v, t = (2 - axis for axis in self.axes)
        turned = values.transpose(t, v, u)
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in reversed(self.flipped))
        return turned[steps]

    def first_and_steps(self, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
        """(u, v, t) of the first voxel of `slices_of`, and rows of what a step along each of `axes` adds."""
        corner = np.zeros(3)
        steps = np.empty((3, 3))
        for number, (axis, flip) in enumerate(zip(self.axes, self.flipped, strict=True)):
            corner[axis] = grid.size[axis] - 1 if flip else 0
            steps[number] = grid.axes[:, axis] * (-grid.spacing[axis] if flip else grid.spacing[axis])
        return self.local(grid.index_to_world(corner)), steps @ self.matrix.T


def frame_of(structure: PlanarStructure, grid: Grid) -> PlaneFrame:
    """The frame of a structure's planes on a grid.

    Args:
        structure: contours in LPS mm.
        grid: where it is to become a mask.

    Raises:
        GeometryError: no contour has three points, one is not flat, or their planes are not parallel.
    """
    contours = [contour.points_mm for contour in structure.contours if len(contour.points_mm) >= 3]
    if not contours:
        raise GeometryError(f"{structure.described} has no contour of three points or more; leave it out.")
    leaving = [max(_leaving(contours, across)) for across in np.linalg.inv(grid.axes)]
    if min(leaving) <= FLAT_MM:
        return _along(grid, int(np.argmin(leaving)))
    normal = _common_normal(contours)
    flatness = max(_leaving(contours, normal))
    if flatness > UNEVEN_MM:
        own = max(_leaving([points], _common_normal([points]))[0] for points in contours)
        if own > UNEVEN_MM:
            raise GeometryError(
                f"{structure.described}: a contour leaves its plane by {own:.1f} mm (up to {UNEVEN_MM} are"
                " flattened); draw it on a plane, or export the structure as a mask."
            )
        raise GeometryError(
            f"{structure.described}: its contours lie on planes that are not parallel ({flatness:.1f} mm off"
            " one direction); leave out those of the other views, or export the structure as a mask."
        )
    return _oblique(grid, normal)


def _along(grid: Grid, across: int) -> PlaneFrame:
    """The grid's own frame for planes across one of its axes."""
    u, v = _nearest_to_patient(grid, [axis for axis in (0, 1, 2) if axis != across])
    axes = (u, v, across)
    to_index = np.linalg.inv(grid.axes) / np.array(grid.spacing)[:, None]
    matrix, offset = np.empty((3, 3)), np.empty(3)
    for row, (axis, flip) in enumerate(zip(axes, _flipped(grid, axes), strict=True)):
        matrix[row] = -to_index[axis] if flip else to_index[axis]
        last = grid.size[axis] - 1 if flip else 0
        offset[row] = last - matrix[row] @ np.array(grid.origin)
    slice_mm = grid.spacing[across]
    matrix[2] *= slice_mm
    offset[2] *= slice_mm
    area = grid.spacing[u] * grid.spacing[v]
    return PlaneFrame(matrix, offset, area, slice_mm, axes, _flipped(grid, axes), is_oblique=False)


def _oblique(grid: Grid, normal: np.ndarray) -> PlaneFrame:
    """A frame in mm beside the grid's axes."""
    if _against(normal):
        normal = -normal
    leaving = np.round(np.abs(normal @ grid.axes), 6)
    along = min(_nearest_to_patient(grid, [0, 1, 2]), key=lambda axis: leaving[axis])
    v, t = sorted((axis for axis in (0, 1, 2) if axis != along), key=lambda axis: leaving[axis])
    axes = (along, v, t)
    flipped = _flipped(grid, axes)
    side = np.cross(normal, -grid.axes[:, along] if flipped[0] else grid.axes[:, along])
    side /= np.linalg.norm(side)
    matrix = np.stack([np.cross(side, normal), side, normal])
    # From one voxel to the next along the axis that is nearest to the normal: as many slabs as slices.
    slice_mm = float(np.max(np.abs(normal @ grid.axes) * grid.spacing))
    return PlaneFrame(matrix, np.zeros(3), 1.0, slice_mm, axes, flipped, is_oblique=True)


def _flipped(grid: Grid, axes: tuple[int, int, int]) -> tuple[bool, bool, bool]:
    u, v, t = (_against(grid.axes[:, axis]) for axis in axes)
    return u, v, t


def _nearest_to_patient(grid: Grid, axes: list[int]) -> list[int]:
    """Axes of a grid in the order left-right, front-back, head-foot."""
    cosines = np.round(np.abs(grid.axes), 6)
    return sorted(axes, key=lambda axis: tuple(-cosines[:, axis]))


def _against(direction: np.ndarray) -> bool:
    """Whether a direction runs to the patient's right, front or feet, whichever it is nearest to."""
    rounded = np.round(direction, 6)
    return bool(rounded[np.argmax(np.abs(rounded))] < 0)


def _leaving(contours: list[np.ndarray], normal: np.ndarray) -> list[float]:
    """How far each contour's points leave the middle plane across `normal`, mm."""
    return [float(np.ptp(points @ normal)) / 2 for points in contours]


def _common_normal(contours: list[np.ndarray]) -> np.ndarray:
    """The direction in which contours, each moved to its middle, spread least."""
    centered = np.concatenate([points - points.mean(axis=0) for points in contours])
    return np.asarray(np.linalg.svd(centered.T @ centered)[0][:, 2])
