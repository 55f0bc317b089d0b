"""How contours became a mask, in one line that goes with the mask wherever it is shown."""

from __future__ import annotations

import numpy as np

from ContourQALib.planar.edges import Edges
from ContourQALib.planar.filling import Filled
from ContourQALib.planar.plane_frame import FLAT_MM
from ContourQALib.planar.planes import Planes

RULE = "voxels whose center lies inside, even-odd within a plane, planes reach half-way to the next"


def how(
    planes: Planes, filled: Filled, crossed: tuple[int, int], volume_cc: float, voxel_volume_cc: float
) -> str:
    """One line: the rule, the contours, and every remark.

    Args:
        planes: of the structure.
        filled: what came of filling.
        crossed: contours that cross themselves, and pairs of contours that cross each other.
        volume_cc: that of the polygons themselves.
        voxel_volume_cc: of the grid.
    """
    number = len(planes.planes)
    apart = f", {planes.usual_mm:.3g} mm apart" if number > 1 else ""
    said = [
        f"From {_many(planes.contours, 'contour')} on {_many(number, 'plane')}{apart}: {RULE}",
        f"the polygons' own volume is {volume_cc:.4g} cc",
    ]
    self_crossing, crossing = crossed
    remarks = [
        (planes.points, f"{_many(planes.points, 'contour')} of fewer than three points left out"),
        (planes.areas, f"{_many(planes.areas, 'contour')} without area left out"),
        (planes.duplicates, f"{_many(planes.duplicates, 'contour')} drawn twice counted once"),
        (self_crossing, f"{_many(self_crossing, 'contour')} crossing itself, filled even-odd"),
        (crossing, f"{_many(crossing, 'pair')} of contours crossing each other, the common part left out"),
        (planes.uneven_mm > FLAT_MM, f"points up to {planes.uneven_mm:.2g} mm off their plane moved onto it"),
        (planes.gaps, f"{_many(planes.gaps, 'gap')} between planes left empty"),
        (filled.bridged, f"{_many(filled.bridged, 'slice')} without contours filled from the nearest plane"),
        (filled.unseen, f"{_many(filled.unseen, 'plane')} between slices stood for none"),
        (not filled.inside, "no voxel's center lies inside"),
        (filled.outside, f"{filled.outside * voxel_volume_cc:.3g} cc outside the grid"),
    ]
    return "; ".join([*said, *(text for holds, text in remarks if holds)])


def crossed_contours(edges: Edges, pairs: np.ndarray) -> tuple[int, int]:
    """How many contours cross themselves, and how many pairs of contours cross each other.

    Args:
        edges: of all planes.
        pairs: (C, 2) as `crossings.crossings` gives them.
    """
    contours = np.sort(edges.polygon[pairs], axis=1)
    own = contours[:, 0] == contours[:, 1]
    return len(np.unique(contours[own, 0])), len(np.unique(contours[~own], axis=0))


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("s" if number != 1 else "")
