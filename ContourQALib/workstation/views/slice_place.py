"""SlicePlace: where in the image and in the patient a slice view looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.mrml.frames import lps_to_ras, numbers_of

AXES = "IJK"

LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))
"""For each axis of RAS, where its negative and its positive end points to."""

SHOWN_SHARE = 0.3
"""A direction's further letters are those that have at least this share in it: 17 degrees off an axis."""


@dataclass(frozen=True)
class SlicePlace:
    """The slice of a view.

    Attributes:
        axis: 0, 1 or 2: the axis of the image, I, J or K, that the slices follow.
        index: continuous index of the slice along that axis.
        count: slices of the image along it.
        normal_mm: RAS mm from one index to the next along the view's normal; negative where they run against
            each other.
        position_mm: of the slice's middle along the patient axis nearest to the normal, RAS.
        position_axis: that patient axis, 0, 1 or 2.
        edges: letters at the left, right, top and bottom of the view.
    """

    axis: int
    index: float
    count: int
    normal_mm: float
    position_mm: float
    position_axis: int
    edges: tuple[str, str, str, str]

    @property
    def nearest(self) -> int:
        """Index of the image's slice that is nearest."""
        return int(np.clip(round(self.index), 0, self.count - 1))

    @property
    def position(self) -> str:
        """The position as readers see it, such as "S 12.5 mm"."""
        end = LETTERS[self.position_axis][self.position_mm >= 0]
        return f"{end} {abs(self.position_mm):.1f} mm"

    def offset_to(self, index: int) -> float:
        """How far it is along the view's normal to a slice of the image, mm; an index beyond is the last."""
        return float((np.clip(index, 0, self.count - 1) - self.index) * self.normal_mm)


def place_of(slice_to_ras: Any, grid: Grid) -> SlicePlace:
    """Where a slice lies in an image.

    Args:
        slice_to_ras: vtkMatrix4x4 or 4x4 numbers: the view's right, up and normal, and its middle.
        grid: the image's.
    """
    matrix = numbers_of(slice_to_ras)
    right, up, normal, middle = matrix[:3].T
    axes = lps_to_ras(grid.axes.T)
    axis = int(np.argmax(np.abs(axes @ normal)))
    index = grid.world_to_index(lps_to_ras(middle))
    patient = int(np.argmax(np.abs(normal)))
    return SlicePlace(
        axis=axis,
        index=float(index[axis]),
        count=grid.size[axis],
        normal_mm=float(axes[axis] @ normal) * grid.spacing[axis],
        position_mm=float(middle[patient]),
        position_axis=patient,
        edges=(letters(-right), letters(right), letters(up), letters(-up)),
    )


def letters(direction: np.ndarray) -> str:
    """Where a direction in RAS points to, the main letter first: "L", or "LA" for what is oblique.

    Example:
        >>> letters(np.array([-1.0, 0.0, 0.0]))
        'L'
    """
    order = np.argsort(-np.abs(direction), kind="stable")
    shown = [n for n in order if n == order[0] or abs(direction[n]) >= SHOWN_SHARE]
    return "".join(LETTERS[n][int(direction[n] > 0)] for n in shown)
