"""An assessment as DICOM objects: which files are written, and what the report says of contours' origin."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest

from command_line import Command
from ContourQALib.case import Contour, Image
from ContourQALib.commands.dicom_report import report
from ContourQALib.commands.options import Format
from ContourQALib.errors import GeometryError, OutputError, SettingError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.dicom.segmentation_in import read_seg, read_seg_probabilities
from ContourQALib.formats.dicom.segmentation_out import Algorithm, write_seg
from ContourQALib.formats.dicom.source_series import SourceSeries, source_series
from ContourQALib.formats.images import read_image
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.quality.assessment import Assessment, ModelIdentity
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.quality.predict import assess
from ContourQALib.report.records import assessment_document
from ContourQALib.report.structured.assessment_files import (
    CONTOURS_FILE,
    ERRORS_FILE,
    REPORT_FILE,
    save_assessment_dicom,
)
from ContourQALib.report.structured.assessment_record import AssessmentRecord, read_assessment_sr
from dicom_samples import disk_contours, small_grid, small_values, uid, write_series, write_structure_set

GRID = small_grid(5, 20, 24)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "ct"
    slices = write_series(folder, small_values(GRID), GRID)
    left, right = (disk_contours(GRID, (i, 10), 7.0, [1, 2, 3]) for i in (6, 17))
    isocenter = [np.array([[0.0, 0.0, 33.0]])]
    rois = {"Isocenter": isocenter, "parotis li": left, "Parotid_R": right}
    write_structure_set(folder.parent / "RS.dcm", slices, rois, kinds={"Isocenter": "POINT"})
    return folder


@pytest.fixture(scope="module")
def source(series: Path) -> SourceSeries:
    return source_series(series)


@pytest.fixture(scope="module")
def image(series: Path) -> Image:
    return read_image(series)


@pytest.fixture
def drawn() -> tuple[Contour, ...]:
    """Two masks of no file, which overlap."""
    one, other = np.zeros(GRID.shape, bool), np.zeros(GRID.shape, bool)
    one[1:4, 4:9, 4:9] = True
    other[2:5, 7:12, 7:12] = True
    return Contour(one, GRID, "Bladder"), Contour(other, GRID, "Rectum")


def test_error_maps_of_an_earlier_assessment_do_not_stay_beside_a_new_one(
    image: Image, source: SourceSeries, drawn: tuple[Contour, ...], tmp_path: Path
) -> None:
    (tmp_path / ERRORS_FILE).write_bytes(b"of before")
    save_assessment_dicom(tmp_path, assess(image, drawn), image, drawn, source, None)
    assert {path.name for path in tmp_path.iterdir()} == {CONTOURS_FILE, REPORT_FILE}


def test_a_name_that_dicom_cannot_hold_is_told_before_anything_is_written(
    contourqa: Command, series: Path, drawn: tuple[Contour, ...], tmp_path: Path
) -> None:
    write_segmentation([drawn[0].called("B" * 65)], tmp_path / "long.seg.nrrd")
    names = "--image", series, "--contours", tmp_path / "long.seg.nrrd"
    found = contourqa("assess", *names, "-o", tmp_path / "results", "--dicom")
    assert found.code == 2
    assert "1 to 64 characters" in found.err
    assert not (tmp_path / "results").exists() or not list((tmp_path / "results").iterdir())


def test_contours_of_no_dicom_file_are_written_and_referred_to(
    image: Image, source: SourceSeries, drawn: tuple[Contour, ...], tmp_path: Path
) -> None:
    result = assess(image, drawn)
    folder = tmp_path / "new" / "results"
    written = save_assessment_dicom(folder, result, image, drawn, source, None)
    assert written == (folder / CONTOURS_FILE, folder / REPORT_FILE)
    assert sorted(folder.iterdir()) == sorted(written)
    segments = read_seg(written[0])
    for contour, segment in zip(drawn, segments, strict=True):
        assert segment.name == contour.name
        np.testing.assert_array_equal(segment.on(GRID).mask, contour.mask)
    record = read_assessment_sr(written[1])
    assert record.assessment == result
    assert _segments(record) == [1, 2]
    assert record.assessed.structure_set is None
    groups = highdicom.sr.srread(written[1]).content.get_volumetric_roi_measurement_groups()
    assert [group.finding_type.meaning for group in groups] == ["Bladder", "Rectum"]
    assert record.series_uid == source.identity.series_uid
    assert record.study_uid == source.identity.study_uid


def test_a_report_is_shown_as_the_assessment_that_it_holds(
    image: Image,
    source: SourceSeries,
    drawn: tuple[Contour, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = assess(image, drawn)
    path = save_assessment_dicom(tmp_path, result, image, drawn, source, None)[-1]
    report(path, Format.JSON)
    shown = json.loads(capsys.readouterr().out)
    assert {name: shown[name] for name in assessment_document(result)} == assessment_document(result)
    assert shown["report"]["image_series_uid"] == source.identity.series_uid
    assert shown["report"]["segments"] == [1, 2]
    report(path, Format.TABLE)
    said = capsys.readouterr().out
    assert "Bladder" in said
    assert "REVIEW" in said


def test_an_rtstruct_is_named_with_its_regions(
    series: Path, image: Image, source: SourceSeries, tmp_path: Path
) -> None:
    path = series.parent / "RS.dcm"
    contours = read_contours(path, grid=image.grid, series=image.series)
    written = save_assessment_dicom(tmp_path, assess(image, contours), image, contours, source, path)
    assert written[0].name == CONTOURS_FILE
    assessed = read_assessment_sr(written[-1]).assessed
    assert assessed.structure_set is not None
    assert assessed.structure_set.instance_uid == uid("structures", "RS.dcm")
    assert [one.roi for one in assessed.contours] == [2, 3]
    for contour, segment in zip(contours, read_seg(written[0]), strict=True):
        np.testing.assert_array_equal(segment.on(GRID).mask, contour.mask)


def test_segments_of_a_seg_file_are_referred_to_where_they_are(
    image: Image, source: SourceSeries, drawn: tuple[Contour, ...], tmp_path: Path
) -> None:
    path = tmp_path / "clinic.dcm"
    instance_uid = write_seg(drawn, source, path, Algorithm("clinic", "1", is_manual=True), "Clinic")
    rectum = read_contours(path)[1:]
    written = save_assessment_dicom(tmp_path / "out", assess(image, rectum), image, rectum, source, path)
    assert [one.name for one in written] == [REPORT_FILE]
    record = read_assessment_sr(written[0])
    assert record.assessed.segmentation.instance_uid == instance_uid
    assert _segments(record) == [2]


def test_segments_without_a_label_are_written_anew(
    image: Image, source: SourceSeries, drawn: tuple[Contour, ...], tmp_path: Path
) -> None:
    path = tmp_path / "clinic.dcm"
    write_seg(drawn, source, path, Algorithm("clinic", "1", is_manual=True), "Clinic")
    dataset = pydicom.dcmread(path)
    del dataset.SegmentSequence[0].SegmentLabel
    dataset.save_as(path)
    contours = read_contours(path)
    written = save_assessment_dicom(tmp_path / "out", assess(image, contours), image, contours, source, path)
    assert [one.name for one in read_seg(written[0])] == ["label_1", "Rectum"]


def test_merged_segments_are_another_contour_than_the_files(
    image: Image, source: SourceSeries, drawn: tuple[Contour, ...], tmp_path: Path
) -> None:
    path = tmp_path / "clinic.dcm"
    instance_uid = write_seg(drawn, source, path, Algorithm("clinic", "1", is_manual=True), "Clinic")
    merged = read_contours(path, merge="Rectum")
    written = save_assessment_dicom(tmp_path / "out", assess(image, merged), image, merged, source, path)
    assert [one.name for one in written] == [CONTOURS_FILE, REPORT_FILE]
    assert read_assessment_sr(written[1]).assessed.segmentation.instance_uid != instance_uid
    (segment,) = read_seg(written[0])
    np.testing.assert_array_equal(segment.on(GRID).mask, drawn[0].mask | drawn[1].mask)


def test_the_contours_own_file_is_not_replaced(
    image: Image, source: SourceSeries, drawn: tuple[Contour, ...], tmp_path: Path
) -> None:
    path = tmp_path / CONTOURS_FILE
    write_seg(drawn, source, path, Algorithm("clinic", "1", is_manual=True), "Clinic")
    before = path.read_bytes()
    merged = read_contours(path, merge="Rectum")
    with pytest.raises(SettingError, match="would be replaced"):
        save_assessment_dicom(tmp_path, assess(image, merged), image, merged, source, path)
    assert path.read_bytes() == before


def test_error_maps_are_written_and_explain_their_structures(
    image: Image, source: SourceSeries, drawn: tuple[Contour, ...], tmp_path: Path
) -> None:
    probability = np.random.default_rng(7).random((3, 6, 5), np.float32)
    spans = (slice(1, 4), slice(3, 9), slice(4, 9))
    error = ErrorMap.of_box(probability, spans, drawn[1].mask, GRID)
    result = _with_error(assess(image, drawn), error)
    written = save_assessment_dicom(tmp_path, result, image, drawn, source, None)
    assert [one.name for one in written] == [CONTOURS_FILE, ERRORS_FILE, REPORT_FILE]
    (map_,) = read_seg_probabilities(written[1])
    assert map_.name == "error of Rectum"
    np.testing.assert_allclose(map_.on(GRID).values, error.padded(GRID), atol=0.5 / 255 + 1e-6)  # 8 bits
    record = read_assessment_sr(written[2])
    assert [one.error_segment for one in record.assessed.contours] == [None, 1]
    assert record.assessment.structures[1].slices == error.slices_to_look_at()


def test_the_parts_are_told_and_stopping_at_any_of_them_leaves_what_was_there(
    image: Image, source: SourceSeries, drawn: tuple[Contour, ...], tmp_path: Path
) -> None:
    class StopError(Exception):
        """What a cancelled job raises."""

    for name in (CONTOURS_FILE, ERRORS_FILE, REPORT_FILE):
        (tmp_path / name).write_bytes(b"of before")
    error = ErrorMap.of_box(
        np.full((3, 6, 5), 0.5, np.float32), (slice(1, 4), slice(3, 9), slice(4, 9)), drawn[1].mask, GRID
    )
    result = _with_error(assess(image, drawn), error)
    parts = ["Bladder", "Rectum", "error of Rectum", REPORT_FILE]
    for last, _ in enumerate(parts):
        told: list[tuple[int, int, str]] = []

        def stop(done: int, total: int, what: str, last: int = last, told: list = told) -> None:
            told.append((done, total, what))
            if done == last:
                raise StopError

        with pytest.raises(StopError):
            save_assessment_dicom(tmp_path, result, image, drawn, source, None, stop)
        assert told == [(done, len(parts), what) for done, what in enumerate(parts[: last + 1])]
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys(
            (CONTOURS_FILE, ERRORS_FILE, REPORT_FILE), b"of before"
        )


def test_a_report_that_cannot_be_made_takes_the_segmentations_with_it_and_names_no_temporary_file(
    image: Image,
    source: SourceSeries,
    drawn: tuple[Contour, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(result: object, source: object, assessed: object, path: Path) -> None:
        raise OutputError(f"{path} cannot be written because the disk is full; free some space.")

    monkeypatch.setattr("ContourQALib.report.structured.assessment_files.write_assessment_sr", full)
    with pytest.raises(OutputError) as caught:
        save_assessment_dicom(tmp_path, assess(image, drawn), image, drawn, source, None)
    assert str(caught.value).startswith(f"{tmp_path / REPORT_FILE} cannot be written")
    assert not list(tmp_path.iterdir())


def test_an_image_of_another_place_is_refused(
    image: Image, source: SourceSeries, drawn: tuple[Contour, ...], tmp_path: Path
) -> None:
    moved = replace(image, grid=replace(GRID, origin=(0.0, 0.0, 0.0)))
    with pytest.raises(GeometryError, match="lies elsewhere"):
        save_assessment_dicom(tmp_path / "out", assess(image, drawn), moved, drawn, source, None)
    assert not list(tmp_path.iterdir())


def _segments(record: AssessmentRecord) -> list[int]:
    return [one.segment for one in record.assessed.contours]


def _with_error(result: Assessment, error: ErrorMap) -> Assessment:
    """As if a model had answered for the second structure."""
    model = ModelIdentity("pelvis-ct", "0.2.0", "CC-BY-4.0")
    first, second = result.structures
    answered = replace(second, model=model.name, error=error, slices=error.slices_to_look_at())
    return replace(result, structures=(first, answered), model=model, models=(model,))
