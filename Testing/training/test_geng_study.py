"""The study of Geng 2024 end to end on a few real patients: models, tables, figures, and what is kept."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from contourqa_training import training_queue
from contourqa_training.cli import app
from contourqa_training.geng import study as study_module
from contourqa_training.geng.judging import ALL
from contourqa_training.geng.models import LFT, VPM
from contourqa_training.geng.split import ORGANS, cohort
from ContourQALib.cli import run
from one_process import one_process

STUDY = """
[geng_study]
name = "few"
segmenter = "SEGMENTER"
finetune = "FINETUNE"
vendor_patients = 3
vendor_epochs = 2
epochs = 1
local = 5
curve = [6]
scratch = [5]
scratch_epochs = 1
judged = 1
[vendor]
spacing_mm = [3.6, 3.6, 3.0]
"""

SEGMENTER = """
[model]
name = "vendor"
structures = ["Brainstem", "SpinalCord", "RightParotid", "LeftParotid", "Mandible"]
multi_label = true
split = "drawn"
choose_share = 0.3
[network]
kind = "dpn-unet"
widths = [8, 16]
growths = [2, 4]
depths = [1, 1]
groups = 2
[slices]
size = 80
around_organs = true
margin_mm = 5.0
[training]
loss = "cross-entropy"
balance = 0.5
learning_rate = 1e-2
batch_size = 4
slices_per_epoch = 24
running_mean = 1
stages = []
precision = "full"
seed = 2024
"""

FINETUNE = """
[finetune]
folds = 5
only = [1, 2]
[training]
loss = "cross-entropy"
balance = 0.5
learning_rate = 1e-3
rate_decay = 0.9
batch_size = 4
slices_per_epoch = 24
running_mean = 1
stages = []
precision = "full"
seed = 2024
"""

MODELS = [VPM, LFT, f"{LFT}-6", "scratch-5-long", "scratch-5"]
TRAININGS = 6  # two folds of LFT, one of each other

FILES = {
    "results.json",
    *(f"{name}.csv" for name in ("curves", "questions", "vendor_protocol")),
    *(f"{name}.csv" for name in ("report", "summary", "tests", "undefined", "table2")),
    "figures",
    "learning_curves_dice.png",
    "learning_curves_hd95_pooled_mm.png",
}


class Study:
    """A study in a folder, run by the command."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.results = folder, folder / "results"
        texts = {"segmenter.toml": SEGMENTER, "finetune.toml": FINETUNE}
        for name, text in texts.items():
            (folder / name).write_text(text)
        study = STUDY.replace("SEGMENTER", str(folder / "segmenter.toml"))
        (folder / "study.toml").write_text(study.replace("FINETUNE", str(folder / "finetune.toml")))
        self.options = [
            *("--config", folder / "study.toml", "--data", data / "openkbp", "--workers", "1"),
            *("--runs", folder / "runs", "--cache", folder / "cache", "-o", self.results),
        ]

    def run(self, *more: object) -> int:
        with one_process(training_queue, study_module), pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                sys, "argv", ["contourqa-train", "study", "geng", *map(str, [*self.options, *more])]
            )
            return run(app)

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.results / f"{name}.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    @property
    def weights(self) -> dict[str, int]:
        """When each run's weights were written."""
        return {
            str(path.relative_to(self.folder)): path.stat().st_mtime_ns
            for path in (self.folder / "runs").rglob("checkpoints/*.ckpt")
        }


@pytest.fixture(scope="module")
def study(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = Study(tmp_path_factory.mktemp("geng"), data)
    assert made.run() == 0
    return made


@pytest.fixture(scope="module")
def document(study: Study) -> dict[str, Any]:
    def refused(name: str) -> NoReturn:
        raise ValueError(f"{name} is not JSON")

    text = (study.results / "results.json").read_text()
    found: dict[str, Any] = json.loads(text, parse_constant=refused)
    return found


@pytest.mark.realdata
def test_every_file_is_written(study: Study) -> None:
    assert {path.name for path in study.results.iterdir()} == FILES
    assert list((study.results / "figures").glob("*.png"))
    assert (study.folder / "runs" / "cohort" / "report.html").is_file()


@pytest.mark.realdata
def test_every_model_is_trained_and_says_from_whom(document: dict[str, Any]) -> None:
    models = document["models"]
    assert list(models) == MODELS
    for name, model in models.items():
        start = model["started_from"]
        assert (start is not None) == (name in (LFT, f"{LFT}-6"))
        if start is not None:
            assert start["name"] == "vendor"
            assert start["new_structures"] == []
    everybody = {name: {*m["patients"]["train"], *m["patients"]["choose"]} for name, m in models.items()}
    assert everybody[VPM] == set(cohort("vendor")[:3])
    assert everybody[LFT] == everybody["scratch-5"] == everybody["scratch-5-long"] == set(cohort("local")[:5])
    assert everybody[f"{LFT}-6"] == set(cohort("local")[:6])
    assert models[VPM]["data_fingerprint"] != models[LFT]["data_fingerprint"]
    assert [models[name]["epochs"] for name in MODELS] == [2, 1, 1, 2, 1]


@pytest.mark.realdata
def test_nobody_is_judged_who_trained(document: dict[str, Any]) -> None:
    judged = document["data"]["judged"]
    assert judged == {"ExVal": list(cohort("exval")[:1]), "GenEva": list(cohort("geneva")[:1])}
    trained = {
        p for model in document["models"].values() for part in model["patients"].values() for p in part
    }
    assert not trained & {patient for patients in judged.values() for patient in patients}


@pytest.mark.realdata
def test_curves_say_what_the_cohort_s_report_says(study: Study) -> None:
    report = study.table("report")
    assert {row["model"] for row in report} == {VPM, LFT}
    points = {
        (p["model"], p["dataset"], p["structure"]): p for p in study.table("curves") if p["figure"] == "dice"
    }
    assert len(points) == len(MODELS) * 2 * (1 + len(ORGANS))
    for model in (VPM, LFT):
        for dataset in ("ExVal", "GenEva"):
            mine = [row for row in report if (row["model"], row["dataset"]) == (model, dataset)]
            for organ in ORGANS:
                (dice,) = (float(row["dice"]) for row in mine if row["structure"] == organ)
                point = points[model, dataset, organ]
                assert (point["n"], point["interval_low"]) == ("1", "")  # one patient has no interval
                assert float(point["mean"]) == pytest.approx(dice, abs=1e-6)
            everything = np.mean([float(row["dice"]) for row in mine])
            assert float(points[model, dataset, ALL]["mean"]) == pytest.approx(everything, abs=1e-6)


@pytest.mark.realdata
def test_the_vendor_s_contours_are_larger_and_longer(document: dict[str, Any]) -> None:
    rows = {row["structure"]: row for row in document["vendor_protocol"]}
    assert list(rows) == list(ORGANS)
    for row in rows.values():
        assert row["n"] + row["not_contoured"] == 3
        assert row["volume_ratio_median"] > 1.2
        assert row["dice_median"] < 0.9


@pytest.mark.realdata
def test_questions_are_asked_of_models_of_the_same_patients(document: dict[str, Any]) -> None:
    pairs = {(row["first"], row["second"]) for row in document["questions"]}
    assert pairs == {(VPM, LFT), (VPM, f"{LFT}-6"), ("scratch-5", LFT), ("scratch-5-long", LFT)}
    assert {row["pairs"] + row["undefined"] for row in document["questions"]} == {1}
    answers = document["enough_patients"]["answers"]
    assert [(answer["dataset"], answer["largest"]) for answer in answers] == [("ExVal", 6), ("GenEva", 6)]


@pytest.mark.realdata
def test_a_second_run_trains_nothing_and_writes_the_same(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    before, weights = (study.results / "results.json").read_bytes(), study.weights
    assert len(weights) == 2 * TRAININGS
    (study.results / "curves.csv").unlink()
    assert study.run() == 0
    said = capsys.readouterr().err
    assert said.count("was trained before") == TRAININGS
    assert study.weights == weights
    assert (study.results / "results.json").read_bytes() == before
    assert (study.results / "curves.csv").is_file()


@pytest.mark.realdata
def test_runs_of_another_study_are_refused(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    segmenter = study.folder / "segmenter.toml"
    try:
        segmenter.write_text(SEGMENTER.replace("learning_rate = 1e-2", "learning_rate = 2e-2"))
        assert study.run() == 2
    finally:
        segmenter.write_text(SEGMENTER)
    said = capsys.readouterr().err
    assert "training.learning_rate = 0.01, not 0.02" in said
    assert "Traceback" not in said
