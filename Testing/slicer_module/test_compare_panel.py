"""The Compare tab, by clicks: figures, views, export, and every input that cannot be compared."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.metrics.comparison_set import ComparisonSettings, compare_with_reference
from ContourQALib.metrics.definitions import DEFINITIONS
from ContourQALib.metrics.pairing import Source
from ContourQALib.worker import Worker
from slicer_module.fake_worker import CRASH
from slicer_module.observer_cases import (
    LFT,
    REFERENCE,
    VPM,
    add_observers,
    answering,
    column_of,
    contours,
    heads_of,
    nodes_of,
    position,
)
from slicer_module.quality_cases import GRID, ball, patience

STALL_MS = 100.0
"""For how long the event loop may stand still (issue 7), on a machine of its own."""

KEY = ["Structure", "Test", "Dice", "HD95, mm", "MSD, mm", "Surface Dice"]


@pytest.fixture
def worker():
    return answering()


@pytest.fixture
def panel(module_widget, worker):
    module_widget.session.tasks.replaceWorker(worker)
    module_widget.ui.tabWidget.setCurrentIndex(1)
    return module_widget.comparePanel


@pytest.fixture
def patient(scene, panel):
    """Reference and two observers, chosen."""
    found = add_observers(scene)
    node = panel.session.parameterNode
    node.inputVolume, node.referenceSegmentation = found.volume, found.reference
    node.otherSegmentations = [found.vpm, found.lft]
    return found


@pytest.fixture
def compare(panel, click, wait_until):
    def run():
        click(panel.ui.compareButton)
        wait_until(lambda: not panel.runButton.running)

    return run


@pytest.fixture
def message(module_widget):
    return lambda: module_widget.messages.text


def shown_rows(panel):
    table = panel.ui.comparisonTable
    return list(zip(column_of(table, "Structure"), column_of(table, "Test"), strict=True))


def row_of(panel, *wanted):
    return shown_rows(panel).index(wanted)


def test_the_tab_says_what_is_missing_and_names_come_from_the_boxes(panel, scene, message):
    button = panel.ui.compareButton
    assert not button.enabled
    assert "Choose the reference" in button.toolTip
    found = add_observers(scene)
    panel.session.parameterNode.referenceSegmentation = found.reference
    assert "Check at least one other" in button.toolTip
    panel.ui.othersSelector.check(found.vpm)
    assert panel.session.parameterNode.otherSegmentations == [found.vpm]
    assert button.enabled
    panel.ui.othersSelector.check(found.reference)  # with itself there is nothing to compare
    assert [node.GetName() for node in panel._nodes().values()] == ["RS", "VPM"]
    assert not message()


def test_the_table_has_the_figures_of_the_whole_image(panel, patient, compare, message, screenshot):
    compare()
    rows = shown_rows(panel)
    assert rows == [
        ("Brainstem", "LFT"),
        ("Brainstem", "VPM"),
        ("Parotid_L", "LFT"),
        ("Parotid_L", "VPM"),
        ("Cord", ""),
        ("Heart", "VPM"),
    ]
    assert heads_of(panel.ui.comparisonTable)[:6] == KEY
    sources = [Source(name, tuple(contours(drawn))) for name, drawn in (("VPM", VPM), ("LFT", LFT))]
    whole = compare_with_reference(
        Source("RS", tuple(contours(REFERENCE))), sources, ComparisonSettings(per_slice=True)
    )
    found = {(c.structure, c.test): c for c in panel.session.compared.comparisons}
    for expected in whole.comparisons:
        got = found[expected.structure, expected.test]
        for figure in ("dice", "specificity", "hd95_mm", "msd_mm", "surface_dice", "volume_error_percent"):
            assert getattr(got, figure) == pytest.approx(getattr(expected, figure), rel=1e-12), figure
        assert [s.index for s in got.slices] == [s.index for s in expected.slices]
    vpm = found["Parotid_L", "VPM"]
    assert column_of(panel.ui.comparisonTable, "Dice")[row_of(panel, "Parotid_L", "VPM")] == f"{vpm.dice:.3f}"
    assert message() == "4 pairs compared. Without a partner of the same name: 2."
    screenshot(panel.widget, "compare_small", (460, 760))


def test_undefined_numbers_and_lone_structures_say_why(panel, patient, compare):
    compare()
    table = panel.ui.comparisonTable
    heart = row_of(panel, "Heart", "VPM")
    dice = heads_of(table).index("Dice")
    assert table.item(heart, dice).text() == "–"
    assert "no partner of this name in RS" in table.item(heart, dice).toolTip()
    head = table.horizontalHeaderItem(heads_of(table).index("HD95, mm"))
    assert DEFINITIONS["hd95_mm"][1:] in head.toolTip()
    cord = row_of(panel, "Cord", "")
    assert table.item(cord, dice).toolTip() == "no partner of this name in VPM, LFT"
    table.selectRow(heart)
    assert "No partner of this name in RS." in panel.ui.rowLabel.text


def test_a_click_centers_the_views_and_shows_slices_and_differences(panel, patient, compare, click, scene):
    compare()
    row = row_of(panel, "Brainstem", "VPM")
    click(panel.ui.comparisonTable, row)
    k, j, i = VPM["Brainstem"]
    x, y, z = GRID.index_to_world((i, j, k))
    assert position(scene) == pytest.approx((-x, -y, z), abs=1.5)  # RAS; the middle of a ball, to a voxel
    node = panel.session.parameterNode
    assert panel.views.chart.chart is node.sliceChart
    assert node.sliceChart.GetTitle() == "Brainstem: VPM"
    segmentation = node.differenceOverlay.GetSegmentation()
    names = [segmentation.GetSegment(one).GetName() for one in segmentation.GetSegmentIDs()]
    assert names == ["Brainstem too much", "Brainstem left out"]
    assert node.differenceOverlay.GetDisplayVisibility()
    click(panel.ui.differencesCheckBox)
    assert not node.differenceOverlay.GetDisplayVisibility()
    assert "Dice of the slice" in panel.ui.sliceLegendLabel.text.replace("\u00a0", " ")


def test_colors_by_role_and_disagreement_are_shown_and_taken_back(panel, patient, compare, click, scene):
    compare()
    click(panel.ui.comparisonTable, row_of(panel, "Parotid_L", "LFT"))
    click(panel.ui.rolesCheckBox)

    def color(node):
        first = node.GetSegmentation().GetSegmentIDs()[0]
        return tuple(round(255 * part) for part in node.GetDisplayNode().GetSegmentColor(first))

    def outlined(node):
        red, green, blue = color(node)
        return max((red, "red"), (green, "green"), (blue, "blue"))[1]

    nodes = (patient.reference, patient.vpm, patient.lft)
    assert [outlined(node) for node in nodes] == ["red", "blue", "green"]
    click(panel.ui.rolesCheckBox)
    for node in nodes:
        own = node.GetSegmentation().GetNthSegment(0).GetColor()
        assert color(node) == tuple(round(255 * part) for part in own)
    click(panel.ui.disagreementCheckBox)
    volume = scene.GetFirstNodeByName("Disagreement on Parotid_L")
    composite = scene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode")
    assert composite.GetForegroundVolumeID() == volume.GetID()
    assert volume.GetImageData().GetScalarRange()[1] == pytest.approx(1 / 3)
    click(panel.ui.disagreementCheckBox)
    assert composite.GetForegroundVolumeID() is None


def test_predicted_stands_beside_true_where_the_contour_was_assessed(panel, patient, compare):
    from ContourQALib.metrics.definitions import Status
    from ContourQALib.quality.assessment import Assessment, Novelty, StructureAssessment
    from ContourQALib.quality.verdict import Verdict
    from slicer_module.quality_cases import MODEL

    one = StructureAssessment(
        "parotid left", Status.OK, 0.77, Verdict.REVIEW, (), Novelty(True), 3.0, False, 0.0
    )
    from ContourQALib.mrml.segmentations import contour_of, set_segment
    from ContourQAPanels.assessed import Assessed

    panel.session.parameterNode.segmentation = patient.vpm
    segment = patient.vpm.GetSegmentation().GetSegmentIdBySegmentName("parotid left")
    drawn = contour_of(patient.vpm, segment)
    nodes = (patient.volume.GetID(), patient.vpm.GetID())
    panel.session.assessed = Assessed(Assessment(MODEL, (one,), 0.1), (segment,), {segment: drawn}, *nodes)
    compare()
    predicted = column_of(panel.ui.comparisonTable, "Pred. Dice")
    assert predicted[row_of(panel, "Parotid_L", "VPM")] == "0.770"
    assert predicted[row_of(panel, "Parotid_L", "LFT")] == "–"
    head = panel.ui.comparisonTable.horizontalHeaderItem(
        heads_of(panel.ui.comparisonTable).index("Pred. Dice")
    )
    assert head.toolTip() == "Predicted Dice, without the reference"
    half = drawn.mask.copy()
    half[: len(half) // 2] = False
    set_segment(patient.vpm, segment, replace(drawn, mask=half))
    compare()  # the prediction was of the contour before it was edited
    assert "Pred. Dice" not in heads_of(panel.ui.comparisonTable)


def test_the_table_is_exported_with_its_slices(panel, patient, compare, click, dialogs, message, tmp_path):
    compare()
    dialogs.answer_next(str(tmp_path / "result"))
    click(panel.ui.exportButton)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "result.csv").read_text(encoding="utf-8"))))
    assert [row["structure"] for row in rows] == [name for name, _ in shown_rows(panel)]
    found = {(c.structure, c.test): c for c in panel.session.compared.comparisons}
    assert float(rows[0]["dice"]) == found[rows[0]["structure"], rows[0]["test"]].dice
    assert rows[-1]["dice"] == ""
    slices = (tmp_path / "result_slices.csv").read_text(encoding="utf-8").splitlines()
    assert len(slices) == 1 + sum(len(c.slices) for c in found.values())
    assert message() == "Wrote result.csv and result_slices.csv."
    (tmp_path / "file").write_text("")
    dialogs.answer_next(str(tmp_path / "file" / "x.csv"))
    click(panel.ui.exportButton)
    assert "is a file, not a folder" in message()
    dialogs.answer_next("")  # the user closes the dialog
    click(panel.ui.exportButton)


def test_cancel_leaves_the_scene_as_it_was_and_a_double_click_does_not_cancel(
    panel, patient, click, wait_until, message, scene, worker
):
    before = nodes_of(scene)
    worker.hold()
    click(panel.ui.compareButton)
    click(panel.ui.compareButton)
    assert panel.runButton.running
    assert panel.ui.compareButton.text == "Cancel"
    wait_until(lambda: worker.requests)
    time.sleep(0.5)
    click(panel.ui.compareButton)
    assert not panel.runButton.running
    assert panel.ui.compareButton.text == "Compare"
    assert message() == "Cancelled; nothing was changed."
    assert worker.cancelled == [1]
    assert nodes_of(scene) == before


def test_a_node_that_goes_while_computing_changes_nothing(
    panel, patient, click, wait_until, message, scene, worker
):
    worker.hold()
    click(panel.ui.compareButton)
    wait_until(lambda: worker.requests)
    scene.RemoveNode(patient.vpm)
    before = nodes_of(scene)
    worker.go_on()
    wait_until(lambda: not panel.runButton.running)
    assert message() == "A segmentation was removed while it was compared; nothing was changed."
    assert nodes_of(scene) == before
    assert panel.session.compared is None


def test_closing_the_scene_while_computing_is_safe(panel, patient, click, wait_until, scene, worker):
    worker.hold()
    click(panel.ui.compareButton)
    wait_until(lambda: worker.requests)
    scene.Clear(0)
    worker.go_on()
    assert not panel.runButton.running
    assert panel.ui.comparisonTable.rowCount == 0
    assert "Choose the reference" in panel.ui.compareButton.toolTip
    assert scene.GetNodesByClass("vtkMRMLTableNode").GetNumberOfItems() == 0


def test_adding_a_scene_keeps_what_is_checked(panel, patient, scene, tmp_path):
    added = tmp_path / "added.mrml"
    added.write_text('<MRML version="Slicer4.4.0"></MRML>')
    scene.SetURL(str(added))
    assert scene.Import()  # the selector is filled anew, without its check marks
    assert panel.session.parameterNode.otherSegmentations == [patient.vpm, patient.lft]
    assert set(panel.ui.othersSelector.checkedNodes()) == {patient.vpm, patient.lft}


def test_a_saved_scene_shows_table_and_chart_again(panel, patient, compare, click, save_and_reload, scene):
    compare()
    click(panel.ui.comparisonTable, row_of(panel, "Brainstem", "VPM"))
    before = [
        heads_of(panel.ui.comparisonTable),
        column_of(panel.ui.comparisonTable, "Dice"),
        shown_rows(panel),
    ]
    save_and_reload()
    after = [
        heads_of(panel.ui.comparisonTable),
        column_of(panel.ui.comparisonTable, "Dice"),
        shown_rows(panel),
    ]
    assert after == before
    assert panel.views.chart.chart.GetTitle() == "Brainstem: VPM"
    assert [node.GetName() for node in panel._nodes().values()] == ["RS", "VPM", "LFT"]
    click(panel.ui.comparisonTable, row_of(panel, "Parotid_L", "VPM"))
    k, j, i = VPM["parotid left"]
    x, y, z = GRID.index_to_world((i, j, k))
    assert position(scene) == pytest.approx((-x, -y, z), abs=1.5)


def moved(centers, mm):
    grid = replace(GRID, origin=tuple(np.add(GRID.origin, (mm, 0, 0)).tolist()))
    return [replace(contour, grid=grid) for contour in contours(centers)]


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        (moved(VPM, 900.0), "lie wholly outside RS: another patient, or a missing transform?"),
        (contours({"Lung": (8, 8, 8)}), "has a partner in Other; name the segments alike"),
        ([], "Segmentation Other has no segments"),
    ],
    ids=["another patient", "other names", "no segments"],
)
def test_what_cannot_be_compared_is_one_sentence(panel, patient, compare, message, scene, drawn, expected):
    from ContourQALib.mrml.segmentations import add_segmentation

    other = add_segmentation(scene, drawn, "Other")
    panel.session.parameterNode.otherSegmentations = [other]
    before = nodes_of(scene)
    compare()
    assert expected in message()
    assert nodes_of(scene) == before
    assert panel.ui.comparisonTable.rowCount == 0


def test_doubtful_comparisons_are_warned_of(panel, patient, compare, message, module_widget, scene):
    from ContourQALib.mrml.segmentations import add_segmentation

    empty = Contour(np.zeros(GRID.shape, bool), GRID, "Cord")
    far = moved({"Brainstem": REFERENCE["Brainstem"]}, 900.0)
    apart = Contour(ball((6, 30, 6)), GRID, "Parotid L")
    lost = moved({"Brainstem": (15, 20, 36)}, 8.0)
    panel.session.parameterNode.otherSegmentations = [
        add_segmentation(scene, [empty, *far], "Elsewhere"),
        add_segmentation(scene, [apart], "Apart"),
        add_segmentation(scene, lost, "Lost"),
    ]
    compare()
    assert module_widget.messages.kind == "warning"
    told = message()
    assert "Not compared, elsewhere in space: Brainstem (Elsewhere)" in told
    assert "No contour of Apart, Lost overlaps its reference" in told
    assert "cc lie outside the reference's image and were left out (Brainstem, Lost)" in told
    row = row_of(panel, "Cord", "Elsewhere")
    assert column_of(panel.ui.comparisonTable, "Dice")[row] == "0.000"
    hd95 = panel.ui.comparisonTable.item(row, heads_of(panel.ui.comparisonTable).index("HD95, mm"))
    assert (hd95.text(), hd95.toolTip()) == (
        "–",
        "the test contour is empty: Dice is 0 and distances are undefined",
    )
    panel.ui.comparisonTable.selectRow(row_of(panel, "Brainstem", "Elsewhere"))
    assert "outside the reference's space" in panel.ui.rowLabel.text


def test_twenty_structures_of_two_observers_do_not_stop_the_event_loop(
    panel, scene, click, wait_until, stalls
):
    from ContourQALib.mrml.segmentations import add_segmentation

    centers = np.random.default_rng(1).integers(8, 20, (20, 3))
    drawn = [
        [Contour(ball(center + shift), GRID, f"S{n}") for n, center in enumerate(centers)]
        for shift in range(3)
    ]
    nodes = [add_segmentation(scene, some, f"Observer {n}") for n, some in enumerate(drawn)]
    node = panel.session.parameterNode
    node.referenceSegmentation, node.otherSegmentations = nodes[0], nodes[1:]
    # The stand-in draws charts without a GPU: that is not the panel's time.
    panel.ui.compareSlicesButton.collapsed = True
    panel.session.tasks.replaceWorker(Worker())
    with stalls:
        click(panel.ui.compareButton)
        wait_until(lambda: not panel.runButton.running, 60 * patience())
        wait_until(lambda: panel.table.current is not None)
    assert panel.ui.comparisonTable.rowCount == 40
    assert stalls.longest_ms < STALL_MS * patience()


def test_a_crash_is_a_sentence_and_the_next_click_works(panel, patient, compare, message, scene, worker):
    computed = worker.answers["CompareRequest"]
    worker.answers["CompareRequest"] = CRASH
    before = nodes_of(scene)
    compare()
    assert message().startswith("The computing process ended unexpectedly")
    assert nodes_of(scene) == before
    worker.answers["CompareRequest"] = computed
    compare()
    assert panel.ui.comparisonTable.rowCount == 6
