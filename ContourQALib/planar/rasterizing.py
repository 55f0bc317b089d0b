"""From polygons to voxels: the mask of a structure that was drawn as contours on planes."""

from __future__ import annotations

import numpy as np

from ContourQALib.case import RASTERIZED_TAG, Contour
from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid
from ContourQALib.planar.crossings import crossings
from ContourQALib.planar.edges import edges_of
from ContourQALib.planar.filling import fill
from ContourQALib.planar.oblique import fill_oblique
from ContourQALib.planar.planar_structure import PlanarStructure
from ContourQALib.planar.plane_frame import frame_of
from ContourQALib.planar.planes import planes_of
from ContourQALib.planar.polygon_volume import volumes_cc
from ContourQALib.planar.remarks import crossed_contours, how


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
        The mask; `RASTERIZED_TAG` says how it was made and what was left out; `lost_cc` is what lies outside.

    Raises:
        GeometryError: the structure encloses nothing, is not flat, or lies wholly outside the grid.
    """
    frame = frame_of(structure, grid)
    planes = planes_of(structure, frame)
    edges = edges_of(planes.planes)
    mask = np.zeros(grid.shape, bool)
    if frame.axes is None:
        filled = fill_oblique(mask, grid, planes, frame, edges)
    else:
        filled = fill(mask, planes, frame, edges)
    if not filled.inside and (filled.outside or _beside(structure, grid)):
        raise GeometryError(
            f"{structure.described} lies wholly outside the grid that it is needed on; is it of another"
            " patient or another frame of reference?"
        )
    crossed = crossings(edges)
    volume_cc = float(volumes_cc(planes, frame, edges, crossed).sum())
    said = how(planes, filled, crossed_contours(edges, crossed), volume_cc, grid.voxel_volume_cc)
    return Contour(
        mask,
        grid,
        structure.name,
        structure.color,
        {**structure.tags, RASTERIZED_TAG: said},
        structure.path,
        lost_cc=filled.outside * grid.voxel_volume_cc,
    )


def _beside(structure: PlanarStructure, grid: Grid) -> bool:
    """Whether all points lie beyond one face of the grid."""
    index = grid.world_to_index(np.concatenate([contour.points_mm for contour in structure.contours]))
    return bool(((index.max(axis=0) < -0.5) | (index.min(axis=0) >= np.array(grid.size) - 0.5)).any())
