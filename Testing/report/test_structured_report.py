"""An assessment as a DICOM structured report: nothing is lost on the way, and others can read it."""

from __future__ import annotations

import io
import math
import re
import shutil
import subprocess
import sys
import warnings
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment_samples import ASSESSMENT, FULL, TEACHER
from ContourQALib import __version__
from ContourQALib.errors import FormatError, OutputError, SettingError
from ContourQALib.formats.dicom.reading import quietly
from ContourQALib.formats.dicom.segment_terminology import Code, SegmentCodes
from ContourQALib.formats.dicom.source_series import SourceSeries, source_series
from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.report.structured import codes
from ContourQALib.report.structured.assessed_object import AssessedContour, AssessedObject, DicomInstance
from ContourQALib.report.structured.assessment_record import read_assessment_sr
from ContourQALib.report.structured.assessment_sr import write_assessment_sr
from ContourQALib.report.structured.content_tree import ContentTree
from ContourQALib.report.structured.items import number
from dicom_checks import change
from dicom_samples import (
    small_grid,
    small_values,
    tells_nothing,
    uid,
    write_enhanced,
    write_series,
)

SEG, RTSTRUCT = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.481.3"

PAROTID = SegmentCodes(
    Code("91723000", "SCT", "Anatomical Structure"),
    Code("45289007", "SCT", "Parotid"),
    Code("7771000", "SCT", "Left"),
)

JAVA = (
    "-Djdk.xml.xpathTotalOpLimit=0 -Djdk.xml.xpathExprOpLimit=0 -Djdk.xml.xpathExprGrpLimit=0 "
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
)
"""DicomSRValidator's style sheet is larger than Java allows by default; started once, it is never warm."""

ODD = {
    "PatientBirthDate": "5.11.1943",
    "PatientSex": "divers",
    "PatientID": "a number of more than sixty-four characters, as no information system gives",
    "StudyID": "longer than sixteen",
}
"""What the standard forbids and files hold."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SourceSeries:
    folder = tmp_path_factory.mktemp("series") / "ct"
    grid = small_grid()
    write_series(folder, small_values(grid), grid)
    return source_series(folder)


@pytest.fixture(scope="module")
def assessed(source: SourceSeries) -> AssessedObject:
    study = source.identity.study_uid
    return AssessedObject(
        DicomInstance(SEG, uid("seg"), uid("seg series"), study),
        (
            AssessedContour(1, uid("left parotid"), 7, 1, PAROTID),
            AssessedContour(2, uid("ctv"), 4),
            AssessedContour(5, uid("rectum"), None),
        ),
        DicomInstance(RTSTRUCT, uid("rtstruct"), uid("rtstruct series"), study),
        DicomInstance(SEG, uid("error maps"), uid("error series"), study),
    )


@pytest.fixture(scope="module")
def report(source: SourceSeries, assessed: AssessedObject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "assessment.sr.dcm"
    write_assessment_sr(ASSESSMENT, source, assessed, path)
    return path


@pytest.fixture(scope="module")
def document(report: Path) -> pydicom.Dataset:
    return pydicom.dcmread(report)


def test_every_figure_and_sentence_comes_back(report: Path, assessed: AssessedObject) -> None:
    record = read_assessment_sr(report)
    assert record.assessment == ASSESSMENT
    assert record.assessed == assessed
    assert record.program_version == __version__
    assert record.comments == ("for research and teaching; not a medical device", TEACHER.note)


def test_the_sample_says_something_in_every_field() -> None:
    """Else a new field could be left out of reports without a test that knows."""
    for field in fields(StructureAssessment):
        said = [getattr(one, field.name) for one in ASSESSMENT.structures]
        is_map = field.name == "error"  # in a SEG of its own
        assert is_map or any(value != field.default for value in said), field.name


@given(st.floats(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_number_comes_back_as_the_double_it_was(value: float, as_numpy: bool) -> None:
    root, stored = pydicom.Dataset(), io.BytesIO()
    root.ContentSequence = [
        number(codes.VOLUME, np.float64(value) if as_numpy else value, codes.CUBIC_CENTIMETER)
    ]
    root.save_as(stored, implicit_vr=False, little_endian=True)
    read = ContentTree(pydicom.dcmread(stored, force=True)).number(codes.VOLUME)
    assert read == value or (math.isnan(value) and read is not None and math.isnan(read))


def test_highdicom_reads_the_figures(report: Path, source: SourceSeries, assessed: AssessedObject) -> None:
    hd = pytest.importorskip("highdicom")
    content = hd.sr.srread(report).content
    groups = content.get_volumetric_roi_measurement_groups()
    assert [group.tracking_identifier for group in groups] == [one.structure for one in ASSESSMENT.structures]
    first = groups[0]
    assert first.tracking_uid == uid("left parotid")
    assert first.finding_type.meaning == "Parotid"
    assert first.finding_sites[0].laterality.meaning == "Left"
    assert first.referenced_segment.referenced_sop_instance_uid == assessed.segmentation.instance_uid
    assert first.referenced_segment.referenced_segment_numbers == [1]
    figures = {one.name.meaning: (one.value, one.unit.value) for one in first.get_measurements()}
    assert figures["Predicted Dice coefficient"] == (FULL.dice, "1")
    assert figures["Predicted Hausdorff distance, 95th percentile"] == (FULL.hd95_mm, "mm")
    assert figures["Volume"] == (FULL.volume_cc, "cm3")
    verdict = first.get_qualitative_evaluations(codes.VERDICT.coded())[0]
    assert verdict.value.meaning == "Review: a reader decides"
    missing = groups[1].get_qualitative_evaluations(codes.PREDICTED_DICE.coded())[0]
    assert missing.value.meaning == "Measurement not attempted"
    images = {
        image
        for _, series, image, _ in hd.sr.srread(report).get_evidence()
        if series == source.identity.series_uid
    }
    assert images == set(source.identity.instance_uids)


def test_each_structure_says_who_answered_and_where_its_contour_came_from(document: pydicom.Dataset) -> None:
    first, second, third = _groups(document)
    assert (first.text(codes.ALGORITHM_NAME), first.text(codes.ALGORITHM_VERSION)) == ("headneck-ct", "0.3.1")
    assert second.text(codes.ALGORITHM_NAME) == "ContourQA rules on masks, no model"
    assert second.text(codes.ALGORITHM_VERSION) == __version__
    assert [one.text(codes.ROI_IDENTIFIER) for one in (first, second, third)] == ["7", "4", None]
    assert first.first(codes.STRUCTURE_SET).reference.ReferencedSOPInstanceUID == uid("rtstruct")
    assert first.first(codes.VISUAL_EXPLANATION).reference.ReferencedSegmentNumber == 1
    assert second.first(codes.VISUAL_EXPLANATION) is None


def test_codes_that_a_file_gives_incomplete_are_left_out(
    source: SourceSeries, assessed: AssessedObject, tmp_path: Path
) -> None:
    hd = pytest.importorskip("highdicom")
    odd = SegmentCodes(
        Code("1", "", "no scheme"), Code("2", "99CLINIC", "a long meaning " * 9), Code("3", "SCT", "")
    )
    contours = (replace(assessed.contours[0], codes=odd), *assessed.contours[1:])
    write_assessment_sr(ASSESSMENT, source, replace(assessed, contours=contours), tmp_path / "sr.dcm")
    first = hd.sr.srread(tmp_path / "sr.dcm").content.get_volumetric_roi_measurement_groups()[0]
    assert first.finding_category is None
    assert first.finding_type.value == "2"
    assert len(first.finding_type.meaning) == 64


def test_suspicious_slices_name_their_images(document: pydicom.Dataset, source: SourceSeries) -> None:
    wrong = list(_groups(document)[0].below(codes.SLICE_ERROR))
    assert [_image_of(one).ReferencedSOPInstanceUID for one in wrong] == [
        source.identity.instance_uids[3],
        source.identity.instance_uids[0],
    ]


def test_a_slice_that_states_its_one_frame_is_an_image_all_the_same(
    tmp_path: Path, assessed: AssessedObject
) -> None:
    grid = small_grid()
    slices = write_series(tmp_path / "ct", small_values(grid), grid)
    for path in (tmp_path / "ct").iterdir():
        change(path, NumberOfFrames=1)
    write_assessment_sr(ASSESSMENT, source_series(tmp_path / "ct"), assessed, tmp_path / "sr.dcm")
    wrong = list(_groups(pydicom.dcmread(tmp_path / "sr.dcm"))[0].below(codes.SLICE_ERROR))
    assert [_image_of(one).ReferencedSOPInstanceUID for one in wrong] == [
        slices[3].SOPInstanceUID,
        slices[0].SOPInstanceUID,
    ]


def test_a_suspicious_slice_of_a_multi_frame_image_is_its_frame(
    tmp_path: Path, assessed: AssessedObject
) -> None:
    grid = small_grid()
    write_enhanced(tmp_path / "enhanced.dcm", small_values(grid), grid, order=[4, 1, 0, 3, 2])
    multi_frame = source_series(tmp_path / "enhanced.dcm")
    write_assessment_sr(ASSESSMENT, multi_frame, assessed, tmp_path / "sr.dcm")
    wrong = list(_groups(pydicom.dcmread(tmp_path / "sr.dcm"))[0].below(codes.SLICE_ERROR))
    assert [int(_image_of(one).ReferencedFrameNumber) for one in wrong] == [4, 3]


def test_patient_and_study_are_the_sources_and_the_rest_is_new(
    document: pydicom.Dataset, source: SourceSeries
) -> None:
    image = source.datasets[0]
    for keyword in (
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "StudyInstanceUID",
        "StudyID",
    ):
        assert document[keyword].value == image[keyword].value, keyword
    assert document.SeriesInstanceUID != image.SeriesInstanceUID
    assert document.SOPInstanceUID not in source.identity.instance_uids
    assert (document.Modality, document.SoftwareVersions) == ("SR", __version__)
    assert (document.CompletionFlag, document.VerificationFlag) == ("COMPLETE", "UNVERIFIED")
    assert document.PreliminaryFlag == "PRELIMINARY"
    assert document.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == codes.SCHEME
    assert not [element for element in document.iterall() if element.tag.is_private]


def test_a_name_of_one_word_in_another_character_set_is_carried_without_a_warning(
    tmp_path: Path, source: SourceSeries, assessed: AssessedObject, caplog: pytest.LogCaptureFixture
) -> None:
    image = pydicom.dcmread(next((source.path).glob("*.dcm")), stop_before_pixels=True)
    image.SpecificCharacterSet, image.PatientName = "ISO_IR 100", "Süßmilch"
    for keyword, value in ODD.items():
        image.add(
            pydicom.DataElement(keyword, image[keyword].VR, value, validation_mode=pydicom.config.IGNORE)
        )
    image.add_new(0x00091001, "LO", "of another program")
    image.save_as(tmp_path / "image.dcm")
    odd = replace(source, datasets=(pydicom.dcmread(tmp_path / "image.dcm"), *source.datasets[1:]))
    caplog.clear()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        write_assessment_sr(ASSESSMENT, odd, assessed, tmp_path / "sr.dcm")
    assert not [str(one.message) for one in warned if one.category is not DeprecationWarning]
    assert not caplog.records
    written = pydicom.dcmread(tmp_path / "sr.dcm")
    assert written.PatientName == "Süßmilch"
    with quietly():
        assert {keyword: written[keyword].value for keyword in ODD} == ODD
    assert not [element for element in written.iterall() if element.tag.is_private]
    assert read_assessment_sr(tmp_path / "sr.dcm").assessment.structures[0].structure == FULL.structure


def test_a_header_that_lacks_what_may_be_empty_is_enough(
    tmp_path: Path, source: SourceSeries, assessed: AssessedObject
) -> None:
    poor = pydicom.Dataset()
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        poor[keyword] = source.datasets[0][keyword]
    thin = replace(source, datasets=(poor, *source.datasets[1:]))
    write_assessment_sr(ASSESSMENT, thin, assessed, tmp_path / "sr.dcm")
    assert read_assessment_sr(tmp_path / "sr.dcm").assessment == ASSESSMENT


def test_dciodvfy_finds_no_error(report: Path) -> None:
    if not shutil.which("dciodvfy"):
        pytest.skip("dciodvfy (package dicom3tools) is not installed")
    said = _validated("dciodvfy", report)
    assert said.startswith("ComprehensiveSR")
    assert not re.findall(r"(?m)^Error.*", said)


def test_dicom_sr_validator_finds_the_template_and_no_error(
    report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("DicomSRValidator"):
        pytest.skip("DicomSRValidator (package pixelmed-apps) is not installed")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", JAVA)
    said = _validated("DicomSRValidator", report)
    assert "Found ComprehensiveSR IOD" in said
    assert "Found Root Template TID_1500" in said
    assert "Root Template Validation Complete" in said
    assert not re.findall(r"(?m)^Error.*", said)


@pytest.mark.parametrize("count", [0, 2])
def test_a_report_needs_a_contour_for_each_structure(
    count: int, source: SourceSeries, assessed: AssessedObject, tmp_path: Path
) -> None:
    short = replace(assessed, contours=assessed.contours[:count])
    with pytest.raises(SettingError, match=f"not {count} for 3"):
        write_assessment_sr(ASSESSMENT, source, short, tmp_path / "sr.dcm")
    assert not list(tmp_path.iterdir())


def test_a_report_without_highdicom_is_one_sentence(
    source: SourceSeries, assessed: AssessedObject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(FormatError, match="pip install highdicom"):
        write_assessment_sr(ASSESSMENT, source, assessed, tmp_path / "sr.dcm")
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over_unless_allowed(
    source: SourceSeries, assessed: AssessedObject, tmp_path: Path
) -> None:
    there = tmp_path / "sr.dcm"
    there.write_text("mine")
    with pytest.raises(OutputError, match="is there already"):
        write_assessment_sr(ASSESSMENT, source, assessed, there, overwrite=False)
    assert there.read_text() == "mine"


def test_what_is_no_report_of_ours_is_named(report: Path, source: SourceSeries, tmp_path: Path) -> None:
    other, words = tmp_path / "other.dcm", tmp_path / "words.dcm"
    strange = pydicom.dcmread(report)
    strange.ContentSequence = [one for one in strange.ContentSequence if one.ValueType == "CODE"]
    strange.save_as(other)
    words.write_text("no DICOM")
    image = next(source.path.glob("*.dcm"))
    for path, said in ((other, "another program"), (words, "is no DICOM"), (image, "no structured report")):
        with pytest.raises(FormatError, match=said) as told:
            read_assessment_sr(path)
        assert str(path) in str(told.value)
        assert tells_nothing(str(told.value))


def test_a_report_that_was_cut_short_is_never_read_as_a_shorter_one(report: Path, tmp_path: Path) -> None:
    whole, cut = report.read_bytes(), tmp_path / "cut.dcm"
    refused = 0
    for length in np.linspace(200, len(whole) - 2, 30).astype(int):
        cut.write_bytes(whole[:length])
        try:
            record = read_assessment_sr(cut)
        except FormatError:
            refused += 1
        else:
            assert record.assessment == ASSESSMENT  # only a text that repeats a number is incomplete
    assert refused >= 29


def _validated(program: str, report: Path) -> str:
    done = subprocess.run([program, report], capture_output=True, text=True, timeout=500, check=False)
    return done.stdout + done.stderr


def _groups(document: pydicom.Dataset) -> list[ContentTree]:
    measurements = ContentTree(document).first(codes.IMAGING_MEASUREMENTS)
    assert measurements is not None
    return list(measurements.below(codes.MEASUREMENT_GROUP))


def _image_of(item: ContentTree) -> pydicom.Dataset:
    return next(one for one in item.item.ContentSequence if one.ValueType == "IMAGE").ReferencedSOPSequence[0]
