"""What commands say of DICOM that they take on trust, call by a user's own names, or cannot name at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest

from command_line import JSON, Command
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.dicom.elements import NO_FRAME
from ContourQALib.formats.dicom.segmentation_out import write_seg
from ContourQALib.formats.dicom.source_series import source_series
from ContourQALib.formats.images import read_image
from ContourQALib.report.structured.assessment_files import REPORT_FILE
from ContourQALib.report.structured.assessment_record import read_assessment_sr
from dicom_studies import BY_ME, Study, assessed, one_sentence

REFERRING = "another frame of reference, but it refers to the image's series"


@pytest.fixture
def segmented(study: Study, tmp_path: Path) -> Callable[[str | None], Path]:
    """Writes the study's contours as a SEG of a frame of reference, None for none at all."""

    def write(frame_uid: str | None) -> Path:
        path = tmp_path / "segmented.dcm"
        drawn = read_contours(study.structures, grid=read_image(study.ct).grid, on_left_out=lambda _: None)
        write_seg(drawn, source_series(study.ct), path, BY_ME, "Contours")
        sample = pydicom.dcmread(path)
        if frame_uid is None:
            del sample.FrameOfReferenceUID
        else:
            sample.FrameOfReferenceUID = frame_uid
        sample.save_as(path)
        return path

    return write


@pytest.mark.parametrize(("frame_uid", "said"), [(None, NO_FRAME), ("2.25.7", REFERRING)])
def test_a_seg_whose_frame_is_not_the_images_is_remarked_upon(
    contourqa: Command, study: Study, segmented: Callable[[str | None], Path], frame_uid, said
) -> None:
    path = segmented(frame_uid)
    asked = "assess", "--image", study.ct, "--contours", path
    assert [one["remarks"] for one in contourqa(*asked, *JSON).json["structures"]] == [said, said]
    assert contourqa(*asked).out.count(f"The contour as it was drawn: {said}") == 1
    compared = contourqa(
        "compare", "--reference", study.structures, "--test", path, "--image", study.ct, *JSON
    )
    assert {(one["remarks_reference"], one["remarks_test"]) for one in compared.json["pairs"]} == {
        (None, said)
    }


def test_maps_and_second_segmentations_are_remarked_upon_too(contourqa, study, segmented, tmp_path) -> None:
    sample = pydicom.dcmread(study.maps)
    del sample.FrameOfReferenceUID
    sample.save_as(tmp_path / "maps.dcm")
    beside = "--probability", f"Heart={tmp_path / 'maps.dcm'}", "--second", segmented("2.25.7")
    heart, bladder = assessed(contourqa, study, *beside, *JSON).json["structures"]
    assert heart["remarks"] == f"its probability map: {NO_FRAME}; its second segmentation: {REFERRING}"
    assert bladder["remarks"] == f"its second segmentation: {REFERRING}"


def test_a_map_of_another_image_is_refused(contourqa, study, tmp_path) -> None:
    sample = pydicom.dcmread(study.maps)
    sample.FrameOfReferenceUID = "2.25.7"
    sample.ReferencedSeriesSequence[0].SeriesInstanceUID = "2.25.8"
    sample.save_as(tmp_path / "maps.dcm")
    found = assessed(contourqa, study, "--probability", f"Heart={tmp_path / 'maps.dcm'}")
    assert found.code == 2
    assert "maps.dcm lies in another frame of reference than the image" in found.err.splitlines()[-1]


def test_nothing_is_said_of_a_seg_in_the_images_frame(contourqa, study, segmented) -> None:
    path = segmented(str(source_series(study.ct).identity.frame_uid))
    found = contourqa("assess", "--image", study.ct, "--contours", path, *JSON)
    assert [one["remarks"] for one in found.json["structures"]] == [None, None]


@pytest.fixture
def dicom_alone(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """What writes a structured report, and no page, whose pictures take longer than all else."""
    monkeypatch.setattr("ContourQALib.commands.assess_one.save_assessment", lambda *what: None)
    return ("--dicom", *JSON, "-o")


def test_merged_segments_and_the_structured_report_keep_the_remark(
    contourqa, study, segmented, tmp_path, dicom_alone
) -> None:
    asked = "assess", "--image", study.ct, "--contours", segmented(None), "--merge", "Both"
    (found,) = contourqa(*asked, *dicom_alone, tmp_path / "out").json["structures"]
    assert found["remarks"] == NO_FRAME
    (back,) = read_assessment_sr(tmp_path / "out" / REPORT_FILE).assessment.structures
    assert back.remarks == NO_FRAME


def test_a_table_of_names_says_the_tg_263_name(contourqa, study, tmp_path, dicom_alone) -> None:
    table = tmp_path / "names.csv"
    table.write_text("standard,variants,tg263\nFlap,Blase,Musc_Flap\nHeart,Pump\n", encoding="utf-8")
    out = tmp_path / "out"
    heart, flap = assessed(contourqa, study, "--names", table, *dicom_alone, out).json["structures"]
    assert heart["standard_name"] == "Heart"
    assert (flap["structure"], flap["standard_name"], flap["spelled"]) == ("Flap", "Musc_Flap", "Blase")
    _, back = read_assessment_sr(out / REPORT_FILE).assessment.structures
    assert back.standard_name == "Musc_Flap"
    assert "Flap means Musc_Flap (TG-263)" in assessed(contourqa, study, "--names", table).out
    listed = contourqa("dicom", "list", study.structures.parent, "--names", table, *JSON).json
    names = {one["structure"]: one["standard_name"] for one in listed["contours"][0]["structures"]}
    assert names == {"Heart": "Heart", "Blase": "Musc_Flap"}


@pytest.mark.parametrize(
    ("option", "value"),
    [("--labels", "1=Heart"), ("--color-table", Path(__file__)), ("--labels", "7=Nothing")],
)
def test_options_for_labels_are_refused_where_all_is_dicom(contourqa, study, option, value) -> None:
    one_sentence(
        assessed(contourqa, study, option, value), f"{option} can name nothing in {study.structures}"
    )


def test_options_for_labels_hold_for_a_label_file_beside_dicom(contourqa, study) -> None:
    arguments = "compare", "--reference", study.structures, "--test", study.mask, "--image", study.ct
    compared = contourqa(*arguments, "--labels", "1=Heart", *JSON)
    assert compared.code == 0, compared.err
    assert [one["structure"] for one in compared.json["pairs"]] == ["Heart"]
