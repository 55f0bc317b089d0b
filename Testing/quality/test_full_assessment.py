"""Assessments by a model that gives every figure: intervals, slices, agreement, and what they decide."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bundles import digest, write_bundle
from ContourQALib.case import Image, ProbabilityMap
from ContourQALib.errors import ModelError
from ContourQALib.quality.calibration import (
    Calibration,
    FigureCalibration,
    StructureCalibration,
)
from ContourQALib.quality.card import read_card
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.quality.model import QualityModel
from ContourQALib.quality.predict import assess
from ContourQALib.quality.prediction import Prediction
from ContourQALib.quality.verdict import Levels, Verdict
from shapes import ball_mask, contour

SHAPE = (30, 30, 30)
BALL = contour(ball_mask(SHAPE, (15, 15, 15), 9), name="ball")
MOVED = replace(BALL, mask=ball_mask(SHAPE, (15, 15, 21), 9))
MR = Image(np.random.default_rng(0).normal(500, 50, SHAPE).astype(np.float32), BALL.grid)


@dataclass(frozen=True)
class Told(QualityModel):
    """A model whose predictions the test chooses, and which remembers what it was asked."""

    said: Prediction
    asked: list

    def predict(self, image, contours, hints=()):
        self.asked.append((contours, hints))
        return [self.said for _ in contours]


def told(folder: Path, said: Prediction | None = None) -> Told:
    return Told(folder, read_card(folder), said or Prediction(0.85, 2.0, 0.5), [])


@pytest.fixture
def bundle(tmp_path) -> Path:
    return write_bundle(tmp_path / "toy")


def calibrate(folder: Path, patients: int, spread: float = 0.03, weights: str | None = None) -> Path:
    """Put a calibration with truths around 0.85 into a bundle; `weights` is the digest of another model's."""
    draws = np.random.default_rng(3)
    figures = {
        "dice": FigureCalibration(
            np.full(patients, 0.85),
            np.clip(0.85 + draws.normal(0, spread, patients), 0.01, 0.99),
            np.arange(patients),
        ),
        "hd95_mm": FigureCalibration(
            np.full(patients, 2.0), draws.uniform(1, 4, patients), np.arange(patients)
        ),
    }
    made = Calibration(
        weights or digest(folder / "weights.safetensors"), (StructureCalibration("ball", figures),)
    )
    made.write(folder / "calibration.json")
    card = json.loads((folder / "card.json").read_text())
    card["files"]["calibration.json"] = digest(folder / "calibration.json")
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def only(assessment):
    (structure,) = assessment.structures
    return structure


def test_figures_come_with_intervals_and_the_patients_behind_them(bundle):
    result = only(assess(MR, [BALL], told(calibrate(bundle, 80))))
    low, high = result.dice_interval
    assert low < result.dice == 0.85 < high
    assert low <= result.dice_at_least <= result.dice
    assert result.hd95_interval_mm[0] < 2.0 < result.hd95_interval_mm[1]
    assert (result.interval_level, result.interval_cases) == (0.9, 80)
    assert (result.msd_mm, result.msd_interval_mm) == (0.5, None)
    assert result.verdict is Verdict.ACCEPT


def test_an_interval_that_reaches_below_the_reject_level_is_not_accepted(bundle):
    result = only(assess(MR, [BALL], told(calibrate(bundle, 80, spread=0.2))))
    assert result.dice_interval[0] < 0.75
    assert result.verdict is Verdict.REVIEW
    assert "below the reject level of 0.75" in result.reasons[0]


@pytest.mark.parametrize(
    ("patients", "says"), [(None, "not been calibrated"), (49, "49 calibration patients")]
)
def test_without_enough_cases_there_is_no_interval_and_a_reason(bundle, patients, says):
    result = only(assess(MR, [BALL], told(calibrate(bundle, patients) if patients else bundle)))
    assert (result.dice_interval, result.interval_cases, result.dice_at_least) == (None, None, None)
    assert says in result.interval_reason


def test_the_calibration_of_another_model_is_refused(bundle):
    with pytest.raises(ModelError, match="another model"):
        assess(MR, [BALL], told(calibrate(bundle, 60, weights="0" * 64)))


def test_a_calibration_altered_after_its_card_was_written_is_refused(bundle):
    calibrate(bundle, 60)
    path = bundle / "calibration.json"
    path.write_text(path.read_text().replace("0.85", "0.95"))
    with pytest.raises(ModelError, match="hash"):
        assess(MR, [BALL], told(bundle))


def test_the_slices_are_those_of_the_error_map(bundle):
    error = np.zeros(SHAPE, np.float32)
    error[12, 15, 15], error[20, 1, 1] = 0.5, 1.0
    spans = (slice(4, 25), slice(0, 16), slice(1, 20))
    found = ErrorMap.of_box(error[spans], spans, BALL.mask, BALL.grid)
    result = only(assess(MR, [BALL], told(bundle, Prediction(0.85, error=found))))
    assert result.error is found
    assert [(s.index, s.error_volume_cc) for s in result.slices] == [(20, 0.001), (12, 0.0005)]


def test_all_contours_of_an_image_are_asked_about_together(bundle):
    model = told(bundle)
    empty = replace(BALL, name="ball 2", mask=np.zeros(SHAPE, bool))
    assess(MR, [BALL, empty, replace(BALL, name="liver"), MOVED], model)
    ((contours, _),) = model.asked
    assert [c.name for c in contours] == ["ball", "ball"]  # not the empty one, not the unknown one


def test_a_map_and_a_second_contour_are_reported_and_the_map_is_the_hint(bundle):
    model = told(bundle)
    values = np.where(BALL.mask, 0.5, 0.0).astype(np.float32)
    result = only(
        assess(
            MR,
            [BALL],
            model,
            probabilities=[ProbabilityMap(values, BALL.grid, "Ball")],
            seconds=[replace(MOVED, name="BALL")],
        )
    )
    assert result.expected_dice == pytest.approx(2 / 3, abs=1e-6)  # 2 * n/2 / (n/2 + n), in float32
    overlap = 2 * np.count_nonzero(BALL.mask & MOVED.mask)
    assert result.agreement_dice == overlap / (BALL.mask.sum() + MOVED.mask.sum())
    assert [reason.split()[0] for reason in result.reasons] == ["By", "It"]  # both are low, and said
    ((_, (hint,)),) = model.asked
    np.testing.assert_array_equal(hint, values)


def test_a_contour_that_the_window_cuts_is_not_accepted(bundle):
    result = only(assess(MR, [BALL], told(bundle, Prediction(0.95, seen_share=0.6)), Levels(0.0, 0.0)))
    assert result.verdict is Verdict.REVIEW
    assert "sees 60 %" in result.novelty.reasons[0]


def test_a_model_for_teaching_says_so(tmp_path):
    assessment = assess(MR, [BALL], told(write_bundle(tmp_path / "phantom", teaching_only=True)))
    assert assessment.notes == (
        "For teaching only: the model phantom learned from simulated images, not from patients.",
    )
    assert assess(MR, [BALL], told(write_bundle(tmp_path / "real"))).notes == ()
