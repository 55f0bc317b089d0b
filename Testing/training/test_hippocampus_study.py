"""The study, on balls under the names of patients: strata, baselines, and the files it leaves."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from bundles import write_bundle
from contourqa_training.baselines import FEATURES, Baselines, features
from contourqa_training.bundle import update_card
from contourqa_training.hippocampus_study import card_figures, run_study
from contourqa_training.sampling import BATTERY_ONLY, GRADED
from contourqa_training.strata import battery_stratum, graded_stratum, moved_by_10_mm, reference_stratum
from ContourQALib.perturbation import ERRORS
from ContourQALib.quality.model import find_model
from ContourQALib.quality.rules import RuleSettings
from training_cases import training_cases, write_cases

CASES = training_cases(2)
TRAIN, TEST = ["hippocampus_001", "hippocampus_003"], ["hippocampus_015", "hippocampus_023"]


def test_references_are_perfect() -> None:
    assert [j.dice for j in reference_stratum(CASES)] == [1.0, 1.0]


def test_graded_errors_come_at_every_severity_and_the_battery_is_not_among_them() -> None:
    judged = list(graded_stratum(CASES, 0))
    assert len(judged) == len(CASES) * sum(len(ERRORS[kind].severities) for kind in GRADED)
    assert not {j.kind for j in judged} & set(BATTERY_ONLY)
    for kind in ("dilate", "erode", "shift"):
        series = [j.dice for j in judged if j.kind == kind and j.case is CASES[0]]
        assert all(later <= earlier for earlier, later in itertools.pairwise(series))


def test_a_thinned_stratum_keeps_the_severities_in_proportion() -> None:
    thinned = list(graded_stratum(training_cases(7), 0, every=7))
    grades = np.bincount([j.grade for j in thinned])[1:]
    assert grades.tolist() == [len(GRADED)] * 5


def test_the_battery_has_the_papers_groups() -> None:
    found = {j.kind: j for j in battery_stratum(CASES[:1], 0)}
    assert set(found) == {"reference", "empty", "binary-noise", "full", "shift-fraction"}
    assert found["empty"].dice == 0
    assert found["full"].contour.mask.all()
    assert 0.4 < found["binary-noise"].contour.mask.mean() < 0.6


def test_the_same_seed_moves_contours_alike() -> None:
    one, two = ([j.contour.mask for j in moved_by_10_mm(CASES, 3)] for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_features_of_a_ball_are_its_size_and_place() -> None:
    judged = next(iter(reference_stratum(CASES)))
    found = dict(zip(FEATURES, features(judged), strict=True))
    assert np.exp(found["log_volume"]) == pytest.approx(judged.contour.volume_cc)
    assert 10 <= found["extent_k"] <= 13  # a radius of 5 to 6 mm
    assert found["parts"] == 1
    assert abs(found["offset_k"]) < 0.1
    assert found["contrast_at_surface"] > 1  # the ball is 80 brighter, the noise is 10


def test_baselines_know_what_they_were_fitted_to() -> None:
    graded, battery = list(graded_stratum(CASES, 0)), list(battery_stratum(CASES, 0))
    fitted = Baselines.fit(graded, battery, RuleSettings())
    predicted = fitted.predict(graded, "S")
    true = np.array([j.dice for j in graded])
    error = {name: np.abs(values - true).mean() for name, values in predicted.items()}
    assert error["boosted trees"] < error["training median"]
    assert set(predicted["training median"]) == {float(np.median(true))}
    empty = [j for j in battery if j.kind in ("empty", "full")]
    assert not fitted.predict(empty, "B")["mask-only rule"].any()


def test_a_study_leaves_tables_figures_and_a_card(tmp_path: Path) -> None:
    data = write_cases(tmp_path / "data", [*TRAIN, *TEST])
    folder = write_bundle(tmp_path / "toy")
    said: list[str] = []
    document = run_study(find_model(str(folder)), data, tmp_path / "out", say=said.append)
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == document
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "results.json", "strata.csv", "errors.csv", "predicted_against_true.png", "severity.png",
    }  # fmt: skip
    assert said
    assert document["data"]["patients"] == 2
    assert set(document["strata"]) == {"G", "S", "B"}
    for table in document["strata"].values():
        assert {"network", "training median", "mask-only rule", "log-volume regression"} <= set(table)
    rows = list(csv.DictReader((tmp_path / "out" / "errors.csv").open()))
    assert {row["error"] for row in rows} == set(GRADED)
    update_card(folder, {"figures": card_figures(document)})
    figures = find_model(str(folder)).card.raw["figures"]
    assert figures["strata"]["S"]["network"]["mae"] == document["strata"]["S"]["network"]["mae"]
    assert sum(sum(row.values()) for row in document["verdicts"]["reference"].values()) == 2
