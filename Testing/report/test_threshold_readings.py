"""What panels read of a sweep: the curves' own figures, and scales that keep what matters in sight."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.geometry import Grid
from ContourQALib.report.records import to_csv
from ContourQALib.report.threshold_axes import CEILING, curve_of, known_volume, scale_end
from ContourQALib.report.threshold_readings import EXPECTED, READ_FIGURES, best_of, readings, titled
from ContourQALib.report.threshold_records import CURVES, swept_rows
from ContourQALib.thresholds.analysis import analyze
from ContourQALib.thresholds.expected import expected_curve
from ContourQALib.worker_requests import Swept

GRID = Grid.for_shape((12, 12, 12), (2.0, 2.0, 2.0))


@pytest.fixture(scope="module")
def probability() -> ProbabilityMap:
    """A ball whose probability falls from its middle outward."""
    away = np.sqrt(sum((n - 5.5) ** 2 for n in np.indices(GRID.shape)))
    return ProbabilityMap(np.clip(1 - away / 8, 0, 1), GRID, "CTV")


@pytest.fixture(scope="module")
def against_reference(probability: ProbabilityMap) -> Swept:
    reference = Contour(probability.values >= 0.35, GRID, "CTV")
    return Swept(analyze(probability, reference), expected_curve(probability))


@pytest.fixture(scope="module")
def alone(probability: ProbabilityMap) -> Swept:
    return Swept(None, expected_curve(probability))


def test_a_reading_is_the_curves_value_at_the_threshold_at_a_half_and_at_the_best(
    against_reference: Swept,
) -> None:
    analysis = against_reference.analysis
    assert analysis is not None

    read = {one.figure: one for one in readings(against_reference, 0.2)}

    assert tuple(read) == (*READ_FIGURES, EXPECTED)
    for figure in READ_FIGURES:
        assert read[figure].current == getattr(analysis.sweep.at(0.2), figure)
        assert read[figure].half == getattr(analysis.point(0.5), figure)
    assert (read["dice"].best, read["dice"].best_threshold) == (1.0, pytest.approx(0.34, abs=0.011))
    assert read["volume_cc"].best is None


def test_expected_dice_is_largest_at_its_best(against_reference: Swept) -> None:
    best = best_of(against_reference, EXPECTED)

    assert best is not None
    assert best.value == np.nanmax(against_reference.expected.expected_dice)
    (read,) = (one for one in readings(against_reference, best.threshold) if one.figure == EXPECTED)
    assert read.current == best.value


def test_without_a_reference_volume_and_expected_dice_are_all_that_is_read(alone: Swept) -> None:
    assert [one.figure for one in readings(alone, 0.3)] == ["volume_cc", EXPECTED]
    assert best_of(alone, "dice") is None
    assert curve_of(alone, "dice") is None


def test_an_empty_map_has_no_best_threshold() -> None:
    nothing = Swept(None, expected_curve(ProbabilityMap(np.zeros(GRID.shape), GRID, "CTV"), [0.3, 0.6]))

    assert best_of(nothing, EXPECTED) is None
    assert all(math.isnan(one.current) for one in readings(nothing, 0.3) if one.figure == EXPECTED)


def test_figures_of_distances_and_volumes_carry_their_unit() -> None:
    assert [titled(name) for name in ("dice", "hd95_mm", "volume_cc")] == ["Dice", "HD95, mm", "Volume, cc"]


def test_shares_end_at_one_and_volumes_at_three_times_what_is_known(probability: ProbabilityMap) -> None:
    small = Contour(probability.values >= 0.6, GRID, "CTV")
    swept = Swept(analyze(probability, small), expected_curve(probability))
    assert swept.analysis is not None
    assert small.volume_cc * CEILING["cc"] < swept.analysis.sweep.volume_cc.max(), "the map has more to show"

    assert known_volume(swept) == ("Reference", pytest.approx(small.volume_cc))
    assert scale_end(swept, ["dice", "surface_dice"]) == 1.0
    assert scale_end(swept, ["volume_cc"]) == pytest.approx(CEILING["cc"] * small.volume_cc)


def test_a_scale_shows_what_a_half_gives_and_never_more_than_there_is(against_reference: Swept) -> None:
    analysis = against_reference.analysis
    assert analysis is not None

    end = scale_end(against_reference, ["hd_mm"])

    assert analysis.point(0.5).hd_mm <= end
    assert end <= 1.05 * np.nanmax(analysis.sweep.hd_mm[np.isfinite(analysis.sweep.hd_mm)])


def test_the_table_of_a_sweep_has_a_row_a_threshold_with_every_curve(against_reference: Swept) -> None:
    rows = swept_rows("case_1", against_reference)

    analysis = against_reference.analysis
    assert analysis is not None
    assert [row["threshold"] for row in rows] == pytest.approx(analysis.sweep.thresholds)
    assert set(CURVES) | {"expected_dice", "flag"} <= set(rows[0])
    assert rows[20]["dice"] == analysis.sweep.dice[20]
    assert rows[-1]["hd_mm"] is None, "nothing is selected there, and infinity is no number of a table"
    assert to_csv(rows).count("\n") == len(rows) + 1


def test_the_table_without_a_reference_has_volume_and_expected_dice(alone: Swept) -> None:
    rows = swept_rows("case_1", alone)

    assert list(rows[0]) == ["case", "structure", "threshold", "volume_cc", "expected_dice"]
    assert rows[50]["expected_dice"] == alone.expected.expected_dice[50]
