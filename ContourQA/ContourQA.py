"""ContourQA's shell in 3D Slicer: the module and its widget; everything else is in ContourQAPanels."""

import importlib.util
import os
import sys

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

# An installed extension has both packages on the path already; a checkout has only this file's folder, or not
# even that.
_HERE = os.path.dirname(os.path.abspath(__file__))
for _package, _folder in (("ContourQAPanels", _HERE), ("ContourQALib", os.path.dirname(_HERE))):
    if importlib.util.find_spec(_package) is None:
        sys.path.append(_folder)

# Slicer looks for these classes in this file.
from ContourQAPanels.logic import ContourQALogic  # noqa: E402
from ContourQAPanels.parameter_node import ContourQAParameterNode  # noqa: E402
from ContourQAPanels.self_test import ContourQATest  # noqa: E402

__all__ = ["ContourQA", "ContourQALogic", "ContourQAParameterNode", "ContourQATest", "ContourQAWidget"]


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
