"""The Quality tab, by clicks: assess, see, step, edit, cancel, and every input that cannot be used."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.errors import GeometryError, ModelError
from ContourQALib.geometry import Grid
from ContourQALib.quality.assessment import ModelIdentity
from slicer_module.conftest import MODULE
from slicer_module.fake_worker import CRASH, FakeWorker
from slicer_module.quality_cases import CENTERS, DICES, GRID, add_patient, assessed, ball, patience

PENDING = "\u2026"


@pytest.fixture(scope="module")
def opened(application):
    """One scene with the module's panel for all tests of this file: opening it takes longer than they do."""
    from slicer_module.standins.scenes import ApplicationScene

    application_scene = ApplicationScene()
    application.use_scene(application_scene)
    module = application.load_module(MODULE)
    module.widgetRepresentation().enter()
    yield application_scene, module
    module.unload()
    application.use_scene(None)
    application_scene.close()


@pytest.fixture
def application_scene(opened, slot_errors):
    """The scene as after File > Close, which keeps the slice views."""
    opened[0].scene.Clear(0)
    return opened[0]


@pytest.fixture
def module_widget(opened, application_scene):
    """The panel as after opening it, with nothing in flight."""
    widget = opened[1].widgetRepresentation().self()
    widget.enter()
    yield widget
    widget.session.tasks.cancelAll()
    widget.session.showMessage("")


@pytest.fixture
def worker():
    return FakeWorker({"AssessRequest": assessed})


@pytest.fixture
def panel(module_widget, worker):
    """The module's panel with the fake worker; only the Quality tab is used."""
    module_widget.session.tasks.replaceWorker(worker)
    return module_widget


@pytest.fixture
def ui(panel):
    return panel.ui


@pytest.fixture
def patient(scene, panel):
    found = add_patient(scene)
    parameters = panel.session.parameterNode
    parameters.inputVolume, parameters.segmentation = found.volume, found.segmentation
    return found


@pytest.fixture
def assess(ui, click, wait_until, panel):
    """Click Assess and wait until everything about it is done."""

    def run():
        click(ui.assessButton)
        wait_until(lambda: not panel.session.tasks.busy)

    return run


def column(ui, number):
    return [ui.resultTable.item(row, number).text() for row in range(ui.resultTable.rowCount)]


def verdicts(ui):
    return [ui.resultTable.cellWidget(row, 1).text for row in range(ui.resultTable.rowCount)]


def row_of(ui, structure):
    return column(ui, 0).index(structure)


def message(ui):
    return ui.messageLabel.text if ui.messageLabel.visible else ""


def nodes(scene):
    return {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}


def edit(patient, name, center=None):
    """Redraw a contour as the segment editor does: its labelmap changes, and an event says so."""
    from ContourQALib.case import Contour
    from ContourQALib.mrml.segmentations import set_segment

    mask = np.zeros(GRID.shape, bool) if center is None else ball(center)
    set_segment(patient.segmentation, patient.ids[name], Contour(mask, GRID, name))


def shown_errors(panel):
    """Names of the segments of the overlay that can be seen."""
    node = panel.session.parameterNode.errorOverlay
    display, segmentation = node.GetDisplayNode(), node.GetSegmentation()
    if not display.GetVisibility():
        return set()
    ids = segmentation.GetSegmentIDs()
    return {segmentation.GetSegment(one).GetName() for one in ids if display.GetSegmentVisibility(one)}


def position(scene):
    """Where the slice views look, RAS mm."""
    from ContourQALib.mrml.frames import numbers_of

    node = scene.GetFirstNodeByClass("vtkMRMLSliceNode")
    return numbers_of(node.GetSliceToRAS())[:3, 3]


# assess


def test_the_gravest_contour_comes_first_with_figures_intervals_verdict_and_reason(
    ui, patient, assess, screenshot
):
    assess()
    assert column(ui, 0) == ["Brainstem", "Cord", "Parotid"]
    assert verdicts(ui) == ["reject", "review", "accept"]
    assert column(ui, 2) == ["0.55\n(0.51\u20130.58)", "0.78\n(0.74\u20130.81)", "0.91\n(0.87\u20130.94)"]
    assert column(ui, 3) == ["4.1\n(3.0\u20137.2)"] * 3
    assert column(ui, 4) == ["1.2\n(0.8\u20132.0)"] * 3
    assert column(ui, 5)[0] == "Predicted Dice 0.55 is below the reject level of 0.75."
    assert column(ui, 5)[2] == "\u2013"
    assert "1 to reject, 1 to review, 1 acceptable" in message(ui)
    screenshot(ui.qualityTab.window(), "quality_small_case", (460, 900))


def test_details_say_why_and_by_whom(ui, patient, assess):
    assess()
    text = ui.detailsBrowser.toPlainText()
    for part in (
        "Brainstem",
        "reject",
        "below the reject level",
        "toy 2.0 (preview)",
        "90 % interval from 52",
    ):
        assert part in text


def test_the_worker_is_asked_what_the_user_has_chosen(ui, panel, patient, assess, worker):
    panel.session.parameterNode.unselectedSegments = [patient.ids["Cord"]]
    ui.deviceComboBox.setCurrentIndex(1)
    ui.modelComboBox.setCurrentIndex(1)
    ui.acceptLevelSpinBox.setValue(0.9)
    ui.rejectLevelSpinBox.setValue(0.5)
    assess()
    (request,) = worker.requests
    assert [contour.name for contour in request.contours] == ["Parotid", "Brainstem"]
    assert request.device == "cpu"
    assert request.model == "headneck-ct"
    assert (request.levels.accept, request.levels.reject) == (0.9, 0.5)
    assert request.image.grid == GRID
    np.testing.assert_array_equal(request.contours[0].on(GRID).mask, ball(CENTERS["Parotid"]))


def test_the_same_image_is_sent_by_the_same_object(ui, patient, assess, worker):
    assess()
    assess()
    first, second = worker.requests
    assert first.image is second.image
    patient.volume.GetImageData().GetPointData().GetScalars().SetTuple1(0, 77)
    patient.volume.GetImageData().GetPointData().GetScalars().Modified()
    assess()
    assert worker.requests[2].image is not first.image


def test_results_go_to_nodes_that_the_parameter_node_names(ui, panel, patient, assess):
    from ContourQALib.mrml.table_columns import titles

    assess()
    table = panel.session.parameterNode.assessmentTable
    assert table.GetNumberOfRows() == 3
    assert "HD95, mm" in titles(table)
    overlay = panel.session.parameterNode.errorOverlay.GetSegmentation()
    assert overlay.GetNumberOfSegments() == 6
    assess()
    assert panel.session.parameterNode.assessmentTable is table


def test_progress_names_the_structure_and_the_button_cancels(
    ui, panel, patient, worker, click, wait_until, scene
):
    before = nodes(scene)
    worker.steps = 4
    click(ui.assessButton)
    wait_until(lambda: "part 2" in ui.progressBar.format)
    worker.hold()
    assert ui.assessButton.text == "Cancel"
    assert ui.progressBar.visible
    time.sleep(0.6)  # no double click any more
    click(ui.assessButton)
    assert ui.assessButton.text == "Assess"
    assert not ui.progressBar.visible
    assert worker.cancelled == [1]
    assert "Cancelled" in message(ui)
    assert ui.resultTable.rowCount == 0
    assert nodes(scene) == before
    worker.go_on()
    click(ui.assessButton)
    wait_until(lambda: ui.resultTable.rowCount == 3)


def test_two_clicks_ask_once_and_cancel_nothing(ui, patient, worker, click, wait_until):
    worker.hold()
    click(ui.assessButton)
    click(ui.assessButton)
    worker.go_on()
    wait_until(lambda: ui.resultTable.rowCount == 3)
    assert len(worker.requests) == 1
    assert worker.cancelled == []


def test_cancelling_keeps_earlier_results(ui, patient, assess, worker, click):
    assess()
    worker.hold()
    click(ui.assessButton)
    time.sleep(0.6)
    click(ui.assessButton)
    assert column(ui, 0) == ["Brainstem", "Cord", "Parotid"]


# see


def test_a_click_on_a_row_centers_the_views_and_shows_its_errors_alone(
    ui, panel, patient, assess, click, scene
):
    assess()
    assert shown_errors(panel) == {"Brainstem too much", "Brainstem left out"}
    click(ui.resultTable, row_of(ui, "Cord"))
    assert shown_errors(panel) == {"Cord too much", "Cord left out"}
    x, y, z = GRID.index_to_world(CENTERS["Cord"][::-1])
    np.testing.assert_allclose(position(scene), [-x, -y, z], atol=0.01)
    assert "Cord" in ui.detailsBrowser.toPlainText()
    click(ui.resultTable, row_of(ui, "Parotid"))
    x, y, z = GRID.index_to_world(CENTERS["Parotid"][::-1])
    np.testing.assert_allclose(position(scene), [-x, -y, z], atol=0.01)


def test_a_click_on_the_selected_row_centers_again(ui, patient, assess, click, scene):
    from ContourQALib.mrml.views import jump_to

    assess()
    click(ui.resultTable, 0)
    there = position(scene)
    jump_to(scene, (0, 0, 0))
    click(ui.resultTable, 0)
    np.testing.assert_allclose(position(scene), there)


def test_assessing_does_not_move_the_views(ui, patient, assess, scene):
    before = position(scene)
    assess()
    np.testing.assert_array_equal(position(scene), before)


def test_errors_can_be_hidden_and_made_stronger(ui, panel, patient, assess, click):
    assess()
    click(ui.showErrorsCheckBox)
    assert shown_errors(panel) == set()
    click(ui.showErrorsCheckBox)
    assert shown_errors(panel)
    ui.overlayOpacitySlider.value = 0.35
    display = panel.session.parameterNode.errorOverlay.GetDisplayNode()
    assert display.GetOpacity2DFill() == pytest.approx(0.35)


def test_stepping_through_the_slices_to_look_at(ui, patient, assess, click, scene):
    assess()
    texts = [ui.sliceComboBox.itemText(i) for i in range(ui.sliceComboBox.count)]
    assert len(texts) > 2
    assert texts[0].startswith("slice 18: ")
    assert texts[0].endswith(" cc")
    assert not ui.previousSliceButton.enabled
    click(ui.nextSliceButton)
    assert ui.sliceComboBox.currentText == texts[1]
    k = int(texts[1].split()[1].rstrip(":"))
    assert position(scene)[2] == pytest.approx(GRID.index_to_world((0, 0, k))[2])
    click(ui.previousSliceButton)
    assert position(scene)[2] == pytest.approx(GRID.index_to_world((0, 0, 18))[2])
    while ui.nextSliceButton.enabled:
        click(ui.nextSliceButton)
    assert ui.sliceComboBox.currentText == texts[-1]


def test_a_slice_in_the_details_is_a_link(ui, patient, assess, scene):
    import qt

    assess()
    assert 'href="slice:16"' in ui.detailsBrowser.toHtml()
    ui.detailsBrowser.anchorClicked.emit(qt.QUrl("slice:16"))
    assert position(scene)[2] == pytest.approx(GRID.index_to_world((0, 0, 16))[2])
    assert ui.sliceComboBox.currentText.startswith("slice 16: ")


# levels


def test_other_levels_decide_anew_without_asking(ui, panel, patient, assess, worker):
    assess()
    ui.acceptLevelSpinBox.setValue(0.75)
    ui.rejectLevelSpinBox.setValue(0.3)
    assert verdicts(ui) == ["review", "accept", "accept"]
    assert column(ui, 5)[0] == "Predicted Dice 0.55 is below the accept level of 0.75."
    assert len(worker.requests) == 1
    table = panel.session.parameterNode.assessmentTable.GetTable()
    words = table.GetColumnByName("verdict")
    assert [words.GetValue(row) for row in range(3)] == ["review", "accept", "accept"]
    assert panel.session.assessment.levels.accept == 0.75


def test_impossible_levels_are_said_and_nothing_is_decided(ui, patient, assess):
    assess()
    ui.rejectLevelSpinBox.setValue(0.95)
    assert not ui.assessButton.enabled
    assert "must lie in [0, 1]" in ui.assessButton.toolTip
    assert "must lie in [0, 1]" in ui.hintLabel.text
    assert verdicts(ui) == ["reject", "review", "accept"]
    ui.rejectLevelSpinBox.setValue(0.5)
    assert ui.assessButton.enabled
    assert verdicts(ui) == ["review", "review", "accept"]


# inputs


def test_segments_are_chosen_by_check_boxes(ui, panel, patient, click, scene):
    import qt

    names = [ui.segmentList.item(row).text() for row in range(ui.segmentList.count)]
    assert names == list(CENTERS)
    ui.segmentList.item(1).setCheckState(qt.Qt.Unchecked)
    assert list(panel.session.parameterNode.unselectedSegments) == [patient.ids["Brainstem"]]
    click(ui.checkNoneButton)
    assert not ui.assessButton.enabled
    click(ui.checkAllButton)
    assert list(panel.session.parameterNode.unselectedSegments) == []
    patient.segmentation.GetSegmentation().AddEmptySegment("", "Lens")
    assert ui.segmentList.item(3).text() == "Lens"
    assert ui.segmentList.item(3).checkState() == qt.Qt.Checked


def test_a_model_shows_its_card_with_limits_and_figures(ui, panel, patient):
    ui.modelComboBox.setCurrentIndex(1)
    tip = ui.modelComboBox.toolTip
    for part in (
        "headneck-ct",
        "MIT",
        "Limits:",
        "Mean error of predicted Dice",
        "mask-only rule",
        "boosted trees",
    ):
        assert part in tip
    assert panel.session.parameterNode.modelName == "headneck-ct"
    ui.modelComboBox.setCurrentIndex(0)
    assert "For each structure" in ui.modelComboBox.toolTip
    assert panel.session.parameterNode.modelName == ""


def test_a_preview_or_a_teaching_model_says_so(application, panel):
    from ContourQALib.quality.model import bundled_models
    from ContourQAPanels.model_choice import cardHtml, caution

    card = bundled_models()[0].card
    assert caution(card) == ""
    assert "preview" in caution(replace(card, status="preview"))
    teaching = replace(card, raw={**card.raw, "teaching_only": True})
    assert "teaching only" in caution(teaching)
    assert "teaching only" in cardHtml(teaching)


def test_what_is_missing_is_said_at_the_button(ui, panel, scene):
    assert "Choose the volume" in ui.assessButton.toolTip
    assert not ui.assessButton.enabled
    found = add_patient(scene, {})
    panel.session.parameterNode.inputVolume = found.volume
    assert "Choose the segmentation" in ui.hintLabel.text
    panel.session.parameterNode.segmentation = found.segmentation
    assert "has no segments" in ui.hintLabel.text
    found.segmentation.GetSegmentation().AddEmptySegment("", "Lens")
    assert ui.assessButton.enabled
    assert not ui.hintLabel.visible


def test_an_empty_segment_among_others_is_assessed_and_said(ui, patient, assess):
    edit(patient, "Cord")
    assess()
    assert column(ui, 0)[0] == "Cord"
    assert verdicts(ui)[0] == "reject"
    assert "Empty: Cord." in message(ui)


def test_nothing_but_empty_segments_is_a_sentence(ui, panel, patient, assess, worker, scene):
    before = nodes(scene)
    for name in CENTERS:
        edit(patient, name)
    assess()
    assert "all checked segments are empty" in message(ui)
    assert worker.requests == []
    assert nodes(scene) == before


def test_a_structure_without_a_model_is_said(ui, patient, assess, worker):
    worker.answers["AssessRequest"] = lambda request: assessed(request, {"Parotid": 0.9})
    assess()
    assert "No model for Brainstem, Cord in this image: only rules" in message(ui)
    assert "mask-only rules alone" in column(ui, 5)[0]


def test_a_chosen_model_that_does_not_know_a_structure_is_said(ui, patient, assess, worker):
    worker.answers["AssessRequest"] = lambda request: assessed(request, {"Parotid": 0.9})
    ui.modelComboBox.setCurrentIndex(1)
    assess()
    assert "The chosen model does not know Brainstem, Cord: only rules" in message(ui)
    assert "No model for" not in message(ui)
    ui.resultTable.selectRow(0)
    text = ui.detailsBrowser.toPlainText()
    assert "It was not compared with training data: no model predicted this contour." in text
    assert "Like the training data" not in text


def test_six_rows_and_every_column_are_seen_in_a_usual_panel(ui, patient, assess, worker):
    frame = ui.qualityTab.window()
    frame.resize(480, 1000)
    assess()
    table = ui.resultTable
    assert table.isColumnHidden(5), "the details have the reasons where the figures take the room"
    assert not table.horizontalScrollBar().visible
    assert 6 * table.rowHeight(0) <= table.viewport().height
    worker.answers["AssessRequest"] = lambda request: assessed(request, {})
    assess()
    assert [table.isColumnHidden(column) for column in range(6)] == [False] * 3 + [True] * 2 + [False]
    assert not table.horizontalScrollBar().visible


def test_what_a_teaching_model_must_carry_is_said_once(ui, panel, patient, assess, worker):
    from ContourQALib.quality.model import bundled_models

    card = next(one.card for one in bundled_models() if one.card.raw.get("teaching_only"))
    identity = ModelIdentity(card.name, card.version, card.license, card.status, True)
    worker.answers["AssessRequest"] = lambda request: replace(
        assessed(request), model=identity, models=(identity,)
    )
    ui.modelComboBox.setCurrentIndex(1 + [one.card.name for one in bundled_models()].index(card.name))
    assert "teaching only" in ui.modelNoteLabel.text
    assert not ui.notesLabel.visible
    assess()
    assert "teaching only" in ui.notesLabel.text
    assert "teaching only" not in ui.modelNoteLabel.text
    panel.session.parameterNode.segmentation = None
    assert "teaching only" in ui.modelNoteLabel.text


def test_a_vector_volume_is_refused(ui, panel, patient, assess, worker, scene):
    import vtk

    vector = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Color")
    image = vtk.vtkImageData()
    image.SetDimensions(4, 4, 4)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    vector.SetAndObserveImageData(image)
    panel.session.parameterNode.inputVolume = vector
    before = nodes(scene)
    assess()
    assert "Color" in message(ui)
    assert worker.requests == []
    assert nodes(scene) == before


@pytest.mark.parametrize("kind", [GeometryError, ModelError, "killed"])
def test_what_the_worker_refuses_is_a_sentence_and_leaves_the_scene(ui, patient, assess, worker, scene, kind):
    answer = CRASH if kind == "killed" else kind("Contour Cord lies wholly outside the image.")
    before = nodes(scene)
    worker.answers["AssessRequest"] = answer
    assess()
    assert message(ui) == (FakeWorker.CRASHED if answer is CRASH else str(answer))
    assert nodes(scene) == before
    assert ui.assessButton.text == "Assess"
    worker.answers["AssessRequest"] = assessed
    assess()
    assert ui.resultTable.rowCount == 3


def test_missing_packages_are_offered_and_a_new_worker_finds_them(
    ui, panel, patient, assess, worker, click, monkeypatch
):
    from ContourQAPanels import quality_panel

    class Installed:
        done = False

        def missing(self, *purposes):
            return () if Installed.done else ("torch>=2.4",)

        def install(self, *purposes):
            Installed.done = True

    monkeypatch.setattr(quality_panel, "Installer", Installed)
    fresh = FakeWorker({"AssessRequest": assessed})
    monkeypatch.setattr(panel.logic, "createWorker", lambda: fresh)
    panel.logic.close()
    worker.answers["AssessRequest"] = ModelError("Predicting quality needs torch, which is not installed.")
    assess()
    assert "torch" in message(ui)
    click(ui.installButton)
    assert not ui.installButton.visible
    assert worker.closed
    assess()
    assert len(fresh.requests) == 1
    assert ui.resultTable.rowCount == 3


def test_a_refused_installation_is_said(ui, panel, patient, assess, worker, click, monkeypatch):
    from ContourQAPanels import quality_panel
    from ContourQAPanels.installing import InstallError

    class Refused:
        def missing(self, *purposes):
            return ("torch>=2.4",)

        def install(self, *purposes):
            raise InstallError("Models need PyTorch, and it was not installed.")

    monkeypatch.setattr(quality_panel, "Installer", Refused)
    worker.answers["AssessRequest"] = ModelError("Predicting quality needs torch, which is not installed.")
    assess()
    click(ui.installButton)
    assert message(ui) == "Models need PyTorch, and it was not installed."
    assert ui.installButton.visible


# the scene changes meanwhile


@pytest.mark.parametrize("which", ["volume", "segmentation"])
def test_a_node_that_is_deleted_while_computing(ui, patient, worker, click, wait_until, scene, panel, which):
    worker.hold()
    click(ui.assessButton)
    wait_until(lambda: worker.requests)
    scene.RemoveNode(getattr(patient, which))
    before = nodes(scene)
    worker.go_on()
    wait_until(lambda: not panel.session.tasks.busy)
    assert message(ui)
    assert ui.resultTable.rowCount == 0
    assert nodes(scene) == before
    assert ui.assessButton.text == "Assess"


def test_other_inputs_cancel_what_is_computed_for_these(ui, patient, worker, click, wait_until, scene, panel):
    worker.hold()
    click(ui.assessButton)
    wait_until(lambda: worker.requests)
    panel.session.parameterNode.segmentation = add_patient(scene).segmentation
    assert worker.cancelled == [1]
    assert "another one" in message(ui)
    assert ui.assessButton.text == "Assess"


def test_closing_the_scene_while_computing_is_safe(ui, patient, worker, click, wait_until, scene, panel):
    worker.hold()
    click(ui.assessButton)
    wait_until(lambda: worker.requests)
    scene.Clear(0)
    assert worker.cancelled == [1]
    assert ui.assessButton.text == "Assess"
    worker.go_on()
    wait_until(lambda: not panel.session.tasks._submitted)
    assert ui.resultTable.rowCount == 0
    assert ui.segmentList.count == 0
    found = add_patient(scene)
    panel.session.parameterNode.inputVolume = found.volume
    panel.session.parameterNode.segmentation = found.segmentation
    click(ui.assessButton)
    wait_until(lambda: ui.resultTable.rowCount == 3)


def test_results_are_those_of_the_inputs_that_are_chosen(ui, patient, assess, scene, panel):
    assess()
    panel.session.parameterNode.segmentation = add_patient(scene).segmentation
    assert ui.resultTable.rowCount == 0
    assert panel.session.assessment is None
    panel.session.parameterNode.segmentation = patient.segmentation
    assert column(ui, 0) == ["Brainstem", "Cord", "Parotid"]


def test_a_saved_scene_shows_its_results_again(
    ui, panel, patient, assess, save_and_reload, click, scene, screenshot
):
    panel.session.parameterNode.unselectedSegments = [patient.ids["Parotid"]]
    ui.acceptLevelSpinBox.setValue(0.9)
    assess()
    save_and_reload()
    assert panel.session.parameterNode.acceptLevel == 0.9
    assert column(ui, 0) == ["Brainstem", "Cord"]
    assert verdicts(ui) == ["reject", "review"]
    assert column(ui, 2)[0] == "0.55\n(0.51\u20130.58)"
    assert "below the reject level" in ui.detailsBrowser.toPlainText()
    click(ui.resultTable, 1)
    x, y, z = GRID.index_to_world(CENTERS["Cord"][::-1])
    np.testing.assert_allclose(position(scene), [-x, -y, z], atol=0.01)
    assert shown_errors(panel) == {"Cord too much", "Cord left out"}
    click(ui.nextSliceButton)


# edit


@pytest.fixture
def live(ui, panel, patient, assess, click, worker, wait_until):
    """An assessed patient with "assess while I edit" switched on."""
    assess()
    click(ui.assessWhileEditingCheckBox)
    wait_until(lambda: not panel.session.tasks.busy)
    worker.requests.clear()
    return patient


def asked(worker):
    return [[contour.name for contour in request.contours] for request in worker.requests]


def test_an_edited_segment_is_assessed_anew_and_no_other(ui, panel, live, worker, wait_until):
    worker.answers["AssessRequest"] = lambda request: assessed(request, {**DICES, "Brainstem": 0.88})
    edit(live, "Brainstem", (15, 21, 28))
    assert column(ui, 2)[row_of(ui, "Brainstem")] == PENDING
    assert column(ui, 2)[row_of(ui, "Cord")] != PENDING
    wait_until(lambda: len(worker.requests) == 1 and not panel.session.tasks.busy, 3)
    assert asked(worker) == [["Brainstem"]]
    assert column(ui, 0) == ["Cord", "Brainstem", "Parotid"]
    assert column(ui, 2)[1] == "0.88\n(0.84\u20130.91)"
    assert [one.structure for one in panel.session.assessment.structures] == list(CENTERS)
    assert panel.session.parameterNode.assessmentTable.GetNumberOfRows() == 3


def test_of_many_strokes_the_latest_wins(ui, panel, live, worker, wait_until):
    for j in range(15, 20):
        edit(live, "Cord", (22, j, 12))
    wait_until(lambda: len(worker.requests) == 1 and not panel.session.tasks.busy, 3)
    np.testing.assert_array_equal(worker.requests[0].contours[0].on(GRID).mask, ball((22, 19, 12)))


def test_a_stroke_while_the_last_one_is_computed_is_not_lost(ui, panel, live, worker, wait_until):
    worker.hold()
    edit(live, "Cord", (22, 15, 12))
    wait_until(lambda: worker.requests, 3)
    edit(live, "Cord", (22, 18, 12))
    time.sleep(0.3)
    wait_until(lambda: True)
    assert column(ui, 2)[row_of(ui, "Cord")] == PENDING
    worker.go_on()
    wait_until(lambda: len(worker.requests) == 2 and not panel.session.tasks.busy, 3)
    np.testing.assert_array_equal(worker.requests[1].contours[0].on(GRID).mask, ball((22, 18, 12)))
    assert PENDING not in column(ui, 2)


def test_a_change_that_changes_nothing_asks_nothing(ui, panel, live, worker, wait_until):
    edit(live, "Cord", CENTERS["Cord"])
    wait_until(lambda: panel.qualityPanel.live.pending, 1)
    wait_until(lambda: not panel.qualityPanel.live.pending, 3)
    assert worker.requests == []
    assert PENDING not in column(ui, 2)


def test_an_unchecked_segment_is_left_alone(ui, panel, live, worker, wait_until):
    panel.session.parameterNode.unselectedSegments = [live.ids["Cord"]]
    edit(live, "Cord", (22, 18, 12))
    edit(live, "Parotid", (9, 12, 12))
    wait_until(lambda: worker.requests and not panel.session.tasks.busy, 3)
    assert asked(worker) == [["Parotid"]]


def test_what_was_edited_before_is_caught_up_with(ui, panel, patient, assess, worker, click, wait_until):
    assess()
    worker.requests.clear()
    edit(patient, "Cord", (22, 18, 12))
    click(ui.assessWhileEditingCheckBox)
    wait_until(lambda: worker.requests and not panel.session.tasks.busy, 3)
    assert asked(worker) == [["Cord"]]


def test_levels_that_change_meanwhile_hold_for_the_edited_segment_too(ui, panel, live, worker, wait_until):
    worker.hold()
    edit(live, "Cord", (22, 18, 12))
    wait_until(lambda: worker.requests, 3)
    ui.acceptLevelSpinBox.setValue(0.76)
    ui.rejectLevelSpinBox.setValue(0.6)
    worker.go_on()
    wait_until(lambda: not panel.session.tasks.busy)
    assert verdicts(ui) == ["reject", "accept", "accept"]


def test_a_removed_segment_loses_its_row_and_its_errors(ui, panel, live, worker, wait_until):
    live.segmentation.GetSegmentation().RemoveSegment(live.ids["Brainstem"])
    wait_until(lambda: not panel.session.tasks.busy)
    assert column(ui, 0) == ["Cord", "Parotid"]
    overlay = panel.session.parameterNode.errorOverlay.GetSegmentation()
    assert overlay.GetNumberOfSegments() == 4


def test_a_renamed_segment_is_another_structure(ui, panel, live, worker, wait_until):
    live.segmentation.GetSegmentation().GetSegment(live.ids["Cord"]).SetName("Cochlea")
    wait_until(lambda: worker.requests and not panel.session.tasks.busy, 3)
    assert asked(worker) == [["Cochlea"]]
    assert "Cochlea" in column(ui, 0)
    assert "Cord" not in column(ui, 0)


def test_editing_is_watched_from_other_modules_and_not_without_the_check_box(
    ui, panel, live, worker, wait_until, click
):
    panel.exit()
    edit(live, "Cord", (22, 18, 12))
    wait_until(lambda: len(worker.requests) == 1 and not panel.session.tasks.busy, 3)
    panel.enter()
    assert column(ui, 0) == ["Brainstem", "Cord", "Parotid"]
    click(ui.assessWhileEditingCheckBox)
    edit(live, "Cord", (22, 20, 12))
    time.sleep(0.4)
    wait_until(lambda: not panel.session.tasks.busy)
    assert len(worker.requests) == 1


# what it costs


def test_twenty_structures_do_not_stop_the_event_loop(ui, panel, scene, worker, click, wait_until, stalls):
    names = {f"S{n:02d}": (10 + 2 * (n % 5), 30 + 14 * (n // 5), 30 + 14 * (n % 4)) for n in range(20)}
    found = add_patient(scene, names, Grid((160, 160, 60), (1.5, 1.5, 3.0)))
    parameters = panel.session.parameterNode
    parameters.inputVolume, parameters.segmentation = found.volume, found.segmentation
    worker.hold()
    click(ui.assessButton)
    wait_until(lambda: worker.requests)
    panel.session.tasks.cancelAll()
    answer = assessed(
        worker.requests[0], dict.fromkeys(names, 0.8)
    )  # made here, as the worker makes it elsewhere
    worker.answers["AssessRequest"] = answer
    worker.steps = 20
    worker.go_on()
    with stalls:
        click(ui.assessButton)
        wait_until(lambda: ui.resultTable.rowCount == 20 and not panel.session.tasks.busy, 20)
    assert parameters.errorOverlay.GetSegmentation().GetNumberOfSegments() == 40
    assert stalls.longest_ms < 100 * patience()
