"""The study of Isaksson 2022 end to end on balls: training, going on after a kill, tables and figures."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import torch

from contour_libraries import NETWORKS, write_library
from contourqa_training.cli import app
from contourqa_training.config import parse_config
from contourqa_training.isaksson import fold as fold_module
from contourqa_training.isaksson import pairs
from contourqa_training.isaksson.config import read_isaksson_config
from contourqa_training.isaksson.predicting import predict, predict_in_twos, with_fresh_statistics
from contourqa_training.isaksson.preparing import prepare, train_folds
from ContourQALib.cli import run
from ContourQALib.networks.efficientdet3d import EfficientDet3D

QUALITY = """
[model]
structure = "ball"
[network]
filters = [8, 8]
repeats = [1]
kernels = [3]
bifpn_blocks = 1
bifpn_filters = 8
stem_stride = [2, 2, 2]
[preprocessing]
size = [16, 18, 14]
center = "image"
[training]
"""

STUDY = """
[isaksson_study]
name = "few"
quality = "QUALITY"
networks = ["first", "second"]
patients = 12
second_contours = 4
folds = 2
epochs = EPOCHS
search_steps = 2
search_repeats = 1
repeats = 2
"""

FILES = {
    "results.json",
    *(f"{name}.csv" for name in ("natural", "predictions", "battery", "battery_cases", "batch_statistics")),
    *(f"{name}.csv" for name in ("curves", "cohort", "baseline_search", "baseline_predictions")),
    "importances.csv",
    *(f"figure_{name}.png" for name in ("3_trees", "4_importances", "4_network", "5_errors")),
    *(f"figure_{name}.png" for name in ("6_curves", "7_battery")),
}


class Study:
    """A study in a folder, run by the command; the bias field, which has tests of its own, stays."""

    def __init__(self, folder: Path, epochs: int) -> None:
        self.folder, self.results = folder, folder / "results"
        (folder / "quality.toml").write_text(QUALITY)
        self.write(epochs)
        write_library(folder / "library", 12, test=2)
        (folder / "clinic.csv").write_text(
            "patient,ipsa\n" + "".join(f"patient_{n:02d},{n}\n" for n in range(9))
        )
        self.options = [
            *("--config", folder / "study.toml", "--library", folder / "library", "--runs", folder / "runs"),
            *("-o", self.results, "--variables", folder / "clinic.csv", "--threads", "1"),
            *("--cache", folder / "cache"),
        ]

    def write(self, epochs: int) -> None:
        study = STUDY.replace("QUALITY", str(self.folder / "quality.toml"))
        (self.folder / "study.toml").write_text(study.replace("EPOCHS", str(epochs)))

    def run(self) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pairs, "corrected", lambda values, spacing, cache, shrink: values)
            patch.setattr(sys, "argv", ["contourqa-train", "study", "isaksson", *map(str, self.options)])
            return run(app)

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.results / f"{name}.csv").open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = Study(tmp_path_factory.mktemp("isaksson"), epochs=3)
    assert made.run() == 0
    return made


@pytest.fixture(scope="module")
def document(study: Study) -> dict[str, Any]:
    def refused(name: str) -> NoReturn:
        raise ValueError(f"{name} is not JSON")

    found: dict[str, Any] = json.loads((study.results / "results.json").read_text(), parse_constant=refused)
    return found


def test_every_table_and_figure_is_written(study: Study) -> None:
    assert {path.name for path in study.results.iterdir()} == FILES


def test_every_contour_is_tested_once_by_a_fold_that_did_not_learn_from_its_patient(
    study: Study, document: dict[str, Any]
) -> None:
    rows = study.table("predictions")
    assert len({(row["patient"], row["drawn_by"]) for row in rows}) == len(rows) == 16
    folds = {member["patient"]: member["fold"] for member in document["data"]["members"]}
    assert len(folds) == 12
    assert all(folds[row["patient"]] == int(row["fold"]) for row in rows)
    for number, fold in document["folds"].items():
        assert fold["test_contours"] == sum(row["fold"] == number for row in rows)
        assert fold["train_contours"] == 16 - fold["test_contours"]
        assert fold["epochs"] == 3
    assert not {"patient_12", "patient_13"} & set(folds)  # test patients


def test_figures_are_those_of_the_predictions(study: Study, document: dict[str, Any]) -> None:
    rows = study.table("predictions")
    told = {row["predictor"]: row for row in document["natural"]}
    for name in ("network", "naive (training mean)", "boosted trees (CatBoost)"):
        error = [abs(float(row[name]) - float(row["dice"])) for row in rows]
        # the tables hold six digits
        assert told[name]["mae"] == pytest.approx(np.mean(error), abs=2e-6)
        assert told[name]["max_error"] == pytest.approx(max(error), abs=2e-6)


def test_the_battery_has_six_cases_a_test_contour_beside_every_baseline(
    study: Study, document: dict[str, Any]
) -> None:
    assert len(study.table("battery_cases")) == 6 * 16
    groups = {(row["predictor"], row["group"]): row for row in document["battery"]}
    assert groups["network", "all"]["n"] == 96
    rule = groups["mask-only rule", "all"]
    assert groups["mask-only rule", "empty"]["accuracy"] == 1.0
    assert groups["mask-only rule", "all ones"]["accuracy"] == 1.0
    assert rule["failed"] == sum(
        groups["mask-only rule", group]["failed"]
        for group in ("test contours", "empty", "noise", "all ones", "shifted references", "references")
    )


def test_clinical_variables_are_searched_too(document: dict[str, Any], study: Study) -> None:
    assert "ipsa" in document["baseline"]["importances"]
    assert study.table("cohort")[-1]["ipsa"] == ""  # patient 11 is not in the clinic's table


def test_curves_hold_every_epoch_and_the_drop(study: Study) -> None:
    rows = study.table("curves")
    assert [(r["fold"], float(r["epoch"])) for r in rows] == [(f, e) for f in "12" for e in (1.0, 2.0, 3.0)]
    assert [float(r["learning_rate"]) for r in rows[:3]] == pytest.approx([2e-3, 2e-3, 2e-4])


def trained(study: Study, runs: Path) -> Mapping[int, fold_module.TrainedFold]:
    """The folds of a study's configuration and patients, trained in a folder where they are not yet."""
    config = read_isaksson_config(str(study.folder / "study.toml"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "corrected", lambda values, spacing, cache, shrink: values)
        data = prepare(config, study.folder / "library")
    return train_folds(config, data, runs, threads=1, progress=False)


def test_folds_that_are_there_are_not_trained_again(study: Study) -> None:
    path = study.folder / "runs" / "fold-1" / "checkpoints" / "last.ckpt"
    before = path.stat().st_mtime_ns
    assert trained(study, study.folder / "runs")[1].epochs == 3
    assert path.stat().st_mtime_ns == before


def test_a_killed_training_goes_on_to_the_same_weights_and_curves(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = fold_module.FoldModule.on_train_epoch_end

    def killed(self: fold_module.FoldModule) -> None:
        if self.current_epoch == 1:
            raise RuntimeError("killed")
        ended(self)

    with monkeypatch.context() as patch:
        patch.setattr(fold_module.FoldModule, "on_train_epoch_end", killed)
        with pytest.raises(RuntimeError, match="killed"):
            trained(study, tmp_path)
    again, whole = trained(study, tmp_path), trained(study, study.folder / "runs")
    for number, one in whole.items():
        assert again[number].curve == one.curve
        for name, value in one.network.state_dict().items():
            assert torch.equal(value, again[number].network.state_dict()[name]), name


def test_another_configuration_in_the_same_folder_is_refused(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    study.write(epochs=4)
    try:
        assert study.run() == 2
    finally:
        study.write(epochs=3)
    assert "another configuration" in capsys.readouterr().err


def test_fresh_statistics_are_the_means_of_the_batches_and_change_nothing_else() -> None:
    torch.manual_seed(0)
    network = EfficientDet3D(parse_config(QUALITY).network).eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    x = torch.randn(4, 2, 16, 18, 14)
    batch = (x, torch.zeros(4), torch.zeros(4))
    fresh = with_fresh_statistics(network, [batch])
    # One batch's statistics are then those of that batch: both modes agree, but for the unbiased variance.
    twin = with_fresh_statistics(network, [batch]).train()
    with torch.no_grad():
        np.testing.assert_allclose(fresh(x).numpy(), twin(x).numpy(), atol=2e-3)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not fresh.training


def test_twos_see_their_own_statistics_and_leave_the_network_alone() -> None:
    torch.manual_seed(0)
    network = EfficientDet3D(parse_config(QUALITY).network).eval()
    inputs = [np.random.default_rng(n).normal(n, 1 + n, (2, 16, 18, 14)).astype(np.float32) for n in range(3)]
    before = predict(network, inputs)
    twos = predict_in_twos(network, inputs)
    assert twos.shape == before.shape == (3,)
    assert not np.allclose(twos, before, atol=1e-4)
    assert np.array_equal(predict(network, inputs), before)
    assert twos[:2] == pytest.approx(predict_in_twos(network, inputs[:2]))


def test_the_networks_of_the_test_library_are_those_of_the_study() -> None:
    assert all(f'"{name}"' in STUDY for name in NETWORKS)
