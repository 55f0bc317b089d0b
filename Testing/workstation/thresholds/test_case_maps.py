"""Maps of a case: told apart, matched with the reference, refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import GeometryError, SettingError
from ContourQALib.geometry import Grid
from ContourQALib.workstation.thresholds.case_maps import CaseMaps, Subject

GRID = Grid.for_shape((6, 6, 6))


def map_of(name: str, path: str | None = None, grid: Grid = GRID) -> ProbabilityMap:
    values = np.zeros(grid.shape, np.float32)
    values[2:4, 2:4, 2:4] = 0.7
    values[2, 2, 2] = 0.5
    return ProbabilityMap(values, grid, name, Path(path) if path else None)


def reference(name: str, grid: Grid = GRID) -> Contour:
    mask = np.zeros(grid.shape, bool)
    mask[1:4, 1:4, 1:4] = True
    return Contour(mask, grid, name)


class Files:
    def probabilities(self) -> tuple[ProbabilityMap, ...]:
        return (map_of("CTV", "a/vendor_CTV.nrrd"), map_of("CTV", "a/lft_CTV.nrrd"), map_of("Bladder"))

    def reference(self) -> tuple[Contour, ...]:
        return reference("ctv"), reference("Rectum")


def test_maps_of_one_structure_are_told_apart_by_their_files() -> None:
    maps = CaseMaps.read(Files())

    assert maps.titles == ("CTV (vendor_CTV)", "CTV (lft_CTV)", "Bladder")


def test_a_map_is_compared_with_the_reference_of_its_structure_in_any_spelling() -> None:
    maps = CaseMaps.read(Files())

    assert maps.reference_of("CTV") == "ctv"
    assert maps.reference_of("Bladder") == ""
    assert maps.place_of("CTV") == 0
    assert maps.place_of("Rectum") is None


def test_two_references_that_mean_the_same_are_left_to_the_reader() -> None:
    maps = CaseMaps((), (), (reference("ctv"), reference("CTV ")))

    assert maps.reference_of("ctv_") == ""


def test_a_half_itself_belongs_to_the_contour_at_a_half() -> None:
    subject = Subject.prepare(map_of("CTV"), None)

    assert subject.half.on(GRID).mask[2, 2, 2]
    assert np.count_nonzero(subject.half.mask) == 8
    assert subject.reference is None


def test_the_reference_counts_on_the_whole_grid_though_its_file_is_cut_to_a_box() -> None:
    part = Grid((3, 3, 3), GRID.spacing, (1.0, 1.0, 1.0), GRID.direction)
    drawn = Contour(np.ones(part.shape, bool), part, "CTV")

    subject = Subject.prepare(map_of("CTV"), drawn)

    assert subject.reference is not None
    assert subject.reference.grid == GRID
    assert np.count_nonzero(subject.reference.mask) == 27


def test_a_reference_elsewhere_is_another_patients() -> None:
    far = Grid(GRID.size, GRID.spacing, (900.0, 0.0, 0.0), GRID.direction)

    with pytest.raises(GeometryError, match="wholly outside of the map"):
        Subject.prepare(map_of("CTV"), reference("CTV", far))


def test_values_that_are_no_probabilities_are_refused() -> None:
    percent = ProbabilityMap(np.full(GRID.shape, 70.0), GRID, "CTV")

    with pytest.raises(SettingError, match="between 0 and 1"):
        Subject.prepare(percent, None)
