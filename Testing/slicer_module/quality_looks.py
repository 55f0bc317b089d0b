"""What a user sees of the Quality tab and of the scene, and a stroke of the segment editor."""

from __future__ import annotations

import numpy as np

from slicer_module.quality_cases import GRID, ball


def column(ui, number):
    return [ui.resultTable.item(row, number).text() for row in range(ui.resultTable.rowCount)]


def verdicts(ui):
    return [ui.resultTable.cellWidget(row, 1).text for row in range(ui.resultTable.rowCount)]


def row_of(ui, structure):
    return column(ui, 0).index(structure)


def message(ui):
    return ui.messageLabel.text if ui.messageLabel.visible else ""


def nodes(scene):
    return {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}


def edit(patient, name, center=None):
    """Redraw a contour as the segment editor does: its labelmap changes, and an event says so."""
    from ContourQALib.case import Contour
    from ContourQALib.mrml.segmentations import set_segment

    mask = np.zeros(GRID.shape, bool) if center is None else ball(center)
    set_segment(patient.segmentation, patient.ids[name], Contour(mask, GRID, name))


def shown_errors(panel):
    """Names of the segments of the overlay that can be seen."""
    node = panel.session.parameterNode.errorOverlay
    display, segmentation = node.GetDisplayNode(), node.GetSegmentation()
    if not display.GetVisibility():
        return set()
    ids = segmentation.GetSegmentIDs()
    return {segmentation.GetSegment(one).GetName() for one in ids if display.GetSegmentVisibility(one)}


def position(scene):
    """Where the slice views look, RAS mm."""
    from ContourQALib.mrml.frames import numbers_of

    node = scene.GetFirstNodeByClass("vtkMRMLSliceNode")
    return numbers_of(node.GetSliceToRAS())[:3, 3]
