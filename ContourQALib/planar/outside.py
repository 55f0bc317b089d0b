"""A structure that lies beside the grid that it is needed on."""

from __future__ import annotations

import numpy as np

from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid
from ContourQALib.planar.planar_structure import PlanarStructure


def lies_beside(structure: PlanarStructure, grid: Grid) -> bool:
    """Whether all points lie beyond one face of the grid."""
    index = grid.world_to_index(np.concatenate([contour.points_mm for contour in structure.contours]))
    return bool(((index.max(axis=0) < -0.5) | (index.min(axis=0) >= np.array(grid.size) - 0.5)).any())


def wholly_outside(structure: PlanarStructure) -> GeometryError:
    """The error of a structure of which the grid has nothing."""
    return GeometryError(
        f"{structure.described} lies wholly outside the grid that it is needed on; is it of another patient"
        " or another frame of reference?"
    )
