"""A scripted module as small as can be, written as for the application: it proves the stand-ins."""

import enum
import pathlib
from typing import Annotated

import qt
import slicer
import vtk
from slicer import vtkMRMLPlotChartNode, vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper, parameterPack
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class ToyModule(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Toy")
        self.started = False
        slicer.app.connect("startupCompleted()", self.onStarted)

    def onStarted(self):
        self.started = True


class Shape(enum.Enum):
    ROUND = "round"
    FLAT = "flat"


@parameterPack
class Corner:
    x: Annotated[float, WithinRange(0, 10)] = 1.0
    label: str = "here"


@parameterNodeWrapper
class ToyParameterNode:
    inputVolume: vtkMRMLScalarVolumeNode
    others: list[vtkMRMLSegmentationNode]
    threshold: Annotated[float, WithinRange(0, 1)] = 0.5
    count: Annotated[int, WithinRange(0, 20)] = 3
    title: str = "Toy"
    invert: bool = False
    device: Annotated[str, Choice(["auto", "cpu"])] = "auto"
    shape: Shape
    folder: pathlib.Path
    names: list[str]
    corner: Corner
    chart: vtkMRMLPlotChartNode


class ToyModuleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._guiTag = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/ToyModule.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = ToyModuleLogic()
        self.ui.applyButton.connect("clicked(bool)", self.onApply)
        self.ui.othersSelector.connect("checkedNodesChanged()", self.onOthers)
        self.timer = qt.QTimer()
        self.timer.interval = 5
        self.timer.connect("timeout()", self.onTimer)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndClose)
        self.initializeParameterNode()

    def cleanup(self):
        self.timer.stop()
        self.setParameterNode(None)
        self.ui.plotView.setMRMLPlotViewNode(None)
        self.removeObservers()

    def enter(self):
        self.initializeParameterNode()

    def onSceneStartClose(self, caller, event):
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        self.initializeParameterNode()

    def initializeParameterNode(self):
        self.setParameterNode(ToyParameterNode(self.logic.getParameterNode()))

    def setParameterNode(self, parameterNode):
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(
                self._parameterNode.parameterNode, vtk.vtkCommand.ModifiedEvent, self.checkCanApply
            )
        self._parameterNode = parameterNode
        if self._parameterNode:
            self._guiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(
                self._parameterNode.parameterNode, vtk.vtkCommand.ModifiedEvent, self.checkCanApply
            )
            self.checkCanApply()

    def checkCanApply(self, caller=None, event=None):
        ready = self._parameterNode is not None and self._parameterNode.inputVolume is not None
        self.ui.applyButton.enabled = ready
        self.ui.applyButton.toolTip = _("Draw the curve") if ready else _("Select an input volume")

    def onOthers(self):
        if self._parameterNode is not None:
            self._parameterNode.others = self.ui.othersSelector.checkedNodes()

    def onApply(self):
        self._parameterNode.chart = self.logic.showCurve(
            self._parameterNode.threshold, self._parameterNode.chart
        )
        view = slicer.mrmlScene.GetFirstNodeByName("ToyPlotView")
        if view is None:
            view = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotViewNode", "ToyPlotView")
        view.SetPlotChartNodeID(self._parameterNode.chart.GetID())
        self.ui.plotView.setMRMLPlotViewNode(view)
        self.ui.resultLabel.text = self.logic.mean(self._parameterNode.inputVolume)
        self.timer.start()

    def onTimer(self):
        self.ui.progressBar.value = min(self.ui.progressBar.value + 25, 100)
        if self.ui.progressBar.value == 100:
            self.timer.stop()


class ToyModuleLogic(ScriptedLoadableModuleLogic):
    def mean(self, volume):
        return slicer.util.arrayFromVolume(volume).mean()

    def showCurve(self, threshold, chart):
        table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "Curve table")
        x, y = vtk.vtkFloatArray(), vtk.vtkFloatArray()
        x.SetName("Threshold")
        y.SetName("Dice")
        for step in range(21):
            x.InsertNextValue(step / 20)
            y.InsertNextValue(1 - (step / 20 - threshold) ** 2)
        table.AddColumn(x)
        table.AddColumn(y)
        series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "Dice")
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetXColumnName("Threshold")
        series.SetYColumnName("Dice")
        series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
        series.SetColor(0.8, 0.1, 0.1)
        if chart is None:
            chart = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", "Curve")
        chart.RemoveAllPlotSeriesNodeIDs()
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
        chart.SetTitle("Dice by threshold")
        chart.SetXAxisTitle("Threshold")
        chart.SetYAxisTitle("Dice")
        return chart


class ToyModuleTest(ScriptedLoadableModuleTest):
    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_mean(self):
        self.delayDisplay("The mean of nothing but ones is one")
        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
        slicer.util.updateVolumeFromArray(volume, _ones())
        assert ToyModuleLogic().mean(volume) == 1


def _ones():
    import numpy

    return numpy.ones((2, 3, 4))
