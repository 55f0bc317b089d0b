"""From polygons to voxels: the mask of a structure that was drawn as contours on planes."""

from __future__ import annotations

import numpy as np

from ContourQALib.case import RASTERIZED_TAG, Contour
from ContourQALib.geometry import Grid
from ContourQALib.planar.areas import areas_of
from ContourQALib.planar.filling import fill
from ContourQALib.planar.oblique import fill_oblique
from ContourQALib.planar.outside import lies_beside, wholly_outside
from ContourQALib.planar.planar_structure import PlanarStructure
from ContourQALib.planar.plane_frame import frame_of
from ContourQALib.planar.planes import planes_of
from ContourQALib.planar.remarks import how


def rasterize(structure: PlanarStructure, grid: Grid) -> Contour:
    """The mask of a structure, by a rule that its tag states.

    * A voxel belongs when its center lies inside. A center on an edge counts as a little further to the
      patient's left, back and head, so that neighbors share no voxel and leave none out.
    * Within a plane contours combine by the even-odd rule: holes, islands, keyholes, self-crossings.
    * A plane stands for half the way to its neighbors; at the ends, and where the next one is more than twice
      as far away as usual, for half the usual distance and no further; a single plane for one slice.

    Planes may lie along any face of the grid or oblique to it, on its slices or off them. Turning or flipping
    the axes of the grid changes no voxel.

    Args:
        structure: contours in LPS mm.
        grid: where the mask is needed.

    Returns:
        The mask; `RASTERIZED_TAG` says how it was made and what was left out; `lost_cc` is what lies outside;
        `volume_polygons_cc` is what the polygons enclose by themselves.

    Raises:
        GeometryError: the structure encloses nothing, is not flat, or lies wholly outside the grid.
    """
    frame = frame_of(structure, grid)
    planes = planes_of(structure, frame)
    mask = np.zeros(grid.shape, bool)
    filled = fill_oblique(mask, grid, planes, frame) if frame.is_oblique else fill(mask, planes, frame)
    if not filled.inside and (filled.outside or lies_beside(structure, grid)):
        raise wholly_outside(structure)
    areas = areas_of(planes)
    volume_cc = areas.volume_cc(planes, frame)
    said = how(planes, filled, areas, volume_cc, grid.voxel_volume_cc)
    return Contour(
        mask,
        grid,
        structure.name,
        structure.color,
        {**structure.tags, RASTERIZED_TAG: said},
        structure.path,
        lost_cc=filled.outside * grid.voxel_volume_cc,
        volume_polygons_cc=volume_cc,
    )
