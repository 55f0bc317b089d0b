"""SliceBars: volumes on the right slices of the image, and a drawing that holds every one of them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.assessment import Novelty, StructureAssessment
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.quality.verdict import Verdict
from ContourQALib.report.outlines import TOO_MUCH
from ContourQALib.workstation.review.findings import Finding
from ContourQALib.workstation.review.slice_bars import HEIGHT, SliceBars, extent_on, slice_bars
from ContourQALib.workstation.review.slice_strip import drawing_of
from ContourQALib.workstation.theme import MUTED

GRID = Grid((10, 10, 20), (1.0, 1.0, 2.0))
VOXEL_CC = 0.002


def error_map(wrong: dict[int, int], over: bool = True) -> ErrorMap:
    """In slices 4 to 15 of the image; `wrong` says how many voxels of a slice are certainly wrong."""
    spans = (slice(4, 16), slice(0, 10), slice(0, 10))
    probability = np.zeros((12, 10, 10), np.float32)
    for k, count in wrong.items():
        probability[k - 4].flat[:count] = 1.0
    mask = np.full(GRID.shape, over)
    return ErrorMap.of_box(probability, spans, mask, GRID)


def assessed(error: ErrorMap | None, **changes: object) -> StructureAssessment:
    slices = error.slices_to_look_at() if error is not None else None
    plain = StructureAssessment(
        "Bladder",
        Status.OK,
        0.8,
        Verdict.REVIEW,
        (),
        Novelty(True),
        10.0,
        False,
        0.0,
        slices=slices,
        error=error,
    )
    return replace(plain, **changes)


def test_every_slice_of_contour_and_errors_has_its_volume() -> None:
    bars = slice_bars(assessed(error_map({5: 10, 9: 40})), range(8, 11))
    assert (bars.first, bars.count) == (5, 6)
    assert bars.over_cc == pytest.approx((10 * VOXEL_CC, 0, 0, 0, 40 * VOXEL_CC, 0))
    assert bars.under_cc == pytest.approx((0,) * 6)
    assert [one.index for one in bars.listed] == [9, 5]


def test_what_is_left_out_stands_apart() -> None:
    bars = slice_bars(assessed(error_map({7: 5}, over=False)), range(7, 8))
    assert bars.over_cc == (0.0,)
    assert bars.under_cc == pytest.approx((5 * VOXEL_CC,))


def test_a_contour_beyond_the_box_keeps_its_slices() -> None:
    bars = slice_bars(assessed(error_map({4: 1})), range(0, 20))
    assert (bars.first, bars.count) == (0, 20)
    assert bars.over_cc[4] == pytest.approx(VOXEL_CC)
    assert sum(bars.over_cc) == pytest.approx(VOXEL_CC)


def test_a_veil_of_small_probabilities_does_not_widen_the_strip() -> None:
    error = error_map({9: 100})
    error.probability[:] += 1e-5
    assert slice_bars(assessed(error), range(8, 11)).count == 3


def test_before_the_map_is_there_the_listed_slices_are() -> None:
    known = assessed(error_map({5: 10, 9: 40}))
    bars = slice_bars(replace(known, error=None), range(8, 11))
    assert not bars.is_complete
    assert bars.over_cc == pytest.approx((10 * VOXEL_CC, 0, 0, 0, 40 * VOXEL_CC, 0))


def test_what_nobody_knows_to_be_too_much_or_left_out_has_the_color_of_neither() -> None:
    known = assessed(error_map({5: 10, 9: 40}))
    for found, color in ((known, TOO_MUCH.color), (replace(known, error=None), MUTED)):
        drawn = drawing_of(slice_bars(found, range(8, 11)), Finding("Bladder", found))
        assert drawn["overListed"]
        assert (drawn["color"], bool(drawn["meaning"])) == (color, found is known)


@pytest.mark.parametrize("found", [None, assessed(None)])
def test_nothing_known_leaves_empty_slices(found: StructureAssessment | None) -> None:
    bars = slice_bars(found, range(3, 6))
    assert (bars.first, bars.count, bars.top_cc, bars.listed) == (3, 3, 0.0, ())
    assert set(bars.paths().values()) == {""}


def test_an_empty_contour_has_no_slices() -> None:
    empty = Contour(np.zeros(GRID.shape, bool), GRID, "Bladder")
    assert len(extent_on(empty, GRID)) == 0
    assert slice_bars(None, extent_on(empty, GRID)).count == 0


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (Grid((10, 10, 3), (1.0, 1.0, 2.0), (0.0, 0.0, 8.0)), range(4, 7)),
        (Grid((10, 10, 6), (1.0, 1.0, 1.0), (0.0, 0.0, 7.5)), range(4, 7)),
        (Grid((10, 10, 3), (1.0, 1.0, 2.0), (9.0, 0.0, 12.0), (-1, 0, 0, 0, 1, 0, 0, 0, -1)), range(4, 7)),
    ],
    ids=["same lattice", "finer lattice", "turned over"],
)
def test_extent_is_counted_in_slices_of_the_image(grid: Grid, expected: range) -> None:
    assert extent_on(Contour(np.ones(grid.shape, bool), grid, "Bladder"), GRID) == expected


def test_paths_hold_each_bar_once_and_the_worst_is_full_height() -> None:
    bars = slice_bars(assessed(error_map({5: 10, 9: 40})), range(5, 10))
    paths = bars.paths()
    assert paths["over"] == paths["under"] == paths["underListed"] == ""
    heights = {
        float(x): HEIGHT - float(top)
        for x, top in re.findall(r"M([\d.]+) [\d.]+V([\d.]+)H", paths["overListed"])
    }
    assert {round(x): round(height) for x, height in heights.items()} == {0: 25, 4: 100}


def test_bars_of_two_kinds_stand_on_each_other() -> None:
    paths = SliceBars(0, (1.0,), (3.0,)).paths()
    assert "M0.12 100.0V75.0H" in paths["over"]
    assert "M0.12 75.0V0.0H" in paths["under"]
