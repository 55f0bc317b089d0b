"""Views: which planes and slices of a grid a reader is shown, and how they are turned.

Radiological convention: patient left on the right of axial and coronal views, anterior on top of axial and
on the left of sagittal ones, superior on top of coronal and sagittal ones; for any direction of the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from ContourQALib.case import Image
from ContourQALib.geometry import Grid
from ContourQALib.metrics.surface import box

SECOND_LETTER_COSINE = 0.3
"""An edge that leans this far towards a second direction (about 17 degrees) is named by both: "AS"."""

MARGIN = 0.25
"""Margin around the contours, as a share of their extent."""

LEAST_MARGIN_MM = 10.0
"""A reader needs this much of the surroundings even of the smallest structure."""

AXIS_LETTERS = "KJI"
"""Names of the array's axes; a slice is named by its zero-based index, "K 42"."""

_NAMES = ("sagittal", "coronal", "axial")
_ACROSS_AND_DOWN = ((1, 2), (0, 2), (0, 1))
"""For a plane whose normal is x, y or z: the LPS axes that run to the right and down the page."""


Spans = tuple[slice, ...]


@dataclass(frozen=True)
class Plane:
    """How slices of one array axis lie on the page.

    Attributes:
        name: axial, coronal or sagittal: the nearest one for an oblique grid.
        axis: array axis that the slices are counted along (0 = K, 1 = J, 2 = I).
        across: array axis that runs across the page.
        down: array axis that runs down the page.
        flip_across: whether `across` runs from right to left.
        flip_down: whether `down` runs from bottom to top.
        left, right, top, bottom: where the page's edges point to in the patient.
        pixel_mm: size of a pixel across and down, mm.
    """

    name: str
    axis: int
    across: int
    down: int
    flip_across: bool
    flip_down: bool
    left: str
    right: str
    top: str
    bottom: str
    pixel_mm: tuple[float, float]


@dataclass(frozen=True)
class View:
    """One picture: a plane, the slice's zero-based index along its axis, and why it was chosen."""

    plane: Plane
    index: int
    note: str = ""

    @property
    def title(self) -> str:
        """For example "axial K 42, largest area"."""
        return f"{self.plane.name} {AXIS_LETTERS[self.plane.axis]} {self.index}" + (
            f", {self.note}" if self.note else ""
        )


@dataclass(frozen=True)
class Region:
    """Index ranges [start, stop) of a view along its plane's `down` and `across` axes.

    A range may go beyond the grid: contours at its edge keep their margin.
    """

    down: tuple[int, int]
    across: tuple[int, int]


def plane(grid: Grid, axis: int) -> Plane:
    """The plane of the slices along one array axis of `grid`."""
    vectors = grid.axes.T[::-1]  # row a is the LPS direction of array axis a
    order = max(permutations(range(3)), key=lambda p: sum(abs(vectors[a][p[a]]) for a in range(3)))
    across_lps, down_lps = _ACROSS_AND_DOWN[order[axis]]
    across, down = order.index(across_lps), order.index(down_lps)
    flip_across = bool(vectors[across][across_lps] < 0)
    # Down the page is posterior (+y) in axial views but inferior (-z) in the two others.
    flip_down = bool((vectors[down][down_lps] < 0) != (down_lps == 2))
    right = -vectors[across] if flip_across else vectors[across]
    bottom = -vectors[down] if flip_down else vectors[down]
    return Plane(
        name=_NAMES[order[axis]],
        axis=axis,
        across=across,
        down=down,
        flip_across=flip_across,
        flip_down=flip_down,
        left=letters(-right),
        right=letters(right),
        top=letters(-bottom),
        bottom=letters(bottom),
        pixel_mm=(grid.spacing_kji[across], grid.spacing_kji[down]),
    )


def letters(direction: np.ndarray) -> str:
    """Anatomical letters of an LPS direction, the strongest first: "L", or "AS" for an oblique one."""
    names = [("L", "R"), ("P", "A"), ("S", "I")]
    ranked = sorted(range(3), key=lambda a: -abs(direction[a]))
    kept = [a for a in ranked[:2] if a == ranked[0] or abs(direction[a]) >= SECOND_LETTER_COSINE]
    return "".join(names[a][int(direction[a] < 0)] for a in kept)


def choose_views(
    masks: Sequence[np.ndarray], grid: Grid, slices: int, wanted: Sequence[int] = ()
) -> tuple[View, ...]:
    """Slices along K across the contours' extent, then one view along each other axis.

    Among the slices are always the one of the largest area and, for two or more masks, the one where the
    last differs most from the first. Without any foreground: the grid's middle.

    Args:
        masks: bool (K, J, I) on `grid`; a comparison's reference first.
        grid: their grid.
        slices: how many slices along K at most, two or more.
        wanted: zero-based K of slices to show in any case, the most wanted first.
    """
    planes = [plane(grid, axis) for axis in range(3)]
    union = np.logical_or.reduce(masks)
    spans = box(union)
    if spans is None:
        return tuple(View(p, grid.shape[p.axis] // 2) for p in planes)
    first, last = spans[0].start, spans[0].stop - 1
    areas = np.max([mask[spans].sum(axis=(1, 2)) for mask in masks], axis=0)
    notes = {first + int(areas.argmax()): "largest area"}
    if len(masks) > 1:
        differing = np.max([(masks[0][spans] ^ m[spans]).sum(axis=(1, 2)) for m in masks[1:]], axis=0)
        if differing.any():
            worst = first + int(differing.argmax())
            notes[worst] = "largest area and difference" if worst in notes else "largest difference"
    room = max(slices - len(notes), 0)
    notes |= {k: "suspicious" for k in [k for k in wanted if 0 <= k < grid.shape[0]][:room] if k not in notes}
    chosen = set(
        (first + (last - first) * (np.arange(slices) + 0.5) / slices).round().astype(int).tolist()
    ) | set(notes)
    while len(chosen) > slices:
        # Drop the unnoted slice that lies closest to another one.
        spare = sorted(k for k in chosen if k not in notes)
        chosen.remove(min(spare, key=lambda k: min(abs(k - other) for other in chosen - {k})))
    views = [View(planes[0], k, notes.get(k, "")) for k in sorted(chosen)]
    whole = [p for p in planes[1:] if min(grid.shape[p.down], grid.shape[p.across]) > 1]
    centered = masks[0] if masks[0].any() else union
    return (*views, *(View(p, _center(centered, p.axis), "center") for p in whole))


def _center(mask: np.ndarray, axis: int) -> int:
    counts = mask.sum(axis=tuple(a for a in range(3) if a != axis))
    return round(np.average(np.arange(len(counts)), weights=counts))


def region(plane: Plane, spans: Spans | None, grid: Grid, image: Image | None = None) -> Region:
    """The square around the contours' box `spans` with a margin; the whole slice where there is none.

    An image that ends inside of the square cuts it off, but never through a contour.
    """
    if spans is None:
        return Region((0, grid.shape[plane.down]), (0, grid.shape[plane.across]))
    axes = (plane.down, plane.across)
    spacing = grid.spacing_kji
    extent = max((spans[a].stop - spans[a].start) * spacing[a] for a in axes)
    side = extent + 2 * max(MARGIN * extent, LEAST_MARGIN_MM)
    ranges = []
    for a in axes:
        count = int(np.ceil(side / spacing[a]))
        start = (spans[a].start + spans[a].stop - count) // 2
        stop = start + count
        if image is not None:
            first, last = _reach(image.grid, grid, a)
            start, stop = min(max(start, first), spans[a].start), max(min(stop, last + 1), spans[a].stop)
        ranges.append((start, stop))
    return Region(*ranges)


def _reach(source: Grid, grid: Grid, axis: int) -> tuple[int, int]:
    """First and last index along an array axis of `grid` that the voxels of `source` reach."""
    corners = list(product(*((0, n - 1) for n in source.size)))
    index = grid.world_to_index(source.index_to_world(corners))[:, 2 - axis].round().astype(int)
    return int(index.min()), int(index.max())


def cut_mask(mask: np.ndarray, view: View, region: Region) -> np.ndarray:
    """The view's pixels of a (K, J, I) mask or map as (down, across) on the page; outside is False or 0."""
    p = view.plane
    plain = np.take(mask, view.index, axis=p.axis)
    plain = plain if p.down < p.across else plain.T
    result = np.zeros([stop - start for start, stop in (region.down, region.across)], mask.dtype)
    into, source = [], []
    for (start, stop), size in zip((region.down, region.across), plain.shape, strict=True):
        low, high = max(start, 0), max(min(stop, size), max(start, 0))
        into.append(slice(low - start, high - start))
        source.append(slice(low, high))
    result[tuple(into)] = plain[tuple(source)]
    return _turned(result, p)


def cut_image(image: Image, grid: Grid, view: View, region: Region) -> np.ndarray:
    """The view's pixels of an image on any grid as float (down, across); nan outside the image."""
    from scipy.ndimage import map_coordinates

    p = view.plane
    down, across = np.meshgrid(np.arange(*region.down), np.arange(*region.across), indexing="ij")
    kji = np.empty((*down.shape, 3))
    kji[..., p.axis], kji[..., p.down], kji[..., p.across] = view.index, down, across
    index = image.grid.world_to_index(grid.index_to_world(kji[..., ::-1]))
    # Rounding noise must not push a voxel on the image's edge outside of it.
    index = np.round(index, 6)
    # An image of one slice still has a thickness of one voxel to be seen in.
    inside = ((index >= -0.5) & (index <= np.asarray(image.grid.size) - 0.5)).all(axis=-1)
    values = map_coordinates(
        image.values, np.moveaxis(index[..., ::-1], -1, 0), output=float, order=1, mode="nearest"
    )
    return _turned(np.where(inside, values, np.nan), p)


def _turned(page: np.ndarray, p: Plane) -> np.ndarray:
    page = page[::-1] if p.flip_down else page
    return page[:, ::-1] if p.flip_across else page
