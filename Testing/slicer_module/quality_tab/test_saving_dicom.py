"""An assessment is saved as DICOM from the Report tab, by clicks; why it cannot be is said in a sentence."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.formats.dicom.segmentation_in import read_seg, read_seg_probabilities
from ContourQALib.report.structured.assessment_files import CONTOURS_FILE, ERRORS_FILE, REPORT_FILE
from ContourQALib.report.structured.assessment_record import read_assessment_sr
from ContourQALib.worker_answers import Answers
from ContourQALib.worker_codec import decode, encode
from dicom_samples import tells_nothing
from slicer_module.dicom_cases import mark_as_loaded, write_loaded_series
from slicer_module.fake_worker import FakeWorker
from slicer_module.quality_cases import GRID, add_patient, assessed

FILES = (CONTOURS_FILE, ERRORS_FILE, REPORT_FILE)


def through_the_pipe(request):
    """What the computing process answers, in this one: the request goes through JSON and arrays."""
    arrays = []

    def share(array):
        arrays.append(array)
        return {"number": len(arrays) - 1}

    message = json.loads(json.dumps(encode(request, share)))
    received = decode(message, lambda record: arrays[record["number"]])
    return Answers().answer(received, lambda done, total, what: None)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    values = np.random.default_rng(0).normal(0, 200, GRID.shape).astype(np.int16)
    return write_loaded_series(tmp_path_factory.mktemp("study") / "ct", values, GRID)


@pytest.fixture
def worker():
    return FakeWorker({"AssessRequest": assessed, "SaveDicomRequest": through_the_pipe})


@pytest.fixture
def database(application, monkeypatch):
    """One that knows nothing."""
    from slicer_module.standins.dicom_database import ctkDICOMDatabase

    monkeypatch.setattr(application.app, "_dicom_database", ctkDICOMDatabase())
    return application.app.dicomDatabase()


@pytest.fixture
def loaded(scene, panel, series, database):
    """The patient of the Quality tab, whose volume came from DICOM; not assessed yet."""
    database.imported(series.files)
    patient = add_patient(scene)
    mark_as_loaded(patient.volume, series)
    parameters = panel.session.parameterNode
    parameters.inputVolume, parameters.segmentation = patient.volume, patient.segmentation
    return patient


@pytest.fixture
def report_tab(panel):
    return panel.reportPanel


@pytest.fixture
def ready(panel, loaded, assess, report_tab):
    """Assessed, and the Report tab in front."""
    panel.ui.tabWidget.setCurrentIndex(0)
    assess()
    panel.ui.tabWidget.setCurrentIndex(3)
    return loaded


@pytest.fixture
def save(report_tab, click, wait_until, dialogs):
    """Click the button, choose a folder, and wait for the end."""

    def run(folder):
        dialogs.answer_next(str(folder))
        click(report_tab.ui.dicomButton)
        wait_until(lambda: not report_tab.dicomRunButton.running, 30)

    return run


def test_a_click_saves_report_contours_and_error_maps_of_the_assessed_series(
    ready, panel, save, series, tmp_path
):
    save(tmp_path)
    assert panel.messages.text == f"Saved in {tmp_path}: {CONTOURS_FILE}, {ERRORS_FILE}, {REPORT_FILE}."
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    result = panel.session.assessment
    record = read_assessment_sr(tmp_path / REPORT_FILE)
    assert (record.study_uid, record.series_uid) == (series.study_uid, series.series_uid)
    assert [(one.structure, one.dice, one.verdict) for one in record.assessment.structures] == [
        (one.structure, pytest.approx(one.dice), one.verdict) for one in result.structures
    ]
    assert record.assessment.levels == result.levels
    contours = panel.session.assessed.contours
    for segment, segment_id in zip(
        read_seg(tmp_path / CONTOURS_FILE), panel.session.assessed.segmentIds, strict=True
    ):
        assert segment.name == contours[segment_id].name
        np.testing.assert_array_equal(segment.on(GRID).mask, contours[segment_id].on(GRID).mask)
    maps = read_seg_probabilities(tmp_path / ERRORS_FILE)
    for one, map_ in zip(result.structures, maps, strict=True):
        assert map_.name == f"error of {one.structure}"
        np.testing.assert_allclose(map_.on(GRID).values, one.error.padded(GRID), atol=0.51 / 255)
    if shutil.which("dciodvfy"):
        for name in FILES:
            done = subprocess.run(["dciodvfy", tmp_path / name], capture_output=True, text=True, check=False)
            assert not re.findall(r"(?m)^Error.*", done.stdout + done.stderr), name


def test_without_dicom_the_button_is_off_and_its_tip_says_why(
    patient, panel, assess, report_tab, database, series
):
    button = report_tab.ui.dicomButton
    assert not button.enabled
    assert "Assess contours in the Quality tab first" in button.toolTip
    panel.ui.tabWidget.setCurrentIndex(0)
    assess()
    assert not button.enabled
    assert "was not loaded from DICOM" in button.toolTip
    mark_as_loaded(patient.volume, series)
    panel._checkCanApply()
    assert f"does not know {len(series.files)} of the {len(series.files)} files" in button.toolTip
    database.imported(dict(list(series.files.items())[1:]))
    panel.enter()
    assert f"does not know 1 of the {len(series.files)} files of this volume" in button.toolTip
    database.imported(series.files)
    panel._checkCanApply()
    assert not button.enabled  # the database is not asked at each change
    panel.exit()
    panel.enter()
    assert button.enabled
    assert "structured report" in button.toolTip
    database.isOpen = False
    panel.enter()
    assert "database is not open" in button.toolTip
    assert not button.enabled


def test_what_went_from_the_database_meanwhile_is_said_at_the_click(
    ready, panel, report_tab, click, database, dialogs, series
):
    database.removed(next(iter(series.files)))
    click(report_tab.ui.dicomButton)
    assert "does not know 1 of the" in panel.messages.text
    assert dialogs.shown == []


def test_no_folder_is_no_and_the_reports_folder_is_where_the_choice_begins(
    ready, panel, report_tab, click, worker, monkeypatch, tmp_path
):
    import qt

    asked = []
    monkeypatch.setattr(
        qt.QFileDialog, "getExistingDirectory", lambda parent, title, folder: asked.append(folder) or ""
    )
    before = len(worker.requests)
    click(report_tab.ui.dicomButton)
    panel.session.parameterNode.reportFolder = tmp_path
    click(report_tab.ui.dicomButton)
    assert asked == ["", str(tmp_path)]
    assert len(worker.requests) == before
    assert not report_tab.dicomRunButton.running


def test_an_edited_contour_is_told_and_the_assessed_one_saved(ready, panel, save, tmp_path):
    from ContourQALib.mrml.segmentations import contour_of, set_segment

    segment_id = panel.session.assessed.segmentIds[1]
    drawn = contour_of(ready.segmentation, segment_id)
    other = drawn.mask.copy()
    other[0] = False
    set_segment(ready.segmentation, segment_id, replace(drawn, mask=other))
    save(tmp_path)
    assert panel.messages.text == (
        f"Saved in {tmp_path}: {', '.join(FILES)}, with the contours that were assessed; "
        f"these changed since: {drawn.name}."
    )
    assert read_seg(tmp_path / CONTOURS_FILE)[1].volume_cc == pytest.approx(drawn.volume_cc)


def test_a_moved_volume_and_a_lost_file_are_one_sentence_and_nothing_is_written(
    ready, panel, save, series, database, tmp_path
):
    gone = list(series.files)[3]
    database.imported({gone: series.folder / "gone.dcm"})
    save(tmp_path)
    assert "1 of the 30 DICOM files in" in panel.messages.text
    assert "(gone.dcm cannot be opened)" in panel.messages.text
    database.imported(series.files)
    ready.volume.SetOrigin(1.0, 2.0, 3.0)
    save(tmp_path)
    said = panel.messages.text
    assert "lies elsewhere than its DICOM series" in said
    assert tells_nothing(said)
    assert list(tmp_path.iterdir()) == []


def test_cancel_and_closing_the_scene_leave_nothing(
    ready, report_tab, panel, click, wait_until, worker, scene, dialogs, tmp_path
):
    worker.hold()
    for end in ("cancel", "close"):
        dialogs.answer_next(str(tmp_path))
        click(report_tab.ui.dicomButton)
        wait_until(lambda: type(worker.requests[-1]).__name__ == "SaveDicomRequest" and worker.running)
        assert report_tab.ui.dicomButton.text == "Cancel"
        if end == "cancel":
            time.sleep(0.5)  # the second click of a double click cancels nothing
            click(report_tab.ui.dicomButton)
            assert panel.messages.text == "Cancelled; nothing was changed."
        else:
            scene.Clear(0)
        wait_until(lambda: not worker.running)
    worker.go_on()
    assert not report_tab.dicomRunButton.running
    assert "Save as DICOM" in report_tab.ui.dicomButton.text
    assert not report_tab.ui.dicomButton.enabled
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_asked_for_and_no_is_an_answer(
    ready, panel, report_tab, click, dialogs, monkeypatch
):
    from ContourQAPanels import installing

    monkeypatch.setattr(installing, "_isMet", lambda requirement: "highdicom" not in requirement)
    click(report_tab.ui.dicomButton)
    assert panel.messages.text == "highdicom was not installed."
    assert "highdicom" in dialogs.texts("confirm")[0]
    monkeypatch.setattr(installing, "_isMet", lambda requirement: "pydicom" not in requirement)
    click(report_tab.ui.dicomButton)
    assert re.search(r"needs pydicom>=3\.0, and Slicer's own pydicom is [\d.]+", panel.messages.text)
    assert len(dialogs.texts("confirm")) == 1
