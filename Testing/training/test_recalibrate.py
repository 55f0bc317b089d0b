"""`contourqa-train recalibrate`: local cases in, a new bundle out, and the old one as it was."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from bundles import write_bundle
from command_line import JSON, Command, Outcome
from contourqa_training.cli import app
from ContourQALib.cli import run
from ContourQALib.quality.calibrated import calibrated
from ContourQALib.quality.card import verify_files
from ContourQALib.quality.model import QualityModel, find_model
from ContourQALib.quality.prediction import Prediction
from files_on_disk import write
from shapes import ball_mask

SHAPE = (20, 20, 20)
PATIENTS = 54


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    def command(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["contourqa-train", *map(str, arguments)])
        capsys.readouterr()
        code = run(app)
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return command


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> Path:
    """Balls contoured too small by differing amounts; the image's mean says how small."""
    folder = tmp_path_factory.mktemp("cohort")
    rng = np.random.default_rng(0)
    write(folder / "reference.nrrd", ball_mask(SHAPE, (10, 10, 10), 7).astype(np.uint8))
    for number in range(PATIENTS):
        radius = rng.uniform(4.5, 6.8)
        write(folder / f"contour{number}.nrrd", ball_mask(SHAPE, (10, 10, 10), radius).astype(np.uint8))
        write(folder / f"image{number}.nrrd", rng.normal(radius, 0.1, SHAPE).astype(np.float32))
    return folder


@pytest.fixture(autouse=True)
def overrating(monkeypatch):
    """A model that knows the contours' Dice but for some noise, and tells it nearer to 1."""

    def predict(self, image, contours, hints=()):
        mean = float(image.values.mean())
        noise = np.random.default_rng(int(1e6 * mean)).normal(0, 0.02)
        true = 2 * mean**3 / (mean**3 + 7**3)  # of two balls about one center
        return [Prediction(float(np.clip(0.5 + 0.5 * (true + noise), 0, 1)), msd_mm=0.5) for _ in contours]

    monkeypatch.setattr(QualityModel, "predict", predict)


def manifest(cohort: Path, name: str, patients: int, structure: str = "ball") -> Path:
    path = cohort / f"{name}.csv"
    rows = [f"c{n},{structure},image{n}.nrrd,contour{n}.nrrd,reference.nrrd" for n in range(patients)]
    path.write_text("\n".join(["case,structure,image,contour,reference", *rows]) + "\n")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_fifty_patients_adjust_the_scores_and_make_intervals(train, tmp_path, cohort):
    base = write_bundle(tmp_path / "toy")
    before = contents(base)
    told = train(
        "recalibrate",
        "--model",
        base,
        "--cases",
        manifest(cohort, "all", PATIENTS),
        "-o",
        tmp_path / "clinic",
        *JSON,
    ).json
    assert contents(base) == before
    (ball,) = told["structures"]
    dice = ball["figures"]["dice"]
    # The model halves every distance from 1: its error is half of 1 - Dice, the noise's is some 0.016.
    assert dice["mae_before"] > 0.05
    assert dice["mae_after"] < 0.6 * dice["mae_before"]
    assert abs(dice["bias_after"]) < 0.25 * abs(dice["bias_before"])
    assert (ball["patients"], ball["intervals_refused"]) == (PATIENTS, None)
    model = find_model(str(tmp_path / "clinic"))
    verify_files(model.folder, model.card)
    assert model.card.name == "clinic"
    assert model.card.raw["recalibrated"]["base"]["name"] == "toy"
    assert model.card.raw["recalibrated"]["structures"]["ball"]["figures"]["dice"] == dice
    figures = calibrated(model, "ball", Prediction(0.9))
    assert figures.dice < 0.9
    assert figures.dice_interval[0] < figures.dice < figures.dice_interval[1]
    assert figures.cases == PATIENTS


def test_thirty_patients_adjust_the_scores_and_are_too_few_for_intervals(train, tmp_path, cohort):
    base = write_bundle(tmp_path / "toy")
    outcome = train(
        "recalibrate", "--model", base, "--cases", manifest(cohort, "some", 34), "-o", tmp_path / "clinic"
    )
    assert outcome.code == 0, outcome.err
    assert "34 calibration patients, but an interval needs at least 50" in outcome.out
    figures = calibrated(find_model(str(tmp_path / "clinic")), "ball", Prediction(0.9))
    assert figures.dice < 0.9
    assert figures.dice_interval is None
    assert "34 calibration patients" in figures.reason


def test_fewer_patients_are_refused_and_leave_nothing_behind(train, tmp_path, cohort):
    base = write_bundle(tmp_path / "toy")
    outcome = train(
        "recalibrate", "--model", base, "--cases", manifest(cohort, "few", 12), "-o", tmp_path / "clinic"
    )
    assert outcome.code == 2
    assert "12 local patients of ball" in outcome.err
    assert "at least 30" in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]


def test_no_model_is_written_over(train, tmp_path, cohort):
    base = write_bundle(tmp_path / "toy")
    before = contents(base)
    outcome = train("recalibrate", "--model", base, "--cases", manifest(cohort, "few", 12), "-o", base)
    assert outcome.code == 2
    assert "exists already" in outcome.err
    assert contents(base) == before


def test_a_row_whose_file_is_missing_ends_it_in_one_sentence(train, tmp_path, cohort):
    base = write_bundle(tmp_path / "toy")
    cases = manifest(cohort, "broken", 34)
    cases.write_text(cases.read_text().replace("contour33", "nowhere"))
    outcome = train("recalibrate", "--model", base, "--cases", cases, "-o", tmp_path / "clinic")
    assert outcome.code == 2
    assert "nowhere.nrrd" in outcome.err
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "clinic").exists()


def test_a_structure_that_the_model_does_not_know_is_named(train, tmp_path, cohort):
    base = write_bundle(tmp_path / "toy")
    outcome = train(
        "recalibrate",
        "--model",
        base,
        "--cases",
        manifest(cohort, "liver", 34, "liver"),
        "-o",
        tmp_path / "clinic",
    )
    assert outcome.code == 2
    assert "liver" in outcome.err


def test_an_altered_base_is_refused(train, tmp_path, cohort):
    base = write_bundle(tmp_path / "toy")
    (base / "config.json").write_text("{}")
    outcome = train(
        "recalibrate", "--model", base, "--cases", manifest(cohort, "some", 34), "-o", tmp_path / "clinic"
    )
    assert outcome.code == 2
    assert "hash" in outcome.err


def test_empty_contours_are_left_out_and_counted(train, tmp_path, cohort):
    write(cohort / "empty.nrrd", np.zeros(SHAPE, np.uint8))
    cases = manifest(cohort, "with_empty", 34)
    cases.write_text(cases.read_text().replace("contour33", "empty"))
    base = write_bundle(tmp_path / "toy")
    told = train("recalibrate", "--model", base, "--cases", cases, "-o", tmp_path / "clinic", *JSON)
    (ball,) = told.json["structures"]
    assert (ball["patients"], ball["contours"], ball["empty_contours"]) == (33, 33, 1)


def test_other_names_of_the_same_files_have_the_same_fingerprint(train, tmp_path, cohort):
    base = write_bundle(tmp_path / "toy")
    one = manifest(cohort, "one", 31)
    other = cohort / "other.csv"
    lines = one.read_text().replace("\nc", "\npatient").splitlines()
    other.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    prints = [
        train("recalibrate", "--model", base, "--cases", cases, "-o", tmp_path / cases.stem, *JSON).json[
            "fingerprint"
        ]
        for cases in (one, other)
    ]
    assert prints[0] == prints[1]
