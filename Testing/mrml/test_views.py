"""Views look where they are sent."""

from __future__ import annotations

import numpy as np
import pytest

import scenes
from ContourQALib.case import Contour
from ContourQALib.errors import StructureError
from ContourQALib.geometry import Grid
from ContourQALib.mrml import views

MM = 1e-9  # rounding of doubles


@pytest.fixture
def slices(slicer, scene):
    """The three views of the application: 200 mm wide at 100 pixels."""
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    nodes = {}
    for name in ("Axial", "Sagittal", "Coronal"):
        node = scene.AddNewNodeByClass("vtkMRMLSliceNode", name)
        node.SetLayoutName(name)
        node.SetOrientation(name)
        node.SetDimensions(100, 100, 1)
        node.SetFieldOfView(200.0, 200.0, 1.0)
        nodes[name] = node
    return nodes


def place_in_view(node, ras) -> np.ndarray:
    """Pixel of a point, and how far it lies before the slice, by the node's own matrix."""
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    inverse = vtkMatrix4x4()
    vtkMatrix4x4.Invert(node.GetXYToRAS(), inverse)
    return np.array(inverse.MultiplyPoint((*ras, 1.0)))[:3]


def test_a_point_comes_to_the_middle_of_every_view(scene, slices):
    views.jump_to(scene, (10.0, -250.0, 33.0))
    for node in slices.values():
        assert place_in_view(node, (10.0, -250.0, 33.0)) == pytest.approx((50.0, 50.0, 0.0), abs=MM)


def test_views_that_show_the_point_only_change_their_slice(scene, slices):
    before = {name: place_in_view(node, (0.0, 0.0, 0.0))[:2] for name, node in slices.items()}
    views.jump_to(scene, np.array([10.0, -25.0, 33.0]), center=False)
    for name, node in slices.items():
        assert place_in_view(node, (10.0, -25.0, 33.0))[2] == pytest.approx(0.0, abs=MM)
        assert place_in_view(node, (0.0, 0.0, 0.0))[:2] == pytest.approx(before[name], abs=MM)


def test_a_point_out_of_sight_comes_to_the_middle_all_the_same(scene, slices):
    views.jump_to(scene, (0.0, -250.0, 0.0), center=False)
    assert place_in_view(slices["Axial"], (0.0, -250.0, 0.0)) == pytest.approx((50.0, 50.0, 0.0), abs=MM)
    # it lies within the borders of this one, on another slice
    assert place_in_view(slices["Coronal"], (0.0, -250.0, 0.0)) == pytest.approx((50.0, 50.0, 0.0), abs=MM)


def test_views_of_no_scene_are_nothing_to_do(scene):
    views.jump_to(scene, (1.0, 2.0, 3.0))
    assert scene.GetNumberOfNodesByClass("vtkMRMLSliceNode") == 0


def box(grid: Grid, low=(1, 2, 3), high=(5, 5, 8)) -> Contour:
    """From low to below high, (k, j, i)."""
    mask = np.zeros(grid.shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return Contour(mask, grid, "box")


@pytest.mark.parametrize("name", ["plain", "anisotropic", "oblique", "flipped", "mirrored"])
def test_the_middle_of_a_box_is_its_middle(name):
    grid = scenes.GRIDS[name]
    expected = scenes.moved(scenes.to_ras(grid), np.array([[5.0, 3.0, 2.5]]))[0]
    # k 1 to 4, j 2 to 4, i 3 to 7: the middle lies between two voxels, of which one is in the box
    assert views.center_of(box(grid)) == pytest.approx(tuple(expected), abs=MM)


def test_the_middle_of_a_ring_lies_on_the_ring():
    grid = Grid((21, 21, 3), (1.0, 2.0, 3.0))
    j, i = np.indices((21, 21)) - 10
    ring = np.abs(np.hypot(i, 2.0 * j) - 9) <= 1
    mask = np.stack([ring] * 3)
    mask[:, :, :3] = False  # a gap, so that no symmetry helps
    x, y, z = views.center_of(Contour(mask, grid, "ring"))
    index = np.round(grid.world_to_index((-x, -y, z))).astype(int)
    assert mask[tuple(index[::-1])]
    # none of its voxels is nearer to the center of mass
    kji = np.argwhere(mask)
    distance_mm = np.linalg.norm((kji - kji.mean(axis=0)) * grid.spacing_kji, axis=1)
    mine_mm = np.linalg.norm((index[::-1] - kji.mean(axis=0)) * grid.spacing_kji)
    assert mine_mm == pytest.approx(distance_mm.min())


@pytest.mark.parametrize("crop", [False, True], ids=["on the image's grid", "cropped"])
def test_the_middle_of_a_slice_lies_on_it(crop):
    grid = scenes.GRIDS["oblique"]
    contour = box(grid)
    contour.mask[2, 4, 7] = False
    contour.mask[3, :, :6] = False
    if crop:
        x, y, z = grid.index_to_world((3, 2, 1))
        part = Grid((5, 3, 4), grid.spacing, (x, y, z), grid.direction)
        contour = Contour(contour.mask[1:5, 2:5, 3:8], part, "box")
    index = {1: (5.0, 3.0, 1.0), 2: (68 / 14, 41 / 14, 2.0), 3: (6.5, 3.0, 3.0)}
    for k, expected in index.items():
        ras = scenes.moved(scenes.to_ras(grid), np.array([expected]))[0]
        assert views.slice_center(contour, k, grid) == pytest.approx(tuple(ras), abs=1e-6)


def test_a_slice_without_the_contour_is_shown_below_its_middle():
    grid = scenes.GRIDS["anisotropic"]
    ras = scenes.moved(scenes.to_ras(grid), np.array([[5.0, 3.0, 6.0]]))[0]
    assert views.slice_center(box(grid), 6, grid) == pytest.approx(tuple(ras), abs=MM)


def test_the_slice_of_an_image_turned_against_the_contour_is_found():
    image = scenes.GRIDS["anisotropic"]
    # the same space with the axes of the array exchanged: slices of one are rows of the other
    turned = Grid(
        (image.size[2], image.size[1], image.size[0]),
        (image.spacing[2], image.spacing[1], image.spacing[0]),
        image.origin,
        (0, 0, 1, 0, 1, 0, 1, 0, 0),
    )
    mask = np.ascontiguousarray(np.transpose(box(image).mask, (2, 1, 0)))
    for k in (1, 4, 6):
        expected = views.slice_center(box(image), k, image)
        assert views.slice_center(Contour(mask, turned, "box"), k, image) == pytest.approx(expected, abs=1e-6)


def test_an_empty_contour_has_no_middle():
    contour = Contour(np.zeros((2, 2, 2), bool), Grid((2, 2, 2)), "empty")
    with pytest.raises(StructureError, match="Contour empty is empty"):
        views.center_of(contour)
    with pytest.raises(StructureError, match="Contour empty is empty"):
        views.slice_center(contour, 0, contour.grid)


def test_contours_differ_most_where_the_area_of_their_difference_is_largest():
    grid = Grid((20, 18, 12), (1.0, 1.5, 3.0), (-10.0, 4.0, 7.0))
    mask, other = np.zeros(grid.shape, bool), np.zeros(grid.shape, bool)
    mask[2:10, 4:8, 4:8] = other[2:10, 4:8, 4:8] = True
    other[5, 4:8, 8:10] = True  # eight voxels too much on one slice
    mask[9, 8, 4:8] = True  # four left out on another
    reference, test = Contour(mask, grid, "a"), Contour(other, grid, "a")
    x, y, z = grid.index_to_world([8.5, 5.5, 5])
    np.testing.assert_allclose(views.place_of_difference(reference, test), (-x, -y, z))
    # on a box of its own that ends before the last slices, the test contour leaves out 20 voxels there
    box = (slice(3, 8), slice(0, 18), slice(0, 20))
    right, anterior, up = views.place_of_difference(reference, Contour(other[box], grid.part(box), "a"))
    assert grid.world_to_index([-right, -anterior, up])[2] == pytest.approx(9)
    assert views.place_of_difference(reference, reference) is None
