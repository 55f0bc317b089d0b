"""Grid: where the voxels of an array lie in space, and how an array moves from one grid to another.

Frame: LPS, millimetres, as SimpleITK and DICOM give them. Arrays are (K, J, I); spacing, origin and
direction are in xyz order, the columns of the direction matrix being the axes of I, J and K.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import numpy as np

from ContourQALib.errors import GeometryError

POSITION_TOLERANCE_MM = 1e-3
"""Origins and spacings that differ by at most this are the same: far below a voxel, above rounding."""

DIRECTION_TOLERANCE = 1e-4
"""Largest difference between two direction cosines that are the same."""

ORTHONORMAL_TOLERANCE = 1e-3
"""How far direction axes may be from perpendicular unit vectors: headers round cosines to four decimals."""

LATTICE_TOLERANCE = 1e-3
"""Voxels: a grid that ends this little beyond a voxel's face does not need the next one."""

Vector = tuple[float, float, float]

Kind = Literal["mask", "linear"]
"""How values are interpolated between lattices: nearest neighbor for a mask, linear for everything else."""


class Relation(Enum):
    """How a grid lies relative to another one."""

    SAME = "same"
    LATTICE = "lattice"  # same lattice, other extent: pad or crop, no interpolation
    OTHER = "other"  # overlapping in space, other lattice: resample
    DISJOINT = "disjoint"


@dataclass(frozen=True)
class Grid:
    """A regular voxel grid.

    Attributes:
        size: voxels along I, J and K.
        spacing: distance between voxel centers along I, J and K, mm.
        origin: center of voxel (0, 0, 0), LPS mm.
        direction: nine cosines, row by row; column c is the axis of index c.

    Raises:
        GeometryError: a size below one, a spacing that is not positive, values that are not finite, or axes
            that are not perpendicular unit vectors.
    """

    size: tuple[int, int, int]
    spacing: Vector = (1.0, 1.0, 1.0)
    origin: Vector = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        if len(self.size) != 3 or len(self.spacing) != 3 or len(self.origin) != 3 or len(self.direction) != 9:
            raise GeometryError(
                "A grid needs three sizes, spacings and origin values and nine direction cosines."
            )
        object.__setattr__(self, "size", tuple(int(n) for n in self.size))
        for name in ("spacing", "origin", "direction"):
            values = tuple(float(v) for v in getattr(self, name))
            if not all(math.isfinite(v) for v in values):
                raise GeometryError(f"The grid's {name} holds a value that is not a finite number.")
            object.__setattr__(self, name, values)
        if min(self.size) < 1:
            raise GeometryError(f"The grid has no voxels (size {self.size}).")
        if min(self.spacing) <= 0:
            raise GeometryError(f"The voxel spacing {self.spacing} mm must be positive in every direction.")
        axes = self.axes
        if np.abs(axes.T @ axes - np.eye(3)).max() > ORTHONORMAL_TOLERANCE:
            raise GeometryError("The grid's axes are not perpendicular unit vectors (a sheared image).")

    @classmethod
    def for_shape(cls, shape: Sequence[int], spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> Grid:
        """Grid of an array of `shape` (K, J, I) with `spacing` (x, y, z) mm at the origin, axes LPS."""
        k, j, i = shape
        x, y, z = spacing
        return cls((i, j, k), (x, y, z))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape (K, J, I)."""
        return self.size[::-1]

    @property
    def spacing_kji(self) -> Vector:
        """Spacing along the array's axes (K, J, I), mm."""
        return self.spacing[::-1]

    @property
    def axes(self) -> np.ndarray:
        """Direction as a 3x3 matrix whose columns are the unit axes of I, J, K in LPS."""
        return np.array(self.direction).reshape(3, 3)

    @property
    def voxel_volume_cc(self) -> float:
        """Volume of one voxel, cc."""
        return math.prod(self.spacing) / 1000.0

    def index_to_world(self, index: Any) -> np.ndarray:
        """LPS mm of (..., 3) continuous indices given as (i, j, k)."""
        scaled = np.asarray(index, float) * self.spacing
        return np.asarray(scaled @ self.axes.T + self.origin)

    def world_to_index(self, point: Any) -> np.ndarray:
        """Continuous (i, j, k) of (..., 3) LPS points in mm."""
        # The inverse, not the transpose: axes may be off perpendicular by the rounding of a header.
        local = (np.asarray(point, float) - self.origin) @ np.linalg.inv(self.axes).T
        return np.asarray(local / self.spacing)

    def at_spacing(self, spacing: Sequence[float]) -> Grid:
        """The grid of another spacing over the same space, to half a voxel at the far ends.

        Args:
            spacing: along I, J and K, mm.

        Raises:
            GeometryError: as for any grid.
        """
        parts = np.divide(spacing, self.spacing)
        i, j, k = (int(n) for n in np.maximum(1, np.round(np.divide(self.size, parts))))
        di, dj, dk = (float(mm) for mm in spacing)
        x, y, z = (float(mm) for mm in self.index_to_world((parts - 1) / 2))
        return Grid((i, j, k), (di, dj, dk), (x, y, z), self.direction)

    def part(self, spans: Sequence[slice]) -> Grid:
        """The grid of a box of this one's voxels.

        Args:
            spans: first and last + 1 along the array's axes K, J, I.

        Raises:
            GeometryError: the box has no voxels.
        """
        k, j, i = spans
        x, y, z = (float(mm) for mm in self.index_to_world((i.start, j.start, k.start)))
        size = (i.stop - i.start, j.stop - j.start, k.stop - k.start)
        return Grid(size, self.spacing, (x, y, z), self.direction)

    def covering(self, others: Sequence[Grid]) -> Grid:
        """This lattice, extended so that it also holds the voxels of those other grids that it overlaps."""
        corners = [self.world_to_index(one._corners()) for one in (self, *others) if self.overlaps(one)]
        low, high = np.min(np.concatenate(corners), axis=0), np.max(np.concatenate(corners), axis=0)
        first = np.floor(low + 0.5 + LATTICE_TOLERANCE).astype(int)
        last = np.ceil(high - 0.5 - LATTICE_TOLERANCE).astype(int)
        i, j, k = (int(n) for n in last - first + 1)
        x, y, z = (float(mm) for mm in self.index_to_world(first))
        return Grid((i, j, k), self.spacing, (x, y, z), self.direction)

    def relation_to(self, other: Grid) -> Relation:
        """How this grid lies relative to `other`; see `Relation`."""
        aligned = (
            np.abs(np.subtract(self.spacing, other.spacing)).max() <= POSITION_TOLERANCE_MM
            and np.abs(np.subtract(self.direction, other.direction)).max() <= DIRECTION_TOLERANCE
        )
        if aligned:
            moved_mm = np.abs(np.subtract(self.origin, other.origin)).max()
            if self.size == other.size and moved_mm <= POSITION_TOLERANCE_MM:
                return Relation.SAME
            step = other.world_to_index(self.origin)
            off_lattice_mm = np.abs(step - np.round(step)) * other.spacing
            if off_lattice_mm.max() <= POSITION_TOLERANCE_MM:
                start = np.round(step).astype(int)
                apart = (start >= other.size) | (start + self.size <= 0)
                return Relation.DISJOINT if apart.any() else Relation.LATTICE
        return Relation.OTHER if self.overlaps(other) else Relation.DISJOINT

    def overlaps(self, other: Grid) -> bool:
        """Whether the boxes of the two grids, out to the voxels' faces, share a point (separating axes)."""
        mine, theirs = self._corners(), other._corners()
        normals = [*self.axes.T, *other.axes.T]
        normals += [np.cross(a, b) for a in self.axes.T for b in other.axes.T]
        for axis in normals:
            if np.linalg.norm(axis) < 1e-9:
                continue
            a, b = mine @ axis, theirs @ axis
            if a.max() <= b.min() or b.max() <= a.min():
                return False
        return True

    def _corners(self) -> np.ndarray:
        i, j, k = ((-0.5, n - 0.5) for n in self.size)
        return self.index_to_world([(x, y, z) for x in i for y in j for z in k])


@dataclass(frozen=True, eq=False)
class Placement:
    """An array brought onto another grid.

    Attributes:
        values: the array on the target grid, (K, J, I).
        resampled: whether voxels were interpolated (false for the same grid and for padding or cropping).
        lost_cc: volume of the foreground (values above zero) that lies outside the target grid.
    """

    values: np.ndarray
    resampled: bool
    lost_cc: float


def place(values: np.ndarray, source: Grid, target: Grid, kind: Kind) -> Placement:
    """Bring an array from the grid `source` onto the grid `target`.

    On the same lattice the array is padded with zeros or cropped; elsewhere it is resampled (nearest
    neighbor for a mask, linear for probabilities and images), with zero outside.

    Args:
        values: (K, J, I) on `source`.
        source: grid of `values`.
        target: grid to bring them to.
        kind: "mask" or "linear".

    Raises:
        GeometryError: the grids have no point in common, or a non-empty mask lies wholly outside `target`.
    """
    relation = source.relation_to(target)
    if relation is Relation.SAME:
        return Placement(values, False, 0.0)
    if kind == "mask" and not values.any():
        # Nothing lies nowhere: Slicer saves a segmentation without any voxel as one voxel at the origin.
        return Placement(np.zeros(target.shape, values.dtype), False, 0.0)
    if relation is Relation.DISJOINT:
        raise GeometryError(
            "the two grids have no point in common (another patient, or a missing transform?)"
        )
    moved = _pad_or_crop(values, source, target) if relation is Relation.LATTICE else None
    lost_cc = 0.0
    if kind == "mask":
        total = int(np.count_nonzero(values))
        # what was cropped away can be counted; elsewhere every voxel must be looked for in the other grid
        lost = (
            _foreground_outside(values, source, target)
            if moved is None
            else total - int(np.count_nonzero(moved))
        )
        if total and lost == total:
            raise GeometryError("the contour lies wholly outside the grid it is needed on")
        lost_cc = lost * source.voxel_volume_cc
    if moved is not None:
        return Placement(moved, False, lost_cc)
    return Placement(_resample(values, source, target, kind), True, lost_cc)


def _foreground_outside(mask: np.ndarray, source: Grid, target: Grid) -> int:
    kji = np.argwhere(mask)
    index = target.world_to_index(source.index_to_world(kji[:, ::-1]))
    return int(((index < -0.5) | (index >= np.asarray(target.size) - 0.5)).any(axis=1).sum())


def _pad_or_crop(values: np.ndarray, source: Grid, target: Grid) -> np.ndarray:
    start = np.round(target.world_to_index(source.origin)).astype(int)[::-1]
    result = np.zeros(target.shape, values.dtype)
    into = tuple(
        slice(max(s, 0), min(s + n, m)) for s, n, m in zip(start, values.shape, result.shape, strict=True)
    )
    cut = tuple(slice(w.start - s, w.stop - s) for w, s in zip(into, start, strict=True))
    result[into] = values[cut]
    return result


def _resample(values: np.ndarray, source: Grid, target: Grid, kind: Kind) -> np.ndarray:
    import SimpleITK as sitk

    moving = to_sitk(values.astype(np.uint8) if values.dtype == bool else values, source)
    interpolator = sitk.sitkNearestNeighbor if kind == "mask" else sitk.sitkLinear
    resampled = sitk.Resample(
        moving,
        target.size,
        sitk.Transform(),
        interpolator,
        target.origin,
        target.spacing,
        target.direction,
        0.0,
    )
    return sitk.GetArrayFromImage(resampled).astype(values.dtype)


def to_sitk(values: np.ndarray, grid: Grid) -> Any:
    """SimpleITK image of a (K, J, I) array on `grid`."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(values)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    return image
