"""The grid that the slices of a series lie on, and in which order; what is no regular volume is an error.

Slices are put in order by where they lie along the normal of their plane, cosines of I cross cosines of J
(PS3.3 C.7.6.2.1.1), so that I, J and K are a right-handed frame. Names, numbers and the order of files play
no part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.errors import GeometryError
from ContourQALib.formats.dicom.slices import Slice
from ContourQALib.geometry import ORTHONORMAL_TOLERANCE, Grid

SAME_PLACE_MM = 0.01
"""Slices nearer than this lie at one place: headers round positions to a hundredth of a millimeter."""

PLACE_TOLERANCE = 0.02
"""How far a slice may lie from its regular place, in slice distances …"""

PLACE_TOLERANCE_MM = 0.02
"""… and at least: positions rounded to 0.01 mm are regular, and at 3 mm those rounded to 0.1 mm."""

SIDEWAYS_TOLERANCE = 1e-3
"""How far slices may move sideways for each mm along the normal: cosines of four decimals are less exact."""

SIDEWAYS_TOLERANCE_MM = 0.05
"""And at least: two rounded coordinates of both ends."""

SPACING_TOLERANCE_MM = 1e-4
"""Pixel spacings that differ by at most this are the same: a tenth of a millimeter over a thousand pixels."""


@dataclass(frozen=True)
class Stack:
    """Slices as a volume.

    Attributes:
        grid: where they lie; K along the normal.
        slices: in the order of K.
    """

    grid: Grid
    slices: tuple[Slice, ...]


def series_geometry(slices: Sequence[Slice], name: str) -> Stack:
    """The grid of slices, and their order.

    The slice distance is the mean one. A single slice is as thick as its header says.

    Args:
        slices: at least one, in any order.
        name: what messages call the series.

    Raises:
        GeometryError: a slice does not say where it lies; sizes, pixel spacings or orientations differ;
            several slices lie at one place; slices are missing; their distances vary; they lie on a line that
            is not their normal (a tilted gantry), or on none; a single slice does not say its thickness.
    """
    first = slices[0]
    size = _one_size(slices, name)
    _lattice_is_said(slices, name)
    spacing = _one_spacing(slices, name)
    axes = _one_orientation(slices, name)
    positions = np.array([one.position for one in slices])
    along = (positions - positions[0]) @ axes[2]
    order = np.argsort(along, kind="stable")
    slices, positions, along = [slices[i] for i in order], positions[order], along[order]
    distance = _distance(slices, along, positions, axes, name) if len(slices) > 1 else _thickness(first, name)
    i, j = size
    try:
        grid = Grid(
            (i, j, len(slices)),
            (spacing[1], spacing[0], distance),
            tuple(positions[0]),
            tuple(axes.T.ravel()),
        )
    except GeometryError as error:
        raise GeometryError(f"{name} has an impossible geometry: {error}") from error
    return Stack(grid, tuple(slices))


def _lattice_is_said(slices: Sequence[Slice], name: str) -> None:
    for what, values in (
        ("a position (Image Position)", [one.position for one in slices]),
        ("an orientation (Image Orientation)", [one.orientation for one in slices]),
        ("a pixel spacing (Pixel Spacing)", [one.spacing for one in slices]),
    ):
        lacking = sum(value is None for value in values)
        if lacking:
            raise GeometryError(
                f"{name} has {_images(lacking)} without {what}; export it again with its geometry."
            )


def _one_size(slices: Sequence[Slice], name: str) -> tuple[int, int]:
    sizes = Counter((one.columns, one.rows) for one in slices)
    if len(sizes) > 1:
        listed = _list(f"{count} of {i} x {j}" for (i, j), count in sizes.most_common())
        raise GeometryError(f"{name} holds images of several sizes ({listed} pixels); export it again.")
    return next(iter(sizes))


def _one_spacing(slices: Sequence[Slice], name: str) -> tuple[float, float]:
    spacings = np.array([one.spacing for one in slices])
    if np.ptp(spacings, axis=0).max() > SPACING_TOLERANCE_MM:
        kinds = sorted({tuple(np.round(one, 3)) for one in spacings})
        listed = _list(f"{row:g} x {column:g}" for row, column in kinds)
        raise GeometryError(f"{name} holds images of several pixel spacings ({listed} mm); export it again.")
    row, column = spacings[0]
    return float(row), float(column)


def _one_orientation(slices: Sequence[Slice], name: str) -> np.ndarray:
    """Axes of I, J and K, one a row."""
    orientations = np.array([one.orientation for one in slices])
    if np.abs(orientations - orientations[0]).max() > ORTHONORMAL_TOLERANCE:
        count = len(np.unique(np.round(orientations, 2), axis=0))
        raise GeometryError(
            f"{name} holds images of {max(count, 2)} orientations (scouts, or several volumes); "
            "export the volume as a series of its own."
        )
    row, column = orientations[0].reshape(2, 3)
    normal = np.cross(row, column)
    length = np.linalg.norm(normal)
    if length < 0.5:
        raise GeometryError(f"{name} has rows and columns of one direction; export it again.")
    return np.array([row, column, normal / length])


def _thickness(one: Slice, name: str) -> float:
    thickness = one.thickness_mm or one.distance_mm
    if thickness is None or thickness <= 0:
        raise GeometryError(
            f"{name} is a single image that does not say how thick it is (Slice Thickness); "
            "export more slices or the thickness."
        )
    return thickness


def _distance(
    slices: Sequence[Slice], along: np.ndarray, positions: np.ndarray, axes: np.ndarray, name: str
) -> float:
    """Mean distance of slices in order, after it was seen that they are a regular stack."""
    gaps = np.diff(along)
    if gaps.min() <= SAME_PLACE_MM:
        raise _at_one_place(slices, along, name)
    distance = float(along[-1] - along[0]) / (len(slices) - 1)
    regular = along[0] + distance * np.arange(len(slices))
    tolerance = max(PLACE_TOLERANCE_MM, PLACE_TOLERANCE * float(np.median(gaps)))
    if np.abs(along - regular).max() > tolerance:
        raise _irregular(gaps, along, positions @ axes[2], name)
    moved = (positions - positions[0]) @ axes[:2].T
    allowed = max(SIDEWAYS_TOLERANCE_MM, SIDEWAYS_TOLERANCE * float(along[-1] - along[0]))
    if np.abs(moved).max() > allowed:
        raise _sideways(moved, along, allowed, name)
    return distance


def _at_one_place(slices: Sequence[Slice], along: np.ndarray, name: str) -> GeometryError:
    places = np.concatenate([[0], np.cumsum(np.diff(along) > SAME_PLACE_MM)])
    groups = [[one for one, at in zip(slices, places, strict=True) if at == k] for k in range(places[-1] + 1)]
    shared = [group for group in groups if len(group) > 1]
    differ = [key for key in shared[0][0].phases if len({one.phases.get(key) for one in shared[0]}) > 1]
    why = f"differing in {_list(_title(key) for key in differ[:3])}" if differ else "alike in their headers"
    return GeometryError(
        f"{name} has several images at {len(shared)} of its {len(groups)} slice positions, {why}; "
        "export one phase, echo or reconstruction as a series of its own."
    )


def _irregular(gaps: np.ndarray, along: np.ndarray, levels: np.ndarray, name: str) -> GeometryError:
    usual = _usual(gaps)
    steps = np.round(gaps / usual)
    # what is missing leaves a multiple of the usual distance; anything else is another distance
    tolerance = max(PLACE_TOLERANCE_MM, PLACE_TOLERANCE * usual) * 2 * np.maximum(steps, 1)
    wide = np.flatnonzero(steps > 1)
    if len(wide) and (np.abs(gaps - steps * usual) <= tolerance).all():
        missing = int((steps[wide] - 1).sum())
        listed = _list(f"{levels[k]:.2f} and {levels[k + 1]:.2f}" for k in wide[:3])
        more = f" and at {len(wide) - 3} more places" if len(wide) > 3 else ""
        verb = "slice is" if missing == 1 else "slices are"
        return GeometryError(
            f"{name} has a gap: {missing} {verb} missing, between {listed} mm along its normal{more}; "
            "export or copy the series again."
        )
    odd = np.flatnonzero(np.abs(gaps - usual) > max(PLACE_TOLERANCE_MM, PLACE_TOLERANCE * usual))
    where = ""
    if len(odd):  # none where many small differences add up
        verb = "differs" if len(odd) == 1 else "differ"
        where = (
            f": {len(odd)} of {len(gaps)} {verb} from the usual {usual:.3f} mm, the first between "
            f"{levels[odd[0]]:.2f} and {levels[odd[0] + 1]:.2f} mm along its normal"
        )
    return GeometryError(
        f"{name} has slice distances from {gaps.min():.3f} to {gaps.max():.3f} mm{where}; "
        "resample it to one distance where it was made, or export one part of it."
    )


def _usual(gaps: np.ndarray) -> float:
    """The median distance; the smaller of two that it lies between, where no slices are so far apart."""
    median = float(np.median(gaps))
    if np.abs(gaps - median).min() <= max(PLACE_TOLERANCE_MM, PLACE_TOLERANCE * median):
        return median
    return float(np.sort(gaps)[(len(gaps) - 1) // 2])


def _sideways(moved: np.ndarray, along: np.ndarray, allowed: float, name: str) -> GeometryError:
    line = np.outer(along - along[0], moved[-1] / (along[-1] - along[0]))
    if np.abs(moved - line).max() <= allowed:
        angle = np.degrees(np.arctan2(np.linalg.norm(moved[-1]), along[-1] - along[0]))
        return GeometryError(
            f"{name} is sheared: its slices are stacked at {angle:.1f} degrees to their normal "
            "(a tilted gantry); resample it where it was made."
        )
    return GeometryError(
        f"{name} has slices that lie up to {np.abs(moved).max():.1f} mm beside one another, not behind; "
        "resample it where it was made."
    )


def _title(keyword: str) -> str:
    from pydicom.datadict import dictionary_description, tag_for_keyword

    return dictionary_description(tag_for_keyword(keyword) or keyword)


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
