"""The Thresholds tab, by clicks: curves, the slider that moves the contour, segments, and every bad input."""

from __future__ import annotations

import re
import statistics
import time
from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.thresholds.analysis import analyze
from ContourQALib.thresholds.expected import expected_curve
from slicer_module.observer_cases import (
    REFERENCE,
    add_observers,
    answering,
    column_of,
    contours,
    heads_of,
    nodes_of,
    probability_values,
)
from slicer_module.quality_cases import GRID, ball

SLIDE_MS = 50.0
"""What one move of the slider may take (issue 7)."""


@pytest.fixture
def worker():
    return answering()


@pytest.fixture
def panel(module_widget, worker):
    module_widget.session.tasks.replaceWorker(worker)
    module_widget.ui.tabWidget.setCurrentIndex(2)
    return module_widget.thresholdPanel


@pytest.fixture
def patient(scene, panel):
    """A map and its reference, chosen."""
    found = add_observers(scene)
    node = panel.session.parameterNode
    node.probabilityVolume, node.thresholdReference = found.probability, found.reference
    return found


@pytest.fixture
def sweep(panel, click, wait_until):
    def run():
        click(panel.ui.sweepButton)
        wait_until(lambda: not panel.session.tasks.busy)

    return run


@pytest.fixture
def message(module_widget):
    return lambda: module_widget.messages.text


@pytest.fixture(scope="module")
def analysis():
    """What the whole map against the whole reference gives."""
    probability = ProbabilityMap(probability_values(), GRID, "Brainstem")
    return analyze(probability, Contour(ball(REFERENCE["Brainstem"]), GRID, "Brainstem"))


def read_out(panel):
    table = panel.ui.readoutTable
    titles = column_of(table, "Figure")
    rows = [[table.item(row, column).text() for column in (1, 2, 3)] for row in range(table.rowCount)]
    return dict(zip(titles, rows, strict=True))


def volume_shown_cc(panel):
    """Volume of the contour that the slice views show."""
    from ContourQALib.mrml.segmentations import contours_of

    (contour,) = contours_of(panel.session.parameterNode.thresholdContour)
    return contour.volume_cc


def test_the_tab_says_what_is_missing_and_finds_the_segment_that_the_map_speaks_of(panel, scene):
    assert "Choose the volume that holds the probability" in panel.ui.sweepButton.toolTip
    assert not panel.ui.sweepButton.enabled
    found = add_observers(scene)
    node = panel.session.parameterNode
    node.probabilityVolume = found.probability
    assert panel.ui.sweepButton.enabled  # a reference is optional
    assert panel.ui.structureLineEdit.placeholderText == "P Brainstem"
    node.thresholdReference = found.reference
    assert panel.ui.thresholdSegmentComboBox.currentText == "Brainstem"
    assert panel.ui.structureLineEdit.placeholderText == "Brainstem"
    node.thresholdReference = None
    assert node.thresholdSegment == ""
    assert not panel.ui.thresholdSegmentComboBox.enabled


def test_a_sweep_shows_curves_the_best_thresholds_and_what_half_costs(
    panel, patient, sweep, analysis, screenshot
):
    sweep()
    best, half = analysis.optimum["dice"], analysis.find(0.5)
    read = read_out(panel)
    assert heads_of(panel.ui.readoutTable) == ["Figure", "At 0.5", "At 0.5", "Best"]
    assert read["Dice"] == [f"{half.dice:.3f}"] * 2 + [f"{best.value:.3f} at {best.threshold:g}"]
    assert read["MSD, mm"][0] == f"{half.msd_mm:.2f}"
    assert read["Volume, cc"][0] == f"{half.volume_cc:.2f}"
    table, titles = panel.ui.readoutTable, list(read)
    assert read["Surface Dice"][2] == "\u2013"
    assert "for Dice and the distances only" in table.item(titles.index("Surface Dice"), 3).toolTip()
    assert table.item(titles.index("Dice"), 3).toolTip() == ""
    loss = analysis.loss_at_half_percent["dice"]
    assert f"Best Dice {best.value:.3f} at {best.threshold:g}." in panel.ui.lossLabel.text
    assert f"Threshold 0.5 loses {loss:.1f} %" in panel.ui.lossLabel.text
    chart = panel.session.parameterNode.thresholdChart
    assert panel.chart.chart is chart
    legend = panel.ui.thresholdLegendLabel.text.replace("\u00a0", " ")
    assert f"Best Dice {best.value:.3f} at {best.threshold:g}" in legend
    assert not chart.GetLegendVisibility()
    screenshot(panel.widget, "thresholds_small", (460, 800))


def test_the_slider_moves_contour_marker_and_figures_at_once(panel, patient, sweep, analysis):
    from ContourQALib.mrml import charts

    sweep()
    node, taken = panel.session.parameterNode, []
    for threshold in np.arange(0.05, 1.0, 0.05).round(2):
        started = time.process_time()
        panel.ui.thresholdSlider.value = float(threshold)
        taken.append(1000 * (time.process_time() - started))
        at = analysis.sweep.at(float(threshold))
        assert volume_shown_cc(panel) == pytest.approx(at.volume_cc)
        assert read_out(panel)["Dice"][0] == f"{at.dice:.3f}"
        assert charts.marker_of(node.thresholdChart) == pytest.approx(threshold)
        assert node.threshold == pytest.approx(threshold)
    assert statistics.median(taken) < SLIDE_MS, taken
    display = node.thresholdContour.GetDisplayNode()
    assert not display.GetVisibility2DFill()


def test_buttons_go_to_half_and_to_the_best_of_the_figure_that_is_shown(
    panel, patient, sweep, click, analysis
):
    sweep()
    node = panel.session.parameterNode
    click(panel.ui.optimumButton)
    assert node.threshold == pytest.approx(analysis.optimum["dice"].threshold)
    panel.ui.figureComboBox.setCurrentIndex(1)
    panel.ui.figureComboBox.activated.emit(1)
    assert "MSD" in panel.ui.lossLabel.text
    assert node.thresholdChart.GetYAxisTitle() == "Distance, mm"
    click(panel.ui.optimumButton)
    assert node.threshold == pytest.approx(analysis.optimum["msd_mm"].threshold)
    click(panel.ui.halfButton)
    assert node.threshold == 0.5


def test_without_a_reference_there_are_volume_and_expected_dice(panel, patient, sweep):
    panel.session.parameterNode.thresholdReference = None
    panel.ui.structureLineEdit.text = "Stem"
    sweep()
    expected = expected_curve(ProbabilityMap(probability_values(), GRID, "Stem"))
    best = int(np.nanargmax(expected.expected_dice))
    assert list(read_out(panel)) == ["Volume, cc", "Expected Dice"]
    assert read_out(panel)["Expected Dice"][2] == (
        f"{expected.expected_dice[best]:.3f} at {expected.thresholds[best]:g}"
    )
    assert "If the map's probabilities are right" in panel.ui.lossLabel.text
    assert panel.session.swept.expected.structure == "Stem"


def test_the_contour_becomes_a_segment_of_a_new_or_a_chosen_segmentation_and_can_be_taken_back(
    panel, patient, sweep, click, message, scene, analysis
):
    from ContourQALib.mrml.segmentations import contours_of, segments_of

    sweep()
    panel.ui.thresholdSlider.value = 0.4
    click(panel.ui.makeSegmentButton)
    made = scene.GetFirstNodeByName("Thresholded contours")
    (contour,) = contours_of(made)
    assert contour.name == "Brainstem (P ≥ 0.4)"
    assert contour.volume_cc == pytest.approx(analysis.sweep.at(0.4).volume_cc)
    assert message() == "Added Brainstem at threshold 0.4 to Thresholded contours."
    scene.SetUndoOn()
    patient.lft.SetUndoEnabled(True)
    panel.ui.targetSelector.setCurrentNode(patient.lft)
    click(panel.ui.makeSegmentButton)
    click(panel.ui.makeSegmentButton)
    names = [segment.name for segment in segments_of(patient.lft)]
    assert names[-2:] == ["Brainstem (P ≥ 0.4)", "Brainstem (P ≥ 0.4) 2"]
    scene.Undo()
    assert [segment.name for segment in segments_of(patient.lft)] == names[:-1]
    scene.SetUndoOff()


def test_a_threshold_that_nothing_reaches_makes_no_segment(panel, patient, click, message, scene):
    panel.ui.thresholdSlider.value = 0.99
    before = nodes_of(scene)
    click(panel.ui.makeSegmentButton)
    assert message() == "No voxel of Brainstem reaches 0.99; choose a lower threshold."
    assert nodes_of(scene) == before


def test_hiding_the_contour_hides_it_and_moves_nothing(panel, patient, sweep, click):
    sweep()
    node = panel.session.parameterNode
    assert node.thresholdContour.GetDisplayVisibility()
    click(panel.ui.previewCheckBox)
    assert not node.thresholdContour.GetDisplayVisibility()
    before = volume_shown_cc(panel)
    panel.ui.thresholdSlider.value = 0.1
    assert volume_shown_cc(panel) == before
    click(panel.ui.previewCheckBox)
    assert volume_shown_cc(panel) > before


def test_results_of_other_inputs_are_not_shown(panel, patient, sweep):
    sweep()
    assert panel.ui.readoutTable.rowCount == 7
    panel.session.parameterNode.thresholdReference = patient.vpm
    assert panel.session.swept is None
    assert panel.ui.readoutTable.rowCount == 0
    assert panel.chart.chart is None
    sweep()
    assert panel.chart.chart is panel.session.parameterNode.thresholdChart


def test_a_saved_scene_shows_chart_and_contour_again(panel, patient, sweep, save_and_reload):
    from ContourQALib.mrml import charts

    sweep()
    panel.ui.thresholdSlider.value = 0.3
    save_and_reload()
    node = panel.session.parameterNode
    assert node.threshold == pytest.approx(0.3)
    assert panel.chart.chart is node.thresholdChart
    panel.ui.thresholdSlider.value = 0.6
    assert charts.marker_of(node.thresholdChart) == pytest.approx(0.6)
    values = probability_values()
    assert volume_shown_cc(panel) == pytest.approx(
        np.count_nonzero(values >= np.float32(0.6)) * GRID.voxel_volume_cc
    )


def test_cancel_and_a_node_that_goes_change_nothing(
    panel, patient, click, wait_until, message, scene, worker
):
    worker.hold()
    before = nodes_of(scene)
    click(panel.ui.sweepButton)
    wait_until(lambda: worker.requests)
    time.sleep(0.5)
    click(panel.ui.sweepButton)
    assert message() == "Cancelled; nothing was changed."
    click(panel.ui.sweepButton)
    wait_until(lambda: len(worker.requests) == 2)
    scene.RemoveNode(patient.probability)
    gone = nodes_of(scene)
    assert gone < before
    worker.go_on()
    wait_until(lambda: not panel.runButton.running)
    assert message() == "A node was removed while it was swept; nothing was changed."
    assert nodes_of(scene) == gone


def test_closing_the_scene_while_computing_is_safe(panel, patient, click, wait_until, scene, worker):
    worker.hold()
    click(panel.ui.sweepButton)
    wait_until(lambda: worker.requests)
    scene.Clear(0)
    worker.go_on()
    assert not panel.runButton.running
    assert panel.session.swept is None
    assert not panel.ui.sweepButton.enabled
    panel.ui.thresholdSlider.value = 0.2  # moves nothing, and nothing fails


def test_a_map_of_percent_colors_or_another_place_is_one_sentence(panel, patient, sweep, message, scene):
    from ContourQALib.mrml.segmentations import add_segmentation
    from ContourQALib.mrml.volumes import add_volume

    node = panel.session.parameterNode
    far = replace(GRID, origin=(900.0, 0.0, 0.0))
    moved = [replace(contour, grid=far) for contour in contours({"Brainstem": REFERENCE["Brainstem"]})]
    elsewhere = add_segmentation(scene, moved, "Elsewhere")
    percent = add_volume(scene, Image(100 * probability_values(), GRID), "Percent")
    nothing = add_segmentation(scene, [], "Nothing")
    for volume, reference, expected in (
        (percent, patient.reference, r"Percent holds values from 0 to 9\d"),
        (patient.probability, elsewhere, "another patient, or a missing transform"),
    ):
        node.probabilityVolume, node.thresholdReference = volume, reference
        before = nodes_of(scene)
        sweep()
        assert re.search(expected, message())
        assert nodes_of(scene) == before
    node.thresholdReference = nothing
    assert "The reference has no segments" in panel.ui.sweepButton.toolTip
    assert not panel.ui.sweepButton.enabled


def test_an_empty_reference_is_said(panel, patient, sweep, message, scene):
    from ContourQALib.mrml.segmentations import add_segmentation

    empty = add_segmentation(scene, [Contour(np.zeros(GRID.shape, bool), GRID, "Brainstem")], "Empty")
    panel.session.parameterNode.thresholdReference = empty
    sweep()
    assert message() == (
        "Swept, but the reference contour is empty: Dice is 0 or undefined and no distance is defined."
    )
    assert read_out(panel)["MSD, mm"] == ["–", "–", "–"]
