"""Slicer's side of the stand-ins: selectors, sliders, fields of parameter nodes, utilities, sample data."""

import enum
import pathlib
from typing import Annotated

import pytest


class Verdict(enum.Enum):
    ACCEPT = "accept"
    REJECT = "reject"


@pytest.fixture
def slicer(scene):
    import slicer

    return slicer


@pytest.fixture
def selector(slicer):
    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    selector.setMRMLScene(slicer.mrmlScene)
    return selector


@pytest.fixture
def parameters(slicer, application):
    """A wrapper with a field of every type, on a node of the scene."""
    from slicer.parameterNodeWrapper import Choice, Default, WithinRange, parameterNodeWrapper

    @parameterNodeWrapper
    class Parameters:
        level: Annotated[float, WithinRange(0, 1)] = 0.8
        count: int
        model: Annotated[str, Choice(["a", "b"]), Default("b")]
        title: str = "T"
        on: bool
        folder: pathlib.Path
        verdict: Verdict = Verdict.REJECT
        names: list[str]
        volume: slicer.vtkMRMLScalarVolumeNode
        others: list[slicer.vtkMRMLSegmentationNode]

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    return Parameters(node)


def test_a_selector_selects_nothing_by_itself(selector, slicer):
    got = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", got.append)
    selector.connect("currentNodeChanged(bool)", got.append)
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "Table")
    assert selector.currentNode() is None
    assert (selector.nodeCount(), got) == (1, [])
    selector.setCurrentNode(volume)
    assert got == [volume, True]
    assert selector.currentNodeID == volume.GetID()


def test_when_the_selected_node_goes_the_next_one_is_selected(selector, slicer):
    first, second = (slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name) for name in "AB")
    selector.setCurrentNode(first)
    slicer.mrmlScene.RemoveNode(first)
    assert selector.currentNode() is second
    slicer.mrmlScene.RemoveNode(second)
    assert selector.currentNode() is None


@pytest.mark.parametrize(("children", "count"), [(True, 2), (False, 1)])
def test_a_selector_lists_children_of_its_type_if_told(selector, slicer, children, count):
    selector.showChildNodeTypes = children
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    hidden = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScalarVolumeNode")
    hidden.UnRegister(None)
    hidden.SetHideFromEditors(True)
    slicer.mrmlScene.AddNode(hidden)
    assert selector.nodeCount() == count


def test_a_selector_without_a_scene_is_disabled_and_remembers_its_wish(slicer):
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ("vtkMRMLScalarVolumeNode",)
    selector.setCurrentNode(volume)
    assert not selector.enabled
    assert selector.currentNode() is None
    selector.setMRMLScene(slicer.mrmlScene)
    assert selector.enabled
    assert selector.currentNode() is volume


def test_a_selector_makes_nodes_and_selects_them(selector, slicer):
    selector.baseName = "Probability"
    node = selector.addNode()
    assert node.GetName() == "Probability"
    assert selector.currentNode() is node
    selector.removeCurrentNode()
    assert node.GetScene() is None


def test_a_checkable_selector_tells_what_is_checked(slicer):
    selector, got = slicer.qMRMLCheckableNodeComboBox(), []
    selector.nodeTypes = ["vtkMRMLSegmentationNode"]
    selector.setMRMLScene(slicer.mrmlScene)
    selector.connect("checkedNodesChanged()", lambda: got.append(len(selector.checkedNodes())))
    first, second = (slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name) for name in "AB")
    assert selector.noneChecked()
    import qt

    selector.setCheckState(first, qt.Qt.Checked)
    selector.check(second)
    assert selector.checkedNodes() == (first, second)
    assert selector.allChecked()
    slicer.mrmlScene.RemoveNode(first)
    assert selector.checkedNodes() == (second,)
    selector.uncheck(second)
    assert got == [1, 2, 1, 0]


def test_a_slider_widget_rounds_and_keeps_its_limits(slicer):
    import ctk

    slider, got = ctk.ctkSliderWidget(), []
    slider.connect("valueChanged(double)", got.append)
    slider.maximum = 1
    slider.value = 0.3333
    slider.value = 7
    slider.decimals = 1
    slider.value = 0.26
    assert got == [0.33, 1.0, 0.3]
    with pytest.raises(AttributeError):
        slider.value = "0.5"


@pytest.mark.parametrize(
    ("name", "default", "value", "refused"),
    [
        ("level", 0.8, 0.25, 1.5),
        ("count", 0, 7, "7"),
        ("model", "b", "a", "c"),
        ("title", "T", "ä <b>", 3),
        ("on", False, True, 1),
        ("folder", pathlib.Path(), pathlib.Path("a/b"), "a/b"),
        ("verdict", Verdict.REJECT, Verdict.ACCEPT, "accept"),
        ("names", [], ["x", ""], ["x", 1]),
    ],
)
def test_a_field_has_its_default_keeps_values_and_refuses_others(parameters, name, default, value, refused):
    assert getattr(parameters, name) == default
    assert parameters.default(name).value == default
    setattr(parameters, name, value)
    again = type(parameters)(parameters.parameterNode)
    assert getattr(again, name) == value
    with pytest.raises((ValueError, TypeError)):
        setattr(parameters, name, refused)
    assert getattr(parameters, name) == value


def test_nodes_are_references_by_role(parameters, slicer):
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    observers = [slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name) for name in "AB"]
    parameters.volume = volume
    parameters.others = observers
    node = parameters.parameterNode
    assert node.GetNodeReference("volume") is volume
    assert [node.GetNodeReference(f"others.{index}") for index in (0, 1)] == observers
    parameters.others.remove(observers[0])
    assert [each.GetName() for each in parameters.others] == ["B"]
    assert node.GetNodeReference("others.1") is None
    parameters.volume = None
    assert parameters.volume is None
    with pytest.raises(TypeError):
        parameters.volume = observers[0]


def test_a_field_follows_the_node_and_tells_of_changes(parameters):
    import vtk

    got = []
    tag = parameters.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: got.append(parameters.level))
    parameters.level = 0.5
    assert got == [0.5]
    parameters.parameterNode.SetParameter("level", "0.25")
    assert parameters.level == 0.25
    assert len(got) == 2
    parameters.RemoveObserver(tag)
    assert parameters.isCached("level")
    with pytest.raises(ValueError, match="no parameter"):
        parameters.isCached("nosuch")


def test_a_combo_box_needs_choices_and_a_slider_needs_limits(parameters):
    import ctk
    import qt

    with pytest.raises(RuntimeError):
        parameters.connectParametersToGui({"title": qt.QComboBox()})
    with pytest.raises(RuntimeError):
        parameters.connectParametersToGui({"count": ctk.ctkSliderWidget()})
    with pytest.raises(RuntimeError):
        parameters.connectParametersToGui({"level": qt.QLineEdit()})


def test_unbound_widgets_do_not_write_any_more(parameters):
    import qt

    edit = qt.QLineEdit()
    tag = parameters.connectParametersToGui({"title": edit})
    edit.text = "A"
    parameters.disconnectGui(tag)
    edit.text = "B"
    assert parameters.title == "A"
    parameters.title = "C"
    assert edit.text == "B"


def test_messages_and_questions_do_not_wait(slicer, dialogs):
    slicer.util.errorDisplay("No model knows Bladder")
    assert slicer.util.confirmYesNoDisplay("Install?") is False
    dialogs.answer_next(True)
    assert slicer.util.confirmOkCancelDisplay("Install?") is True
    with pytest.raises(KeyError), slicer.util.tryWithErrorDisplay("It failed."):
        raise KeyError("why")
    assert dialogs.texts("error") == ["No model knows Bladder", "It failed.\n\n'why'"]


@pytest.mark.parametrize(
    ("missing", "answer", "installed"), [((), None, []), (("scipy",), True, ["scipy>=1"])]
)
def test_packages_are_asked_for_and_not_installed(slicer, application, dialogs, missing, answer, installed):
    application.installer.missing.update(missing)
    application.installer.installed.clear()
    dialogs.answer_next(answer)
    slicer.packaging.pip_ensure(["numpy>=2", "scipy>=1"], requester="ContourQA")
    assert application.installer.installed == installed


def test_a_refused_installation_is_an_error(slicer, application):
    application.installer.missing.add("scipy")
    with pytest.raises(RuntimeError):
        slicer.packaging.pip_ensure("scipy", requester="ContourQA")
    application.installer.missing.clear()


def test_a_sample_comes_from_its_own_downloader(slicer):
    import SampleData

    made = []
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="ContourQA",
        sampleName="Pelvis",
        customDownloader=lambda source: made.append(source.sampleName),
    )
    SampleData.SampleDataLogic().downloadSample("Pelvis")
    assert made == ["Pelvis"]
    with pytest.raises(LookupError):
        SampleData.SampleDataLogic().downloadSample("MRHead")


def test_slice_views_are_nodes_of_the_scene(slicer):
    manager = slicer.app.layoutManager()
    assert manager.sliceViewNames() == ("Red", "Yellow", "Green")
    views = [manager.sliceWidget(name).mrmlSliceNode() for name in manager.sliceViewNames()]
    assert [view.GetOrientation() for view in views] == ["Axial", "Sagittal", "Coronal"]
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    slicer.util.setSliceViewerLayers(background=volume)
    composite = manager.sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == volume.GetID()
    slicer.mrmlScene.Clear(0)
    assert manager.sliceWidget("Red").mrmlSliceNode().GetScene() is slicer.mrmlScene


def test_a_ui_file_warns_of_properties_that_do_not_exist(slicer, tmp_path):
    path = tmp_path / "wrong.ui"
    path.write_text(
        '<ui version="4.0"><widget class="QLabel" name="title"><property name="txt"><string>a</string>'
        '</property><property name="toolTip"><string>What it is</string></property></widget></ui>'
    )
    with pytest.warns(UserWarning, match="title .QLabel. has no .'txt'"):
        widget = slicer.util.loadUI(str(path))
    assert widget.toolTip == "<p>What it is</p>"


def test_a_stall_is_measured_and_a_disabled_button_cannot_be_clicked(slicer, stalls, wait_until, click):
    import time

    import qt

    button = qt.QPushButton()
    button.name = "assessButton"
    button.connect("clicked()", lambda: time.sleep(0.12))
    button.show()
    with stalls:
        click(button)
    assert 120 <= stalls.longest_ms < 1000
    button.enabled = False
    with pytest.raises(AssertionError, match="assessButton is disabled"):
        click(button)
    with pytest.raises(AssertionError, match="Not within"):
        wait_until(lambda: False, 0.01)
