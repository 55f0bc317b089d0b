"""A whole scripted module under the stand-ins: loaded, clicked, drawn, saved, closed, reloaded, unloaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

TOY = Path(__file__).parent / "toy_module" / "ToyModule.py"


@pytest.fixture
def toy(load_module):
    return load_module(TOY)


@pytest.fixture
def volume(scene):
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    slicer.util.updateVolumeFromArray(node, np.full((3, 4, 5), 7.0))
    return node


def test_a_click_runs_the_module_and_the_curve_is_drawn(toy, volume, click, wait_until, screenshot):
    assert not toy.ui.applyButton.enabled
    assert toy.ui.applyButton.toolTip == "<p>Select an input volume</p>"
    toy.ui.inputSelector.setCurrentNode(volume)
    toy.ui.thresholdSlider.value = 0.3
    click(toy.ui.applyButton)
    assert toy.ui.resultLabel.text == "7.0"
    wait_until(lambda: toy.ui.progressBar.value == 100)
    assert screenshot(toy.parent, "toy", (520, 720)).stat().st_size > 10_000
    drawn = toy.ui.plotView.grab().toImage()
    red = [
        (x, y)
        for x in range(drawn.width())
        for y in range(drawn.height())
        if drawn.pixelColor(x, y).red() > 150 and drawn.pixelColor(x, y).green() < 80
    ]
    assert len({x for x, _ in red}) > drawn.width() // 2, "The curve does not go across the view"
    peak = min(red, key=lambda place: place[1])
    assert peak[0] < drawn.width() // 2, "The curve peaks at 0.3, left of the middle"


def test_parameters_follow_the_widgets_and_survive_a_file(toy, volume, scene, save_and_reload, tmp_path):
    from ToyModule import Shape

    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Observer 1")
    toy.ui.inputSelector.setCurrentNode(volume)
    toy.ui.othersSelector.check(segmentation)
    toy.ui.thresholdSlider.value = 0.25
    toy.ui.countBox.value = 12
    toy.ui.titleEdit.text = "Müller & <Co>"
    toy.ui.invertBox.checked = True
    toy.ui.deviceBox.currentIndex = 1
    toy.ui.shapeBox.currentText = "FLAT"
    toy.ui.cornerBox.value = 4.5
    toy.ui.folderEdit.currentPath = str(tmp_path)
    toy._parameterNode.names = ["a", "b;c", ""]
    save_and_reload()
    parameters = toy._parameterNode
    assert parameters.inputVolume.GetName() == "CT"
    assert parameters.inputVolume is not volume
    assert [node.GetName() for node in parameters.others] == ["Observer 1"]
    assert (parameters.threshold, parameters.count, parameters.title) == (0.25, 12, "Müller & <Co>")
    assert (parameters.invert, parameters.device, parameters.shape) == (True, "cpu", Shape.FLAT)
    assert (parameters.corner.x, parameters.folder, parameters.names) == (4.5, tmp_path, ["a", "b;c", ""])
    assert toy.ui.inputSelector.currentNode() is parameters.inputVolume
    assert (toy.ui.thresholdSlider.value, toy.ui.countBox.value) == (0.25, 12)


def test_closing_the_scene_gives_the_defaults_back(toy, volume, scene):
    toy.ui.inputSelector.setCurrentNode(volume)
    toy.ui.thresholdSlider.value = 0.9
    scene.Clear(0)
    assert toy._parameterNode.inputVolume is None
    assert toy.ui.inputSelector.currentNode() is None
    assert toy.ui.thresholdSlider.value == 0.5


def test_an_exception_in_a_slot_does_not_stop_the_click_but_is_collected(toy, volume, click, slot_errors):
    toy.logic.mean = lambda node: 1 / 0
    toy.ui.inputSelector.setCurrentNode(volume)
    click(toy.ui.applyButton)
    assert isinstance(slot_errors.pop(), ZeroDivisionError)


def test_the_module_is_known_to_the_application(toy, application):
    import slicer

    assert slicer.util.modulePath("ToyModule") == str(TOY)
    assert slicer.util.getModule("ToyModule").title == "Toy"
    assert slicer.util.getModuleWidget("ToyModule") is toy
    assert slicer.util.getModuleLogic("ToyModule") is toy.logic
    assert slicer.modules.ToyModuleInstance.started
    assert toy.parent.isEntered


def test_reloading_replaces_the_panel(toy, scene, volume):
    import slicer

    toy.ui.inputSelector.setCurrentNode(volume)
    toy.onReload()
    fresh = slicer.modules.ToyModuleWidget
    assert fresh is not toy
    assert fresh.ui.inputSelector.currentNode() is volume


def test_the_next_test_starts_a_new_application(application, scene):
    import slicer

    application.load_module(TOY)
    first = slicer.modules.ToyModuleInstance
    first.started = False
    application.forget_modules()
    assert not hasattr(slicer.modules, "toymodule")
    application.load_module(TOY)
    assert slicer.modules.ToyModuleInstance.started
    assert not first.started


def test_the_modules_own_tests_run(toy):
    import slicer

    slicer.selfTests["ToyModule"]()
