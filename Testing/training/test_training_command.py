"""`contourqa-train`: bad input ends with 2 and one sentence, and leaves no run behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from command_line import Command, Outcome
from contourqa_training.cli import app
from ContourQALib.cli import run
from error_runs import write_library


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    def command(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["contourqa-train", *map(str, arguments)])
        capsys.readouterr()
        code = run(app)
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return command


def refused(outcome: Outcome, named: str) -> None:
    assert outcome.code == 2
    assert named in outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.err.strip().count("\n") == 0


def test_an_unknown_configuration(train: Command, tmp_path: Path) -> None:
    refused(train("quality", "--config", "nnunet", "--library", tmp_path, "-o", tmp_path / "run"), "nnunet")
    assert not (tmp_path / "run").exists()


def test_a_missing_configuration_file(train: Command, tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"
    refused(train("quality", "--config", path, "--library", tmp_path), str(path))


def test_a_configuration_that_is_not_toml(train: Command, tmp_path: Path) -> None:
    path = tmp_path / "damaged.toml"
    path.write_text("epochs: 3")
    refused(train("quality", "--config", path, "--library", tmp_path), str(path))


def test_a_missing_library(train: Command, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    outcome = train("quality", "--config", "hippocampus-t1", "--library", nowhere, "-o", tmp_path / "run")
    refused(outcome, str(nowhere))
    assert not (tmp_path / "run").exists()


def test_a_library_without_calibration_patients(train: Command, tmp_path: Path) -> None:
    library = write_library(tmp_path / "library", {"train": 2})
    outcome = train("quality", "--config", "hippocampus-t1", "--library", library, "-o", tmp_path / "run")
    refused(outcome, "calibration patients")


def test_a_library_of_other_structures(train: Command, tmp_path: Path) -> None:
    library = write_library(tmp_path / "library", {"train": 2, "choose": 1, "calibrate": 1})
    outcome = train("quality", "--config", "hippocampus-t1", "--library", library, "-o", tmp_path / "run")
    refused(outcome, "no contours of hippocampus, anterior, posterior")


def test_impossible_epochs(train: Command, tmp_path: Path) -> None:
    library = write_library(tmp_path / "library", {"train": 2})
    options = ("--config", "hippocampus-t1", "--library", library, "-o", tmp_path / "run")
    refused(train("quality", *options, "--epochs", 0), "counts of at least 1")


def test_splits_of_a_missing_folder(train: Command, tmp_path: Path) -> None:
    refused(train("splits", "--data", tmp_path / "nowhere", "-o", tmp_path / "out"), "nowhere")


def test_a_missing_option_is_named(train: Command) -> None:
    outcome = train("quality")
    assert outcome.code == 2
    assert "--config" in outcome.err
