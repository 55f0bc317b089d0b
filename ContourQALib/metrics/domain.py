"""Domain: the grid that a comparison counts on, and the part of it that has to be looked at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid, Relation
from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.overlap import ratio
from ContourQALib.metrics.surface import box

MARGIN_VOXELS = 1
"""A contour that ends inside the whole grid must not touch the edge of the part."""


@dataclass(frozen=True)
class Domain:
    """Contours of a large image are compared on the part that holds them; the figures are the whole grid's.

    Attributes:
        whole: the grid that counts.
        part: the part of it, on the same lattice, that holds every contour of the comparison.
        first: (k, j, i) of the part's first voxel on the whole grid.
    """

    whole: Grid
    part: Grid
    first: tuple[int, int, int]

    @classmethod
    def of(cls, whole: Grid, contours: Sequence[Contour]) -> Domain:
        """The part of `whole` that the contours' own grids cover, with a margin where there is room.

        Args:
            whole: the grid that counts.
            contours: best cut to their own boxes; what lies outside of `whole` is left outside.
        """
        spans = [_span(contour.grid, whole) for contour in contours if contour.mask.any()]
        low = np.min([a for a, _ in spans], axis=0) if spans else np.zeros(3, int)
        high = np.max([b for _, b in spans], axis=0) if spans else np.zeros(3, int)
        last = np.asarray(whole.size) - 1
        low = np.clip(low - MARGIN_VOXELS, 0, last)
        high = np.clip(high + MARGIN_VOXELS, low, last)
        i, j, k = (int(n) for n in low)
        return cls(whole, _cut(whole, low, high), (k, j, i))

    def placed(self, contour: Contour) -> Contour:
        """The contour on the part.

        Raises:
            GeometryError: it lies wholly outside.
        """
        return contour.on(self.part)

    def restored(self, comparison: Comparison) -> Comparison:
        """What comparing on the whole grid gives, from a comparison on the part.

        Only specificity counts voxels that no contour has, and only slices carry an index.
        """
        voxel_cc, n = self.whole.voxel_volume_cc, math.prod(self.whole.size)
        reference = round(comparison.volume_reference_cc / voxel_cc)
        test = round(comparison.volume_test_cc / voxel_cc)
        both = round(comparison.sensitivity * reference) if reference else 0
        slices = comparison.slices
        if slices is not None:
            slices = tuple(replace(row, index=row.index + self.first[0]) for row in slices)
        return replace(
            comparison, specificity=ratio(n - reference - (test - both), n - reference), slices=slices
        )


def cropped(contour: Contour) -> Contour:
    """A contour on the box of its own voxels, of the same lattice; one voxel where it is empty."""
    spans = box(contour.mask) or (slice(0, 1),) * 3
    return replace(contour, mask=np.ascontiguousarray(contour.mask[spans]), grid=contour.grid.part(spans))


def cropped_map(probability: ProbabilityMap) -> ProbabilityMap:
    """A map on the box of what is above zero, otherwise as `cropped`."""
    spans = box(probability.values > 0) or (slice(0, 1),) * 3
    values = np.ascontiguousarray(probability.values[spans])
    return replace(probability, values=values, grid=probability.grid.part(spans))


def cropped_on(contour: Contour, grid: Grid) -> Contour:
    """What `cropped(contour.on(grid))` gives, without a mask of the whole grid.

    Raises:
        GeometryError: it lies wholly outside `grid`.
    """
    own = cropped(contour)
    if not own.mask.any():
        return replace(own, grid=grid.part((slice(0, 1),) * 3))
    return cropped(Domain.of(grid, [own]).placed(own))


def enclosing(lattice: Grid, grids: Iterable[Grid]) -> Grid:
    """The smallest grid on the lattice of `lattice` that covers it and the others."""
    spans = [_span(grid, lattice) for grid in (lattice, *grids)]
    return _cut(lattice, np.min([a for a, _ in spans], axis=0), np.max([b for _, b in spans], axis=0))


def counting_grid(contour: Contour, whole: Grid | None, others: Iterable[Grid] = ()) -> Grid:
    """The grid on the reference's lattice that a comparison with it counts on.

    Args:
        contour: the reference, perhaps cut to its own box.
        whole: the image's grid; taken where the reference lies on its lattice, else covered.
        others: without an image, these are covered and a margin is left around them.
    """
    if whole is None:
        found = enclosing(contour.grid, others)
        return _cut(found, np.full(3, -MARGIN_VOXELS), np.asarray(found.size) - 1 + MARGIN_VOXELS)
    if contour.grid.relation_to(whole) in (Relation.SAME, Relation.LATTICE) or not contour.mask.any():
        return whole
    return enclosing(contour.grid, [whole])


def is_outside(contour: Contour, grid: Grid) -> bool:
    """Whether a contour that is not empty has no voxel on a grid: another patient, or a missing transform."""
    if not contour.mask.any():
        return False
    low, high = _span(contour.grid, grid)
    if (low >= 0).all() and (high < grid.size).all():
        return False
    if contour.grid.relation_to(grid) is Relation.DISJOINT:
        return True
    try:
        contour.on(Domain.of(grid, [contour]).part)
    except GeometryError:
        return True
    return False


def _span(grid: Grid, lattice: Grid) -> tuple[np.ndarray, np.ndarray]:
    """First and last (i, j, k) of the lattice's voxels whose centers the box of `grid` can hold."""
    faces = list(product(*((-0.5, n - 0.5) for n in grid.size)))
    index = lattice.world_to_index(grid.index_to_world(faces))
    low, high = index.min(axis=0), index.max(axis=0)
    return np.ceil(np.round(low, 6)).astype(int), np.floor(np.round(high, 6)).astype(int)


def _cut(grid: Grid, low: np.ndarray, high: np.ndarray) -> Grid:
    x, y, z = (float(mm) for mm in grid.index_to_world(low))
    i, j, k = (int(n) for n in high - low + 1)
    return Grid((i, j, k), grid.spacing, (x, y, z), grid.direction)
