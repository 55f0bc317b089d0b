"""The module opened once for a file of tests, with a fake worker and a small patient."""

from __future__ import annotations

import pytest

from slicer_module.conftest import MODULE
from slicer_module.fake_worker import FakeWorker
from slicer_module.quality_cases import add_patient, assessed


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
