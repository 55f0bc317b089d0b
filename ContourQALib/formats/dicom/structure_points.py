"""The contours of one region of interest of a structure set: points out of text, and what has no area."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ContourQALib.errors import FormatError
from ContourQALib.planar.planar_structure import PlanarContour

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

AREAS = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
"""Geometric types that enclose an area (PS3.3 C.8.8.6.1)."""

LACKING: Mapping[str, tuple[str, str]] = {
    "POINT": ("point", "points"),
    "OPEN_PLANAR": ("open contour", "open contours"),
    "OPEN_NONPLANAR": ("open contour", "open contours"),
}
"""Geometric types without an area, and what to call one and several of them."""

FEWEST_POINTS = 3
"""Fewer enclose no area."""

_TYPE, _COUNT, _DATA, _IMAGES = 0x30060042, 0x30060046, 0x30060050, 0x30060016
_INSTANCE = 0x00081155


@dataclass(frozen=True)
class Drawn:
    """What was drawn of one region of interest.

    Attributes:
        contours: those that enclose an area.
        lacking: how many do not, by what to call one and several of them.
    """

    contours: tuple[PlanarContour, ...]
    lacking: Mapping[tuple[str, str], int]

    @property
    def remark(self) -> str:
        """What was left out, "2 points and 1 open contour left out"; "" where nothing was."""
        return f"{self.what_lacks} left out" if self.lacking else ""

    @property
    def what_lacks(self) -> str:
        """What encloses no area: "1 point", "2 points and 1 open contour"."""
        return " and ".join(f"{count} {words[count > 1]}" for words, count in self.lacking.items())


def read_drawn(items: Any, where: str) -> Drawn:
    """Read the Contour Sequence of one region of interest (PS3.3 C.8.8.6).

    The closing point that some programs repeat is dropped, and so are contours without an area: points, open
    contours, and those of one or two points.

    Args:
        items: datasets of the sequence.
        where: file and region, for errors.

    Raises:
        FormatError: the text is not numbers, or not as many as the contour says, or no point can lie there.
    """
    contours: list[PlanarContour] = []
    lacking: Counter[tuple[str, str]] = Counter()
    for number, item in enumerate(items, start=1):
        points = _points_mm(item, f"contour {number} of {where}")
        kind = _text(item, _TYPE)
        if kind not in AREAS:
            lacking[LACKING.get(kind, ("contour of unknown type", "contours of unknown type"))] += 1
        elif len(points) < FEWEST_POINTS:
            lacking["contour of fewer than 3 points", "contours of fewer than 3 points"] += 1
        else:
            contours.append(PlanarContour(points, _instance_uid(item)))
    return Drawn(tuple(contours), dict(lacking))


def _points_mm(item: Dataset, what: str) -> np.ndarray:
    """Points (N, 3) of a contour, without a last one that repeats the first."""
    values = _numbers(_raw(item, _DATA), what)
    said = _text(item, _COUNT).lstrip("+")
    agrees = not said or (said.isdecimal() and 3 * int(said) == len(values))
    if len(values) % 3 or not agrees:
        stated = f" for {said} points" if said.isdecimal() else ""
        raise FormatError(f"{what} holds {len(values)} coordinates{stated}; export it again.")
    points = values.reshape(-1, 3)
    if len(points) > 1 and (points[0] == points[-1]).all():
        points = points[:-1]
    return points


def _numbers(text: bytes, what: str) -> np.ndarray:
    """Float64 numbers of a decimal string (PS3.5 6.2)."""
    # pydicom makes an object of each number, and the contours of a head and neck have some 600 000.
    try:
        numbers = np.fromiter(map(float, text.split(b"\\") if text else ()), np.float64)
    except ValueError as error:
        raise FormatError(
            f"{what} holds coordinates that are no numbers; export the structures again."
        ) from error
    if not np.isfinite(numbers).all():
        raise FormatError(f"{what} holds coordinates that are not finite; export it again.")
    return numbers


def _instance_uid(item: Dataset) -> str:
    """SOP Instance UID of the image that a contour was drawn on; "" where it names none."""
    images = item[_IMAGES].value if _IMAGES in item else None
    return _text(images[0], _INSTANCE) if images else ""


def _text(item: Dataset, tag: int) -> str:
    return _raw(item, tag).decode("ascii", "replace").strip()


def _raw(item: Dataset, tag: int) -> bytes:
    """Bytes of a value as the file holds them, without padding; of one that is decoded already its text."""
    element = item.get_item(tag)
    value = None if element is None else element.value
    if value is None:
        return b""
    if not isinstance(value, bytes):
        many = isinstance(value, Iterable) and not isinstance(value, str)
        value = "\\".join(map(str, value if many else [value])).encode()
    return value.rstrip(b" \0")
