"""`contourqa-train evaluate` on small balls: figures, files, and what it refuses."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from bundles import digest, write_bundle
from command_line import Command, Outcome
from contourqa_training.cli import app
from contourqa_training.evaluation import run as running
from contourqa_training.evaluation import trees
from contourqa_training.evaluation.baselines import BASELINES_FILE, TREES_FILE, BaselineRow, fit_baselines
from ContourQALib.cli import run
from ContourQALib.metrics.overlap import overlap
from ContourQALib.perturbation import perturb
from files_on_disk import write
from training_cases import training_cases

CASES = training_cases(5)
DRAWS = 40
"""Bootstrap draws here: intervals need only be there, their law is tested elsewhere."""


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    original = running.Request
    monkeypatch.setattr(trees, "ITERATIONS", 5)  # how good they are is not asked here

    def command(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["contourqa-train", *map(str, arguments)])
        monkeypatch.setattr(running, "Request", lambda **given: original(draws=DRAWS, **given))
        capsys.readouterr()
        code = run(app)
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return command


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle `toy` and a manifest of balls: references, shifts in three severities, one empty contour."""
    place = tmp_path_factory.mktemp("evaluation")
    write_bundle(place / "toy")
    rows = []
    for case in CASES:
        name = case.patient
        write(place / f"{name}.nii.gz", case.image.values)
        write(place / f"{name}_reference.nii.gz", case.reference.mask.astype(np.uint8))
        row = {
            "patient": name,
            "structure": "ball",
            "image": f"{name}.nii.gz",
            "reference": f"{name}_reference.nii.gz",
        }
        rows.append(row | {"case": name, "stratum": "G", "contour": row["reference"], "probability": ""})
        for severity in (1.0, 2.0, 4.0):
            mask = perturb(case.reference, "shift", severity, 1).mask
            contour = write(place / f"{name}_{severity:g}.nii.gz", mask.astype(np.uint8)).name
            rows.append(
                row
                | {
                    "case": f"{name}/shift/{severity:g}",
                    "stratum": "S",
                    "contour": contour,
                    "probability": "",
                }
            )
        soft = write(place / f"{name}_map.nii.gz", (0.8 * case.reference.mask).astype(np.float32)).name
        rows.append(
            row | {"case": f"{name}-map", "stratum": "N", "contour": row["reference"], "probability": soft}
        )
    empty = write(place / "empty.nii.gz", np.zeros(CASES[0].image.values.shape, np.uint8)).name
    rows.append(rows[0] | {"case": "empty", "stratum": "B", "contour": empty})
    manifest(place / "manifest.csv", rows)
    return place


def manifest(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows_of(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "manifest.csv").open()))


def refused(outcome: Outcome, *named: str) -> None:
    assert outcome.code == 2
    assert all(name in outcome.err for name in named)
    assert "Traceback" not in outcome.err
    assert outcome.out == ""


def evaluating(folder: Path, *more: object) -> tuple[object, ...]:
    return (
        "evaluate", "--model", folder / "toy", "--manifest", folder / "manifest.csv", "--no-cost", *more,
    )  # fmt: skip


def test_every_stratum_stands_by_itself_beside_every_baseline(
    train: Command, folder: Path, tmp_path: Path
) -> None:
    found = train(*evaluating(folder, "--format", "json", "--ablation", "mask-only")).json
    assert set(found["strata"]) == {"G", "S", "N", "B"}
    assert {name: record["contours"] for name, record in found["strata"].items()} == {
        "G": 5,
        "S": 15,
        "N": 5,
        "B": 1,
    }
    for record in found["strata"].values():
        predictors = record["together"]["predictors"]
        assert {
            "model", "model with rules", "mask-only", "training median", "log-volume regression",
            "mask-only rule", "boosted trees",
        } <= set(predictors)  # fmt: skip
        assert predictors["training median"]["dice"]["skill"] in (0, None)
        assert record["baselines_fitted_to"].startswith("this manifest")
        assert record["together"]["intervals"]["dice"]["levels"] is None
        assert "no calibration" in record["together"]["intervals"]["dice"]["reason"]
    natural = found["strata"]["N"]["together"]["predictors"]["expected Dice of the map"]["dice"]
    # p = 0.8 inside and 0 outside: 2 * 0.8 / (0.8 + 1), where the truth is 1
    assert natural["mae"] == pytest.approx(1 - 1.6 / 1.8, abs=1e-5)
    # Seen only where there is a map; the first paper's network makes nothing of it.
    hinted = found["strata"]["N"]["together"]["predictors"]["model with hint"]
    assert hinted == found["strata"]["N"]["together"]["predictors"]["model"]
    assert "model with hint" not in found["strata"]["S"]["together"]["predictors"]
    monotony = found["strata"]["S"]["together"]["monotony"]
    assert monotony["true Dice"] == {"series": 5, "share": 1, "steps": 10, "steps_share": 1}
    assert found["strata"]["B"]["together"]["predictors"]["model"]["dice"]["mae"] == 0  # an empty contour


def test_a_report_holds_the_page_the_tables_and_the_charts(
    train: Command, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    found = train(*evaluating(folder, "--format", "json", "--stratum", "S", "-o", out)).json
    assert json.loads((out / "evaluation.json").read_text()) == found
    assert {path.name for path in out.iterdir()} == {
        "report.html", "evaluation.json", "evaluation.csv", "contours.csv", "figures",
    }  # fmt: skip
    assert {"S-severity.png", "S-risk-coverage.png", "S-predicted-against-true.png", "S-reliability.png"} == {
        path.name for path in (out / "figures").iterdir()
    }
    page = (out / "report.html").read_text()
    assert "Stratum S" in page
    assert "not a medical device" in page
    contours = list(csv.DictReader((out / "contours.csv").open()))
    case = CASES[0]
    moved = perturb(case.reference, "shift", 2.0, 1).mask
    row = next(row for row in contours if row["case"] == f"{case.patient}/shift/2")
    assert float(row["true_dice"]) == pytest.approx(overlap(case.reference.mask, moved).dice, abs=1e-6)
    assert len(contours) == 15


def test_a_second_segmentation_is_a_baseline_of_its_own(train: Command, folder: Path) -> None:
    rows = [row | {"other": row["reference"]} for row in rows_of(folder) if row["stratum"] == "S"]
    manifest(folder / "second.csv", rows)
    found = train(
        "evaluate", "--model", folder / "toy", "--manifest", folder / "second.csv", "--second", "other",
        "--no-cost", "--format", "json",
    ).json  # fmt: skip
    predictor = found["strata"]["S"]["together"]["predictors"]["agreement with other"]["dice"]
    assert predictor["mae"] == 0  # it agrees with the reference itself
    assert found["strata"]["S"]["together"]["differences"]["agreement with other"]["dice"]["mae"] < 0


def test_baselines_of_the_bundle_know_its_training_patients_alone(
    train: Command, folder: Path, tmp_path: Path
) -> None:
    rows = [
        BaselineRow(
            "ball", "S", case.patient, case.image.values,
            perturb(case.reference, "shift", mm, 2).mask, (1, 1, 1),
            {"dice": 0.1, "hd95_mm": mm, "msd_mm": mm},
        )
        for case in CASES for mm in (1.0, 3.0)
    ]  # fmt: skip
    bundle = write_bundle(tmp_path / "toy")
    fit_baselines(rows, {}).write(bundle)
    card = json.loads((bundle / "card.json").read_text())
    card["files"] |= {name: digest(bundle / name) for name in (BASELINES_FILE, TREES_FILE)}
    (bundle / "card.json").write_text(json.dumps(card))
    found = train(
        "evaluate", "--model", bundle, "--manifest", folder / "manifest.csv", "--stratum", "S", "--no-cost",
        "--format", "json",
    ).json["strata"]["S"]  # fmt: skip
    assert found["baselines_fitted_to"] == "training patients"
    median = found["together"]["predictors"]["training median"]["dice"]
    assert median["bias"] < 0  # trained on contours that were all called 0.1


def test_a_manifest_without_strata_is_one(train: Command, folder: Path) -> None:
    kept = ("case", "image", "reference", "contour")
    rows = [{name: row[name] for name in kept} for row in rows_of(folder) if row["stratum"] == "S"]
    manifest(folder / "plain.csv", rows)
    arguments = ("evaluate", "--model", folder / "toy", "--manifest", folder / "plain.csv", "--no-cost")
    found = train(*arguments, "--format", "csv")
    assert found.code == 0
    table = list(csv.DictReader(found.out.splitlines()))
    assert {row["stratum"] for row in table} == {"all"}
    assert {row["figure"] for row in table} == {"dice"}  # the model predicts no distances


def test_what_cannot_be_evaluated(train: Command, folder: Path, tmp_path: Path) -> None:
    arguments = ("evaluate", "--model", folder / "toy", "--manifest")
    refused(train(*arguments, tmp_path / "nowhere.csv"), "nowhere.csv")
    rows = rows_of(folder)
    kept = [{name: row[name] for name in ("case", "image", "contour")} for row in rows]
    refused(train(*arguments, manifest(tmp_path / "columns.csv", kept)), "no column reference")
    other = [row | {"structure": "liver"} for row in rows]
    refused(train(*arguments, manifest(tmp_path / "liver.csv", other)), "liver", "ball")
    refused(train(*evaluating(folder, "--stratum", "X")), "stratum X", "G, S, N, B")
    refused(train(*evaluating(folder, "--second", "dpn")), "no column dpn")
    refused(train(*evaluating(folder, "--ablation", "mask")), "no ablation", "mask-only")
    lost = [row | {"image": "lost.nii.gz"} for row in rows]
    refused(train(*arguments, manifest(tmp_path / "lost.csv", lost)), "lost.nii.gz")


def test_a_bundle_with_an_altered_file_is_refused(train: Command, folder: Path, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "altered")
    (bundle / "config.json").write_text((bundle / "config.json").read_text() + " ")
    refused(
        train("evaluate", "--model", bundle, "--manifest", folder / "manifest.csv", "-o", tmp_path / "out"),
        "config.json",
    )
    assert not (tmp_path / "out" / "report.html").exists()
