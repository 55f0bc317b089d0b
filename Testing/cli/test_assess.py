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
from ContourQALib.case import Contour, Image
from ContourQALib.commands.assess_saving import error_files
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import read_image
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid, Relation
from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.assessment import Assessment, ModelIdentity, Novelty, StructureAssessment
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.quality.verdict import Verdict
from files_on_disk import BALL, SHAPE, SHIFTED, write
from shapes import ball_mask

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


def test_a_map_and_a_second_segmentation_give_figures_of_agreement(contourqa, files):
    chance = write(files.folder / "probability.nii.gz", np.where(SHIFTED, 0.5, 0.0).astype(np.float32))
    further = ("--probability", chance, "--second", files.reference)
    found = contourqa(*assessing(files.image, files.test), *further, "--merge", "spleen", *JSON).json
    (structure,) = found["structures"]
    assert structure["expected_dice"] == pytest.approx(2 / 3, abs=1e-6)  # 2 * n/2 / (n/2 + n)
    both = 2 * np.count_nonzero(BALL & SHIFTED)
    assert structure["agreement_dice"] == pytest.approx(both / (BALL.sum() + SHIFTED.sum()))
    assert [Path(file["path"]) for file in found["provenance"]["inputs"]][2:] == [chance, files.reference]


@pytest.mark.parametrize("option", ["--probability", "--second"])
def test_what_is_of_no_structure_here_is_refused(contourqa, files, option):
    grid = Grid.for_shape(SHAPE, (1.0, 1.0, 1.0))
    drawn = files.folder / "two.seg.nrrd"
    corner = np.zeros(SHAPE, bool)
    corner[:3, :3, :3] = True
    write_segmentation([Contour(BALL > 0, grid, "Rectum"), Contour(corner, grid, "Bladder")], drawn)
    found = contourqa(*assessing(files.image, drawn), option, files.reference)
    assert found.code == 2
    assert len(found.err.strip().splitlines()) == 1
    assert "Rectum" in found.err


def test_predicted_errors_are_a_map_and_two_segments_a_structure(tmp_path):
    drawn = Contour(ball_mask(SHAPE, (15, 16, 17), 9), Grid.for_shape(SHAPE, (1.0, 1.0, 2.0)), "Parotid/L")
    error = np.zeros(SHAPE, np.float32)
    error[15, 16, 17], error[2, 2, 2], error[3, 3, 3] = 0.9, 0.8, 0.4  # inside, outside, not likely enough
    spans = (slice(1, 20), slice(2, 30), slice(0, 21))
    found = StructureAssessment(
        drawn.name,
        Status.OK,
        0.8,
        Verdict.REVIEW,
        (),
        Novelty(True),
        drawn.volume_cc,
        False,
        0.0,
        error=ErrorMap.of_box(error[spans], spans, drawn.mask, drawn.grid),
    )
    result = Assessment(ModelIdentity("toy", "1", "CC0-1.0"), (found,), 0.1)
    image = Image(np.zeros(SHAPE, np.float32), drawn.grid)
    files = error_files(result, image)
    assert set(files) == {"error_Parotid_L.nrrd", "errors.seg.nrrd"}
    for name, save in files.items():
        save(tmp_path / name)
    saved = read_image(tmp_path / "error_Parotid_L.nrrd")
    np.testing.assert_array_equal(saved.values, error)
    assert saved.values.dtype == np.float32
    assert saved.grid.relation_to(drawn.grid) is Relation.SAME
    over, under = read_contours(tmp_path / "errors.seg.nrrd")
    assert (over.name, under.name) == ("Parotid/L too much", "Parotid/L left out")
    assert np.argwhere(over.on(drawn.grid).mask).tolist() == [[15, 16, 17]]
    assert np.argwhere(under.on(drawn.grid).mask).tolist() == [[2, 2, 2]]


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
