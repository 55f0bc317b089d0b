from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.report.views import Region, View, choose_views, cut_image, cut_mask, letters, plane, region

SHAPE = (4, 5, 6)


def grid_with_axes(columns: list[list[float]]) -> Grid:
    """Grid of SHAPE whose I, J and K axes point along these LPS vectors."""
    return Grid(SHAPE[::-1], (1.0, 1.0, 1.0), (0, 0, 0), tuple(np.array(columns).T.ravel()))


def edges(grid: Grid, axis: int) -> tuple[str, str, str, str, str]:
    p = plane(grid, axis)
    return p.name, p.left, p.right, p.top, p.bottom


RADIOLOGICAL = [
    ("axial", "R", "L", "A", "P"),
    ("coronal", "R", "L", "S", "I"),
    ("sagittal", "A", "P", "S", "I"),
]


@pytest.mark.parametrize("flips", np.ndindex(2, 2, 2))
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1)])
def test_every_axis_order_and_flip_is_shown_in_radiological_convention(
    order: tuple[int, ...], flips: tuple[int, ...]
) -> None:
    signs = [1 - 2 * f for f in flips]
    grid = grid_with_axes([(np.eye(3)[a] * s).tolist() for a, s in zip(order, signs, strict=True)])
    assert sorted(edges(grid, axis) for axis in range(3)) == RADIOLOGICAL
    # A bright voxel at the patient's left, anterior and superior end lies where the letters say.
    corner = [(0 if s > 0 else n - 1) for s, n in zip(signs, grid.size, strict=True)]
    to_left = [order.index(a) for a in range(3)]
    ijk = list(corner)
    ijk[to_left[0]] = grid.size[to_left[0]] - 1 - ijk[to_left[0]]  # x grows towards the left
    ijk[to_left[2]] = grid.size[to_left[2]] - 1 - ijk[to_left[2]]  # z grows upwards
    mask = np.zeros(grid.shape, bool)
    mask[tuple(ijk[::-1])] = True
    for axis in range(3):
        p = plane(grid, axis)
        page = cut_mask(mask, View(p, ijk[2 - axis]), region(p, None, grid))
        top_or_front, left_side = np.argwhere(page)[0]
        assert top_or_front == 0
        assert left_side == (0 if p.name == "sagittal" else page.shape[1] - 1)


def test_an_oblique_edge_is_named_by_both_directions() -> None:
    c, s = np.cos(np.radians(25)), np.sin(np.radians(25))
    tilted = grid_with_axes([[1, 0, 0], [0, c, -s], [0, s, c]])  # the gantry leans 25 degrees
    assert edges(tilted, 0) == ("axial", "R", "L", "AS", "PI")
    assert letters(np.array([0.97, 0.24, 0.0])) == "L"
    assert letters(np.array([-0.8, 0.0, 0.6])) == "RS"


def test_pixel_sizes_are_those_of_the_plane() -> None:
    grid = Grid.for_shape((4, 5, 6), (0.9, 1.1, 3.0))
    assert [plane(grid, axis).pixel_mm for axis in range(3)] == [(0.9, 1.1), (0.9, 3.0), (1.1, 3.0)]


def test_the_largest_and_the_most_differing_slice_are_among_the_views() -> None:
    grid = Grid.for_shape((20, 16, 16))
    mask = np.zeros(grid.shape, bool)
    mask[2:18, 4:8, 4:8] = True
    mask[7, 3:10, 3:10] = True
    other = mask.copy()
    other[13, 4:8, 4:8] = False
    views = choose_views([mask, other], grid, 4)
    along_k = {v.index: v.note for v in views if v.plane.axis == 0}
    assert len(along_k) == 4
    assert along_k[7] == "largest area"
    assert along_k[13] == "largest difference"
    assert all(2 <= k < 18 for k in along_k)
    assert list(along_k) == sorted(along_k)
    assert [v.plane.axis for v in views[-2:]] == [1, 2]


def test_suspicious_slices_are_shown() -> None:
    grid = Grid.for_shape((20, 16, 16))
    mask = np.zeros(grid.shape, bool)
    mask[2:18, 4:8, 4:8] = True
    noted = {v.index: v.note for v in choose_views([mask], grid, 6, (15, 99))}
    assert noted[15] == "suspicious"
    assert 99 not in noted


def test_a_one_slice_grid_has_its_slice_alone_and_an_empty_one_its_middle() -> None:
    flat = Grid.for_shape((1, 16, 16))
    mask = np.zeros(flat.shape, bool)
    mask[0, 4:8, 4:8] = True
    assert [(v.plane.axis, v.index) for v in choose_views([mask], flat, 6)] == [(0, 0)]
    empty = np.zeros((10, 16, 18), bool)
    views = choose_views([empty], Grid.for_shape(empty.shape), 6)
    assert [(v.plane.axis, v.index) for v in views] == [(0, 5), (1, 8), (2, 9)]


def test_a_region_is_a_square_around_the_contours_that_ends_where_the_image_does() -> None:
    grid = Grid.for_shape((10, 60, 60), (1.0, 2.0, 3.0))
    spans = (slice(4, 6), slice(1, 11), slice(20, 40))
    axial = plane(grid, 0)
    square = region(axial, spans, grid)
    # 20 mm of contour both ways, 10 mm around it: 40 mm are 20 rows of 2 mm and 40 columns of 1 mm.
    assert square == Region((-4, 16), (10, 50))
    image = Image(np.zeros(grid.shape), grid)
    assert region(axial, spans, grid, image) == Region((0, 16), (10, 50))


def test_an_image_on_another_lattice_is_sampled_where_the_contours_lie(image: Image) -> None:
    grid = image.grid
    view = View(plane(grid, 0), 5)
    whole = region(view.plane, None, grid)
    same = cut_image(image, grid, view, whole)
    np.testing.assert_array_equal(same, image.values[5])
    shifted = replace(grid, origin=(0.5 * grid.spacing[0], 0.0, 0.0))
    between = cut_image(image, shifted, view, whole)
    # Linear interpolation halfway is the mean of two neighbors, to rounding of the index (1e-6 of a step).
    np.testing.assert_allclose(between[:, :-1], (same[:, :-1] + same[:, 1:]) / 2, atol=1e-3)
    outside = cut_image(image, grid, view, Region((-2, 3), (0, 4)))
    assert np.isnan(outside[:2]).all()
    assert np.isfinite(outside[2:]).all()


def test_a_mask_is_padded_beyond_its_grid(reference: Contour) -> None:
    view = View(plane(reference.grid, 0), 5)
    page = cut_mask(reference.mask, view, Region((-3, 30), (30, 40)))
    assert page.shape == (33, 10)
    assert not page.any()
    page = cut_mask(reference.mask, view, Region((-3, 30), (-2, 40)))
    np.testing.assert_array_equal(page[3:27, 2:26], reference.mask[5])
