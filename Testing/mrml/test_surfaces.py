"""Surfaces: they lie where the contour lies, are as large, face outwards, and say where it is wrong."""

from __future__ import annotations

import time
from threading import Thread
from typing import Any

import numpy as np
import pytest
from vtkmodules.util.numpy_support import vtk_to_numpy

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid
from ContourQALib.mrml import surfaces
from ContourQALib.mrml.outlines import LEFT_OUT_COLOR, TOO_MUCH_COLOR
from ContourQALib.quality.error_map import ErrorMap
from shapes import ball_mask

SPACING = (1.0, 1.5, 2.0)
SHAPE = (31, 41, 51)
CENTER = (15, 20, 25)
RADIUS_MM = 18.0

TURN = np.deg2rad(25)
OBLIQUE = (np.cos(TURN), -np.sin(TURN), 0.0, np.sin(TURN), np.cos(TURN), 0.0, 0.0, 0.0, 1.0)
MIRRORED = (1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0)
STRAIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def ball(direction: tuple[float, ...] = STRAIGHT, radius_mm: float = RADIUS_MM) -> Contour:
    grid = Grid(SHAPE[::-1], SPACING, (-30.0, 12.0, 100.0), direction)
    return Contour(ball_mask(SHAPE, CENTER, radius_mm, SPACING[::-1]), grid, "Ball")


def points_of(surface: Any) -> np.ndarray:
    return vtk_to_numpy(surface.GetPoints().GetData()).astype(float)


def signed_volume_cc(surface: Any) -> float:
    """By the divergence theorem; positive where triangles run counterclockwise, seen from outside."""
    corners = points_of(surface)[vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3)]
    a, b, c = corners.transpose(1, 0, 2) - corners.mean(axis=(0, 1))[None, None]
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6000)


@pytest.mark.parametrize("direction", [STRAIGHT, OBLIQUE, MIRRORED])
def test_a_ball_stays_a_ball_where_it_was(direction: tuple[float, ...]) -> None:
    contour = ball(direction)
    surface = surfaces.surface_of(contour)
    middle = contour.grid.index_to_world(CENTER[::-1]) * (-1, -1, 1)
    distance = np.linalg.norm(points_of(surface) - middle, axis=1)
    assert abs(distance.mean() - RADIUS_MM) < 0.5
    assert np.abs(distance - RADIUS_MM).max() < max(SPACING)
    assert signed_volume_cc(surface) == pytest.approx(contour.volume_cc, rel=0.02)


@pytest.mark.parametrize("direction", [STRAIGHT, OBLIQUE, MIRRORED])
def test_normals_point_outwards(direction: tuple[float, ...]) -> None:
    contour = ball(direction)
    surface = surfaces.surface_of(contour)
    outwards = points_of(surface) - contour.grid.index_to_world(CENTER[::-1]) * (-1, -1, 1)
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    normals = vtk_to_numpy(surface.GetPointData().GetNormals())
    assert (np.einsum("ij,ij->i", normals, outwards) > 0.7).all()


def test_a_structure_that_reaches_the_border_is_closed_there() -> None:
    contour = Contour(np.ones((4, 5, 6), bool), Grid((6, 5, 4), (2.0, 2.0, 2.0)), "Block")
    from vtkmodules.vtkFiltersCore import vtkFeatureEdges

    holes = vtkFeatureEdges()
    holes.SetInputData(surfaces.surface_of(contour))
    holes.BoundaryEdgesOn()
    holes.FeatureEdgesOff()
    holes.NonManifoldEdgesOff()
    holes.ManifoldEdgesOff()
    holes.Update()
    assert holes.GetOutput().GetNumberOfCells() == 0


def test_nothing_has_no_surface() -> None:
    contour = Contour(np.zeros((3, 3, 3), bool), Grid((3, 3, 3)), "Nothing")
    assert surfaces.surface_of(contour).GetNumberOfPoints() == 0


def test_large_masks_are_thinned_and_stay_in_place() -> None:
    contour = ball()
    fine = surfaces.surface_of(contour)
    coarse = surfaces.surface_of(contour, most_voxels=contour.mask.size // 5)
    assert coarse.GetNumberOfPoints() < fine.GetNumberOfPoints() / 2
    assert signed_volume_cc(coarse) == pytest.approx(contour.volume_cc, rel=0.04)
    np.testing.assert_allclose(coarse.GetCenter(), fine.GetCenter(), atol=0.5)


def wrong_at_the_ends() -> tuple[Contour, ErrorMap]:
    """A ball that has too much at its left end and lacks something beyond its right end."""
    contour = ball()
    i = np.arange(SHAPE[2])
    wrong = np.zeros(SHAPE, np.float32)
    wrong[(i > 36) & contour.mask] = 0.9
    wrong[(i < 14) & ~contour.mask] = 0.7
    return contour, ErrorMap.of_box(wrong, [slice(0, n) for n in SHAPE], contour.mask, contour.grid)


def test_each_end_has_the_sign_of_its_error() -> None:
    contour, error = wrong_at_the_ends()
    surface = surfaces.surface_of(contour, error)
    errors = vtk_to_numpy(surface.GetPointData().GetArray(surfaces.ERRORS))
    right_mm = points_of(surface)[:, 0]  # R of RAS is minus x of LPS
    i = (-right_mm - contour.grid.origin[0]) / SPACING[0]
    assert errors[i > 39] == pytest.approx(0.9)
    assert errors[i < 11] == pytest.approx(-0.7)
    assert not errors[(i > 18) & (i < 32)].any()


def test_a_map_of_a_box_says_nothing_beyond_it() -> None:
    contour, error = wrong_at_the_ends()
    half = ErrorMap.of_box(
        error.probability[..., 25:], [slice(0, 31), slice(0, 41), slice(25, 51)], contour.mask, contour.grid
    )
    surface = surfaces.surface_of(contour, half)
    errors = vtk_to_numpy(surface.GetPointData().GetArray(surfaces.ERRORS))
    assert errors.max() == pytest.approx(0.9)
    assert errors.min() == 0


def test_errors_are_colored_in_3d_views_alone(scene: Any) -> None:
    contour, error = wrong_at_the_ends()
    node = surfaces.add_surface(scene, surfaces.surface_of(contour, error), "Ball", (0.1, 0.2, 0.3))
    display = node.GetDisplayNode()
    assert not display.GetVisibility2D()
    surfaces.show_surface(node, errors=True)
    assert display.GetScalarVisibility()
    assert display.GetActiveScalarName() == surfaces.ERRORS
    assert display.GetScalarRange() == (-1.0, 1.0)
    colors = display.GetColorNode()
    lowest, highest, color = [0.0] * 4, [0.0] * 4, [0.0] * 4
    colors.GetColor(0, lowest)
    colors.GetColor(255, highest)
    colors.GetColor(128, color)
    assert lowest[:3] == pytest.approx(LEFT_OUT_COLOR)
    assert highest[:3] == pytest.approx(TOO_MUCH_COLOR)
    assert color[:3] == pytest.approx(surfaces.SOUND_COLOR, abs=1 / 255)


def test_without_errors_a_surface_has_its_structures_color(scene: Any) -> None:
    node = surfaces.add_surface(scene, surfaces.surface_of(ball()), "Ball", (0.1, 0.2, 0.3))
    surfaces.show_surface(node, opacity=0.25, errors=True)
    display = node.GetDisplayNode()
    assert not display.GetScalarVisibility()
    assert display.GetColor() == pytest.approx((0.1, 0.2, 0.3))
    assert display.GetOpacity() == 0.25
    surfaces.show_surface(node, opacity=0)
    assert not display.GetVisibility()


def test_two_surfaces_share_one_color_table(scene: Any) -> None:
    nodes = [surfaces.add_surface(scene, surfaces.surface_of(ball()), name, (1, 1, 1)) for name in "ab"]
    assert len({node.GetDisplayNode().GetColorNodeID() for node in nodes}) == 1


def test_a_thread_makes_a_surface_while_the_page_is_served() -> None:
    contour = Contour(ball_mask((90, 90, 90), (45, 45, 45), 40), Grid((90, 90, 90)), "Ball")
    surfaces.surface_of(ball())
    thread = Thread(target=surfaces.surface_of, args=(contour,))
    thread.start()
    longest_s, last = 0.0, time.perf_counter()
    while thread.is_alive():
        time.sleep(0.001)
        longest_s, last = max(longest_s, time.perf_counter() - last), time.perf_counter()
    assert longest_s < 0.2  # some 10 ms where the machine has nothing else to do
