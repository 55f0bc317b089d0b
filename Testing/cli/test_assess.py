"""`contourqa assess` and `contourqa demo` from files to verdicts."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from bundles import write_bundle
from command_line import JSON, assessing
from contourqa_training.patient_split import read_split
from files_on_disk import SHAPE, write

FIELDS = {
    "structure", "status", "dice", "dice_interval", "interval_level", "interval_cases", "dice_at_least",
    "hd95_mm", "hd95_interval_mm", "msd_mm", "msd_interval_mm", "verdict", "reasons", "slices", "novelty",
    "volume_cc",
}  # fmt: skip


@pytest.fixture
def toy(tmp_path) -> Path:
    return write_bundle(tmp_path / "toy")


def test_json_has_the_fields_of_the_contract(contourqa, files, toy):
    found = contourqa(*assessing(files.image, files.test), "--merge", "ball", "--model", toy, *JSON).json
    assert set(found) >= {"model", "structures", "elapsed_s", "provenance"}
    assert set(found["model"]) >= {"name", "version", "license"}
    (structure,) = found["structures"]
    assert set(structure) >= FIELDS
    assert set(structure["novelty"]) == {"inside_training_range", "reasons"}
    assert 0 <= structure["dice"] <= 1
    assert structure["verdict"] in {"accept", "review", "reject"}
    assert found["provenance"]["disclaimer"] == "for research and teaching; not a medical device"


def test_without_a_model_rules_answer_and_say_so(contourqa, files):
    found = contourqa(*assessing(files.image, files.test), "--merge", "spleen", *JSON).json
    (structure,) = found["structures"]
    assert (found["model"]["name"], structure["dice"], structure["verdict"]) == (None, None, "review")
    assert "rules alone" in structure["reasons"][-1]


def test_csv_is_one_row_a_contour(contourqa, files, toy):
    found = contourqa(
        *assessing(files.image, files.test), "--merge", "ball", "--model", toy, "--format", "csv"
    )
    (row,) = csv.DictReader(io.StringIO(found.out))
    assert (row["structure"], row["model"]) == ("ball", "toy")


@pytest.mark.parametrize(
    ("accept", "reject", "fail_on", "code"),
    [
        ("0", "0", "review", 0),
        ("1", "0", "review", 3),
        ("1", "0", "reject", 0),
        ("1", "1", "reject", 3),
    ],
)
def test_fail_on_is_exit_code_three(contourqa, files, toy, accept, reject, fail_on, code):
    levels = ("--accept", accept, "--reject", reject, "--fail-on", fail_on)
    outcome = contourqa(*assessing(files.image, files.test), "--merge", "ball", "--model", toy, *levels)
    assert outcome.code == code
    assert "ball" in outcome.out


@pytest.mark.parametrize(("value", "status"), [(0, "empty"), (1, "full")])
def test_empty_and_full_contours_are_results(contourqa, files, value, status):
    path = write(files.folder / "flat.nii.gz", np.full(SHAPE, value, np.uint8))
    (structure,) = contourqa(*assessing(files.image, path), *JSON).json["structures"]
    assert (structure["status"], structure["verdict"]) == (status, "reject")


def test_the_report_folder_holds_everything(contourqa, files, toy, tmp_path):
    out = tmp_path / "new" / "report"
    found = contourqa(*assessing(files.image, files.test), "--merge", "ball", "--model", toy, "-o", out)
    assert found.code == 0, found.err
    names = {path.name for path in out.iterdir()}
    assert names == {"report.html", "report.json", "report.csv", "contours.seg.nrrd"}
    page = (out / "report.html").read_text()
    assert "toy" in page
    assert "not a medical device" in page


def test_the_demo_runs_without_the_data_folder(contourqa, tmp_path, monkeypatch):
    monkeypatch.setenv("CONTOURQA_DATA", str(tmp_path / "nowhere"))
    found = contourqa("demo", "--no-serve", "-o", tmp_path / "demo")
    assert found.code == 0, found.err
    assert "CTV" in found.out
    assert (tmp_path / "demo" / "report.html").stat().st_size > 100_000


def seen_by_nobody() -> list[str]:
    """A few of the test patients; the study `hippocampus-t1` judges all of them."""
    test = [patient for patient, split in read_split("hippocampus").items() if split == "test"]
    return [test[0], test[len(test) // 2], test[-1]]


@pytest.mark.realdata
@pytest.mark.parametrize("patient", ["hippocampus_003", *seen_by_nobody()])
def test_a_clinical_contour_is_accepted_and_a_moved_one_rejected(contourqa, data, tmp_path, patient):
    image, labels = (data / "hippocampus" / kind / f"{patient}.nii.gz" for kind in ("images", "labels"))
    how = ("--merge", "hippocampus", *JSON)
    (good,) = contourqa(*assessing(image, labels), *how).json["structures"]
    assert (good["verdict"], good["novelty"]["inside_training_range"]) == ("accept", True)
    moved = tmp_path / "moved.nii.gz"
    spoil = ("perturb", "--contours", labels, "--error", "shift", "--severity", "10", "-o", moved)
    assert contourqa(*spoil).code == 0
    (bad,) = contourqa(*assessing(image, moved), *how).json["structures"]
    assert bad["verdict"] == "reject"
    assert bad["dice"] < 0.5
