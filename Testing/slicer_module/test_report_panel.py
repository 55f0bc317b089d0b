"""The Report tab, by clicks: what goes into the report, the real worker, and every folder that cannot be."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ContourQALib.worker import Worker
from slicer_module.observer_cases import add_observers, answering, nodes_of
from slicer_module.quality_cases import MODEL, patience


@pytest.fixture
def worker():
    def written(request):
        return Path(request.folder) / "report.html"

    return answering(ReportRequest=written)


@pytest.fixture
def widget(module_widget, worker):
    module_widget.session.tasks.replaceWorker(worker)
    module_widget.ui.tabWidget.setCurrentIndex(3)
    return module_widget


@pytest.fixture
def panel(widget):
    return widget.reportPanel


@pytest.fixture
def message(widget):
    return lambda: widget.messages.text


@pytest.fixture
def patient(scene, widget):
    found = add_observers(scene)
    node = widget.session.parameterNode
    node.inputVolume, node.segmentation = found.volume, found.vpm
    node.referenceSegmentation, node.otherSegmentations = found.reference, [found.vpm, found.lft]
    node.probabilityVolume, node.thresholdReference = found.probability, found.reference
    return found


@pytest.fixture
def results(widget, patient, wait_until):
    """A comparison, a sweep and an assessment of the VPM's contours."""
    from ContourQALib.metrics.definitions import Status
    from ContourQALib.mrml.segmentations import contours_of
    from ContourQALib.quality.assessment import Assessment, Novelty, StructureAssessment, SuspiciousSlice
    from ContourQALib.quality.verdict import Verdict
    from ContourQAPanels.assessed import Assessed

    widget.comparePanel.compare()
    widget.thresholdPanel.sweep()
    wait_until(lambda: not widget.session.tasks.busy, 10 * patience())
    structures = tuple(
        StructureAssessment(
            contour.name,
            Status.OK,
            0.7,
            Verdict.REVIEW,
            ("look",),
            Novelty(True),
            contour.volume_cc,
            False,
            0.0,
            slices=(SuspiciousSlice(16, 0.5),) if contour.name == "Brainstem" else None,
            model="toy",
        )
        for contour in contours_of(patient.vpm)
    )
    ids = tuple(patient.vpm.GetSegmentation().GetSegmentIDs())
    widget.session.assessed = Assessed(
        Assessment(MODEL, structures, 0.1),
        ids,
        dict(zip(ids, contours_of(patient.vpm), strict=True)),
        patient.volume.GetID(),
        patient.vpm.GetID(),
    )
    widget.reportPanel.updateFromNodes()
    return widget.session


@pytest.fixture
def write(panel, click, wait_until):
    def run():
        click(panel.ui.writeButton)
        wait_until(lambda: not panel.runButton.running, 30 * patience())

    return run


def test_the_tab_says_what_there_is_to_report_and_where_it_would_go(
    panel, patient, widget, wait_until, click, dialogs, tmp_path
):
    boxes = (panel.ui.assessmentCheckBox, panel.ui.comparisonCheckBox, panel.ui.thresholdsCheckBox)
    assert not any(box.enabled for box in boxes)
    assert "Compare contours in the Compare tab first" in panel.ui.comparisonCheckBox.toolTip
    assert "nothing to report yet" in panel.ui.writeButton.toolTip
    widget.comparePanel.compare()
    wait_until(lambda: not widget.session.tasks.busy)
    assert [box.enabled for box in boxes] == [False, True, False]
    assert "Choose a folder" in panel.ui.writeButton.toolTip
    assert panel.ui.folderButton.text == "Choose a folder…"
    dialogs.answer_next(str(tmp_path))
    panel.ui.folderButton.browse()
    assert widget.session.parameterNode.reportFolder == tmp_path
    assert panel.ui.folderButton.text == str(panel.session.parameterNode.reportFolder)
    assert panel.ui.writeButton.enabled
    click(panel.ui.comparisonCheckBox)
    assert not panel.ui.writeButton.enabled


def test_the_request_has_the_results_their_contours_and_pictures(
    panel, results, patient, write, worker, message, tmp_path
):
    results.parameterNode.reportFolder, results.parameterNode.reportTitle = tmp_path, "Case 7"
    write()
    assert message() == "Report written."
    request = worker.requests[-1]
    report = request.report
    assert (request.folder, report.title) == (tmp_path, "Case 7")
    assert report.image is results.imageOf(patient.volume)  # the worker has its voxels already
    assert report.assessment is results.assessment
    assert [contour.name for contour in report.contours] == [
        s.structure for s in results.assessment.structures
    ]
    assert report.comparisons == results.compared.comparisons
    for found, (reference, test) in zip(report.comparisons, report.pairs, strict=True):
        assert reference.volume_cc == pytest.approx(found.volume_reference_cc)
        assert test.on(reference.grid).volume_cc == pytest.approx(found.volume_test_cc)
    assert report.sweeps == (results.swept.analysis,)
    captions = [shot.caption for shot in report.snapshots]
    assert captions[1] == "Brainstem: review, predicted Dice 0.70, slice 16 to look at first"
    assert len(captions) == 3 + 2  # three assessed contours, two compared structures
    assert all(shot.png.startswith(b"\x89PNG") for shot in report.snapshots)
    assert len({shot.png for shot in report.snapshots}) == len(captions)
    assert report.settings["tolerance_mm"] == 2.0


def test_what_is_not_checked_stays_out_and_edited_contours_are_told(
    panel, results, patient, write, worker, message, click, tmp_path
):
    from ContourQALib.mrml.segmentations import set_segment

    results.parameterNode.reportFolder = tmp_path
    for box in (panel.ui.comparisonCheckBox, panel.ui.thresholdsCheckBox, panel.ui.snapshotsCheckBox):
        click(box)
    drawn = dict(results.assessed.contours)
    name = list(drawn)[1]
    moved = replace(drawn[name], mask=drawn[name].mask[::-1, ::-1, ::-1].copy())
    moved.mask[0] = False  # another contour than was assessed
    set_segment(patient.vpm, name, moved)
    write()
    report = worker.requests[-1].report
    assert report.contours == tuple(drawn.values())  # the page is of what was assessed
    assert report.settings["edited_since_assessed"] == ["Brainstem"]
    assert (report.comparisons, report.unmatched, report.sweeps, report.snapshots) == ((), (), (), ())
    assert message() == "Report written, but these changed since they were assessed: Brainstem."


def test_cancel_and_closing_the_scene_leave_nothing(
    panel, results, click, wait_until, worker, message, scene, tmp_path
):
    results.parameterNode.reportFolder = tmp_path
    worker.hold()
    click(panel.ui.writeButton)
    wait_until(lambda: len(worker.requests) == 3, 10 * patience())
    time.sleep(0.5)
    click(panel.ui.writeButton)
    assert message() == "Cancelled; nothing was changed."
    click(panel.ui.writeButton)
    scene.Clear(0)  # while pictures are taken
    worker.go_on()
    assert not panel.runButton.running
    assert not panel.ui.openButton.enabled
    assert not panel.ui.assessmentCheckBox.enabled
    assert list(tmp_path.iterdir()) == []


def test_the_real_worker_compares_sweeps_and_writes_and_says_what_cannot_be_written(
    module_widget, scene, wait_until, click, tmp_path, message_of, screenshot
):
    widget = module_widget
    widget.session.tasks.replaceWorker(Worker())
    found = add_observers(scene)
    node = widget.session.parameterNode
    node.inputVolume = found.volume
    node.referenceSegmentation, node.otherSegmentations = found.reference, [found.vpm, found.lft]
    node.probabilityVolume, node.thresholdReference = found.probability, found.reference

    def run(tab, button, runs):
        widget.ui.tabWidget.setCurrentIndex(tab)
        click(button)
        wait_until(lambda: not runs.running and not widget.session.tasks.busy, 60 * patience())

    compare, threshold, report = widget.comparePanel, widget.thresholdPanel, widget.reportPanel
    run(1, compare.ui.compareButton, compare.runButton)
    assert message_of(widget) == "4 pairs compared. Without a partner of the same name: 2."
    run(2, threshold.ui.sweepButton, threshold.runButton)
    assert threshold.ui.readoutTable.rowCount == 7
    blocked = tmp_path / "file"
    blocked.write_text("")
    node.reportFolder = blocked / "report"
    before = nodes_of(scene)
    run(3, report.ui.writeButton, report.runButton)
    assert "is a file" in message_of(widget)
    assert nodes_of(scene) == before
    assert not report.ui.openButton.enabled
    node.reportFolder = tmp_path / "out"
    run(3, report.ui.writeButton, report.runButton)
    assert message_of(widget) == "Report written."
    assert report.written == tmp_path / "out" / "report.html"
    assert report.ui.openButton.enabled
    document = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert document["assessment"] is None
    assert [pair["structure"] for pair in document["comparison"]["pairs"]].count("Brainstem") == 2
    assert document["thresholds"]["cases"][0]["structure"] == "Brainstem"
    assert {"comparison.csv", "slices.csv", "thresholds.csv", "snapshot_01.png", "snapshot_02.png"} == set(
        document["files"]
    )
    assert nodes_of(scene) == before  # a report changes nothing
    screenshot(widget.parent, "report_small", (460, 560))
    report.written.unlink()
    click(report.ui.openButton)
    assert message_of(widget) == "The report is not there any more; write it again."


@pytest.fixture
def message_of():
    return lambda widget: widget.messages.text
