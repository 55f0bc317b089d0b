"""Which share of a voxel is inside: against areas of shapely, and in sum the polygons' own volume."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import points_in_poly

from ContourQALib.case import RASTERIZED_TAG
from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid
from ContourQALib.planar import crossings, oblique
from ContourQALib.planar.areas import polygon_volume_cc
from ContourQALib.planar.coverage import coverage
from ContourQALib.planar.rasterizing import rasterize
from planar_shapes import GRID, as_before, at, circle, rectangle, reoriented, rotation, structure, turned

Z = 39.0  # the plane of slice 3 of GRID

SINGLE = 2e-7
"""Shares are float32."""

COORDINATE = st.floats(-5.9, 6.4)
CORNERS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=9)


def even_odd(polygon: np.ndarray):
    """The even-odd inside of a polygon that may cross itself, as shapely's areas."""
    line = shapely.node(shapely.LinearRing(polygon[:, :2]))
    faces = shapely.polygonize([line]).geoms
    inner = [face for face in faces if points_in_poly([face.point_on_surface().coords[0]], polygon[:, :2])[0]]
    return shapely.union_all(inner)


def shares(shape, grid: Grid = GRID) -> np.ndarray:
    """(J, I) share of each pixel of a slice of the axial grid that lies in `shape`."""
    j, i = np.indices(grid.shape[1:])
    low = [o + (n - 0.5) * s for o, n, s in zip(grid.origin, (i, j), grid.spacing, strict=False)]
    pixels = shapely.box(low[0], low[1], low[0] + grid.spacing[0], low[1] + grid.spacing[1])
    return shapely.area(shapely.intersection(pixels, shape)) / (grid.spacing[0] * grid.spacing[1])


@settings(max_examples=40, deadline=None)
@given(CORNERS)
def test_each_voxel_has_the_share_that_shapely_cuts_out_of_it_crossings_included(corners):
    polygon = at(Z, np.round(corners, 3))
    shape = even_odd(polygon)
    if shape.area < 1e-3:
        return
    values = coverage(structure(polygon), GRID).values
    np.testing.assert_allclose(values[3], shares(shape), atol=1e-6)
    assert not values[[0, 1, 2, 4, 5, 6, 7]].any()
    expected_cc = shape.area * GRID.spacing[2] / 1000
    assert polygon_volume_cc(structure(polygon), GRID) == pytest.approx(expected_cc, rel=1e-6)


def test_the_sum_is_the_polygons_own_volume():
    polygons = [circle(z, (0.3, -0.2), 5.0 - 0.5 * n, 37) for n, z in enumerate((33.3, 36.4, 39.4, 43.0))]
    holes = [circle(z, (0.9, -0.2), 1.5) for z in (36.4, 39.4)]
    drawn = structure(*polygons, *holes)
    whole_cc = polygon_volume_cc(drawn, GRID)
    area = [37 / 2 * np.sin(2 * np.pi / 37) * (5.0 - 0.5 * n) ** 2 for n in range(4)]
    hole = 64 / 2 * np.sin(2 * np.pi / 64) * 1.5**2
    thickness = [3.1, 3.05, 3.3, 3.35]  # the usual distance is 3.1
    expected = sum(a * t for a, t in zip(area, thickness, strict=True)) - hole * (3.05 + 3.3)
    assert whole_cc == pytest.approx(expected / 1000, rel=1e-9)
    values = coverage(drawn, GRID).values
    assert values.sum(dtype=float) * GRID.voxel_volume_cc == pytest.approx(whole_cc, rel=1e-6)
    assert values.min() >= 0
    assert values.max() <= 1


def test_what_the_grid_cuts_off_is_said():
    polygons = [circle(Z + 3.0 * n, (5.0, 3.0), 6.0) for n in range(8)]  # beyond right, back and head
    upright = structure(*polygons)
    tilted = structure(*(turned(one, rotation(1), np.array([4.0, 3.0, Z])) for one in polygons))
    larger = Grid((40, 40, 30), GRID.spacing, tuple(GRID.index_to_world((-10, -10, -10))))
    for drawn in (upright, tilted):
        whole, cut = coverage(drawn, larger), coverage(drawn, GRID)
        assert "outside the grid" not in whole.tags[RASTERIZED_TAG]
        lost_cc = (whole.values.sum(dtype=float) - cut.values.sum(dtype=float)) * GRID.voxel_volume_cc
        assert lost_cc > 0.1
        assert cut.tags[RASTERIZED_TAG].endswith(f"; {lost_cc:.3g} cc outside the grid")


def test_the_volume_of_a_small_structure_is_kept_where_voxels_would_lose_it():
    nerve = structure(*(circle(z, (0.5, 0.4), 0.4) for z in (36.0, 39.0, 42.0)))
    whole_cc = polygon_volume_cc(nerve, GRID)
    assert rasterize(nerve, GRID).volume_cc == 0.0
    found_cc = coverage(nerve, GRID).values.sum(dtype=float) * GRID.voxel_volume_cc
    assert found_cc == pytest.approx(whole_cc, rel=1e-6)


def test_a_plane_off_the_slices_is_shared_between_two_of_them():
    values = coverage(structure(rectangle(Z + 0.75, (-2.5, 1.5), (-3.875, 3.625))), GRID).values
    i, j = slice(4, 8), slice(3, 9)  # the rectangle runs along faces of voxels
    np.testing.assert_allclose(values[3, j, i], 0.75, atol=SINGLE)
    np.testing.assert_allclose(values[4, j, i], 0.25, atol=SINGLE)
    assert values.sum() == pytest.approx(4 * 6, rel=1e-6)


def test_a_keyhole_has_the_shares_of_its_ring():
    outer, inner = circle(Z, (0.1, 0.1), 5.0), circle(Z, (0.1, 0.1), 3.0)
    # the way out has a corner that the way in lacks
    keyhole = np.concatenate([outer, outer[:1], inner[:1], inner[::-1], (outer[:1] + inner[:1]) / 2])
    ring = coverage(structure(outer, inner), GRID).values
    np.testing.assert_allclose(coverage(structure(keyhole), GRID).values, ring, atol=SINGLE)


def test_work_done_in_small_parts_is_the_same(monkeypatch):
    random = np.random.default_rng(3)
    crossing = structure(at(Z, random.uniform(-5.5, 6.0, (40, 2))))
    flat = [circle(z, (0.2, 0.1), 4.0) for z in (Z, Z + 2.0)]
    tilted = structure(*(turned(polygon, rotation(2), flat[0][0]) for polygon in flat))
    whole = [coverage(one, GRID).values for one in (crossing, tilted)]
    monkeypatch.setattr(crossings, "AT_ONCE", 7)
    monkeypatch.setattr(oblique, "AT_ONCE", 500)
    np.testing.assert_array_equal(coverage(crossing, GRID).values, whole[0])
    np.testing.assert_array_equal(coverage(tilted, GRID).values, whole[1])


def test_what_leaves_the_grid_is_cut_off():
    large = Grid((30, 30, 8), GRID.spacing, tuple(GRID.index_to_world((-8, -9, 0))))
    for center in ((5.0, 5.0), (-5.0, -6.0)):
        drawn = structure(circle(Z, center, 4.0))
        np.testing.assert_allclose(
            coverage(drawn, GRID).values, coverage(drawn, large).values[:, 9:21, 8:22], atol=SINGLE
        )
    with pytest.raises(GeometryError, match="wholly outside the grid"):
        coverage(structure(circle(Z, (50.0, 0.0), 4.0)), GRID)


def test_every_sense_of_the_axes_gives_the_same_shares():
    drawn = structure(*(circle(z, (0.3, -0.2), 4.0, 11) for z in (36.4, 39.4)))
    for order, flips in [((2, 0, 1), (True, False, True)), ((1, 0, 2), (False, True, True))]:
        moved = coverage(drawn, reoriented(GRID, order, flips)).values
        np.testing.assert_allclose(as_before(moved, order, flips), coverage(drawn, GRID).values, atol=SINGLE)


def test_planes_oblique_to_the_grid_keep_their_volume_to_a_hundredth():
    grid = Grid((24, 24, 22), (1.0, 1.0, 1.2), (-12.0, -12.0, -13.0))
    flat = [circle(z, (0.2, 0.1), 6.0) for z in (-2.0, 0.0, 2.0)]
    drawn = structure(*(turned(polygon, rotation(5), np.zeros(3)) for polygon in flat))
    values = coverage(drawn, grid).values
    whole_cc = polygon_volume_cc(drawn, grid)
    assert whole_cc == pytest.approx(64 / 2 * np.sin(2 * np.pi / 64) * 36 * 6.0 / 1000)
    # 27 points a voxel, some 15 000 of them at the surface, each right or wrong
    assert values.sum(dtype=float) * grid.voxel_volume_cc == pytest.approx(whole_cc, rel=0.01)
    assert len(np.unique(values)) > 10
