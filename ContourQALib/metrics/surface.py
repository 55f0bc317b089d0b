"""Surfaces of masks and the exact distances between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ContourQALib.errors import GeometryError, SettingError
from ContourQALib.metrics.overlap import ratio
from ContourQALib.metrics.ranks import between, linear_rank, slicerrt_rank

TOLERANCE_ROUNDING_MM = 1e-9
"""Slack of the surface Dice tolerance: three voxels of 0.1 mm are within 0.3 mm, whatever binary says."""


def check_tolerance(tolerance_mm: float) -> None:
    """Refuse a tolerance that no distance can be compared with.

    Raises:
        SettingError: it is negative or not finite.
    """
    if not (math.isfinite(tolerance_mm) and tolerance_mm >= 0):
        raise SettingError(f"The surface Dice tolerance must be zero or more mm, not {tolerance_mm}.")


def check_same_shape(one: np.ndarray, other: np.ndarray) -> None:
    """Refuse arrays that cannot lie on one grid: compiled loops would read beyond the smaller one.

    Raises:
        GeometryError: the shapes differ, or there are not two or three dimensions.
    """
    if one.shape != other.shape or one.ndim not in (2, 3):
        raise GeometryError(
            f"Two arrays of one grid need the same two or three dimensions: {one.shape}, {other.shape}."
        )


def box(mask: np.ndarray) -> tuple[slice, ...] | None:
    """The smallest box that holds every true voxel, one slice an axis; None for an empty mask."""
    spans: list[slice] = []
    for axis in range(mask.ndim):
        part = mask[tuple(spans)]  # what the axes before leave: the last is the slow one of a large mask
        hit = np.flatnonzero(part.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        if not hit.size:
            return None
        spans.append(slice(int(hit[0]), int(hit[-1]) + 1))
    return tuple(spans)


def touches_edge(mask: np.ndarray) -> bool:
    """Whether a true voxel lies on the edge of the array along any axis."""
    return any(bool(mask.take(end, axis).any()) for axis in range(mask.ndim) for end in (0, -1))


def surface_voxels(mask: np.ndarray) -> np.ndarray:
    """Indices of the surface: true voxels with a face neighbor that is false or outside the array.

    Args:
        mask: bool, any dimension; 6-neighbors in 3D, 4-neighbors in 2D.

    Returns:
        (n, ndim) integer indices in array order, (k, j, i) for a volume.
    """
    spans = box(mask)
    if spans is None:
        return np.empty((0, mask.ndim), dtype=np.intp)
    padded = np.pad(mask[spans], 1)
    inside = padded.copy()
    for axis in range(mask.ndim):
        inside &= np.roll(padded, 1, axis) & np.roll(padded, -1, axis)
    offset = [span.start - 1 for span in spans]
    return np.argwhere(padded & ~inside) + offset


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Both directed sets of surface distances, mm.

    With one surface empty the other's distances are +inf; with both empty every figure is nan.

    Attributes:
        reference_to_test_mm: one distance a reference surface voxel.
        test_to_reference_mm: one distance a test surface voxel.
    """

    reference_to_test_mm: np.ndarray
    test_to_reference_mm: np.ndarray

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        return np.sort(self.reference_to_test_mm), np.sort(self.test_to_reference_mm)

    @cached_property
    def _pooled(self) -> np.ndarray:
        return np.sort(np.concatenate(self._sorted))

    def _figure(self, defined: Callable[[], float]) -> float:
        """The figure where both surfaces exist; inf where one is missing, nan where both are."""
        missing = sum(d.size == 0 for d in (self.reference_to_test_mm, self.test_to_reference_mm))
        return float(defined()) if not missing else (math.inf if missing == 1 else math.nan)

    @property
    def hd_mm(self) -> float:
        """Hausdorff distance: maximum over both directions."""
        return self._figure(lambda: max(d[-1] for d in self._sorted))

    @property
    def hd95_mm(self) -> float:
        """Larger of the two directed 95th percentiles (linear interpolation)."""
        return self._figure(lambda: max(map(_percentile, self._sorted)))

    @property
    def hd95_pooled_mm(self) -> float:
        """95th percentile of both directed sets pooled (paper Geng, eq. 2)."""
        return self._figure(lambda: _percentile(self._pooled))

    @property
    def hd95_slicerrt_mm(self) -> float:
        """Mean of the two directed order statistics of zero-based rank max(0, floor(0.95 n - 1))."""
        return self._figure(lambda: sum(float(d[slicerrt_rank(d.size)]) for d in self._sorted) / 2)

    @property
    def msd_mm(self) -> float:
        """Mean of both directed sets pooled (paper Bice, eq. 7)."""
        return self._figure(lambda: sum(d.sum() for d in self._sorted) / sum(d.size for d in self._sorted))

    @property
    def masd_mm(self) -> float:
        """Mean of the two directed means."""
        return self._figure(lambda: sum(d.mean() for d in self._sorted) / 2)

    def surface_dice(self, tolerance_mm: float) -> float:
        """Share of both surfaces' voxels within `tolerance_mm` of the other surface."""
        limit = tolerance_mm + TOLERANCE_ROUNDING_MM
        within = sum(int(np.searchsorted(d, limit, side="right")) for d in self._sorted)
        return ratio(within, sum(d.size for d in self._sorted))


def _percentile(distances: np.ndarray) -> float:
    """95th percentile of sorted distances, linearly interpolated as numpy does."""
    below, fraction = linear_rank(distances.size)
    above = min(int(below) + 1, distances.size - 1)
    return float(between(distances[below], distances[above], fraction))


def surface_distances(
    reference: np.ndarray, test: np.ndarray, spacing_kji: Sequence[float]
) -> SurfaceDistances:
    """Exact distances between the surfaces of two masks, center to center.

    Args:
        reference: bool (K, J, I), or (J, I) for a slice.
        test: the same shape.
        spacing_kji: mm along the array's axes.
    """
    spacing = np.asarray(spacing_kji, float)
    surfaces = surface_voxels(reference), surface_voxels(test)
    return SurfaceDistances(
        nearest_mm(surfaces[0], surfaces[1], spacing), nearest_mm(surfaces[1], surfaces[0], spacing)
    )


def nearest_mm(points: np.ndarray, targets: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Distance of every index in `points` to the nearest one in `targets`; inf where there is none."""
    from scipy.spatial import cKDTree

    if not len(targets):
        return np.full(len(points), math.inf)
    if not len(points):
        return np.empty(0)
    nearest = cKDTree(targets * spacing).query(points * spacing)[1]
    # From whole index steps, so that five voxels of 0.98 mm are the same distance wherever they lie.
    return np.asarray(np.linalg.norm((points - targets[nearest]) * spacing, axis=1))
