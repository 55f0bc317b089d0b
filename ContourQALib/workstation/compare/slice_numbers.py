"""SliceNumbers: the slices that a comparison counts on, and the image's."""

from __future__ import annotations

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid, Relation
from ContourQALib.mrml.frames import lps_to_ras
from ContourQALib.mrml.views import Point, slice_center


class SliceNumbers:
    """Turns the one into the other: they are the same unless the reference has a lattice of its own.

    Args:
        contour: whose slices they are, on any grid.
        counted: the grid whose K the comparison's slices carry.
        image: the image's grid.
    """

    def __init__(self, contour: Contour, counted: Grid, image: Grid) -> None:
        self._contour, self._counted, self._image = contour, counted, image

    @property
    def are_the_images(self) -> bool:
        """Whether both are the same."""
        return self._counted.relation_to(self._image) is Relation.SAME

    def place(self, k: int) -> Point:
        """RAS mm of the contour's middle on a slice of the comparison; the contour must not be empty."""
        return slice_center(self._contour, k, self._counted)

    def of_image(self, k: int) -> int:
        """The comparison's slice that is nearest to slice K of the image."""
        if self.are_the_images or not self._contour.mask.any():
            return k
        point = lps_to_ras(slice_center(self._contour, k, self._image))  # its own inverse
        return round(float(self._counted.world_to_index(point)[2]))
