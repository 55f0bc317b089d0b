"""Scenes come and go under the panel: saved, opened elsewhere, closed, undone; what is left at the end."""

from __future__ import annotations

import gc
import threading
import weakref
from contextlib import contextmanager
from pathlib import Path

import pytest

from slicer_module.conftest import MODULE
from slicer_module.observer_cases import add_observers, answering, column_of, nodes_of
from slicer_module.quality_cases import assessed, patience

QUALITY, COMPARE, THRESHOLDS, REPORT = range(4)


@pytest.fixture
def worker():
    return answering(AssessRequest=assessed, ReportRequest=lambda request: request.folder / "report.html")


@pytest.fixture
def widget(module_widget, worker):
    module_widget.session.tasks.replaceWorker(worker)
    return module_widget


@pytest.fixture
def choose(scene, widget, tmp_path):
    """Adds the observers' patient and chooses him in every tab."""

    def run():
        found = add_observers(scene)
        node = widget.session.parameterNode
        node.inputVolume, node.segmentation = found.volume, found.vpm
        node.referenceSegmentation, node.otherSegmentations = found.reference, [found.vpm, found.lft]
        node.probabilityVolume, node.thresholdReference = found.probability, found.reference
        node.reportFolder = tmp_path
        return found

    return run


@pytest.fixture
def patient(choose):
    return choose()


def button_of(widget, tab):
    panels = (widget.qualityPanel, widget.comparePanel, widget.thresholdPanel, widget.reportPanel)
    names = ("assessButton", "compareButton", "sweepButton", "writeButton")
    return getattr(panels[tab].ui, names[tab])


@pytest.fixture
def press(click, wait_until):
    """Click the button of a tab; unless told not to, wait until everything about it is done."""

    def run(widget, tab, wait=True):
        widget.ui.tabWidget.setCurrentIndex(tab)
        click(button_of(widget, tab))
        if wait:
            wait_until(lambda: not widget.session.tasks.busy, 20 * patience())
            wait_until(lambda: tab != COMPARE or widget.comparePanel.table.current is not None)

    return run


def shown(widget):
    """What a user sees of the results."""
    table = widget.ui.resultTable
    compared = widget.comparePanel.ui.comparisonTable
    return {
        "assessed": column_of(table, "Structure"),
        "dice": [table.item(row, 2).text() for row in range(table.rowCount)],
        "compared": column_of(compared, "Dice") if compared.rowCount else [],
        "slices": chart_title(widget.comparePanel.views.chart),
        "curves": chart_title(widget.thresholdPanel.chart),
    }


def chart_title(plot):
    return plot.chart.GetTitle() if plot.chart is not None else None


def segments_in(node):
    from ContourQALib.mrml.segmentations import contours_of

    return {contour.name: contour.volume_cc for contour in contours_of(node)} if node is not None else None


# saved and opened elsewhere


@pytest.fixture
def another_application(application, application_scene):
    """A second scene, as of an application that was started later."""
    from slicer_module.standins.scenes import ApplicationScene

    fresh = ApplicationScene()
    yield fresh
    application.forget_modules()
    application.use_scene(application_scene)
    fresh.close()


def test_a_bundle_shows_all_results_in_another_application(
    application, application_scene, another_application, load_module, worker, press, tmp_path
):
    import slicer

    widget = load_module(MODULE)
    widget.session.tasks.replaceWorker(worker)
    found = add_observers(application_scene.scene)
    node = widget.session.parameterNode
    node.inputVolume, node.segmentation = found.volume, found.vpm
    node.referenceSegmentation, node.otherSegmentations = found.reference, [found.vpm, found.lft]
    node.probabilityVolume, node.thresholdReference = found.probability, found.reference
    again = answering()
    node.acceptLevel, node.overlayOpacity, node.toleranceMm, node.threshold = 0.85, 0.4, 3.0, 0.35
    for tab in (QUALITY, COMPARE, THRESHOLDS):
        press(widget, tab)
    before = shown(widget)
    assert None not in before.values()
    overlays = ("errorOverlay", "differenceOverlay", "thresholdContour")
    drawn = {name: segments_in(getattr(node, name)) for name in overlays}
    assert application_scene.scene.WriteToMRB(str(tmp_path / "case.mrb"))

    slicer.modules.contourqa.unload()
    application.use_scene(another_application)
    another_application.read(tmp_path / "case.mrb")
    widget = load_module(MODULE)
    widget.session.tasks.replaceWorker(again)
    node = widget.session.parameterNode
    assert shown(widget) == before
    for name in overlays:
        volumes = segments_in(getattr(node, name))
        assert volumes == pytest.approx(drawn[name]), name
    levels = (node.acceptLevel, node.overlayOpacity, node.toleranceMm, node.threshold)
    assert levels == (0.85, 0.4, 3.0, 0.35)
    chosen = [node.inputVolume, node.segmentation, node.referenceSegmentation, node.probabilityVolume]
    assert [one.GetName() for one in chosen] == ["CT", "VPM", "RS", "P Brainstem"]
    assert [one.GetName() for one in node.otherSegmentations] == ["VPM", "LFT"]
    assert node.errorOverlay.GetDisplayNode().GetOpacity2DFill() == pytest.approx(0.4)
    widget.thresholdPanel.ui.thresholdSlider.value = 0.6  # and what is shown can be worked with
    (volume,) = segments_in(node.thresholdContour).values()
    assert volume < next(iter(drawn["thresholdContour"].values()))


# closed, deleted and left in the middle of work


@pytest.fixture
def unhurried(widget):
    """In such a block preparation begins late enough for something to happen between click and first step."""
    timer = widget.session.tasks._timer
    usual = timer.interval

    @contextmanager
    def slowed():
        timer.setInterval(400)
        yield
        timer.setInterval(usual)

    return slowed


def test_closing_the_scene_while_nodes_are_prepared_is_safe(widget, choose, worker, press, scene, unhurried):
    for tab in range(4):
        choose()
        if tab == REPORT:
            press(widget, COMPARE)
        asked = len(worker.requests)
        with unhurried():
            press(widget, tab, wait=False)
            assert widget.session.tasks.busy
            scene.Clear(0)
            assert not widget.session.tasks.busy
        assert len(worker.requests) == asked
        assert shown(widget)["assessed"] == shown(widget)["compared"] == []
    choose()  # the next one is worked with at once
    press(widget, QUALITY)
    assert len(shown(widget)["assessed"]) == 3


def test_a_node_that_goes_while_it_is_prepared_is_a_sentence(
    widget, choose, worker, press, wait_until, scene, unhurried
):
    for tab, gone, said in (
        (QUALITY, "volume", "the volume or the segmentation is another one now"),
        (QUALITY, "vpm", "the volume or the segmentation is another one now"),
        (COMPARE, "lft", "Segmentation LFT was removed while it was compared"),
        (COMPARE, "reference", "Segmentation RS was removed while it was compared"),
        (THRESHOLDS, "probability", "A node was removed while it was swept"),
        (THRESHOLDS, "reference", "A node was removed while it was swept"),
    ):
        scene.Clear(0)
        patient = choose()
        with unhurried():
            press(widget, tab, wait=False)
            scene.RemoveNode(getattr(patient, gone))
        left = nodes_of(scene)
        wait_until(lambda: not widget.session.tasks.busy, 5 * patience())
        assert said in widget.messages.text, gone
        assert worker.requests == []
        assert nodes_of(scene) == left


def test_a_segment_that_goes_while_it_is_prepared_is_a_sentence(
    widget, patient, press, wait_until, scene, unhurried
):
    before = nodes_of(scene)
    segmentation = patient.vpm.GetSegmentation()
    with unhurried():
        press(widget, QUALITY, wait=False)
        segmentation.RemoveSegment(segmentation.GetNthSegmentID(2))
    wait_until(lambda: not widget.session.tasks.busy, 5 * patience())
    assert "holds no segment" in widget.messages.text
    assert nodes_of(scene) == before


def test_an_answer_that_comes_while_another_module_is_open_is_there_on_return(
    widget, patient, worker, press, wait_until
):
    import slicer

    worker.hold()
    press(widget, QUALITY, wait=False)
    wait_until(lambda: worker.requests)
    representation = slicer.modules.contourqa.widgetRepresentation()
    representation.exit()
    worker.go_on()
    wait_until(lambda: not widget.session.tasks.busy)
    representation.enter()
    assert len(shown(widget)["assessed"]) == 3
    assert widget.messages.text.startswith("Assessed")
    assert button_of(widget, QUALITY).text == "Assess"


# started early, and what is left at the end


def test_the_worker_is_started_before_the_click_unless_the_user_only_passes_by(
    widget, patient, worker, wait_until
):
    widget.qualityPanel._warming.setInterval(20)
    widget.exit()
    widget.enter()
    assert worker.warmed == 0
    widget.exit()
    wait_until(lambda: not widget.qualityPanel._warming.isActive())
    assert worker.warmed == 0
    widget.enter()
    wait_until(lambda: worker.warmed)
    widget.enter()
    assert not widget.qualityPanel._warming.isActive()
    assert worker.warmed == 1


def computing_panel(load_module, scene, press, wait_until):
    """A panel with the real worker, at work in three tabs: the process's number and folder, and its parts."""
    widget = load_module(MODULE)
    found = add_observers(scene)
    node = widget.session.parameterNode
    node.inputVolume, node.segmentation = found.volume, found.vpm
    node.referenceSegmentation, node.otherSegmentations = found.reference, [found.lft]
    node.probabilityVolume = found.probability
    for tab in (QUALITY, COMPARE, THRESHOLDS):
        press(widget, tab, wait=False)
    pid = wait_until(lambda: widget.session.tasks.worker.pid, 20 * patience())
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    (folder,) = (word for word in words if "contourqa-worker" in word)
    parts = (widget.session, widget.session.tasks, widget.session.tasks.worker, widget.undoWatcher)
    parts += (*widget.panels, widget.qualityPanel.live)
    return pid, Path(folder), [weakref.ref(part) for part in parts]


def test_nothing_is_left_when_the_module_goes_while_it_computes(load_module, scene, press, wait_until):
    """No process, folder or thread, and no part of the panel that an observer or a timer would hold."""
    import slicer

    from slicer_module.standins.connections import release_stopped_timers

    threads = set(threading.enumerate())
    pid, folder, parts = computing_panel(load_module, scene, press, wait_until)
    assert folder.is_dir()
    slicer.modules.contourqa.unload()
    release_stopped_timers()  # one that runs stays, and holds its panel
    gc.collect()
    assert [part() for part in parts if part() is not None] == []
    assert not Path(f"/proc/{pid}").exists()
    assert not folder.exists()
    wait_until(lambda: set(threading.enumerate()) <= threads)


# undone


@pytest.mark.parametrize("tab", [QUALITY, COMPARE, THRESHOLDS])
def test_one_undo_takes_back_what_a_click_made_and_redo_shows_it_again(widget, patient, press, scene, tab):
    scene.SetUndoOn()
    before, blank = nodes_of(scene), shown(widget)
    press(widget, tab)
    made, seen = nodes_of(scene), shown(widget)
    assert made > before
    assert seen != blank
    scene.Undo()
    assert nodes_of(scene) == before
    assert shown(widget) == blank
    assert scene.GetNumberOfUndoLevels() == 0
    scene.Redo()
    assert nodes_of(scene) == made
    assert shown(widget) == seen
    assert (widget.session.assessment, widget.session.compared, widget.session.swept) == (None,) * 3


def test_undo_brings_back_the_results_of_before(widget, patient, worker, press, scene):
    from ContourQALib.mrml.segmentations import contour_of, set_segment

    scene.SetUndoOn()
    press(widget, QUALITY)
    press(widget, COMPARE)
    before = shown(widget)
    worker.answers["AssessRequest"] = lambda request: assessed(request, {"Brainstem": 0.97})
    press(widget, QUALITY)
    assert shown(widget)["dice"] != before["dice"]
    ids = patient.lft.GetSegmentation().GetSegmentIDs()
    contour = contour_of(patient.lft, ids[1])
    contour.mask[: len(contour.mask) // 2] = False
    set_segment(patient.lft, ids[1], contour)
    press(widget, COMPARE)
    assert shown(widget)["compared"] != before["compared"]
    scene.Undo()
    assert shown(widget)["compared"] == before["compared"]
    scene.Undo()
    assert shown(widget) == before


def test_looking_at_rows_and_moving_the_slider_are_nothing_to_undo(widget, patient, press, click, scene):
    scene.SetUndoOn()
    for tab in (QUALITY, COMPARE, THRESHOLDS):
        press(widget, tab)
    levels = scene.GetNumberOfUndoLevels()
    assert levels == 3
    for threshold in (0.2, 0.7):
        widget.thresholdPanel.ui.thresholdSlider.value = threshold
    widget.ui.tabWidget.setCurrentIndex(COMPARE)
    for row in (1, 2, 0):
        click(widget.comparePanel.ui.comparisonTable, row)
    widget.ui.tabWidget.setCurrentIndex(QUALITY)
    click(widget.ui.resultTable, 1)
    assert scene.GetNumberOfUndoLevels() == levels


def test_one_undo_takes_the_disagreement_back(widget, patient, press, click, scene):
    scene.SetUndoOn()
    press(widget, COMPARE)
    before = nodes_of(scene)
    click(widget.comparePanel.ui.disagreementCheckBox)
    assert scene.GetFirstNodeByName("Disagreement on Brainstem") is not None
    scene.Undo()
    assert nodes_of(scene) == before
