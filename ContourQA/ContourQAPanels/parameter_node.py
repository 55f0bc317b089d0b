"""ContourQAParameterNode: what the user has chosen, typed and saved with the scene."""

import pathlib
from typing import Annotated

from slicer import (
    vtkMRMLPlotChartNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLTableNode,
)
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper


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
