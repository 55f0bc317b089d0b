"""Input that no tab can use: a sentence in the panel, by the real computations, and the scene unchanged.

What the files of the single tabs test already (vector volume, double clicks on Assess and Compare, a folder
that is a file, maps of percent, empty references) is not repeated.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.worker import Worker
from slicer_module.fake_worker import CRASH, FakeWorker
from slicer_module.observer_cases import VPM, add_observers, answering, contours
from slicer_module.quality_cases import GRID, assessed, ball, patience

QUALITY, COMPARE, THRESHOLDS, REPORT = range(4)
REQUESTS = {
    QUALITY: "AssessRequest",
    COMPARE: "CompareRequest",
    THRESHOLDS: "SweepRequest",
    REPORT: "ReportRequest",
}


@pytest.fixture
def worker():
    """Computes what the real one would, in this process."""
    return answering()


@pytest.fixture
def widget(module_widget, worker):
    module_widget.session.tasks.replaceWorker(worker)
    return module_widget


@pytest.fixture
def patient(scene, widget):
    found = add_observers(scene)
    node = widget.session.parameterNode
    node.inputVolume, node.segmentation = found.volume, found.vpm
    node.referenceSegmentation, node.otherSegmentations = found.reference, [found.vpm]
    node.probabilityVolume, node.thresholdReference = found.probability, found.reference
    return found


@pytest.fixture
def press(widget, click, wait_until):
    """Click the button of a tab; unless told not to, wait until it is done."""

    def run(tab, wait=True):
        widget.ui.tabWidget.setCurrentIndex(tab)
        click(button_of(widget, tab))
        if wait:
            wait_until(lambda: not widget.session.tasks.busy, 30 * patience())
            table = widget.comparePanel.table
            wait_until(lambda: table.current is not None or not table.rows)  # the first row's views follow

    return run


@pytest.fixture
def refused(widget, scene, press):
    """Clicks a tab's button and gives the sentence; scene and button must be as they were."""

    def run(tab):
        before = state_of(scene)
        press(tab)
        assert state_of(scene) == before
        assert button_of(widget, tab).text != "Cancel"
        assert button_of(widget, tab).enabled
        text = widget.messages.text
        assert text.endswith((".", "?"))
        assert "\n" not in text
        assert widget.ui.messageLabel.visible
        return text

    return run


def button_of(widget, tab):
    panels = (widget.qualityPanel, widget.comparePanel, widget.thresholdPanel, widget.reportPanel)
    return getattr(panels[tab].ui, ("assessButton", "compareButton", "sweepButton", "writeButton")[tab])


def state_of(scene):
    """Every node, and the times of voxels and segments."""
    state = {}
    for number in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(number)
        state[node.GetID()] = []
        if node.IsA("vtkMRMLVolumeNode") and node.GetImageData() is not None:
            state[node.GetID()].append(node.GetImageData().GetMTime())
        if node.IsA("vtkMRMLSegmentationNode"):
            segmentation = node.GetSegmentation()
            for segment_id in segmentation.GetSegmentIDs():
                segment = segmentation.GetSegment(segment_id)
                names: list[str] = []
                segment.GetContainedRepresentationNames(names)
                times = [segment.GetRepresentation(name).GetMTime() for name in names]
                state[node.GetID()].append((segment_id, segment.GetName(), names, times))
    return state


def transformed(scene, node, kind):
    """Put a node below a transform that no grid can follow."""
    import vtk

    if kind == "bent":
        transform = scene.AddNewNodeByClass("vtkMRMLTransformNode", kind)
        bent = vtk.vtkThinPlateSplineTransform()
        points, moved = vtk.vtkPoints(), vtk.vtkPoints()
        for corner in ((0, 0, 0), (50, 0, 0), (0, 50, 0), (0, 0, 50), (50, 50, 50)):
            points.InsertNextPoint(corner)
            moved.InsertNextPoint([one + 3 * (corner == (50, 50, 50)) for one in corner])
        bent.SetSourceLandmarks(points)
        bent.SetTargetLandmarks(moved)
        bent.SetBasisToR()
        transform.SetAndObserveTransformToParent(bent)
    else:
        transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", kind)
        matrix = vtk.vtkMatrix4x4()
        matrix.SetElement(0, 1, 0.5)
        transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())


# volumes


def with_frames(scene, volume):
    """Make a volume the display of a sequence of three."""
    import slicer

    if not scene.IsNodeClassRegistered("vtkMRMLSequenceBrowserNode"):
        scene.RegisterNodeClass(slicer.vtkMRMLSequenceBrowserNode())
        scene.RegisterNodeClass(slicer.vtkMRMLSequenceNode())
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Sequence")
    for value in "012":
        sequence.SetDataNodeAtValue(volume, value)
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    browser.AddProxyNode(volume, sequence, False)


def spoil(scene, volume, kind):
    from ContourQALib.mrml.volumes import set_values

    if kind == "4D":
        with_frames(scene, volume)
    elif kind == "empty":
        volume.SetAndObserveImageData(None)
    elif kind == "NaN":
        set_values(volume, np.full(GRID.shape, np.nan, np.float32), GRID)
    else:
        transformed(scene, volume, kind)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("4D", "one of the 3 frames of a 4D sequence; clone it"),
        ("empty", "holds no image; load it again"),
        ("NaN", "holds NaN or infinite values"),
        ("bent", "not linear"),
        ("sheared", "not perpendicular"),
    ],
)
def test_a_volume_that_cannot_be_used_is_a_sentence_in_both_tabs_that_take_one(
    widget, patient, refused, worker, scene, kind, said
):
    spoil(scene, patient.volume, kind)
    spoil(scene, patient.probability, kind)
    for tab, name in ((QUALITY, "CT"), (THRESHOLDS, "P Brainstem")):
        text = refused(tab)
        assert said in text
        assert name in text
    assert worker.requests == []


# segmentations


def test_a_segmentation_that_cannot_be_used_is_a_sentence_in_all_tabs(
    widget, patient, refused, worker, scene
):
    transformed(scene, patient.vpm, "bent")
    widget.session.parameterNode.thresholdReference = patient.vpm
    for tab in (QUALITY, COMPARE, THRESHOLDS):
        text = refused(tab)
        assert "VPM" in text
        assert "harden" in text
    assert worker.requests == []


def test_contours_of_another_patient_are_a_sentence(widget, patient, refused, scene):
    from ContourQALib.mrml.segmentations import add_segmentation

    far = replace(GRID, origin=(2000.0, 0.0, 0.0))
    drawn = [replace(one, grid=far) for one in contours(VPM)]
    node = widget.session.parameterNode
    node.segmentation = other = add_segmentation(scene, drawn, "Other")
    node.otherSegmentations, node.thresholdReference = [other], other
    assert "another patient, or a missing transform?" in refused(QUALITY)
    assert "another patient, or a missing transform?" in refused(COMPARE)
    assert "another patient, or a missing transform?" in refused(THRESHOLDS)


def test_a_structure_that_no_model_knows_is_told_and_judged_by_rules(widget, patient, press):
    segmentation = patient.vpm.GetSegmentation()
    heart = segmentation.GetSegmentIdBySegmentName("Heart")
    others = [one for one in segmentation.GetSegmentIDs() if one != heart]
    widget.session.parameterNode.unselectedSegments = others
    press(QUALITY)
    assert widget.messages.kind == "warning"
    assert "No model for Heart in this image: only rules" in widget.messages.text
    assert widget.ui.resultTable.rowCount == 1


def test_a_model_that_is_not_there_is_a_sentence(widget, patient, press, scene):
    widget.session.parameterNode.modelName = "no-such-model"
    before = state_of(scene)
    press(QUALITY)
    assert "no-such-model" in widget.messages.text
    assert state_of(scene) == before


# the computing process


def test_missing_torch_is_a_sentence_of_the_real_worker_and_leaves_it_usable(
    widget, patient, press, scene, monkeypatch, tmp_path
):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('No module named torch', name='torch')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    widget.session.tasks.replaceWorker(Worker())
    widget.session.parameterNode.modelName = "headneck-ct"
    before = state_of(scene)
    press(QUALITY)
    assert "torch" in widget.messages.text
    assert "not installed" in widget.messages.text
    assert state_of(scene) == before
    pid = widget.session.tasks.worker.pid
    press(COMPARE)
    assert "pairs compared" in widget.messages.text
    assert widget.session.tasks.worker.pid == pid


def test_a_crash_is_a_sentence_in_every_tab_and_the_next_click_works(
    widget, patient, refused, press, worker, tmp_path
):
    worker.answers["AssessRequest"] = assessed
    worker.answers["ReportRequest"] = lambda request: request.folder / "report.html"
    widget.session.parameterNode.reportFolder = tmp_path
    for tab in range(4):
        name = REQUESTS[tab]
        kept, worker.answers[name] = worker.answers[name], CRASH
        assert refused(tab) == FakeWorker.CRASHED
        worker.answers[name] = kept
        press(tab)
        assert widget.messages.text != FakeWorker.CRASHED


def test_two_clicks_ask_once_and_cancel_nothing_in_every_tab(
    widget, patient, press, worker, wait_until, tmp_path
):
    worker.answers["AssessRequest"] = assessed
    worker.answers["ReportRequest"] = lambda request: request.folder / "report.html"
    widget.session.parameterNode.reportFolder = tmp_path
    for tab in range(4):
        worker.requests.clear()
        worker.hold()
        press(tab, wait=False)
        press(tab, wait=False)
        worker.go_on()
        wait_until(lambda: not widget.session.tasks.busy)
        assert [type(request).__name__ for request in worker.requests] == [REQUESTS[tab]]
    assert worker.cancelled == []


# folders


@pytest.fixture
def read_only_folder(tmp_path):
    """A folder in which nothing can be made; where this user may write anywhere, one of the system's own."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    if os.access(folder, os.W_OK):
        folder = Path("/proc/self/attr")
        if not folder.is_dir():
            pytest.skip("this user may write everywhere")
    yield folder
    (tmp_path / "sealed").chmod(stat.S_IRWXU)


def test_a_read_only_folder_is_a_sentence_for_report_and_table(
    widget, patient, press, refused, click, dialogs, scene, read_only_folder
):
    press(COMPARE)
    before = state_of(scene)
    target = read_only_folder / "report"
    dialogs.answer_next(str(target / "table.csv"))
    click(widget.comparePanel.ui.exportButton)
    assert "cannot be" in widget.messages.text
    assert state_of(scene) == before
    widget.session.parameterNode.reportFolder = target
    widget.reportPanel.ui.snapshotsCheckBox.checked = False
    assert "cannot be" in refused(REPORT)
    assert widget.reportPanel.written is None
    assert not target.exists()


# editing


def test_what_cannot_be_assessed_while_editing_is_said_once_and_editing_goes_on(
    widget, patient, press, click, wait_until, worker, scene
):
    from ContourQALib.mrml.segmentations import set_segment

    worker.answers["AssessRequest"] = assessed
    press(QUALITY)
    click(widget.ui.assessWhileEditingCheckBox)
    wait_until(lambda: not widget.session.tasks.busy)
    brainstem = patient.vpm.GetSegmentation().GetSegmentIdBySegmentName("Brainstem")
    worker.answers["AssessRequest"] = CRASH
    nodes = set(state_of(scene))
    set_segment(patient.vpm, brainstem, Contour(ball((16, 21, 28)), GRID, "Brainstem"))
    wait_until(lambda: widget.messages.text == FakeWorker.CRASHED, 5 * patience())
    wait_until(lambda: not widget.session.tasks.busy)
    assert set(state_of(scene)) == nodes
    asked = len(worker.requests)
    time.sleep(0.4)
    wait_until(lambda: not widget.session.tasks.busy)
    assert len(worker.requests) == asked  # it does not try again and again
    worker.answers["AssessRequest"] = assessed
    set_segment(patient.vpm, brainstem, Contour(ball((16, 22, 28)), GRID, "Brainstem"))
    wait_until(lambda: len(worker.requests) == asked + 1, 5 * patience())
    wait_until(lambda: not widget.session.tasks.busy)
    assert not widget.qualityPanel.live.pending


def test_a_contour_emptied_while_editing_is_rejected_and_others_stay(
    widget, patient, press, click, wait_until, worker
):
    from ContourQALib.mrml.segmentations import set_segment

    worker.answers["AssessRequest"] = assessed
    press(QUALITY)
    click(widget.ui.assessWhileEditingCheckBox)
    wait_until(lambda: not widget.session.tasks.busy)
    asked = len(worker.requests)
    brainstem = patient.vpm.GetSegmentation().GetSegmentIdBySegmentName("Brainstem")
    set_segment(patient.vpm, brainstem, Contour(np.zeros(GRID.shape, bool), GRID, "Brainstem"))
    wait_until(lambda: len(worker.requests) > asked, 5 * patience())
    wait_until(lambda: not widget.session.tasks.busy)
    verdicts = {one.structure: one for one in widget.session.assessment.structures}
    assert verdicts["Brainstem"].reasons == ("The contour is empty.",)
    assert set(verdicts) == set(VPM)
