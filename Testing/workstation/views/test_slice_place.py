"""SlicePlace: number, position and letters of a slice, for images that lie anyhow in the patient."""

from __future__ import annotations

import numpy as np
import pytest

from ContourQALib.geometry import Grid
from ContourQALib.workstation.views.slice_place import letters, place_of

GRID = Grid((40, 50, 30), (1.0, 1.5, 3.0), (-20.0, -30.0, 100.0))

AXIAL = np.array([[-1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
"""As Slicer has it: the patient's left on the right, front above, seen from the feet."""

CORONAL = np.array([[-1.0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])


def looking(matrix: np.ndarray, ras: tuple[float, float, float]) -> np.ndarray:
    placed = matrix.copy()
    placed[:3, 3] = ras
    return placed


def test_an_axial_slice_of_an_axial_image() -> None:
    place = place_of(looking(AXIAL, (5.0, 7.0, 100.0 + 3.0 * 12)), GRID)
    assert (place.axis, place.count, place.nearest) == (2, 30, 12)
    assert place.index == pytest.approx(12)
    assert place.position == "S 136.0 mm"
    assert place.edges == ("R", "L", "A", "P")


def test_a_coronal_slice_follows_j_which_runs_against_the_view() -> None:
    place = place_of(looking(CORONAL, (5.0, 30.0 - 1.5 * 4, 120.0)), GRID)
    assert (place.axis, place.nearest) == (1, 4)
    assert place.normal_mm == pytest.approx(-1.5)
    assert place.position == "A 24.0 mm"
    assert place.edges == ("R", "L", "S", "I")


@pytest.mark.parametrize(("matrix", "index"), [(AXIAL, 20), (CORONAL, 33)])
def test_the_offset_leads_to_the_slice_it_names(matrix: np.ndarray, index: int) -> None:
    start = looking(matrix, (3.0, 11.0, 131.3))
    offset = place_of(start, GRID).offset_to(index)
    moved = looking(matrix, tuple(start[:3, 3] + offset * matrix[:3, 2]))
    assert place_of(moved, GRID).index == pytest.approx(index)


def test_beyond_the_image_is_its_last_slice() -> None:
    place = place_of(looking(AXIAL, (0.0, 0.0, 100.0)), GRID)
    assert place.offset_to(1000) == pytest.approx(29 * 3.0)
    assert place_of(looking(AXIAL, (0.0, 0.0, -900.0)), GRID).nearest == 0


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ((-1, 0, 0), "L"),
        ((1, 0, 0), "R"),
        ((0, 1, 0), "A"),
        ((0, -1, 0), "P"),
        ((0, 0, 1), "S"),
        ((0, 0, -1), "I"),
        ((-0.98, 0.2, 0), "L"),
        ((-0.9, 0.44, 0), "LA"),
        ((0.44, 0, -0.9), "IR"),
        ((0.6, 0.55, 0.58), "RSA"),
    ],
)
def test_letters_of_a_direction(direction: tuple[float, ...], expected: str) -> None:
    assert letters(np.array(direction)) == expected
