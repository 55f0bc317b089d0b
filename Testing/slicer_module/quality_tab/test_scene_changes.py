"""The Quality tab, by clicks: nodes that go meanwhile, closing, saving, and twenty structures."""

from __future__ import annotations

import numpy as np
import pytest

from ContourQALib.geometry import Grid
from slicer_module.quality_cases import CENTERS, GRID, add_patient, assessed, patience
from slicer_module.quality_looks import column, message, nodes, position, shown_errors, verdicts

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
