"""ContourQA's shell in 3D Slicer: module, parameter node, widget and logic; panels are in ContourQAPanels."""

import importlib.util
import os
import pathlib
import sys
import time
from typing import Annotated

import slicer
import vtk
from slicer import (
    vtkMRMLPlotChartNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLTableNode,
)
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

# An installed extension has both packages on the path already; a checkout has only this file's folder, or not
# even that.
_HERE = os.path.dirname(os.path.abspath(__file__))
for _package, _folder in (("ContourQAPanels", _HERE), ("ContourQALib", os.path.dirname(_HERE))):
    if importlib.util.find_spec(_package) is None:
        sys.path.append(_folder)


class ContourQA(ScriptedLoadableModule):
    """What the application shows of the module before it is opened."""

    def __init__(self, parent) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("ContourQA")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        self.parent.dependencies = []
        self.parent.contributors = ["ContourQA developers"]
        self.parent.helpText = _(
            "Contour quality assurance: which contours to check, where, and why.<br>"
            "<b>Quality</b> predicts Dice, HD95 and mean surface distance of contours without ground truth "
            "and marks what is probably wrong. <b>Compare</b> measures contours against a reference. "
            "<b>Thresholds</b> shows how a contour depends on the threshold that made it. "
            "<b>Report</b> writes all of it to a folder.<br>"
            "The module <i>Sample Data</i> makes a case to try it on, in the category ContourQA.<br>"
            "For research and teaching; not a medical device."
        )
        self.parent.acknowledgementText = _(
            "The methods are those of three papers:<ul>"
            "<li>Isaksson LJ et al. Quality assurance for automatically generated contours with additional "
            "deep learning. Insights into Imaging 13:137 (2022).</li>"
            "<li>Bice N et al. A sensitivity analysis of probability maps in deep-learning-based anatomical "
            "segmentation. Journal of Applied Clinical Medical Physics 22 (2021).</li>"
            "<li>Geng J et al. Localized fine-tuning and clinical evaluation of deep-learning based "
            "auto-segmentation model for clinical target volume and organs at risk in rectal cancer "
            "radiotherapy. Radiation Oncology (2024).</li></ul>"
            "Please cite those whose method you use."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData() -> None:
    """Offer the generated sample case in the Sample Data module."""
    from ContourQAPanels import sample_data

    sample_data.register()


@parameterNodeWrapper
class ContourQAParameterNode:
    """What the user has chosen, saved with the scene; results are in the nodes that are referenced here.

    `modelName` is "" for the bundled model that knows the structure; `device` is auto, cpu or cuda.
    `unselectedSegments` holds the IDs of segments that are not to be assessed, so that new ones are.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    unselectedSegments: list[str]
    modelName: str = ""
    device: str = "auto"
    acceptLevel: Annotated[float, WithinRange(0, 1)] = 0.80
    rejectLevel: Annotated[float, WithinRange(0, 1)] = 0.75
    assessWhileEditing: bool = False
    overlayOpacity: Annotated[float, WithinRange(0, 1)] = 0.6
    showErrors: bool = True
    assessmentTable: vtkMRMLTableNode
    errorOverlay: vtkMRMLSegmentationNode

    referenceSegmentation: vtkMRMLSegmentationNode
    otherSegmentations: list[vtkMRMLSegmentationNode]
    toleranceMm: Annotated[float, WithinRange(0, 20)] = 2.0
    comparisonTable: vtkMRMLTableNode
    differenceOverlay: vtkMRMLSegmentationNode
    sliceChart: vtkMRMLPlotChartNode

    probabilityVolume: vtkMRMLScalarVolumeNode
    thresholdReference: vtkMRMLSegmentationNode
    thresholdSegment: str
    threshold: Annotated[float, WithinRange(0, 1)] = 0.5
    thresholdContour: vtkMRMLSegmentationNode
    thresholdChart: vtkMRMLPlotChartNode

    reportFolder: pathlib.Path
    reportTitle: str = "Contour assessment"


class ContourQAWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The module's panel: inputs that all tabs share, the message area, and the tabs."""

    def __init__(self, parent=None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.session = None
        self.panels = []
        self._parameterNode = None
        self._parameterNodeGuiTag = None

    def setup(self) -> None:
        """Build the panel; called when the user opens the module for the first time."""
        ScriptedLoadableModuleWidget.setup(self)

        from ContourQAPanels.compare_panel import ComparePanel
        from ContourQAPanels.messages import MessageArea
        from ContourQAPanels.quality_panel import QualityPanel
        from ContourQAPanels.report_panel import ReportPanel
        from ContourQAPanels.session import Session
        from ContourQAPanels.task_runner import TaskRunner
        from ContourQAPanels.threshold_panel import ThresholdPanel
        from ContourQAPanels.undoing import UndoWatcher

        uiWidget = slicer.util.loadUI(self.resourcePath("UI/ContourQA.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)

        self.logic = ContourQALogic()
        self.messages = MessageArea(self.ui.messageLabel)
        self.session = Session(
            slicer.mrmlScene, self.logic, TaskRunner(self.logic.worker), self.messages.show
        )
        self.qualityPanel = QualityPanel(self.session, self.ui)
        self.comparePanel = ComparePanel(self.session)
        self.thresholdPanel = ThresholdPanel(self.session)
        self.reportPanel = ReportPanel(self.session)
        self.panels = [self.qualityPanel, self.comparePanel, self.thresholdPanel, self.reportPanel]
        self.undoWatcher = UndoWatcher(self.session, self.panels[:3], self._checkCanApply)
        for page, panel in (
            (self.ui.compareTab, self.comparePanel),
            (self.ui.thresholdTab, self.thresholdPanel),
            (self.ui.reportTab, self.reportPanel),
        ):
            page.layout().addWidget(panel.widget)

        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartImportEvent, self.onSceneStartImport)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.initializeParameterNode()

    def cleanup(self) -> None:
        """Let go of everything; called before the panel is destroyed or replaced."""
        self.removeObservers()
        if self.session is None:
            return  # it was never set up
        self.setParameterNode(None)
        self.undoWatcher.close()
        for panel in self.panels:
            panel.cleanup()
        self.panels = []
        self.session.tasks.close()
        self.session.forget()

    def enter(self) -> None:
        """Called each time the user opens the module."""
        self.initializeParameterNode()
        for panel in self.panels:
            panel.enter()

    def exit(self) -> None:
        """Called each time the user opens another module; editing goes on being watched from there."""
        for panel in self.panels:
            panel.exit()
        self._disconnectParameterNode()

    def onSceneStartClose(self, caller, event) -> None:
        """Called just before the scene is closed: whatever is being computed has nowhere to go."""
        self.session.tasks.cancelAll()
        self.undoWatcher.sceneClosing()
        for panel in self.panels:
            panel.sceneClosing()
        self.setParameterNode(None)
        self.session.forget()
        self.session.showMessage("")

    def onSceneEndClose(self, caller, event) -> None:
        """Called just after the scene is closed."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def onSceneStartImport(self, caller, event) -> None:
        """Called before a scene is loaded, or added to this one."""
        self.comparePanel.sceneImporting(True)

    def onSceneEndImport(self, caller, event) -> None:
        """Called when a scene was loaded: only now do its nodes and their references belong together."""
        if self.parent.isEntered:
            self.initializeParameterNode()
        self.comparePanel.sceneImporting(False)

    def initializeParameterNode(self) -> None:
        """Make sure that there is a parameter node, and choose inputs if nothing is chosen yet."""
        self.setParameterNode(self.logic.getParameterNode())
        for name, nodeClass in (
            ("inputVolume", "vtkMRMLScalarVolumeNode"),
            ("segmentation", "vtkMRMLSegmentationNode"),
        ):
            if getattr(self._parameterNode, name) is None:
                node = slicer.mrmlScene.GetFirstNodeByClass(nodeClass)
                if node is not None:
                    setattr(self._parameterNode, name, node)

    def setParameterNode(self, parameterNode) -> None:
        """Use and observe a parameter node; None while there is no scene."""
        self._disconnectParameterNode()
        self._parameterNode = parameterNode
        self.session.parameterNode = parameterNode
        if parameterNode is not None:
            self._parameterNodeGuiTag = parameterNode.connectGui(self.ui)
            # The node itself, not its wrapper: the mixin keeps what was ever observed, and each opening makes
            # another wrapper.
            self.addObserver(parameterNode.parameterNode, vtk.vtkCommand.ModifiedEvent, self._checkCanApply)
        for panel in self.panels:
            panel.setParameterNode(parameterNode)
        self._checkCanApply()

    def _disconnectParameterNode(self) -> None:
        if self._parameterNode is None:
            return
        if self._parameterNodeGuiTag is not None:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self._parameterNodeGuiTag = None
        node = self._parameterNode.parameterNode
        if self.hasObserver(node, vtk.vtkCommand.ModifiedEvent, self._checkCanApply):
            self.removeObserver(node, vtk.vtkCommand.ModifiedEvent, self._checkCanApply)

    def _checkCanApply(self, caller=None, event=None) -> None:
        """Enable what can be done now; tool tips say what is missing for the rest."""
        for panel in self.panels:
            panel.updateFromNodes()

    def onReload(self) -> None:
        """Reload the module with its panels and library (developer mode)."""
        for name in [
            name for name in sys.modules if name.split(".")[0] in ("ContourQAPanels", "ContourQALib")
        ]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)


class ContourQALogic(ScriptedLoadableModuleLogic):
    """Assess, compare and sweep nodes from scripts: no widget is needed, and none is opened.

    The methods wait for the worker process and return the library's result objects; they change no node.
    `close` ends the worker, and so does the end of the application.

    Example:
        logic = ContourQALogic()
        assessment = logic.assess(volumeNode, segmentationNode)
        print([(one.structure, one.dice, one.verdict) for one in assessment.structures])
    """

    def __init__(self) -> None:
        ScriptedLoadableModuleLogic.__init__(self)
        self._worker = None

    @property
    def worker(self):
        """The worker; its process is started with the first request."""
        if self._worker is None:
            self._worker = self.createWorker()
        return self._worker

    def createWorker(self):
        """A worker of one's own; the process is not started yet."""
        from ContourQALib.worker import Worker

        return Worker()

    def close(self) -> None:
        """End the worker's process."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def getParameterNode(self) -> ContourQAParameterNode:
        """The scene's typed parameter node."""
        return ContourQAParameterNode(super().getParameterNode())

    def assess(
        self,
        volumeNode,
        segmentationNode,
        segmentIds=None,
        model=None,
        levels=None,
        device="auto",
        progress=None,
    ):
        """Predict the quality of segments that were drawn on a volume.

        Args:
            volumeNode: the volume.
            segmentationNode: the segmentation.
            segmentIds: IDs of the segments; by default all.
            model: name of a bundled model, or a bundle's folder; by default chosen by structure.
            levels: accept and reject levels of Dice, a `ContourQALib.quality.verdict.Levels`.
            device: auto, cpu or cuda.
            progress: told how many are done, how many there are, and the next one's name.

        Returns:
            ContourQALib.quality.assessment.Assessment

        Raises:
            ContourQAError: something is wrong with the input, or the worker ended.
        """
        from ContourQALib.mrml.segmentations import contours_of
        from ContourQALib.mrml.volumes import image_of
        from ContourQALib.quality.verdict import Levels
        from ContourQALib.worker_requests import AssessRequest

        image = image_of(volumeNode)
        request = AssessRequest(
            image=image,
            contours=tuple(contours_of(segmentationNode, segmentIds, image.grid)),
            model=model,
            levels=levels or Levels(),
            device=device,
        )
        return self.worker.wait(self.worker.submit(request), progress=progress)

    def compare(self, referenceNode, otherNodes, toleranceMm=2.0, structures=(), volumeNode=None):
        """Measure segmentations against a reference; structures are matched by name.

        Args:
            referenceNode: the segmentation held to be right.
            otherNodes: the others; their nodes' names tell them apart.
            toleranceMm: tolerance of surface Dice.
            structures: names to compare, in any spelling; by default all.
            volumeNode: the volume that the reference was drawn on: specificity and slices are of its grid, on
                which polygons become voxels; without it, of a grid that just holds all contours.

        Returns:
            ContourQALib.worker_requests.Compared

        Raises:
            ContourQAError: something is wrong with the input, or the worker ended.
        """
        from ContourQALib.metrics.comparison_setup import prepared
        from ContourQALib.metrics.pairing import Source
        from ContourQALib.mrml.segmentations import contours_of
        from ContourQALib.mrml.volumes import grid_of_volume
        from ContourQALib.worker_requests import Compared, CompareRequest

        grid = grid_of_volume(volumeNode) if volumeNode else None
        reference, *others = (
            Source(node.GetName(), tuple(contours_of(node, image_grid=grid)))
            for node in (referenceNode, *otherNodes)
        )
        setup = prepared(reference, others, grid)
        request = CompareRequest(setup.reference, setup.tests, tuple(structures), tolerance_mm=toleranceMm)
        answer = self.worker.wait(self.worker.submit(request))
        return Compared(setup.restored(answer.comparisons), setup.completed(answer.unmatched))

    def sweep(self, probabilityNode, referenceNode=None, segmentId=None, toleranceMm=2.0):
        """Every threshold of a probability volume, against a reference segment or without one.

        Returns:
            ContourQALib.worker_requests.Swept

        Raises:
            ContourQAError: something is wrong with the input, or the worker ended.
        """
        from ContourQALib.metrics.domain import counting_grid
        from ContourQALib.mrml.segmentations import contour_of
        from ContourQALib.mrml.volumes import probability_of
        from ContourQALib.worker_requests import SweepRequest

        probability, reference = probability_of(probabilityNode), None
        if referenceNode is not None:
            drawn = contour_of(referenceNode, segmentId, probability.grid)
            reference = drawn.on(counting_grid(drawn, probability.grid))
        request = SweepRequest(probability, reference, tolerance_mm=toleranceMm)
        return self.worker.wait(self.worker.submit(request))


class ContourQATest(ScriptedLoadableModuleTest):
    """Tests for the real application: nothing is downloaded, and a box that waits for a click fails them."""

    WAIT_S = 120

    def runTest(self) -> None:
        """Run every test; after a failure too, boxes are as they were and no worker is left."""
        try:
            super().runTest()
        finally:
            self.tearDownClass()

    @classmethod
    def setUpClass(cls) -> None:
        """Draw the phantom once, and make every message box an error."""
        from unittest.mock import patch

        from ContourQALib import phantom

        box = AssertionError("A message box would have waited for a click.")
        cls.boxes = patch.object(slicer.util, "messageBox", side_effect=box)
        cls.boxes.start()
        cls.logic, cls.phantom = ContourQALogic(), phantom.pelvis()

    @classmethod
    def tearDownClass(cls) -> None:
        """Leave neither a worker nor a scene behind; may be called twice."""
        cls.boxes.stop()
        cls.logic.close()
        slicer.mrmlScene.Clear()

    def setUp(self) -> None:
        """Start from a scene that holds the sample case alone."""
        from ContourQALib.mrml.sample_case import add_sample_case

        slicer.mrmlScene.Clear()
        self.case = add_sample_case(slicer.mrmlScene, phantom=self.phantom)

    def test_Assess(self) -> None:
        """Without a widget every contour gets its verdict and volume, and the scene stays as it is."""
        before = slicer.mrmlScene.GetNumberOfNodes()
        assessment = self.logic.assess(self.case.volume, self.case.vpm)
        segmentation = self.case.vpm.GetSegmentation()
        names = [segmentation.GetSegment(one).GetName() for one in segmentation.GetSegmentIDs()]
        assert [one.structure for one in assessment.structures] == names
        assert all(one.volume_cc > 0 for one in assessment.structures)
        assert slicer.mrmlScene.GetNumberOfNodes() == before

    def test_Compare(self) -> None:
        """The reference agrees with itself wholly, and the fine-tuned contours better than the vendor's."""
        nodes = (self.case.reference, self.case.vpm, self.case.lft)
        compared = self.logic.compare(self.case.reference, nodes, volumeNode=self.case.volume)
        mean = {}
        for node in nodes:
            dices = [one.dice for one in compared.comparisons if one.test == node.GetName()]
            mean[node] = sum(dices) / len(dices)
        assert mean[self.case.reference] == 1.0
        assert mean[self.case.vpm] < mean[self.case.lft] < 1.0

    def test_Sweep(self) -> None:
        """Some threshold is at least as good as 0.5."""
        segmentId = self.case.reference.GetSegmentation().GetSegmentIdBySegmentName("CTV")
        swept = self.logic.sweep(self.case.probabilities["CTV VPM"], self.case.reference, segmentId)
        assert max(swept.analysis.sweep.dice) >= swept.analysis.point(0.5).dice > 0

    def test_Panel(self) -> None:
        """A click on Assess fills the table; closing the scene while it computes empties it, and no more."""
        widget = slicer.modules.contourqa.widgetRepresentation().self()
        widget.enter()  # not selectModule, which needs a main window
        parameters = widget.session.parameterNode
        parameters.inputVolume, parameters.segmentation = self.case.volume, self.case.vpm
        widget.ui.assessButton.click()
        self._waitFor(lambda: not widget.qualityPanel.runButton.running)
        assert widget.ui.resultTable.rowCount == self.case.vpm.GetSegmentation().GetNumberOfSegments()
        widget.ui.assessButton.click()
        slicer.mrmlScene.Clear()
        self._waitFor(lambda: not widget.session.tasks.busy)
        assert widget.ui.resultTable.rowCount == 0

    def _waitFor(self, condition) -> None:
        end = time.monotonic() + self.WAIT_S
        while not condition():
            assert time.monotonic() < end, "The worker does not answer."
            slicer.app.processEvents()
            time.sleep(0.01)
