"""Trials: true beside predicted figures, as a table and as a curve."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ContourQALib.quality.verdict import Levels
from ContourQALib.report.outlines import ASSESSED, REFERENCE
from ContourQALib.workstation.teach.lessons import LESSONS
from ContourQALib.workstation.teach.measuring import Measuring
from ContourQALib.workstation.teach.teaching_case import Dose, TeachingCase
from ContourQALib.workstation.teach.trials import Trial, Trials


@pytest.fixture(scope="module")
def trial(case: TeachingCase, measuring: Measuring, run):
    def made(error: str, severity: float, structure: str = "Bladder") -> Trial:
        dose = Dose(error, severity)
        contour = case.spoiled(structure, dose)
        (truth,) = run(measuring.truths(case, structure, [contour]))
        (said,) = run(measuring.predictions(case, [contour])).structures
        return Trial(dose, truth, said)

    return made


def test_the_table_shows_the_figures_that_the_library_gave(trial) -> None:
    one = trial("shift", 10.0)
    dice, hd95, msd, surface, largest = one.rows()
    assert dice["true"] == f"{one.truth.dice:.3f}"
    assert dice["predicted"] == f"{one.predicted.dice:.3f}"
    low, high = one.predicted.dice_interval
    assert dice["interval"] == f"{low:.3f} to {high:.3f}"
    assert hd95["true"] == f"{one.truth.hd95_mm:.1f} mm"
    assert hd95["interval"].count("mm") == 0
    assert msd["predicted"] == f"{one.predicted.msd_mm:.1f} mm"
    assert surface["name"] == "Surface Dice, 2 mm"
    assert surface["predicted"] == largest["predicted"] == "–"


def test_what_is_undefined_is_a_dash_and_a_distance_to_nothing_is_infinite(trial) -> None:
    dice, hd95, *_ = trial("empty", 1.0).rows()
    assert (dice["true"], dice["predicted"], dice["interval"]) == ("0.000", "–", "")
    assert (hd95["true"], hd95["predicted"]) == ("∞", "–")


def test_an_error_below_half_a_voxel_changes_nothing_and_says_so(trial) -> None:
    assert trial("shift", 1.0).unchanged
    assert not trial("shift", 5.0).unchanged


def test_the_curve_runs_from_slight_to_grave_whatever_the_order_of_trying(trial) -> None:
    grave, slight = trial("scale", 0.4), trial("scale", 0.1)
    newest = replace(slight, truth=replace(slight.truth, dice=0.5))
    trials = Trials()
    for each in (grave, slight, newest):
        trials.add(each)
    assert list(trials) == [newest, grave]
    drawn = trials.chart(LESSONS["scale"], Levels(0.9, 0.6), now=0.25).to_plotly_json()
    true, said = drawn["data"]
    assert true["x"] == said["x"] == pytest.approx([10.0, 40.0])
    assert true["y"] == [0.5, grave.truth.dice]
    assert (true["line"]["color"], said["line"]["color"]) == (REFERENCE.color, ASSESSED.color)
    assert said["y"][1] - said["error_y"]["arrayminus"][1] == pytest.approx(grave.predicted.dice_interval[0])
    assert said["y"][1] + said["error_y"]["array"][1] == pytest.approx(grave.predicted.dice_interval[1])
    accept, reject, now = drawn["layout"]["shapes"]
    assert (accept["y0"], reject["y0"], now["x0"]) == (0.9, 0.6, 25.0)
    assert "%" in drawn["layout"]["xaxis"]["title"]["text"]


def test_the_chart_is_plain_json_even_of_what_is_undefined(trial) -> None:
    trials = Trials([trial("empty", 1.0)])
    json.dumps(trials.chart(LESSONS["empty"], Levels()).to_plotly_json(), allow_nan=False)
    assert len(Trials()) == 0
    json.dumps(Trials().chart(LESSONS["shift"], Levels()).to_plotly_json(), allow_nan=False)
