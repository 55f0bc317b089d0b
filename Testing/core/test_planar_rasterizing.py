"""Which voxels polygons become: as in shapely and scikit-image, on ties, and for every sense of the axes."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import points_in_poly

from ContourQALib.case import RASTERIZED_TAG
from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.domain import cropped
from ContourQALib.perturbation import perturb
from ContourQALib.planar.rasterizing import rasterize
from planar_shapes import (
    GRID,
    as_before,
    at,
    circle,
    rectangle,
    reoriented,
    rotation,
    slices,
    structure,
    turned,
    turned_grid,
)

Z = 39.0  # the plane of slice 3 of GRID

CLEAR = 1e-3
"""mm from an edge within which a voxel's center is not asked for: there the tie rule and rounding decide."""

COORDINATE = st.floats(-6.0, 6.5)
CORNERS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=12)
ON_LATTICE = st.lists(st.tuples(st.integers(-4, 10), st.integers(-4, 8)), min_size=3, max_size=9)


def centers(grid: Grid = GRID) -> np.ndarray:
    """LPS mm of the voxels' centers, (K, J, I, 3)."""
    k, j, i = np.indices(grid.shape)
    return grid.index_to_world(np.stack([i, j, k], axis=-1))


def clear_of(polygon: np.ndarray) -> np.ndarray:
    """Which centers of a slice of GRID lie off the polygon's edges, (J, I)."""
    ring = shapely.LinearRing(polygon[:, :2])
    return shapely.distance(ring, shapely.points(centers()[0, ..., :2])) > CLEAR


# ---- inside or not


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 40))
def test_a_simple_polygon_has_the_voxels_that_shapely_finds_inside(seed, corners):
    random = np.random.default_rng(seed)
    angle = np.sort(random.uniform(0, 2 * np.pi, corners))
    radius = random.uniform(1, 9, corners)
    polygon = at(Z, np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))
    shape = shapely.Polygon(polygon[:, :2])
    if not shape.is_valid:  # two corners at one angle
        return
    mask = rasterize(structure(polygon), GRID).mask[3]
    clear = clear_of(polygon)
    expected = shapely.contains_xy(shape, *np.moveaxis(centers()[0, ..., :2], -1, 0))
    np.testing.assert_array_equal(mask[clear], expected[clear])


@settings(max_examples=60, deadline=None)
@given(CORNERS)
def test_a_polygon_that_crosses_itself_is_filled_even_odd_as_in_scikit_image(corners):
    polygon = at(Z, corners)
    if np.linalg.matrix_rank(polygon[:, :2] - polygon[0, :2], tol=1e-2) < 2:
        return
    mask = rasterize(structure(polygon), GRID).mask[3]
    clear = clear_of(polygon)
    expected = points_in_poly(centers()[0, ..., :2].reshape(-1, 2), polygon[:, :2]).reshape(clear.shape)
    np.testing.assert_array_equal(mask[clear], expected[clear])


def test_only_the_slice_of_the_plane_is_drawn_and_the_rest_is_kept():
    drawn = rasterize(structure(circle(Z, (0, 0), 4.0), name="GTV"), GRID)
    assert slices(drawn.mask) == [3]
    assert (drawn.name, drawn.grid, drawn.lost_cc, drawn.resampled) == ("GTV", GRID, 0.0, False)
    assert drawn.tags[RASTERIZED_TAG].startswith("From 1 contour on 1 plane: voxels whose center lies inside")


# ---- even-odd within a plane


def test_a_contour_in_another_is_a_hole_and_one_in_the_hole_an_island():
    outer, inner, island = (circle(Z, (0.1, 0.1), r) for r in (6.0, 4.0, 2.0))
    mask = rasterize(structure(inner, outer, island), GRID).mask[3]
    parts = [rasterize(structure(part), GRID).mask[3] for part in (outer, inner, island)]
    np.testing.assert_array_equal(mask, parts[0] & ~parts[1] | parts[2])


def test_a_keyhole_is_the_ring_of_its_two_contours():
    outer, inner = circle(Z, (0.1, 0.1), 6.0), circle(Z, (0.1, 0.1), 3.0)
    # in along a line, round the hole the other way, and out along the same line
    keyhole = np.concatenate([outer, outer[:1], inner[:1], inner[::-1]])
    drawn = rasterize(structure(keyhole), GRID)
    np.testing.assert_array_equal(drawn.mask, rasterize(structure(outer, inner), GRID).mask)
    assert "crossing" not in drawn.tags[RASTERIZED_TAG]


def test_contours_side_by_side_are_both_there():
    left, right = circle(Z, (-3.0, 0.0), 2.0), circle(Z, (4.0, 0.0), 2.0)
    parts = [rasterize(structure(part), GRID).mask for part in (left, right)]
    np.testing.assert_array_equal(rasterize(structure(left, right), GRID).mask, parts[0] | parts[1])


@pytest.mark.parametrize("again", [lambda p: p, lambda p: p[::-1], lambda p: np.roll(p, 5, axis=0)])
def test_a_contour_drawn_twice_counts_once_and_is_said(again):
    once = circle(Z, (0, 0), 4.0)
    drawn = rasterize(structure(once, again(once)), GRID)
    np.testing.assert_array_equal(drawn.mask, rasterize(structure(once), GRID).mask)
    assert "From 1 contour on 1 plane" in drawn.tags[RASTERIZED_TAG]
    assert "1 contour drawn twice counted once" in drawn.tags[RASTERIZED_TAG]


def test_contours_that_cross_themselves_or_each_other_are_said():
    bow = at(Z, [(-5.3, -5.3), (5.3, 5.3), (5.3, -5.3), (-5.3, 5.3)])
    drawn = rasterize(structure(bow, circle(Z, (5.3, 0), 2.0)), GRID)
    assert "1 contour crossing itself, filled even-odd" in drawn.tags[RASTERIZED_TAG]
    assert "1 pair of contours crossing each other, the common part left out" in drawn.tags[RASTERIZED_TAG]


# ---- on an edge


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_triangles_that_fill_a_rectangle_share_no_voxel_and_leave_none_out(seed):
    # Corners lie on voxels' centers and half-way between them: edges run through many centers.
    random = np.random.default_rng(seed)
    index = np.concatenate([random.integers(2, 17, (8, 2)) / 2, [(1, 1), (9, 1), (9, 8), (1, 8)]])
    corners = np.array(GRID.origin)[:2] + index * GRID.spacing[:2]
    triangles = shapely.delaunay_triangles(shapely.multipoints(corners)).geoms
    parts = [rasterize(structure(at(Z, t.exterior.coords[:-1])), GRID).mask.astype(int) for t in triangles]
    expected = np.zeros(GRID.shape, int)
    expected[3, 1:8, 1:9] = 1
    np.testing.assert_array_equal(sum(parts), expected)


@settings(max_examples=40, deadline=None)
@given(ON_LATTICE, st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
def test_turning_and_flipping_the_axes_changes_no_voxel_even_on_edges(corners, order, flips):
    polygon = at(Z, np.array(GRID.origin)[:2] + np.array(corners) / 2 * GRID.spacing[:2])
    if np.linalg.matrix_rank(polygon[:, :2] - polygon[0, :2], tol=1e-2) < 2:
        return
    drawn = structure(polygon, rectangle(Z + 6.0, (-3.5, 2.0), (-2.0, 3.0)))
    moved = rasterize(drawn, reoriented(GRID, order, flips))
    np.testing.assert_array_equal(as_before(moved.mask, order, flips), rasterize(drawn, GRID).mask)


def test_every_sense_of_the_axes_gives_the_same_voxels_for_planes_of_every_view():
    across = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    for normal, offset in ((0, 0.5), (1, 0.0), (2, 1.5)):  # on the middle of voxels, off it, and between two
        points = np.insert(np.column_stack([4 * np.cos(across), 5 * np.sin(across)]), normal, offset, 1)
        drawn = structure(points + np.array([0.5, 0.5, 40.5]))
        first = rasterize(drawn, GRID).mask
        assert first.any()
        for order, flips in product(permutations(range(3)), product((False, True), repeat=3)):
            moved = rasterize(drawn, reoriented(GRID, order, flips)).mask
            np.testing.assert_array_equal(as_before(moved, order, flips), first)


@pytest.mark.parametrize(
    "tilt",
    [
        pytest.param(rotation(3), id="oblique to every axis"),
        pytest.param(np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]]), id="about one axis"),
        pytest.param(
            np.array([[1, 0, 0], [0, 0.5**0.5, -(0.5**0.5)], [0, 0.5**0.5, 0.5**0.5]]),
            id="by 45 degrees: edges and ends run through centers",
        ),
    ],
)
def test_every_sense_of_the_axes_gives_the_same_voxels_for_oblique_planes(tilt):
    grid = Grid((13, 14, 15), origin=(-6.0, -7.0, -7.0))
    planes = [rectangle(z, (-4.0, 4.0), (-3.0, 3.0)) for z in (-2 * 0.5**0.5, 0.0, 2 * 0.5**0.5)]
    drawn = structure(*(turned(plane, tilt, np.zeros(3)) for plane in planes))
    first = rasterize(drawn, grid).mask
    assert first.sum() == pytest.approx(48 * 6 * 0.5**0.5, rel=0.15)
    for order, flips in product(permutations(range(3)), product((False, True), repeat=3)):
        moved = rasterize(drawn, reoriented(grid, order, flips)).mask
        np.testing.assert_array_equal(as_before(moved, order, flips), first)


# ---- planes that are oblique to the patient, and to the grid


@pytest.mark.parametrize("seed", range(4))
def test_turning_structure_and_grid_together_changes_no_voxel(seed):
    middle = GRID.index_to_world((np.array(GRID.size) - 1) / 2)
    polygons = [circle(Z + 3.0 * n, (0.33, 0.21), 3.0 + n, 40) for n in range(3)]
    turn = rotation(seed)
    moved = structure(*(turned(polygon, turn, middle) for polygon in polygons))
    np.testing.assert_array_equal(
        rasterize(moved, turned_grid(GRID, turn, middle)).mask, rasterize(structure(*polygons), GRID).mask
    )


@pytest.mark.parametrize("seed", range(4))
def test_planes_oblique_to_the_grid_have_the_voxels_whose_centers_project_into_them(seed):
    grid = Grid((24, 22, 20), (1.0, 1.1, 1.3), (-12.0, -12.0, -13.0))
    turn = rotation(seed)
    outer, inner = circle(0.0, (0.1, 0.2), 8.0), circle(0.0, (1.1, 0.2), 3.0)
    polygons = [p + np.array([0, 0, z]) for z in (-2.0, 0.0, 2.0) for p in (outer, inner)]
    mask = rasterize(structure(*(turned(p, turn, np.zeros(3)) for p in polygons)), grid).mask
    local = centers(grid) @ turn  # back to where the planes are z = -2, 0 and 2
    ring = shapely.Polygon(outer[:, :2], [inner[:, :2]])
    expected = shapely.contains_xy(ring, local[..., 0], local[..., 1]) & (np.abs(local[..., 2]) < 3.0)
    edge = shapely.distance(ring.boundary, shapely.points(local[..., :2])) <= CLEAR
    end = np.abs(np.abs(local[..., 2]) - 3.0) <= 0.1  # the ends are moved by the tolerance of positions
    np.testing.assert_array_equal(mask[~edge & ~end], expected[~edge & ~end])
    assert mask.sum() > 500


def test_points_a_little_off_their_plane_are_moved_onto_it_and_said():
    uneven = circle(Z, (0, 0), 4.0)
    uneven[:, 2] += 0.3 * np.cos(np.arange(len(uneven)) * 2.4)
    drawn = rasterize(structure(uneven), GRID)
    flat = rasterize(structure(circle(Z, (0, 0), 4.0)), GRID)
    assert np.count_nonzero(drawn.mask ^ flat.mask) <= 2  # the plane through the points is tilted a little
    assert "points up to 0.31 mm off their plane moved onto it" in drawn.tags[RASTERIZED_TAG]


# ---- what cannot be used


def test_a_contour_that_is_not_flat_is_refused_by_name_and_distance():
    bent = circle(Z, (0, 0), 4.0)
    bent[10, 2] += 5.0
    with pytest.raises(GeometryError, match=r"^Structure parotid: a contour leaves its plane by 2\.\d mm"):
        rasterize(structure(circle(Z, (0, 0), 4.0), bent), GRID)


def test_planes_of_two_views_are_refused():
    axial = circle(Z, (0, 0), 4.0)
    coronal = axial[:, [0, 2, 1]] - [0, Z, 0] + [0, 0, Z]
    with pytest.raises(GeometryError, match="planes that are not parallel"):
        rasterize(structure(axial, coronal), GRID)


def test_points_and_lines_are_left_out_and_said():
    line = at(Z, [(-3, -3), (0, 0), (3, 3)])
    drawn = rasterize(structure(circle(Z, (0, 0), 4.0), at(Z, [(1, 1)]), line), GRID)
    np.testing.assert_array_equal(drawn.mask, rasterize(structure(circle(Z, (0, 0), 4.0)), GRID).mask)
    assert "1 contour of fewer than three points left out" in drawn.tags[RASTERIZED_TAG]
    assert "1 contour without area left out" in drawn.tags[RASTERIZED_TAG]


@pytest.mark.parametrize(
    ("polygons", "said"),
    [
        ([], "no contour of three points or more"),
        ([at(Z, [(1, 1)]), at(Z, [(1, 1), (2, 2)])], "no contour of three points or more"),
        ([at(Z, [(-3, -3), (0, 0), (3, 3)])], "encloses no area"),
        ([circle(Z, (1e6, 0), 4.0)], "meters away"),
        ([circle(Z, (100, 0), 4.0)], "wholly outside the grid"),
        ([circle(Z - 100, (0, 0), 4.0)], "wholly outside the grid"),
        ([circle(Z, (20.0, 0), 0.2)], "wholly outside the grid"),  # so small that no voxel would be its own
    ],
)
def test_a_structure_without_voxels_is_one_sentence(polygons, said):
    with pytest.raises(GeometryError, match=said) as error:
        rasterize(structure(*polygons), GRID)
    assert str(error.value).startswith("Structure parotid")
    assert str(error.value).count("\n") == 0


def test_coordinates_that_are_no_numbers_are_refused():
    with pytest.raises(GeometryError, match="1 of 2 contours hold a coordinate that is not a finite number"):
        structure(circle(Z, (0, 0), 4.0), at(Z, [(0, 0), (1, np.nan), (1, 1)]))
    with pytest.raises(GeometryError, match=r"\(N, 3\)"):
        structure(np.zeros((4, 2)))


# ---- what lies outside


def test_what_the_grid_cuts_off_is_counted_as_voxels_of_the_same_lattice():
    polygons = [circle(Z + 3.0 * n, (5.0, 3.0), 6.0) for n in range(8)]  # beyond right, back and head
    larger = Grid((30, 30, 20), GRID.spacing, tuple(GRID.index_to_world((-8, -8, -5))))
    whole, cut = rasterize(structure(*polygons), larger), rasterize(structure(*polygons), GRID)
    np.testing.assert_array_equal(cut.mask, whole.mask[5:13, 8:20, 8:22])
    assert cut.lost_cc == pytest.approx(whole.volume_cc - cut.volume_cc)
    assert f"{cut.lost_cc:.3g} cc outside the grid" in cut.tags[RASTERIZED_TAG]


def test_the_polygons_own_volume_goes_with_the_mask_wherever_it_is_cut():
    drawn = structure(*(circle(Z + 3.0 * n, (5.0, 3.0), 6.0) for n in range(3)))
    own_cc = 64 / 2 * np.sin(2 * np.pi / 64) * 6.0**2 * 3 * 3.0 / 1000
    mask = rasterize(drawn, GRID)
    assert mask.lost_cc > 0
    part = GRID.part((slice(0, 4), slice(5, 12), slice(6, 14)))
    for one in (mask, cropped(mask), mask.on(part), mask.called("GTV")):
        assert one.volume_polygons_cc == pytest.approx(own_cc, rel=1e-6)
    assert perturb(mask, "shift", 2.0).volume_polygons_cc is None


def test_what_an_oblique_plane_loses_is_counted_too():
    tilted = [
        turned(circle(Z + 1.0 * n, (5.0, 3.0), 6.0), rotation(1), np.array([4.0, 3.0, Z])) for n in range(6)
    ]
    larger = Grid((40, 40, 30), GRID.spacing, tuple(GRID.index_to_world((-10, -10, -10))))
    whole, cut = rasterize(structure(*tilted), larger), rasterize(structure(*tilted), GRID)
    np.testing.assert_array_equal(cut.mask, whole.mask[10:18, 10:22, 10:24])
    assert cut.lost_cc == pytest.approx(whole.volume_cc - cut.volume_cc)
    assert cut.lost_cc > 0


def test_a_structure_between_voxels_is_empty_and_says_so():
    drawn = rasterize(structure(circle(Z, (0.5, 0.1), 0.1)), GRID)
    assert not drawn.mask.any()
    assert "no voxel's center lies inside" in drawn.tags[RASTERIZED_TAG]
