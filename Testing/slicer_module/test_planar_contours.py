"""An RTSTRUCT in Slicer: segments that are contours on slices, as SlicerRT loads them, in every tab.

The wheel knows neither SlicerRT nor its conversion; the nodes are made as it makes them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ContourQALib.geometry import Grid
from ContourQALib.mrml.errors import SceneError
from slicer_module.observer_cases import REFERENCE, add_observers, answering, column_of, contours
from slicer_module.quality_cases import GRID, RADIUS_MM, assessed
from slicer_module.quality_looks import row_of

POINTS = 120
EMPTY = "Isocenter"
"""What SlicerRT makes of a region of interest without closed contours: a segment without any."""

LIMIT_S = 60
"""Kernels are loaded meanwhile, on a machine that others use."""

CUT_AT_CENTERS = 0.05
"""A ball of 9 mm cut into slices of 3 mm differs by this much from the voxels whose centers lie in it."""


def predicted(request: Any) -> Any:
    """What a model might say, and of each contour, as the real answer, how it became a mask."""
    found = assessed(request)
    drawn = zip(found.structures, request.contours, strict=True)
    return replace(found, structures=tuple(replace(one, rasterized=by.rasterized) for one, by in drawn))


@pytest.fixture
def worker():
    return answering(AssessRequest=predicted)


@pytest.fixture
def panel(module_widget, worker):
    module_widget.session.tasks.replaceWorker(worker)
    return module_widget


@pytest.fixture
def observers(scene):
    return add_observers(scene)


@pytest.fixture
def structures(scene):
    """The reference's balls as circles on slices, and a segment without contours; no reference geometry."""
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "RTSTRUCT")
    node.CreateDefaultDisplayNodes()
    node.GetSegmentation().SetSourceRepresentationName("Planar contour")
    for name, center in (*REFERENCE.items(), (EMPTY, None)):
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.AddRepresentation("Planar contour", circles(center))
        node.GetSegmentation().AddSegment(segment, name)
    return node


def circles(center: tuple[int, int, int] | None, grid: Grid = GRID) -> Any:
    """A ball around (k, j, i) as closed lines on the grid's slices, RAS."""
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    points, lines = vtkPoints(), vtkCellArray()
    angles = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    for k in range(grid.size[2]) if center else ():
        height = (k - center[0]) * grid.spacing[2]
        if abs(height) >= RADIUS_MM:
            continue
        radius = np.sqrt(RADIUS_MM**2 - height**2)
        x, y, z = grid.index_to_world((center[2], center[1], k))
        ids = [
            points.InsertNextPoint(-(x + radius * np.cos(at)), -(y + radius * np.sin(at)), z) for at in angles
        ]
        lines.InsertNextCell(len(ids) + 1, [*ids, ids[0]])
    drawn = vtkPolyData()
    drawn.SetPoints(points)
    drawn.SetLines(lines)
    return drawn


def test_they_are_assessed_empty_ones_told_and_the_details_say_how_they_became_masks(
    panel, observers, structures, worker, click, wait_until
):
    ui, parameters = panel.ui, panel.session.parameterNode
    parameters.inputVolume, parameters.segmentation = observers.volume, structures
    click(ui.assessButton)
    wait_until(lambda: not panel.session.tasks.busy, LIMIT_S)
    (request,) = worker.requests
    drawn = {contour.name: contour for contour in request.contours}
    assert set(drawn) == {*REFERENCE, EMPTY}
    for whole in contours(REFERENCE):
        found = drawn[whole.name].on(GRID).mask
        assert np.count_nonzero(found != whole.mask) <= CUT_AT_CENTERS * np.count_nonzero(whole.mask)
    assert f"Empty: {EMPTY}." in panel.messages.text
    ui.resultTable.selectRow(row_of(ui, "Cord"))
    details = ui.detailsBrowser.toPlainText()
    assert "not drawn as voxels" in details
    assert "planes" in details
    assert "the image's grid" in details
    assert structures.GetSegmentation().GetSourceRepresentationName() == "Planar contour", "nothing changed"


def test_they_are_compared_and_the_table_says_so(panel, observers, structures, click, wait_until):
    ui, parameters = panel.comparePanel.ui, panel.session.parameterNode
    parameters.inputVolume = observers.volume
    parameters.referenceSegmentation, parameters.otherSegmentations = observers.reference, [structures]
    panel.ui.tabWidget.setCurrentIndex(1)
    click(ui.compareButton)
    wait_until(lambda: not panel.session.tasks.busy, LIMIT_S)
    dices = [float(dice) for dice in column_of(ui.comparisonTable, "Dice")[: len(REFERENCE)]]
    assert min(dices) > 1 - CUT_AT_CENTERS
    assert "RTSTRUCT" in panel.messages.text
    assert "Not drawn as voxels" in panel.messages.text
    ui.comparisonTable.selectRow(0)
    assert "not drawn as voxels" in ui.rowLabel.text.lower()


def test_they_are_the_reference_of_a_sweep_and_the_message_says_so(
    panel, observers, structures, click, wait_until
):
    parameters = panel.session.parameterNode
    parameters.probabilityVolume, parameters.thresholdReference = observers.probability, structures
    parameters.thresholdSegment = "Brainstem"
    panel.ui.tabWidget.setCurrentIndex(2)
    click(panel.thresholdPanel.ui.sweepButton)
    wait_until(lambda: not panel.session.tasks.busy, LIMIT_S)
    assert panel.session.swept.analysis is not None
    assert panel.messages.text.startswith("The reference is not drawn as voxels: From ")


def test_without_an_image_they_are_refused_with_what_to_do(panel, structures):
    with pytest.raises(SceneError, match="choose the image it was drawn on"):
        panel.logic.compare(structures, [structures])
