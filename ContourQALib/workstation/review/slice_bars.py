"""SliceBars: the predicted error volume of every slice of a contour, and its drawing as SVG paths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid
from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.quality.error_map import SuspiciousSlice

SEEN_SHARE = 0.01
"""Slices beyond the contour are shown where they hold this share of the worst slice's error, or more."""

HEIGHT = 100.0
"""Height of the drawing in its own units; the page stretches it."""

GAP = 0.12
"""Of a slice's width, at either side of its bar."""


@dataclass(frozen=True)
class SliceBars:
    """Expected volume of wrong voxels in each slice along K of the image, cc.

    Attributes:
        first: zero-based K of the first slice shown.
        over_cc: contoured too much, one value a slice.
        under_cc: left out; zeros where the two cannot be told apart.
        listed: the slices to look at first, the worst first.
        is_complete: whether every slice's volume is known, not only those of `listed`.
    """

    first: int
    over_cc: tuple[float, ...]
    under_cc: tuple[float, ...]
    listed: tuple[SuspiciousSlice, ...] = ()
    is_complete: bool = True

    @property
    def count(self) -> int:
        """Number of slices shown."""
        return len(self.over_cc)

    @property
    def top_cc(self) -> float:
        """The greatest volume of one slice."""
        return max(
            (over + under for over, under in zip(self.over_cc, self.under_cc, strict=True)), default=0.0
        )

    def paths(self) -> dict[str, str]:
        """SVG paths in a drawing of `count` by `HEIGHT` units, the listed slices apart from the others.

        Returns:
            By "over", "under", "overListed" and "underListed"; too much stands below, left out above it.
        """
        listed = {one.index - self.first for one in self.listed}
        others = [at for at in range(self.count) if at not in listed]
        return {
            "over": self._path(others, under=False),
            "under": self._path(others, under=True),
            "overListed": self._path(sorted(listed), under=False),
            "underListed": self._path(sorted(listed), under=True),
        }

    def _path(self, places: Iterable[int], under: bool) -> str:
        scale = HEIGHT / self.top_cc if self.top_cc > 0 else 0.0
        parts = []
        for at in places:
            bottom = self.over_cc[at] if under else 0.0
            height = self.under_cc[at] if under else self.over_cc[at]
            if height * scale < 0.05:
                continue
            low, high = HEIGHT - bottom * scale, HEIGHT - (bottom + height) * scale
            parts.append(f"M{at + GAP:g} {low:.1f}V{high:.1f}H{at + 1 - GAP:g}V{low:.1f}Z")
        return "".join(parts)


def slice_bars(found: StructureAssessment | None, extent: range) -> SliceBars:
    """The bars of a contour.

    Args:
        found: what was predicted; None where nothing may be shown, which leaves the slices empty.
        extent: the slices of the image that the contour lies on.
    """
    if found is None or (found.error is None and not found.slices):
        zeros = (0.0,) * len(extent)
        return SliceBars(extent.start, zeros, zeros, (), found is not None)
    listed = found.slices or ()
    if found.error is None:
        return _of_listed(listed, extent)
    over, under = found.error.slice_volumes_cc()
    start = found.error.corner[0]
    total = over + under
    shown = start + np.flatnonzero(total >= max(SEEN_SHARE * float(total.max(initial=0.0)), 1e-12))
    slices = _hull([*extent, *shown, *(one.index for one in listed)])
    before, behind = start - slices.start, slices.stop - start - len(total)
    over, under = (np.pad(one, (max(before, 0), max(behind, 0))) for one in (over, under))
    skip = max(-before, 0)
    of_slices = slice(skip, skip + len(slices))
    return SliceBars(
        slices.start, tuple(map(float, over[of_slices])), tuple(map(float, under[of_slices])), listed
    )


def extent_on(contour: Contour, grid: Grid) -> range:
    """The slices along K of an image that a contour's box meets; empty for an empty contour."""
    if not contour.mask.any():
        return range(0)
    ends = [(-0.5, size - 0.5) for size in contour.grid.size]
    corners = grid.world_to_index(contour.grid.index_to_world(np.array(list(product(*ends)))))[:, 2]
    first, last = int(np.ceil(corners.min() - 1e-3)), int(np.floor(corners.max() + 1e-3))
    return range(max(first, 0), min(last, grid.size[2] - 1) + 1)


def _of_listed(listed: tuple[SuspiciousSlice, ...], extent: range) -> SliceBars:
    slices = _hull([*extent, *(one.index for one in listed)])
    volumes = {one.index: one.error_volume_cc for one in listed}
    over = tuple(volumes.get(k, 0.0) for k in slices)
    return SliceBars(slices.start, over, (0.0,) * len(slices), listed, is_complete=False)


def _hull(slices: list[int]) -> range:
    return range(int(min(slices)), int(max(slices)) + 1) if slices else range(0)
