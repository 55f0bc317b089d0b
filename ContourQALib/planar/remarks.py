"""How contours became a mask, or shares, in one line that goes with them wherever they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from ContourQALib.planar.areas import Areas
from ContourQALib.planar.filling import Filled
from ContourQALib.planar.plane_frame import FLAT_MM
from ContourQALib.planar.planes import Planes

_COMBINED = "even-odd within a plane, planes reach half-way to the next"
RULE = f"voxels whose center lies inside, {_COMBINED}"
SHARES = f"of each voxel the share that lies inside, {_COMBINED}"

ROUNDING = 1e-5
"""Part of a volume up to which sums of single precision differ from it."""


def how(planes: Planes, filled: Filled, areas: Areas, volume_cc: float, voxel_volume_cc: float) -> str:
    """One line: the rule, the contours, and every remark.

    Args:
        planes: of the structure.
        filled: what came of filling.
        areas: that the planes' contours enclose.
        volume_cc: that of the polygons themselves.
        voxel_volume_cc: of the grid.
    """
    filling = [
        (filled.bridged, f"{_many(filled.bridged, 'slice')} without contours filled from the nearest plane"),
        (filled.unseen, f"{_many(filled.unseen, 'plane')} between slices stood for none"),
        (not filled.inside, "no voxel's center lies inside"),
        (filled.outside, f"{filled.outside * voxel_volume_cc:.3g} cc outside the grid"),
    ]
    return _line(RULE, planes, areas, volume_cc, filling)


def how_shared(planes: Planes, areas: Areas, volume_cc: float, outside_cc: float) -> str:
    """The same of shares of voxels.

    Args:
        planes: of the structure.
        areas: that the planes' contours enclose.
        volume_cc: that of the polygons themselves.
        outside_cc: how much of it lies beyond the grid.
    """
    outside = (outside_cc > ROUNDING * volume_cc, f"{outside_cc:.3g} cc outside the grid")
    return _line(SHARES, planes, areas, volume_cc, [outside])


def _line(
    rule: str, planes: Planes, areas: Areas, volume_cc: float, further: Sequence[tuple[object, str]]
) -> str:
    number = len(planes.planes)
    apart = f", {planes.usual_mm:.3g} mm apart" if number > 1 else ""
    said = [
        f"From {_many(planes.contours, 'contour')} on {_many(number, 'plane')}{apart}: {rule}",
        f"the polygons' own volume is {volume_cc:.4g} cc",
    ]
    remarks: list[tuple[object, str]] = [
        (planes.points, f"{_many(planes.points, 'contour')} of fewer than three points left out"),
        (planes.areas, f"{_many(planes.areas, 'contour')} without area left out"),
        (planes.duplicates, f"{_many(planes.duplicates, 'contour')} drawn twice counted once"),
        (areas.looped, f"{_many(areas.looped, 'contour')} crossing itself, filled even-odd"),
        (
            areas.overlapping,
            f"{_many(areas.overlapping, 'pair')} of contours crossing each other, the common part left out",
        ),
        (planes.uneven_mm > FLAT_MM, f"points up to {planes.uneven_mm:.2g} mm off their plane moved onto it"),
        (planes.gaps, f"{_many(planes.gaps, 'gap')} between planes left empty"),
        *further,
    ]
    return "; ".join([*said, *(text for holds, text in remarks if holds)])


def rule_and_remarks(said: str) -> tuple[str, tuple[str, ...]]:
    """The rule of a line that `how` wrote, and what was out of the ordinary; any other line as it is.

    Twenty structures of one file share a rule: where many stand in a table it is told once, and only what a
    reader must know of one of them beside it.
    """
    _, rule, after = said.partition(RULE)
    if not rule or RULE in after:
        return said, ()
    return RULE, tuple(after.removeprefix("; ").split("; ")[1:])  # the volume is first


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("s" if number != 1 else "")
