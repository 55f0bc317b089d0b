"""The Quality tab, by clicks: assess, see what is probably wrong, step, other levels."""

from __future__ import annotations

import time

import numpy as np
import pytest

from slicer_module.quality_cases import CENTERS, GRID, ball
from slicer_module.quality_looks import column, message, nodes, position, row_of, shown_errors, verdicts

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


def test_a_level_can_be_typed(ui, panel, patient, assess):
    from PySide6 import QtTest

    assess()
    ui.acceptLevelSpinBox.selectAll()
    QtTest.QTest.keyClicks(ui.acceptLevelSpinBox, "0.85")  # a value written back at each key would spoil it
    QtTest.QTest.keyClick(ui.acceptLevelSpinBox, "\r")
    assert panel.session.parameterNode.acceptLevel == 0.85
    assert panel.session.assessment.levels.accept == 0.85


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
