"""Bad DICOM on the command line: one sentence, nothing written, nothing of the patient."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from dicom_samples import write_series, write_structure_set
from dicom_studies import (
    GRID,
    HEART,
    assessed,
    one_sentence,
)


def test_what_cannot_be_meant_is_one_sentence_and_nothing_is_written(contourqa, study, tmp_path) -> None:
    out = tmp_path / "out"
    images = study.folder / "images"
    one_sentence(
        contourqa("assess", "--image", images, "--contours", study.mask, "-o", out), "--series", "2 series"
    )
    one_sentence(
        contourqa("assess", "--image", study.ct, "--contours", study.structures, "--series", "99", "-o", out),
        "99",
    )
    one_sentence(
        contourqa("assess", "--image", study.mask, "--contours", study.mask, "--series", "2", "-o", out),
        "no DICOM",
    )
    one_sentence(
        contourqa("assess", "--image", study.ct, "--contours", study.ct, "-o", out), "neither an RTSTRUCT"
    )
    slice_file = next(study.ct.iterdir())
    one_sentence(
        contourqa("assess", "--image", study.ct, "--contours", slice_file, "-o", out), "without contours"
    )
    one_sentence(
        contourqa("assess", "--image", study.structures.parent, "--contours", study.structures, "-o", out),
        "no CT, MR or PET",
    )
    one_sentence(
        contourqa(
            "thresholds", "--reference", study.structures, "--probability", study.structures, "-o", out
        ),
        "polygons",
    )
    one_sentence(
        contourqa("assess", "--image", study.ct, "--contours", study.maps, "-o", out), "probabilities"
    )
    one_sentence(contourqa("dicom", "list", tmp_path / "nowhere"), "nowhere")
    assert not out.exists()


def test_settings_that_exclude_each_other_are_said(contourqa, study, tmp_path) -> None:
    path = tmp_path / "out.dcm"
    seg = "dicom", "seg", "--image", study.ct, "-o", path
    one_sentence(contourqa(*seg), "--contours", "--probability")
    one_sentence(contourqa(*seg, "--contours", study.mask, "--threshold", "0.5"), "--threshold")
    one_sentence(contourqa(*seg, "--probability", study.maps, "--threshold", "0"), "above 0")
    one_sentence(contourqa(*seg, "--contours", study.mask, "--manual", "--algorithm", "net"), "--manual")
    one_sentence(contourqa(*seg, "--contours", study.mask, "--shares"), "no polygons")
    one_sentence(contourqa(*seg, "--probability", study.maps, "--shares"), "--shares", "RTSTRUCT")
    polygons = *seg, "--contours", study.structures, "--shares"
    one_sentence(contourqa(*polygons, "--threshold", "0.5"), "--threshold")
    one_sentence(contourqa(*polygons, "--merge", "all"), "--merge")
    one_sentence(contourqa(*seg[:4], "-o", tmp_path / "out.nii", "--contours", study.mask), ".dcm")
    one_sentence(
        contourqa("dicom", "seg", "--image", study.mask, "-o", path, "--contours", study.mask), "no DICOM"
    )
    one_sentence(assessed(contourqa, study, "--dicom"), "-o")
    one_sentence(
        contourqa("assess", "--image", study.mask, "--contours", study.mask, "--dicom", "-o", tmp_path / "o"),
        "no DICOM",
    )
    one_sentence(contourqa("assess", "--cases", tmp_path / "c.csv", "--dicom"), "--dicom")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["missing slice", "two patients", "another frame", "cut short"])
def test_bad_dicom_is_one_sentence_and_nothing_is_written(contourqa, study, tmp_path, kind) -> None:
    bad, out = tmp_path / "bad", tmp_path / "out"
    shutil.copytree(study.ct, bad / "ct")
    contours, says = study.structures, ""
    if kind == "missing slice":
        (bad / "ct" / "0004.dcm").unlink()
        says = "missing"
    elif kind == "two patients":
        write_series(bad / "other", np.zeros(GRID.shape, np.int16), GRID, patient_id="B")
        contours, says = study.mask, "2 patients"
    elif kind == "another frame":
        foreign = write_series(tmp_path / "foreign", np.zeros(GRID.shape, np.int16), GRID, patient_id="C")
        contours, says = tmp_path / "foreign" / "RS.dcm", "frame of reference"
        write_structure_set(contours, foreign, {"Heart": HEART})
    else:
        whole = study.structures.read_bytes()
        contours, says = tmp_path / "cut.dcm", "cut short"
        contours.write_bytes(whole[: len(whole) // 2])
    found = contourqa("assess", "--image", bad, "--contours", contours, "-o", out)
    one_sentence(found, says)
    assert not out.exists()
