"""`contourqa dicom` and `assess --dicom`: what a folder holds, and segmentations that are written."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from command_line import JSON
from ContourQALib.case import Image
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.dicom.segmentation_in import read_seg, read_seg_probabilities
from ContourQALib.formats.dicom.source_series import source_series
from ContourQALib.formats.images import write_image
from ContourQALib.report.structured.assessment_record import read_assessment_sr
from dicom_samples import tells_nothing, write_series
from dicom_studies import (
    BLADDER,
    GRID,
    HEART,
    RULE,
    assessed,
    one_sentence,
    own_volume_cc,
)


def test_a_folder_is_listed_with_what_its_structures_mean(contourqa, study) -> None:
    found = contourqa("dicom", "list", study.folder, *JSON).json
    assert found["patients"] == 1
    assert [(s["number"], s["modality"], s["images"]) for s in found["series"]] == [
        (2, "CT", 10),
        (7, "MR", 10),
    ]
    structures, maps = found["contours"]
    assert (structures["kind"], maps["kind"]) == ("RTSTRUCT", "SEG fractional")
    assert [(s["structure"], s["standard_name"]) for s in structures["structures"]] == [
        ("Heart", "Heart"),
        ("Blase", "Bladder"),
    ]
    assert structures["series_uids"] == maps["series_uids"] == [found["series"][0]["series_uid"]]
    assert [one["structure"] for one in structures["left_out"]] == ["Iso", "Nothing"]
    assert [Path(one["file"]).name for one in found["left_out"]] == ["heart.nii.gz"]


def test_a_list_names_damaged_files_and_counts_patients(contourqa, study, tmp_path) -> None:
    write_series(tmp_path / "a", np.zeros(GRID.shape, np.int16), GRID, patient_id="A")
    write_series(tmp_path / "b", np.zeros(GRID.shape, np.int16), GRID, patient_id="B")
    whole = study.structures.read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[: len(whole) // 2])
    table = contourqa("dicom", "list", tmp_path)
    assert table.code == 0
    assert "Files of 2 patients." in table.out
    assert table.out.count("cut.dcm") == 1
    rows = list(csv.DictReader(io.StringIO(contourqa("dicom", "list", tmp_path, "--format", "csv").out)))
    assert [row["what"] for row in rows] == ["series", "series", "left out"]
    assert "cut short" in rows[2]["reason"]


def test_contours_of_any_file_become_a_seg_of_the_series(contourqa, study, tmp_path) -> None:
    path = tmp_path / "out.dcm"
    arguments = "dicom", "seg", "--image", study.ct, "-o", path
    assert contourqa(*arguments, "--contours", study.mask, "--labels", "1=Heart", "--manual").code == 0
    (heart,) = read_seg(path)
    mask = heart.on(GRID).mask
    np.testing.assert_array_equal(mask, sitk.GetArrayFromImage(sitk.ReadImage(str(study.mask))) > 0)
    assert contourqa(*arguments, "--contours", study.structures, "--structure", "Bladder").code == 0
    (bladder,) = read_seg(path)
    assert bladder.name == "Blase"
    assert RULE in str(bladder.rasterized)
    assert source_series(study.ct).identity.series_uid in json.dumps(
        contourqa("dicom", "list", path, *JSON).json["contours"][0]["series_uids"]
    )


def test_no_image_and_nothing_that_is_read_is_replaced(contourqa, study, tmp_path) -> None:
    shutil.copytree(study.ct, tmp_path / "ct")
    shutil.copy(study.structures, tmp_path / "rs.dcm")
    arguments = "dicom", "seg", "--image", tmp_path / "ct", "--contours"
    first = next(iter(sorted((tmp_path / "ct").iterdir())))
    before = first.read_bytes(), (tmp_path / "rs.dcm").read_bytes()
    one_sentence(contourqa(*arguments, study.structures, "-o", first), f"{first} is there already")
    one_sentence(
        contourqa(*arguments, tmp_path / "rs.dcm", "-o", tmp_path / "rs.dcm"), "is among what is read"
    )
    assert before == (first.read_bytes(), (tmp_path / "rs.dcm").read_bytes())


def test_maps_become_a_fractional_seg_or_contours_at_a_threshold(contourqa, study, tmp_path) -> None:
    write_image(Image(np.full(GRID.shape, 0.4, np.float32), GRID), tmp_path / "Heart.nii.gz")
    path = tmp_path / "out.dcm"
    arguments = "dicom", "seg", "--image", study.ct, "-o", path, "--probability", tmp_path / "Heart.nii.gz"
    assert contourqa(*arguments, "--algorithm", "net", "--algorithm-version", "2").code == 0
    (found,) = read_seg_probabilities(path)
    assert found.name == "Heart"
    np.testing.assert_allclose(found.on(GRID).values, 0.4, atol=0.5 / 255)  # rounded to 1/255
    assert contourqa(*arguments, "--threshold", "0.3").code == 0
    assert read_seg(path)[0].on(GRID).mask.all()


def test_polygons_become_shares_of_voxels_that_sum_to_their_volume(contourqa, study, tmp_path) -> None:
    path = tmp_path / "shares.dcm"
    arguments = "dicom", "seg", "--image", study.ct, "--contours", study.structures, "--shares", "-o", path
    found = contourqa(*arguments)
    assert found.code == 0
    assert "Left out of" in found.err  # the isocenter
    assert pydicom.dcmread(path).SegmentationFractionalType == "OCCUPANCY"
    read = read_seg_probabilities(path)
    for share, drawn, circles in zip(read, read_contours(study.structures), (HEART, BLADDER), strict=True):
        values = share.on(GRID).values
        assert share.name == drawn.name
        np.testing.assert_allclose(share.color, drawn.color, atol=1e-9)
        edge = np.count_nonzero((values > 0) & (values < 1))
        rounding_cc = edge * 0.5 / 255 * GRID.voxel_volume_cc
        own_cc = own_volume_cc(circles)
        assert values.sum(dtype=float) * GRID.voxel_volume_cc == pytest.approx(own_cc, abs=rounding_cc)
        assert abs(drawn.volume_cc - own_cc) > rounding_cc  # what the shares are for
        assert np.count_nonzero((values >= 0.5) != drawn.mask) < 0.2 * edge
    assert contourqa(*arguments, "--structure", "Bladder").code == 0
    assert [one.name for one in read_seg_probabilities(path)] == ["Blase"]
    swept = contourqa("thresholds", "--reference", study.structures, "--probability", path, *JSON)
    (bladder,) = swept.json["cases"]
    assert bladder["structure"] == "Blase"


def test_an_assessment_is_written_as_dicom(contourqa, study, tmp_path) -> None:
    out = tmp_path / "out"
    outcome = assessed(contourqa, study, "--dicom", "-o", out, *JSON)
    record = read_assessment_sr(out / "assessment.sr.dcm")
    found = [one.structure for one in record.assessment.structures]
    assert found == [one["structure"] for one in outcome.json["structures"]]
    assert [one.name for one in read_seg(out / "contours.seg.dcm")] == found
    assert "Iso" in json.dumps(json.loads((out / "report.json").read_text())["left_out"])
    assert tells_nothing((out / "report.html").read_text() + outcome.out + outcome.err)
    shown = contourqa("dicom", "report", out / "assessment.sr.dcm")
    assert "Blase" in shown.out


# bad input
