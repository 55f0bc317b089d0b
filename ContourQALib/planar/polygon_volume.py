"""The volume that polygons enclose by themselves, without any voxel."""

from __future__ import annotations

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.planar.crossings import crossings
from ContourQALib.planar.edges import Edges, edges_of
from ContourQALib.planar.planar_structure import PlanarStructure
from ContourQALib.planar.plane_frame import PlaneFrame, frame_of
from ContourQALib.planar.planes import Planes, planes_of
from ContourQALib.planar.trapezoids import sides_of


def polygon_volume_cc(structure: PlanarStructure, grid: Grid) -> float:
    """The even-odd area of each plane times the thickness that it stands for, summed, cc.

    Args:
        structure: contours in LPS mm.
        grid: whose slices say how thick a structure of one plane is; nothing else of it counts.

    Raises:
        GeometryError: the structure encloses nothing or is not flat.
    """
    frame = frame_of(structure, grid)
    planes = planes_of(structure, frame)
    edges = edges_of(planes.planes)
    return float(volumes_cc(planes, frame, edges, crossings(edges)).sum())


def volumes_cc(planes: Planes, frame: PlaneFrame, edges: Edges, crossed: np.ndarray) -> np.ndarray:
    """What each plane stands for, cc; arguments as those of `trapezoids.sides_of`."""
    sides = sides_of(planes.planes, edges, crossed)
    middle = sides.u.mean(axis=1)
    parts = (middle[1::2] - middle[::2]) * (sides.v[::2, 1] - sides.v[::2, 0])
    areas = np.bincount(sides.plane[::2], parts, len(planes.planes)) * frame.uv_area_mm2
    return np.asarray(areas * [plane.upper_mm - plane.lower_mm for plane in planes.planes] / 1000)
