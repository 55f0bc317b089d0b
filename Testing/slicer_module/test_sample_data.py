"""The sample case registers in the Sample Data module of each Slicer and fills a scene without a network."""

from __future__ import annotations

import importlib
import socket
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ContourQALib.mrml import sample_case
from ContourQALib.phantom import pelvis
from slicer_module.packaged import ROOT


@pytest.fixture
def sample_data(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, with a translation that leaves the text as it is."""
    monkeypatch.syspath_prepend(str(ROOT / "ContourQA"))
    monkeypatch.setitem(sys.modules, "slicer.i18n", ModuleType("slicer.i18n"))
    sys.modules["slicer.i18n"].tr = lambda text: text
    monkeypatch.delitem(sys.modules, "ContourQAPanels.sample_data", raising=False)
    return importlib.import_module("ContourQAPanels.sample_data")


class SampleDataLogic:
    """What registers in Slicer 5.10, by its signature; it refuses lists of different lengths."""

    def __init__(self) -> None:
        self.sources: list[Any] = []

    def registerCustomSampleDataSource(
        self,
        category="Custom",
        sampleName=None,
        uris=None,
        fileNames=None,
        nodeNames=None,
        customDownloader=None,
        thumbnailFileName="",
        loadFileType=None,
        loadFiles=None,
        loadFileProperties=None,
        checksums=None,
    ):
        assert len(uris) == len(fileNames) == len(nodeNames)
        self.sources.append(
            SimpleNamespace(
                category=category,
                name=sampleName,
                uris=uris,
                thumbnail=thumbnailFileName,
                customDownloader=customDownloader,
            )
        )


class LaterSampleDataLogic(SampleDataLogic):
    """Slicer 5.12 and later give a category a title of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.titles: dict[str, str] = {}

    def registerCustomSampleDataCategory(self, category, title):
        self.titles[category] = title


@pytest.fixture(params=[SampleDataLogic, LaterSampleDataLogic])
def logic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SampleDataLogic:
    found = request.param()
    module = ModuleType("SampleData")
    module.SampleDataLogic = found
    monkeypatch.setitem(sys.modules, "SampleData", module)
    return found


def test_it_registers_with_a_picture_and_nothing_to_download(sample_data, logic):
    sample_data.register()
    (source,) = logic.sources
    assert (source.category, source.name) == ("ContourQA", "Pelvis phantom")
    assert source.uris == []
    assert Path(source.thumbnail).read_bytes().startswith(b"\x89PNG")
    assert source.customDownloader is sample_data.addToScene
    assert getattr(logic, "titles", {"ContourQA": "ContourQA"}) == {"ContourQA": "ContourQA"}


def test_without_the_sample_data_module_nothing_happens(sample_data, monkeypatch):
    monkeypatch.setitem(sys.modules, "SampleData", None)
    sample_data.register()


@pytest.fixture
def application(sample_data, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Real MRML as the application's scene; what the application would show is written down."""
    slicer = sample_data.slicer
    found = SimpleNamespace(scene=slicer.vtkMRMLScene(), shown=[], failures=[])
    logic = slicer.vtkSlicerSegmentationsModuleLogic()
    logic.SetMRMLScene(found.scene)

    @contextmanager
    def tryWithErrorDisplay(message=None, show=True, waitCursor=False):
        try:
            yield
        except Exception:
            found.failures.append(message)
            raise

    def setSliceViewerLayers(background="keep-current", fit=False):
        found.shown.append((background, fit))

    def refuse(*arguments: Any) -> None:
        raise AssertionError("the sample case reached for the network")

    monkeypatch.setattr(slicer, "mrmlScene", found.scene, raising=False)
    monkeypatch.setattr(sample_case, "pelvis", lambda size, seed: pelvis((32, 32, 16), seed=seed))
    monkeypatch.setattr(slicer.util, "tryWithErrorDisplay", tryWithErrorDisplay)
    monkeypatch.setattr(slicer.util, "setSliceViewerLayers", setSliceViewerLayers)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield found
    logic.SetMRMLScene(None)
    found.scene.Clear(True)


def test_a_click_fills_the_scene_and_shows_the_image(sample_data, application):
    volume, reference, vpm, lft, *probabilities = sample_data.addToScene(source=None)
    assert volume.IsA("vtkMRMLScalarVolumeNode")
    organs = {
        reference.GetSegmentation().GetNthSegment(n).GetName()
        for n in range(reference.GetSegmentation().GetNumberOfSegments())
    }
    assert {"CTV", "Bladder", "Rectum"} <= organs
    for node in (vpm, lft):
        assert node.GetSegmentation().GetNumberOfSegments() == len(organs)
    assert len(probabilities) >= 2
    assert all(node.IsA("vtkMRMLScalarVolumeNode") for node in probabilities)
    assert all(node.GetScene() is application.scene for node in (volume, reference, vpm, lft, *probabilities))
    assert application.shown == [(volume, True)]


def test_a_failure_is_shown_and_leaves_the_scene_as_it_was(sample_data, application, monkeypatch):
    def fail(*arguments: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(sample_case, "_add_map", fail)
    before = application.scene.GetNumberOfNodes()
    with pytest.raises(MemoryError):
        sample_data.addToScene()
    assert application.scene.GetNumberOfNodes() == before
    assert application.failures == ["The sample case could not be made."]
