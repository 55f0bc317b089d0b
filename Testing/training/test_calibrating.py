"""Calibrations written into bundles: coverage on unseen patients, and files that the card vouches for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bundles import write_bundle
from contourqa_training.calibrating import JudgedContours, calibrate_bundle, calibration_of, fit_adjustment
from ContourQALib.errors import ModelError, SettingError
from ContourQALib.quality.calibrated import calibrated, novelty_gate_of
from ContourQALib.quality.calibrated import calibration_of as bundle_calibration
from ContourQALib.quality.card import verify_files
from ContourQALib.quality.intervals import from_scale, to_scale
from ContourQALib.quality.model import find_model
from ContourQALib.quality.novelty import NoveltySamples
from ContourQALib.quality.prediction import Prediction


def judged(seed=0, patients=60, contours=3):
    """Contours at a site where Dice is overrated, each patient with an error of their own."""
    rng = np.random.default_rng(seed)
    whose = np.repeat([f"patient {n}" for n in range(patients)], contours)
    x = rng.normal(1.5, 0.6, len(whose))
    own = np.repeat(rng.normal(0, 0.3, patients), contours)
    dice = from_scale("dice", x)
    true = from_scale("dice", 0.8 * x - 0.5 + own + rng.normal(0, 0.2, len(x)))
    return JudgedContours(
        "ball",
        whose,
        {"dice": dice, "msd_mm": 10 * (1 - dice)},
        {"dice": true, "msd_mm": 10 * (1 - true)},
    )


def test_adjusted_intervals_hold_the_truth_of_unseen_patients():
    shares = []
    unseen = judged(99, 400, 1)
    for seed in range(6):
        known = judged(seed)
        calibration = calibration_of(known, fit_adjustment(known))
        bounds = [calibration.interval("dice", value, 0.9) for value in unseen.predicted["dice"]]
        held = [one.low <= true <= one.high for one, true in zip(bounds, unseen.true["dice"], strict=True)]
        shares.append(np.mean(held))
    # With 60 patients a perfect predictor covers 0.84 to 0.96 of all contours; the mean of six lies nearer
    # to 0.9 and somewhat above, for both bounds are whole ranks.
    assert all(0.82 <= share <= 0.985 for share in shares)
    assert 0.87 <= np.mean(shares) <= 0.96


def test_where_a_site_differs_the_score_lies_in_its_interval_only_when_adjusted():
    known = judged()
    plain, adjusted = calibration_of(known), calibration_of(known, fit_adjustment(known))
    assert plain.interval("dice", 0.9).high < plain.adjusted("dice", 0.9) == 0.9
    interval = adjusted.interval("dice", 0.9)
    assert interval.low < adjusted.adjusted("dice", 0.9) < interval.high


def test_residuals_of_a_patient_do_not_know_that_patients_truth():
    known = judged(patients=30, contours=1)
    spoiled = known.true["dice"].copy()
    spoiled[7] = 0.01
    other = JudgedContours("ball", known.patients, known.predicted, {**known.true, "dice": spoiled})
    one, two = (calibration_of(k, fit_adjustment(k)).figures["dice"].predicted[7] for k in (known, other))
    assert one == pytest.approx(two, abs=0.005)  # only the shrinkage may have been chosen otherwise


def test_a_calibrated_bundle_opens_and_tells_intervals(tmp_path):
    folder = write_bundle(tmp_path / "toy")
    rng = np.random.default_rng(0)
    samples = NoveltySamples(np.arange(40), rng.normal(0, 1, (40, 14)), rng.normal(0, 1, (40, 8)))
    calibrate_bundle(folder, [judged()], {"ball": samples})
    model = find_model(str(folder))
    verify_files(folder, model.card)
    assert novelty_gate_of(model).modality == "MR"
    told = calibrated(model, "ball", Prediction(0.9, msd_mm=1.0))
    assert told.dice == 0.9
    assert told.dice_interval[0] < told.dice_at_least < 0.9
    assert told.cases == 60
    assert told.hd95_interval_mm is None
    assert model.card.raw["calibration"]["ball"]["contours"] == 180
    assert "patient 1" not in (folder / "calibration.json").read_text()


def test_a_bundle_refuses_the_calibration_of_other_weights(tmp_path):
    folder = write_bundle(tmp_path / "toy")
    calibrate_bundle(folder, [judged()])
    raw = json.loads((folder / "card.json").read_text())
    raw["files"]["weights.safetensors"] = "0" * 64
    (folder / "card.json").write_text(json.dumps(raw))
    with pytest.raises(ModelError, match="another model"):
        bundle_calibration(find_model(str(folder)))


def test_a_bundle_can_be_calibrated_again(tmp_path):
    folder = write_bundle(tmp_path / "toy")
    calibrate_bundle(folder, [judged()])
    calibrate_bundle(folder, [judged(1, 70)])
    model = find_model(str(folder))
    verify_files(folder, model.card)
    assert bundle_calibration(model).of("ball").patients == 70


def test_undefined_truths_are_kept_out_of_the_intervals_alone():
    known = judged()
    true = known.true["msd_mm"].copy()
    true[::3] = np.nan
    part = JudgedContours("ball", known.patients, known.predicted, {**known.true, "msd_mm": true})
    calibration = calibration_of(part)
    assert calibration.interval("msd_mm", 1.0).cases == 60  # two contours of each patient remain
    assert calibration.interval("dice", 0.9) == calibration_of(known).interval("dice", 0.9)


def test_nothing_predicted_cannot_be_calibrated():
    with pytest.raises(SettingError, match="no predicted figure of ball"):
        calibration_of(JudgedContours("ball", np.array([]), {}, {}))


def test_the_scale_is_where_the_line_is():
    known = judged(3, 60, 8)
    line = fit_adjustment(known)["dice"].line
    moved = to_scale("dice", known.predicted["dice"]) * line.slope + line.offset
    # Patients differ by 0.3 on this scale, 60 of them leave 0.04 of it.
    assert np.mean(moved - to_scale("dice", known.true["dice"])) == pytest.approx(0, abs=0.12)
