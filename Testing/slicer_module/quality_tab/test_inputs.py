"""The Quality tab, by clicks: what is chosen, and every input that cannot be used."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ContourQALib.errors import GeometryError, ModelError
from ContourQALib.quality.assessment import ModelIdentity
from slicer_module.fake_worker import CRASH, FakeWorker
from slicer_module.quality_cases import CENTERS, add_patient, assessed
from slicer_module.quality_looks import column, edit, message, nodes, verdicts

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
