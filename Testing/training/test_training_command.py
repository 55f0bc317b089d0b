"""`contourqa-train`: bad input ends with 2 and one sentence, and leaves no run behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from command_line import Command, Outcome
from contourqa_training.cli import app
from ContourQALib.cli import run
from training_cases import write_cases


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
    refused(train("quality", "--config", "nnunet", "-o", tmp_path / "run"), "nnunet")
    assert not (tmp_path / "run").exists()


def test_a_missing_configuration_file(train: Command, tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"
    refused(train("quality", "--config", path, "-o", tmp_path / "run"), str(path))


def test_a_configuration_that_is_not_toml(train: Command, tmp_path: Path) -> None:
    path = tmp_path / "damaged.toml"
    path.write_text("epochs: 3")
    refused(train("quality", "--config", path, "-o", tmp_path / "run"), str(path))


def test_a_missing_data_folder(train: Command, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    outcome = train("quality", "--config", "hippocampus-t1", "--data", nowhere, "-o", tmp_path / "run")
    refused(outcome, str(nowhere))


def test_nothing_to_resume(train: Command, tmp_path: Path) -> None:
    data = write_cases(tmp_path / "data", ["hippocampus_001", "hippocampus_007"])
    outcome = train("quality", "--config", "hippocampus-t1", "--data", data, "-o", tmp_path, "--resume")
    refused(outcome, str(tmp_path))


def test_an_output_that_is_a_file(train: Command, tmp_path: Path) -> None:
    data = write_cases(tmp_path / "data", ["hippocampus_001", "hippocampus_007"])
    taken = tmp_path / "taken"
    taken.write_text("mine")
    outcome = train("quality", "--config", "hippocampus-t1", "--data", data, "-o", taken)
    refused(outcome, str(taken))
    assert taken.read_text() == "mine"


def test_impossible_epochs(train: Command, tmp_path: Path) -> None:
    refused(train("quality", "--config", "isaksson", "--epochs", 0, "-o", tmp_path / "run"), "epochs")


def test_splits_of_a_missing_folder(train: Command, tmp_path: Path) -> None:
    refused(train("splits", "--data", tmp_path / "nowhere", "-o", tmp_path / "out"), "nowhere")


def test_a_missing_option_is_named(train: Command) -> None:
    outcome = train("quality")
    assert outcome.code == 2
    assert "--config" in outcome.err
