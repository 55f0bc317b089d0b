"""Areas: what the polygons of each plane enclose by themselves, without any voxel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.planar.planar_structure import PlanarStructure
from ContourQALib.planar.plane_frame import PlaneFrame, frame_of
from ContourQALib.planar.planes import Planes, planes_of, shoelace
from ContourQALib.planar.trapezoids import sides_of

NOTICED = 1e-3
"""Units of area of u and v; loops and overlaps that are smaller, as rounding leaves them, are not said."""


@dataclass(frozen=True, eq=False)
class Areas:
    """Even-odd areas.

    Attributes:
        by_plane: (P,) in units of u and v.
        looped: contours that cross themselves: what they enclose is not what they go around.
        overlapping: pairs of contours of a plane of which neither holds the other, nor are they apart.
    """

    by_plane: np.ndarray
    looped: int
    overlapping: int

    def volume_cc(self, planes: Planes, frame: PlaneFrame) -> float:
        """The area of each plane times the thickness that it stands for, summed, cc."""
        thickness_mm = [plane.upper_mm - plane.lower_mm for plane in planes.planes]
        return float(self.by_plane @ thickness_mm) * frame.uv_area_mm2 / 1000


def polygon_volume_cc(structure: PlanarStructure, grid: Grid) -> float:
    """The volume that polygons enclose by themselves, cc; what masks and coverage are measured by.

    Args:
        structure: contours in LPS mm.
        grid: whose slices say how thick a structure of one or two planes is; nothing else of it counts.

    Raises:
        GeometryError: the structure encloses nothing or is not flat.
    """
    frame = frame_of(structure, grid)
    planes = planes_of(structure, frame)
    return areas_of(planes).volume_cc(planes, frame)


def areas_of(planes: Planes) -> Areas:
    """What the polygons of each plane enclose, and which of them cross."""
    groups = [plane.polygons for plane in planes.planes]
    own = _even_odd([[polygon] for polygons in groups for polygon in polygons])
    around = np.array([abs(shoelace(polygon)) for polygons in groups for polygon in polygons])
    first = np.cumsum([0, *(len(polygons) for polygons in groups)])
    by_plane = np.add.reduceat(own, first[:-1])
    near = {plane: _near(polygons) for plane, polygons in enumerate(groups) if len(polygons) > 1}
    near = {plane: pairs for plane, pairs in near.items() if pairs}
    overlapping = 0
    if near:
        by_plane[list(near)] = _even_odd([groups[plane] for plane in near])
        pairs = [(plane, a, b) for plane, found in near.items() for a, b in found]
        apart = _even_odd([[groups[plane][a], groups[plane][b]] for plane, a, b in pairs])
        one, other = (own[[first[pair[0]] + pair[n] for pair in pairs]] for n in (1, 2))
        common = (one + other - apart) / 2
        overlapping = int(((common > NOTICED) & (common < np.minimum(one, other) - NOTICED)).sum())
    return Areas(by_plane, int((np.abs(own - around) > NOTICED).sum()), overlapping)


def _even_odd(groups: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Even-odd area of each group of polygons."""
    sides = sides_of(groups)
    middle = sides.u.mean(axis=1)
    parts = (middle[1::2] - middle[::2]) * (sides.v[::2, 1] - sides.v[::2, 0])
    return np.bincount(sides.plane[::2], parts, len(groups))


def _near(polygons: Sequence[np.ndarray]) -> list[tuple[int, int]]:
    """Pairs of polygons whose boxes overlap: all others are apart."""
    low, high = (np.array([end(polygon, axis=0) for polygon in polygons]) for end in (np.min, np.max))
    return [
        (a, b)
        for a, b in combinations(range(len(polygons)), 2)
        if (low[a] < high[b]).all() and (low[b] < high[a]).all()
    ]
