"""Baselines of an evaluation: case variables, trees beside CatBoost itself, and the files of a bundle."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from contourqa_training.evaluation import trees
from contourqa_training.evaluation.baselines import (
    BASELINES_FILE,
    FITTED,
    MEDIAN,
    RULE,
    TREES,
    TREES_FILE,
    VOLUME,
    Baselines,
    FittingRow,
    fit,
)
from contourqa_training.evaluation.bootstrap import PatientDraws
from contourqa_training.evaluation.contours import MODEL, EvaluatedContour
from contourqa_training.evaluation.coverage import intervals_record
from contourqa_training.evaluation.left_out import LEFT_OUT, TRAINING, baseline_predictions
from contourqa_training.evaluation.monotony import monotony
from contourqa_training.evaluation.trees import BoostedTrees
from contourqa_training.evaluation.variables import VARIABLES, StandardImage, case_variables
from ContourQALib.errors import ModelError
from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.calibration import Calibration, FigureCalibration, StructureCalibration
from ContourQALib.quality.intervals import FIGURES
from shapes import ball_mask, box_mask

RANDOM = np.random.default_rng(4)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """How good trees are is not asked here."""
    monkeypatch.setattr(trees, "ITERATIONS", 5)


def contour(number: int, patient: str, dice: float, predicted: float, **changes: object) -> EvaluatedContour:
    """An evaluated contour whose log volume is its number over ten; other variables are noise."""
    variables = np.random.default_rng(number).normal(size=len(VARIABLES))
    variables[0] = number / 10
    given = {
        "case": str(number), "patient": patient, "structure": "ball", "stratum": "N", "image": patient,
        "kind": "", "severity": None, "status": Status.OK,
        "true": {"dice": dice, "hd95_mm": math.nan, "msd_mm": math.nan},
        "predicted": {MODEL: {"dice": predicted}}, "variables": variables, "passes": True,
    }  # fmt: skip
    # a mapping of mixed values cannot say which is whose type
    return EvaluatedContour(**(given | changes))


def test_variables_of_a_box() -> None:
    values = np.zeros((20, 20, 20))
    mask = box_mask(values.shape, (5, 5, 5), (9, 11, 15))  # 4 x 6 x 10 voxels
    values[mask] = 100.0
    found = dict(zip(VARIABLES, case_variables(StandardImage(values, (2.0, 1.0, 1.0)), mask), strict=True))
    assert math.exp(found["log_volume"]) == pytest.approx(0.48)  # 240 voxels of 2 cubic mm
    assert (found["extent_k_mm"], found["extent_j_mm"], found["extent_i_mm"]) == (8, 6, 10)
    assert found["fill"] == pytest.approx(1)
    assert found["surface_share"] == pytest.approx(1 - 2 * 4 * 8 / 240)
    assert found["parts"] == 1
    assert found["offset_k"] == pytest.approx((6.5 - 9.5) / 20)
    assert found["coarsest_spacing_mm"] == 2
    assert found["contrast_at_surface"] == pytest.approx(100 / values.std())
    assert found["intensity_spread"] == pytest.approx(0, abs=1e-12)


def test_variables_of_an_empty_contour_are_finite() -> None:
    image = StandardImage(np.zeros((4, 5, 6)), (1.0, 1.0, 1.0))
    assert np.isfinite(case_variables(image, np.zeros((4, 5, 6), bool))).all()


def test_trees_say_what_catboost_says() -> None:
    from catboost import CatBoostRegressor

    x, y = RANDOM.normal(size=(80, 4)), RANDOM.uniform(size=80)
    y = 0.5 * y + (x[:, 1] > 0.3)
    settings = {"iterations": 12, "depth": 3, "learning_rate": 0.2}
    ours = BoostedTrees.fit(x, y, seed=3, **settings)
    theirs = CatBoostRegressor(
        loss_function="MAE",
        random_seed=3,
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
        **settings,
    ).fit(x, y)
    # catboost itself stores leaves as doubles and borders as floats: only sums are in another order
    assert ours.predict(x) == pytest.approx(theirs.predict(x), abs=1e-9)
    again = BoostedTrees.from_record(json.loads(json.dumps(ours.record())))
    assert again.predict(x) == pytest.approx(ours.predict(x), abs=1e-4)  # leaves keep six digits


def test_trees_of_a_constant_are_that_constant() -> None:
    found = BoostedTrees.fit(RANDOM.normal(size=(20, 3)), np.full(20, 0.7))
    assert found.predict(np.zeros((2, 3))).tolist() == [0.7, 0.7]


def rows() -> list[FittingRow]:
    made = []
    random = np.random.default_rng(5)
    for number in range(24):
        variables = random.normal(size=len(VARIABLES))
        variables[0] = number / 10
        true = {"dice": 0.5 + 0.01 * number, "hd95_mm": float(number), "msd_mm": math.nan}
        structure = "left" if number % 2 else "right"
        made.append(FittingRow(structure, "N", f"p{number // 4}", variables, number > 3, true))
    return made


def test_baselines_learn_the_median_the_volume_and_the_rules() -> None:
    found = fit(rows())
    known = found.of("N", "Left")
    assert known is not None
    figures, name = known
    assert name == "left"
    said = figures["dice"].predict(name, [row for row in rows() if row.structure == "left"], "dice")
    assert set(said) == set(FITTED)
    assert said[MEDIAN] == pytest.approx(np.full(12, 0.62))  # of 0.51, 0.53 ... 0.73
    # Dice is linear in log volume here, which a quadratic fits exactly
    assert said[VOLUME] == pytest.approx(0.5 + 0.01 * np.arange(1, 24, 2), abs=1e-6)
    assert said[RULE][:2].tolist() == [0, 0]
    assert (said[RULE][2:] > 0.6).all()
    assert "msd_mm" not in figures  # nowhere defined
    assert found.of("N", "kidney") is None
    assert found.of("S", "left") is None
    assert found.of("X", "left") is not None  # another site's are judged by natural contours of training


def test_baselines_come_back_from_their_files(tmp_path: Path) -> None:
    found = fit(rows())
    found.write(tmp_path)
    again = Baselines.read(tmp_path)
    assert again.volumes_cc == found.volumes_cc
    for figure in ("dice", "hd95_mm"):
        one, two = (b.strata["N"][figure].predict("left", rows(), figure) for b in (found, again))
        for name in FITTED:
            assert two[name] == pytest.approx(one[name], abs=1e-4)
    (tmp_path / TREES_FILE).write_text("{}")
    with pytest.raises(ModelError, match="damaged"):
        Baselines.read(tmp_path)
    facts = json.loads((tmp_path / BASELINES_FILE).read_text())
    found.write(tmp_path)
    (tmp_path / BASELINES_FILE).write_text(json.dumps(facts | {"variables": ["volume"]}))
    with pytest.raises(ModelError, match="other case variables"):
        Baselines.read(tmp_path)


def test_without_a_bundle_nobody_is_judged_by_a_regression_that_knew_him() -> None:
    contours = [contour(n, f"p{n // 3}", 0.5 + 0.01 * n, 0.6) for n in range(12)]
    found, source = baseline_predictions(contours, "N", None)
    assert source == LEFT_OUT
    assert found[MEDIAN]["dice"] == pytest.approx(np.full(12, 0.555))
    outlier = [*contours[:9], *(contour(n, "p3", 0.0, 0.6) for n in range(9, 12))]
    other, _ = baseline_predictions(outlier, "N", None)
    # What patient p3's truth is does not move what is said of p3.
    assert other[VOLUME]["dice"][9:] == pytest.approx(found[VOLUME]["dice"][9:])
    assert other[TREES]["dice"][9:] == pytest.approx(found[TREES]["dice"][9:])
    fitted = fit([SimpleNamespace(**vars(c)) for c in contours])
    assert baseline_predictions(contours, "N", fitted)[1] == TRAINING


def test_a_series_is_monotone_when_its_score_never_rises() -> None:
    graded = [
        contour(n, patient, 0.5, 0.5, kind="shift", severity=float(mm))
        for n, (patient, mm) in enumerate([("a", 2), ("a", 1), ("a", 3), ("b", 1), ("b", 2), ("c", 1)])
    ]
    found = monotony(np.array([0.5, 0.9, 0.6, 0.4, 0.4, 0.1]), graded)  # a: 0.9, 0.5, 0.6; b: 0.4, 0.4
    assert (found.series, found.steps) == (2, 3)  # c has one severity alone
    assert found.share == pytest.approx(1 / 2)
    assert found.steps_share == pytest.approx(2 / 3)


def calibration(patients: int) -> Calibration:
    predicted = np.linspace(0.6, 0.9, patients)
    true = np.clip(predicted + RANDOM.normal(0, 0.02, patients), 0, 1)
    known = FigureCalibration(predicted, true, np.arange(patients))
    return Calibration("digest", (StructureCalibration("ball", {"dice": known}),))


def test_intervals_of_a_good_model_are_narrower_than_the_constants() -> None:
    contours = [
        contour(n, f"p{n}", float(np.clip(p + e, 0, 1)), float(p))
        for n, (p, e) in enumerate(zip(RANDOM.uniform(0.6, 0.9, 60), RANDOM.normal(0, 0.02, 60), strict=True))
    ]
    constants = {figure: np.full(60, 0.75) for figure in FIGURES}
    draws = PatientDraws([c.patient for c in contours], draws=30)
    found = intervals_record(contours, calibration(80), constants, draws)
    at = found["dice"]["levels"]["0.90"]
    assert at["cases"] == 80
    # 60 contours of a coverage near 0.9 spread by 0.04; three of it, and the Beta range of 80 patients
    assert 0.74 < at["model"]["coverage"] <= 1
    assert at["model"]["coverage"] == at["model"]["coverage_of_contours"]  # one contour a patient
    assert at["narrower_by"] > 0.5  # a spread of 0.02 against one of 0.09
    assert at["model"]["winkler"] < at["constant"]["winkler"]
    assert at["at_least"]["model"]["mean_bound"] > at["at_least"]["constant"]["mean_bound"]
    assert found["hd95_mm"]["reason"] is not None


def test_too_small_a_calibration_says_why_there_is_no_interval() -> None:
    contours = [contour(n, f"p{n}", 0.8, 0.8) for n in range(3)]
    constants = {figure: np.full(3, 0.75) for figure in FIGURES}
    draws = PatientDraws([c.patient for c in contours], draws=5)
    found = intervals_record(contours, calibration(20), constants, draws)
    assert "20 calibration patients" in found["dice"]["reason"]
    assert "model" not in found["dice"]["levels"]["0.90"]
    assert intervals_record(contours, None, constants, draws)["dice"]["levels"] is None


def test_a_ball_is_as_round_as_a_ball() -> None:
    mask = ball_mask((30, 30, 30), (14.5, 14.5, 14.5), 10)
    found = case_variables(StandardImage(np.zeros(mask.shape), (1.0, 1.0, 1.0)), mask)
    # pi / 6 of its box, on a lattice of ten voxels a radius
    assert found[VARIABLES.index("fill")] == pytest.approx(math.pi / 6, rel=0.05)
