"""`contourqa-train segmenter` and `… predict`: from files to a manifest, and bad input in one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from command_line import Command, Outcome
from contourqa_training.cli import app
from contourqa_training.segmenter_model import open_segmenter
from ContourQALib.cli import run
from segmenter_runs import CONFIG, PATIENTS, write_boxes


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    monkeypatch.chdir(tmp_path)  # where runs/ goes by default

    def command(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["contourqa-train", "segmenter", *map(str, arguments)])
        capsys.readouterr()
        code = run(app)
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return command


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "boxes.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_boxes(tmp_path_factory.mktemp("boxes") / "data", without_spleen=PATIENTS[:1])


def refused(outcome: Outcome, named: str) -> None:
    assert outcome.code == 2
    assert named in outcome.err
    assert "Traceback" not in outcome.err


def test_train_a_fold_and_predict_it(train: Command, toml: Path, folder: Path, tmp_path: Path) -> None:
    made = train("--config", toml, "--data", folder, "--fold", "2/4", "--epochs", 1, "--threads", 1)
    assert made.code == 0
    where = tmp_path / "runs" / "boxes-fold-2-of-4"
    assert f"Wrote the segmenter {where.relative_to(tmp_path) / 'model'}" in made.err
    assert "spleen is not contoured in 1 of 8 patients" in made.err
    assert (tmp_path / "runs" / "cache").is_dir()
    model = open_segmenter(where)
    assert model.facts["fold"] == "2/4"
    predicted = train("predict", "--model", where, "--data", folder, "--stage", 1, "-o", tmp_path / "maps")
    assert predicted.code == 0
    lines = (tmp_path / "maps" / "manifest.csv").read_text().splitlines()
    assert {line.split(",")[0] for line in lines[1:]} == set(model.patients.held_out)


def test_one_model_for_each_organ(train: Command, toml: Path, folder: Path, tmp_path: Path) -> None:
    options = ("--config", toml, "--data", folder, "--epochs", 1, "--threads", 1, "--dice-weight", 0.25)
    made = train(*options, "--single-organ", "-o", tmp_path / "organs")
    assert made.code == 0
    for name in ("liver", "spleen"):
        config = open_segmenter(tmp_path / "organs" / name).config
        assert config.model.structures == (name,)
        assert config.network.out_channels == 1
        assert config.training.dice_weight == 0.25


def test_each_organs_model_learns_from_the_slices_around_its_organ(
    train: Command, folder: Path, tmp_path: Path
) -> None:
    toml = tmp_path / "around.toml"
    toml.write_text(CONFIG.replace("size = 16", "size = 16\naround_organs = true\nmargin_mm = 0.0"))
    options = ("--config", toml, "--data", folder, "--epochs", 1, "--threads", 1)
    # boxes of 4 slices and of 3, in every patient but one who has no spleen
    assert train(*options, "--single-organ", "-o", tmp_path / "organs").code == 0
    assert learned_from(tmp_path / "organs" / "liver") == 4 * len(PATIENTS)
    assert learned_from(tmp_path / "organs" / "spleen") == 3 * (len(PATIENTS) - 1)
    assert train(*options, "--structure", "spleen", "-o", tmp_path / "one").code == 0
    assert learned_from(tmp_path / "one") == 3 * (len(PATIENTS) - 1)
    assert train(*options, "-o", tmp_path / "both").code == 0
    assert learned_from(tmp_path / "both") == 4 * len(PATIENTS)


def learned_from(run: Path) -> int:
    """Slices of those who train and those who choose."""
    return sum(open_segmenter(run).facts["slices"].values())


@pytest.mark.parametrize("size", ["size = 16", "size = 16\naround_organs = true"])
def test_an_organ_that_nobody_has_is_found_before_any_is_trained(
    train: Command, tmp_path: Path, size: str
) -> None:
    folder = write_boxes(tmp_path / "data", without_spleen=PATIENTS)
    toml = tmp_path / "boxes.toml"
    toml.write_text(CONFIG.replace("size = 16", size))
    made = train(
        "--config", toml, "--data", folder, "--single-organ", "--epochs", 1, "-o", tmp_path / "organs"
    )
    refused(made, "contour of spleen")
    assert not (tmp_path / "organs").exists()


def test_one_organ_goes_where_it_is_told_and_resumes(
    train: Command, toml: Path, folder: Path, tmp_path: Path
) -> None:
    options = ("--config", toml, "--data", folder, "--single-organ", "--structure", "Spleen", "--threads", 1)
    assert train(*options, "--epochs", 1, "-o", tmp_path / "one").code == 0
    refused(train(*options, "--epochs", 2, "-o", tmp_path / "one"), "--resume")
    assert train(*options, "--epochs", 2, "-o", tmp_path / "one", "--resume").code == 0
    assert open_segmenter(tmp_path / "one").facts["epochs"] == 2
    changed = train(*options, "--epochs", 2, "-o", tmp_path / "one", "--resume", "--dice-weight", 1)
    refused(changed, "training.dice_weight = 0.0, not 1.0")


def test_a_configuration_must_be_named(train: Command) -> None:
    refused(train("--epochs", 1), "--config")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--config", "nnunet"), "nnunet"),
        (("--config", "bice", "--structure", "prostate"), "prostate"),
        (("--config", "bice", "--fold", "9"), "2/5"),
        (("--config", "bice", "--dice-weight", "2"), "dice_weight"),
        (("--config", "bice", "--epochs", "0"), "epochs"),
        (("--config", "bice", "--data", "nowhere"), "nowhere"),
        (("predict", "--model", "nowhere"), "nowhere"),
        (("predict", "--model", "nowhere", "--split", "test", "--case", "p"), "not both"),
        (("predict",), "--model"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    train: Command, tmp_path: Path, options: tuple[str, ...], named: str
) -> None:
    refused(train(*options), named)
    assert not (tmp_path / "runs").exists()


def test_a_bad_file_is_skipped_only_when_told(train: Command, toml: Path, tmp_path: Path) -> None:
    folder = write_boxes(tmp_path / "data")
    (folder / "images" / "case_04.nii.gz").write_text("not an image")
    options = ("--config", toml, "--data", folder, "--epochs", 1, "--threads", 1, "-o", tmp_path / "run")
    refused(train(*options), "case_04")
    made = train(*options, "--skip-bad")
    assert made.code == 0
    assert "Left out 1 patients" in made.err
    assert "case_04" in made.err
