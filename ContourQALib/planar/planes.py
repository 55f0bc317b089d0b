"""Planes: the contours of a structure put in order, and which part of the body each plane stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ContourQALib.errors import GeometryError
from ContourQALib.planar.planar_structure import PlanarStructure
from ContourQALib.planar.plane_frame import FLAT_MM, PlaneFrame

WIDEST_GAP = 2.0
"""Planes further apart than this many times the usual are not neighbors: nothing is drawn between them. Every
second slice left out, or one forgotten, is bridged; two are a gap."""

GRAIN = 2.0**-16
"""Points are rounded to this part of a unit of u and v (0.00002 of a voxel or mm), so that what is on a line
is decided in whole numbers, the same on every machine and for every sense of the axes."""

FARTHEST = 8192.0
"""Largest u and v of a point: products of differences between rounded points then fit 64 bits."""

NO_AREA = 1e-6
"""Units of area of u and v below which a contour encloses nothing."""


@dataclass(frozen=True, eq=False)
class Plane:
    """The contours of one plane.

    Attributes:
        position_mm: t of the plane.
        lower_mm: t from which it stands for the body.
        upper_mm: t up to which it does.
        polygons: (N, 2) u and v of the points of each contour.
    """

    position_mm: float
    lower_mm: float
    upper_mm: float
    polygons: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Planes:
    """The planes of a structure in increasing t, and what was noticed on the way.

    Attributes:
        planes: at least one.
        usual_mm: how far apart neighbors usually are.
        tolerance_mm: positions that differ by less are the same.
        contours: how many contours the planes hold.
        points: contours left out that have fewer than three points.
        areas: contours left out that enclose nothing.
        duplicates: contours left out since the same one is there already.
        gaps: places where neighbors are too far apart to belong together.
        uneven_mm: how far a point was moved to its plane.
    """

    planes: tuple[Plane, ...]
    usual_mm: float
    tolerance_mm: float
    contours: int
    points: int
    areas: int
    duplicates: int
    gaps: int
    uneven_mm: float


def planes_of(structure: PlanarStructure, frame: PlaneFrame) -> Planes:
    """Put the contours of a structure in order.

    A plane stands for half the way to its neighbors, at the ends and before a gap for half the usual
    distance. The usual distance is the lower median of those that there are; two planes do not tell it, so
    that it is then at most the distance of the grid's slices, and with one plane just that.

    Raises:
        GeometryError: no contour encloses anything, or a point is out of all proportion.
    """
    tolerance = min(FLAT_MM, frame.slice_mm / 10)
    drawn, points, areas, uneven = [], 0, 0, 0.0
    for contour in structure.contours:
        if len(contour.points_mm) < 3:
            points += 1
            continue
        local = frame.local(contour.points_mm)
        if np.abs(local[:, :2]).max() > FARTHEST:
            raise GeometryError(
                f"{structure.described}: a contour's point lies meters away from the image; is it another"
                " patient's, or damaged?"
            )
        if abs(shoelace(local[:, :2])) <= NO_AREA and not _is_wide(local[:, :2]):
            areas += 1
            continue
        low, high = float(local[:, 2].min()), float(local[:, 2].max())
        uneven = max(uneven, (high - low) / 2)
        drawn.append(((low + high) / 2, local[:, :2]))
    if not drawn:
        raise GeometryError(
            f"{structure.described} encloses no area ({len(structure.contours)} contours, {points} with fewer"
            " than three points); leave it out."
        )
    drawn.sort(key=lambda flat: flat[0])
    groups: list[list[tuple[float, np.ndarray]]] = []
    for flat in drawn:
        if groups and flat[0] - groups[-1][0][0] <= tolerance:
            groups[-1].append(flat)
        else:
            groups.append([flat])
    positions = np.array([(group[0][0] + group[-1][0]) / 2 for group in groups])
    lower, upper, usual, gaps = _slabs(positions, frame.slice_mm, tolerance)
    planes, duplicates = [], 0
    for t, a, b, group in zip(positions, lower, upper, groups, strict=True):
        polygons = _without_duplicates([polygon for _, polygon in group])
        duplicates += len(group) - len(polygons)
        planes.append(Plane(float(t), float(a), float(b), polygons))
    kept = len(drawn) - duplicates
    return Planes(tuple(planes), usual, tolerance, kept, points, areas, duplicates, gaps, uneven)


def _slabs(
    positions: np.ndarray, slice_mm: float, tolerance: float
) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Lower and upper end of what each plane stands for, the usual distance, and the number of gaps."""
    distances = np.diff(positions)
    if distances.size == 0:
        usual = slice_mm
    elif distances.size == 1:  # two planes do not tell how densely a structure was drawn
        usual = min(float(distances[0]), slice_mm)
    else:
        usual = float(np.sort(distances)[(distances.size - 1) // 2])
    gaps = distances > WIDEST_GAP * usual + 2 * tolerance
    reach = np.where(gaps, usual, distances) / 2
    lower = positions - np.concatenate([[usual / 2], reach])
    upper = positions + np.concatenate([reach, [usual / 2]])
    return lower, upper, usual, int(gaps.sum())


def _without_duplicates(polygons: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """The contours of a plane without those whose edges are another one's: even-odd would erase both."""
    if len(polygons) == 1:
        return tuple(polygons)
    kept: dict[bytes, np.ndarray] = {}
    for polygon in polygons:
        ends = np.rint(polygon / GRAIN).astype(np.int64)
        edges = np.concatenate([ends, np.roll(ends, -1, axis=0)], axis=1)
        edges = edges[(edges[:, :2] != edges[:, 2:]).any(axis=1)]
        backward = (edges[:, 0] > edges[:, 2]) | ((edges[:, 0] == edges[:, 2]) & (edges[:, 1] > edges[:, 3]))
        edges[backward] = edges[backward][:, [2, 3, 0, 1]]
        kept.setdefault(edges[np.lexsort(edges.T)].tobytes(), polygon)
    return tuple(kept.values())


def shoelace(polygon: np.ndarray) -> float:
    """Area that a polygon (N, 2) goes around, negative where it goes the other way."""
    x, y = (polygon - polygon[0]).T  # the edges at the first point then add nothing
    return float(x[:-1] @ y[1:] - y[:-1] @ x[1:]) / 2


def _is_wide(polygon: np.ndarray) -> bool:
    """Whether points do not lie on one line: a figure of eight has a signed area of zero, and is one."""
    spread = np.linalg.svd(polygon - polygon.mean(axis=0), compute_uv=False)
    return bool(spread[1] > NO_AREA)
