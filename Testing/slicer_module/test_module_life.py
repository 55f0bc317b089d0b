"""The module from the application's start to its end: import, scenes, reload, scripts, the real worker."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
import time
import weakref
from functools import partial
from pathlib import Path

import pytest

from slicer_module.conftest import MODULE
from slicer_module.fake_worker import FakeWorker
from slicer_module.quality_cases import CENTERS, DICES, GRID, add_patient, assessed, ball, patience

ROOT = MODULE.parents[1]
SMALL = (64, 64, 32)
"""Voxels of the phantom: as small as its organs allow."""


def run_python(source: str) -> str:
    """Run a script in a bare interpreter with the stand-ins installed; gives what it prints."""
    script = textwrap.dedent(
        f"""
        import sys, pathlib, tempfile
        sys.path.insert(0, {str(ROOT / "Testing")!r})
        from slicer_module.standins import StandIns
        stand_ins = StandIns(pathlib.Path(tempfile.mkdtemp()))
        """
    ) + textwrap.dedent(source)
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_checkout_that_was_not_built_is_imported_quickly_finds_its_library_and_loads_nothing_heavy():
    seconds, loaded, found = run_python(
        f"""
        import importlib.util, numpy, os, time
        root = pathlib.Path({str(ROOT)!r})
        # what an installation of the library would give is taken away
        sys.path[:] = [one for one in sys.path if pathlib.Path(one or ".").resolve() != root]
        sys.meta_path[:] = [one for one in sys.meta_path if "editable" not in repr(one).lower()]
        os.chdir("/")
        assert importlib.util.find_spec("ContourQALib") is None
        spec = importlib.util.spec_from_file_location("ContourQA", {str(MODULE)!r})
        module = importlib.util.module_from_spec(spec)
        sys.modules["ContourQA"] = module
        before, started = set(sys.modules), time.process_time()
        spec.loader.exec_module(module)
        print(time.process_time() - started)
        print(*{{name.partition(".")[0] for name in set(sys.modules) - before}})
        import ContourQALib, ContourQAPanels
        print(pathlib.Path(ContourQALib.__file__).parent.parent == root)
        """
    ).splitlines()
    assert float(seconds) < 0.2
    assert set(loaded.split()) <= {"ContourQA", "ContourQALib", "ContourQAPanels", "__future__"}
    assert found == "True"


def test_the_module_says_what_it_is_and_whom_to_cite(application, scene):
    parent = application.load_module(MODULE).parent
    assert parent.title == "ContourQA"
    assert parent.categories == ["Radiotherapy"]
    for author in ("Isaksson", "Bice", "Geng"):
        assert author in parent.acknowledgementText
    assert "not a medical device" in parent.helpText


def test_the_sample_case_is_offered_when_the_application_has_started(application, scene):
    import slicer

    slicer.modules.sampleDataSources.clear()
    application.load_module(MODULE)
    assert {one.sampleName for one in slicer.modules.sampleDataSources["ContourQA"]} == {"Pelvis phantom"}


def test_opening_chooses_the_inputs_that_are_there(load_module, scene):
    patient = add_patient(scene)
    widget = load_module(MODULE)
    assert widget.session.parameterNode.inputVolume is patient.volume
    assert widget.session.parameterNode.segmentation is patient.segmentation
    assert widget.ui.assessButton.enabled
    titles = [widget.ui.tabWidget.tabText(i) for i in range(widget.ui.tabWidget.count)]
    assert titles == ["Quality", "Compare", "Thresholds", "Report"]


def test_going_away_and_coming_back_keeps_the_results(module_widget, scene, click, wait_until):
    import slicer

    ui = module_widget.ui
    module_widget.session.tasks.replaceWorker(FakeWorker({"AssessRequest": assessed}))
    add_patient(scene)
    module_widget.enter()
    click(ui.assessButton)
    wait_until(lambda: ui.resultTable.rowCount == 3 and not module_widget.session.tasks.busy)
    representation = slicer.modules.contourqa.widgetRepresentation()
    representation.exit()
    parameters = module_widget.session.parameterNode
    parameters.acceptLevel, parameters.rejectLevel = 0.76, 0.6
    assert ui.acceptLevelSpinBox.value == 0.8  # nobody looks
    representation.enter()
    assert ui.acceptLevelSpinBox.value == 0.76
    assert [ui.resultTable.cellWidget(row, 1).text for row in range(3)] == ["reject", "accept", "accept"]


def test_opening_again_and_again_leaves_nothing_behind(module_widget):
    first = weakref.ref(module_widget.session.parameterNode)
    module_widget.exit()
    module_widget.enter()
    gc.collect()
    assert first() is None


def test_what_was_chosen_is_saved_with_the_scene(module_widget, scene, save_and_reload):
    add_patient(scene)
    module_widget.enter()
    before = module_widget.session.parameterNode
    before.toleranceMm, before.device, before.modelName = 3.5, "cpu", "headneck-ct"
    before.unselectedSegments = ["a", "b"]
    before.reportTitle = "Tuesday"
    before.threshold = 0.25
    save_and_reload()
    after = module_widget.session.parameterNode
    assert (after.toleranceMm, after.device, after.modelName) == (3.5, "cpu", "headneck-ct")
    assert list(after.unselectedSegments) == ["a", "b"]
    assert (after.reportTitle, after.threshold) == ("Tuesday", 0.25)
    assert after.inputVolume.GetName() == "Patient"
    assert after.segmentation.GetName() == "Contours"
    assert module_widget.ui.inputVolumeSelector.currentNode() is after.inputVolume
    assert module_widget.ui.modelComboBox.currentText.startswith("headneck-ct")


def test_an_empty_scene_after_closing_is_ready_for_the_next_patient(module_widget, scene):
    add_patient(scene)
    module_widget.enter()
    scene.Clear(0)
    assert module_widget.session.parameterNode is not None
    assert module_widget.session.parameterNode.inputVolume is None
    assert not module_widget.ui.assessButton.enabled
    add_patient(scene)
    module_widget.enter()
    assert module_widget.ui.assessButton.enabled


def test_the_scene_can_be_closed_from_another_module(module_widget, scene):
    import slicer

    add_patient(scene)
    module_widget.enter()
    slicer.modules.contourqa.widgetRepresentation().exit()
    scene.Clear(0)
    assert module_widget.session.parameterNode is None
    slicer.modules.contourqa.widgetRepresentation().enter()
    assert module_widget.session.parameterNode is not None


def test_a_developer_can_reload_module_panels_and_library(module_widget, scene, click, wait_until):
    import slicer

    add_patient(scene)
    first = FakeWorker({"AssessRequest": assessed})
    module_widget.session.tasks.replaceWorker(first)
    old = {name: sys.modules[name] for name in ("ContourQAPanels.session", "ContourQALib.mrml.views")}
    kept = {name: one for name, one in sys.modules.items() if name.partition(".")[0] == "ContourQALib"}
    try:
        module_widget.onReload()
        fresh = slicer.modules.ContourQAWidget
        assert fresh is not module_widget
        assert first.closed
        for name, module in old.items():
            assert sys.modules[name] is not module
        fresh.enter()
        assert fresh.ui.assessButton.enabled
    finally:
        # other tests of this process hold classes of the library as it was
        for name in [one for one in sys.modules if one.partition(".")[0] == "ContourQALib"]:
            del sys.modules[name]
        sys.modules.update(kept)


@pytest.fixture
def small_sample(monkeypatch):
    """The sample case in a size that is drawn quickly."""
    from ContourQALib import phantom

    monkeypatch.setattr(phantom, "pelvis", partial(phantom.pelvis, SMALL))


def test_the_tests_for_the_real_application_pass_on_the_stand_ins(module_widget, small_sample):
    import slicer

    slicer.selfTests["ContourQA"]()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_with_the_real_worker_edits_are_answered_in_a_second_and_a_kill_is_a_message(
    module_widget, scene, click, wait_until
):
    from ContourQALib.case import Contour
    from ContourQALib.mrml.segmentations import set_segment

    patient = add_patient(scene)
    module_widget.enter()
    ui, session, worker = module_widget.ui, module_widget.session, module_widget.session.tasks.worker
    click(ui.assessButton)
    wait_until(lambda: ui.resultTable.rowCount == len(CENTERS) and not session.tasks.busy, 30)

    click(ui.assessWhileEditingCheckBox)
    seconds = []
    for j in (22, 23, 24):
        set_segment(
            patient.segmentation, patient.ids["Brainstem"], Contour(ball((15, j, 28)), GRID, "Brainstem")
        )
        stroke = time.monotonic()
        before = session.assessment
        wait_until(lambda before=before: session.assessment is not before, 10)
        seconds.append(time.monotonic() - stroke)
    assert min(seconds) < 1 * patience(), seconds

    click(ui.assessButton)
    wait_until(lambda: ui.progressBar.maximum > 0, 5)  # it is at work
    os.kill(worker.pid, signal.SIGKILL)
    wait_until(lambda: not module_widget.qualityPanel.runButton.running, 10)
    assert "ended unexpectedly" in ui.messageLabel.text
    assert ui.resultTable.rowCount == len(CENTERS)
    click(ui.assessButton)
    wait_until(lambda: ui.messageLabel.text.startswith("Assessed"), 30)


def test_a_script_needs_no_panel(application, scene):
    """Forum 28144: no selectModule, no widget, and the scene stays as it is."""
    application.load_module(MODULE)
    from ContourQA import ContourQALogic

    logic = ContourQALogic()
    answers = {"AssessRequest": assessed}
    logic.createWorker = lambda: WaitingWorker(answers)
    patient = add_patient(scene)
    before, selected = scene.GetNumberOfNodes(), list(application.selected_modules)
    found = logic.assess(patient.volume, patient.segmentation, [patient.ids["Cord"]], device="cpu")
    assert [(one.structure, one.dice) for one in found.structures] == [("Cord", DICES["Cord"])]
    assert logic.worker.requests[0].device == "cpu"
    assert scene.GetNumberOfNodes() == before
    assert application.selected_modules == selected
    worker = logic.worker
    logic.close()
    assert worker.closed


class WaitingWorker(FakeWorker):
    """A fake worker with the `wait` that scripts use."""

    def wait(self, job, timeout_s=None, progress=None):
        (event,) = self.poll()
        return event.result


def test_no_path_of_this_machine_is_in_the_module():
    for file in MODULE.parent.rglob("*.py"):
        assert str(Path.home()) not in file.read_text(encoding="utf-8")
        assert str(ROOT) not in file.read_text(encoding="utf-8")
