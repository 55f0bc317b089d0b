"""Calibrations on disk: what is read is what was written, and another model's is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ContourQALib.errors import ModelError
from ContourQALib.quality.adjustment import Adjustment, Line
from ContourQALib.quality.calibration import Calibration, FigureCalibration, StructureCalibration
from ContourQALib.quality.intervals import Interval, Refusal, Residuals

DIGEST = "0" * 64


def figures(patients=60, contours=2, bias=0.0):
    """Dice and HD95 of contours whose Dice is `bias` below what was predicted."""
    rng = np.random.default_rng(0)
    whose = np.repeat(np.arange(patients), contours)
    dice = rng.uniform(0.6, 0.95, len(whose))
    true = np.clip(dice - bias + rng.normal(0, 0.03, len(dice)), 0, 1)
    hd95 = FigureCalibration(20 * (1 - dice), 20 * (1 - true), whose)
    return {"dice": FigureCalibration(dice, true, whose), "hd95_mm": hd95}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calibration.json"


def test_what_is_read_is_what_was_written(path):
    lines = {"dice": Line(0.9, -0.3)}
    known = StructureCalibration("left parotid", figures(), Adjustment(lines, 60))
    Calibration(DIGEST, (known,)).write(path)
    again = Calibration.read(path, DIGEST).of("Parotid_L")
    assert again.adjustment == known.adjustment
    assert (again.patients, again.contours) == (60, 120)
    # Five significant digits are kept, at most 5e-6 of Dice and 5e-5 of mm; intervals move as little.
    for figure, predicted in (("dice", 0.8), ("hd95_mm", 4.0)):
        kept, wanted = again.interval(figure, predicted), known.interval(figure, predicted)
        assert (kept.low, kept.high) == pytest.approx((wanted.low, wanted.high), abs=1e-3)


def test_undefined_and_infinite_truths_survive_the_file(path):
    true = np.array([np.nan, np.inf, 2.0])
    known = FigureCalibration(np.array([1.0, 2.0, 3.0]), true, np.array([9, 4, 9]))
    Calibration(DIGEST, (StructureCalibration("cord", {"hd95_mm": known}),)).write(path)
    again = Calibration.read(path).of("spinal cord").figures["hd95_mm"]
    np.testing.assert_array_equal(again.true, true)
    np.testing.assert_array_equal(again.patients, [0, 1, 0])


def test_the_file_names_no_patient_and_is_strict_json(path):
    Calibration(DIGEST, (StructureCalibration("ball", figures()),)).write(path)
    raw = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(name))
    assert set(map(type, raw["structures"][0]["figures"]["dice"]["patients"])) == {int}


def test_the_calibration_of_another_model_is_refused(path):
    Calibration(DIGEST, (StructureCalibration("ball", figures()),)).write(path)
    with pytest.raises(ModelError, match="another model"):
        Calibration.read(path, "1" * 64)


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.pop("model_digest"),
        lambda raw: raw["structures"][0]["figures"]["dice"]["true"].pop(),
        lambda raw: raw["structures"][0]["figures"]["dice"]["predicted"].__setitem__(0, None),
        lambda raw: raw["structures"][0].update(adjustment={"patients": 30, "lines": {"dice": [-1, 0]}}),
    ],
)
def test_a_damaged_file_is_refused(path, change):
    Calibration(DIGEST, (StructureCalibration("ball", figures()),)).write(path)
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))
    with pytest.raises(ModelError, match="damaged"):
        Calibration.read(path)


def test_a_missing_file_is_refused(path):
    with pytest.raises(ModelError, match="missing"):
        Calibration.read(path)


def test_structures_are_calibrated_apart():
    sure = StructureCalibration("ball", figures())
    unsure = StructureCalibration("cord", figures(bias=0.2))
    calibration = Calibration(DIGEST, (sure, unsure))
    assert calibration.of("Ball").interval("dice", 0.8).low > calibration.of("cord").interval("dice", 0.8).low
    assert calibration.of("liver") is None


def test_the_interval_lies_around_the_adjusted_figure():
    known = figures()
    moved = StructureCalibration("ball", known, Adjustment({"dice": Line(1.0, -1.0)}, 60))
    adjusted = moved.adjusted("dice", 0.9)
    assert adjusted < 0.8
    whole = known["dice"]
    expected = Residuals.of("dice", whole.predicted, whole.true, whole.patients).interval(adjusted, 0.9)
    assert moved.interval("dice", 0.9) == expected
    assert moved.at_least(0.9).low < adjusted


def test_without_enough_local_patients_there_is_an_adjusted_figure_and_no_interval():
    known = StructureCalibration("ball", {}, Adjustment({"dice": Line(1.0, -0.5)}, 34))
    for refused in (known.interval("dice", 0.9), known.at_least(0.9)):
        assert isinstance(refused, Refusal)
        assert "34 calibration patients" in refused.reason
    assert known.adjusted("dice", 0.9) < 0.9
    assert known.sentence == "ball: no intervals, adjusted on 34 patients"


def test_a_figure_that_was_not_calibrated_has_no_interval():
    known = StructureCalibration("ball", {"dice": figures()["dice"]})
    assert isinstance(known.interval("dice", 0.8), Interval)
    assert isinstance(known.interval("msd_mm", 1.0), Refusal)


def test_the_cards_sentence_counts_patients_and_contours():
    known = StructureCalibration("ball", figures(60, 2))
    assert known.sentence == "ball: intervals from 120 contours of 60 patients"


def test_the_cards_sentence_promises_no_intervals_where_too_few_calibrate():
    known = StructureCalibration("ball", figures(49, 2))
    assert isinstance(known.interval("dice", 0.8), Refusal)
    assert known.sentence == "ball: no intervals (98 contours of 49 patients, 50 patients are needed)"
