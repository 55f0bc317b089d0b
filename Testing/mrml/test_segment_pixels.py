"""SegmentPixels: which pixels of a plane lie in a segment, in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from ContourQALib.mrml.segment_pixels import SegmentPixels, edge

SIZE = (40, 30)
"""Pixels of the view, across and up."""


def segment(label: int = 1) -> SegmentPixels:
    """A box of 4 x 6 x 8 voxels along K, J and I from index (3, 2, 1) of an array, of 1 mm voxels."""
    values = np.zeros((10, 12, 14), np.uint8)
    values[3:7, 2:8, 1:9] = label
    return SegmentPixels(values, label, np.eye(4))


def plane(across: int, up: int, origin: tuple[float, float, float], mm: float = 0.5) -> np.ndarray:
    """RAS of a view's pixels: columns and rows run along axes of RAS, its first pixel is at `origin`."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.eye(3)[:, [across, up, 3 - across - up]]
    matrix[:3, :2] *= mm
    matrix[:3, 3] = origin
    return matrix


def shown(of: SegmentPixels, where: np.ndarray) -> np.ndarray:
    """The whole view."""
    view = np.zeros(SIZE[::-1], bool)
    found = of.inside(where, SIZE)
    if found is not None:
        inside, (x, y) = found
        view[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return view


def expected(where: np.ndarray) -> np.ndarray:
    """By the definition: each pixel's own point, and the voxel that holds it."""
    x, y = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    at = np.floor(
        where[:3, 0, None, None] * x + where[:3, 1, None, None] * y + where[:3, 3, None, None] + 0.5
    )
    low, high = np.array([1, 2, 3])[:, None, None], np.array([9, 8, 7])[:, None, None]
    return ((at >= low) & (at < high)).all(axis=0)


@pytest.mark.parametrize("across", range(3))
@pytest.mark.parametrize("up", range(3))
def test_every_plane_along_the_axes(across: int, up: int) -> None:
    if across == up:
        return
    where = plane(across, up, (1.2, -1.3, 4.1))
    where[3 - across - up, 3] = 4.3
    assert expected(where).any()
    assert (shown(segment(), where) == expected(where)).all()


@pytest.mark.parametrize("turned", [0.5, 0.7, 2.5])
def test_oblique_planes(turned: float) -> None:
    c, s = np.cos(turned), np.sin(turned)
    where = plane(0, 1, (-3.1, -2.2, 1.3))
    turn = np.eye(4)
    turn[:3, :3] = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    turn[:3, 3] = (4.0, 4.0, 5.0) - turn[:3, :3] @ (4.0, 4.0, 5.0)
    where = turn @ where
    assert expected(where).any()
    assert (shown(segment(), where) == expected(where)).all()


def test_a_view_that_cuts_the_segment_off_shows_its_part() -> None:
    where = plane(0, 1, (4.2, 3.3, 5.0))
    assert (shown(segment(), where) == expected(where)).all()
    assert expected(where)[0, 0]


def test_planes_beside_the_labelmap_show_nothing() -> None:
    assert segment().inside(plane(0, 1, (0.2, 0.2, 20.0)), SIZE) is None
    assert segment().inside(plane(0, 1, (50.2, 0.2, 5.0)), SIZE) is None


def test_a_layer_shows_one_label_of_it() -> None:
    one = segment(label=2)
    values = one.values.copy()
    values[:, :, 5:9][values[:, :, 5:9] > 0] = 3
    where = plane(0, 1, (0.2, 0.2, 5.0))
    parts = [shown(SegmentPixels(values, label, np.eye(4)), where) for label in (2, 3)]
    assert parts[0].any()
    assert parts[1].any()
    assert not (parts[0] & parts[1]).any()
    assert ((parts[0] | parts[1]) == shown(one, where)).all()


def test_the_voxels_are_not_changed() -> None:
    one = segment()
    before = one.values.copy()
    shown(one, plane(0, 1, (-3.0, -3.0, 5.0)))
    assert (one.values == before).all()


@pytest.mark.parametrize("width", [1, 2, 3])
def test_an_edge_is_so_many_pixels_wide(width: int) -> None:
    inside = np.zeros((20, 24), bool)
    inside[4:15, 5:20] = True
    core = np.zeros_like(inside)
    core[4 + width : 15 - width, 5 + width : 20 - width] = True
    assert (edge(inside, width) == (inside & ~core)).all()


def test_an_edge_runs_along_the_border_of_the_view() -> None:
    found = edge(np.ones((6, 7), bool), 1)
    assert found[0].all()
    assert found[:, -1].all()
    assert not found[1:-1, 1:-1].any()
