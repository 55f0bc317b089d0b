"""PlanarStructure: what somebody drew as closed contours on planes, before any voxel is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ContourQALib.errors import GeometryError


@dataclass(frozen=True, eq=False)
class PlanarContour:
    """One closed polygon.

    Attributes:
        points_mm: (N, 3) float64, LPS mm; the last point is joined to the first, which is not repeated.
        instance_uid: SOP Instance UID of the image slice that it was drawn on, "" where the source says none.

    Raises:
        GeometryError: the points are not triples of numbers.
    """

    points_mm: np.ndarray
    instance_uid: str = ""

    def __post_init__(self) -> None:
        points = np.asarray(self.points_mm, np.float64)
        if points.ndim != 2 or points.shape[1] != 3:
            raise GeometryError(f"A contour's points must be (N, 3) numbers, not {points.shape}.")
        object.__setattr__(self, "points_mm", points)


@dataclass(frozen=True, eq=False)
class PlanarStructure:
    """The contours of one structure: closed polygons on parallel planes.

    Within a plane they combine by the even-odd rule: a contour inside another one is a hole, one inside the
    hole an island, and a keyhole, which goes in and out along the same line, is a ring.

    Attributes:
        name: the structure's name as its source spells it.
        contours: in any order.
        color: red, green, blue in [0, 1], or None where the source gives none.
        tags: further facts of the source, kept when the contours become a mask.
        path: file they came from, if any.

    Raises:
        GeometryError: a point is not finite.
    """

    name: str
    contours: tuple[PlanarContour, ...]
    color: tuple[float, float, float] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None

    def __post_init__(self) -> None:
        broken = sum(not np.isfinite(contour.points_mm).all() for contour in self.contours)
        if broken:
            raise GeometryError(
                f"{self.described}: {broken} of {len(self.contours)} contours hold a coordinate that is not a"
                " finite number; draw them again, or export the structure anew."
            )

    @property
    def described(self) -> str:
        """How messages call it: its name, and the file where there is one."""
        return f"Structure {self.name}" + (f" ({self.path})" if self.path else "")
