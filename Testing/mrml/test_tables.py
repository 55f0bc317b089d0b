"""Tables: typed columns with titles, units and tool tips; undefined numbers with their reason."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import compare
from ContourQALib.metrics.definitions import Status
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.mrml import table_columns, tables
from ContourQALib.mrml.table_columns import TableColumn
from ContourQALib.quality.assessment import (
    Assessment,
    ModelIdentity,
    Novelty,
    StructureAssessment,
    SuspiciousSlice,
)
from ContourQALib.quality.verdict import Verdict
from ContourQALib.thresholds.analysis import analyze
from ContourQALib.thresholds.expected import expected_curve
from ContourQALib.worker_requests import Swept

GRID = Grid.for_shape((6, 6, 6), (1.0, 1.0, 2.0))


@pytest.fixture
def node(scene: Any) -> Any:
    return scene.AddNewNodeByClass("vtkMRMLTableNode", "results")


def column(node: Any, name: str) -> list[Any]:
    array = node.GetTable().GetColumnByName(name)
    assert array is not None, f"no column {name}"
    return [array.GetValue(row) for row in range(node.GetNumberOfRows())]


def names(node: Any) -> list[str]:
    return [node.GetColumnName(n) for n in range(node.GetNumberOfColumns())]


def assessed(structure: str, dice: float | None, verdict: Verdict, **further: Any) -> StructureAssessment:
    return StructureAssessment(
        structure=structure,
        status=Status.OK,
        dice=dice,
        verdict=verdict,
        reasons=("Dice below the level.", "Slices differ."),
        novelty=Novelty(True),
        volume_cc=12.5,
        resampled=False,
        lost_cc=0.0,
        **further,
    )


@pytest.fixture
def assessment() -> Assessment:
    model = ModelIdentity("pelvis", "1.0", "Apache-2.0")
    return Assessment(
        model,
        (
            assessed(
                "CTV",
                0.91,
                Verdict.ACCEPT,
                dice_interval=(0.85, 0.95),
                interval_level=0.9,
                hd95_mm=3.2,
                hd95_interval_mm=(2.0, 5.0),
                msd_mm=0.8,
                slices=(SuspiciousSlice(42, 0.3), SuspiciousSlice(7, 0.1)),
                model="pelvis",
            ),
            assessed("Rectum", None, Verdict.REVIEW),
            assessed("Bowel", 0.61, Verdict.REJECT, interval_reason="too few patients", model="pelvis"),
            assessed("Bladder", 0.5, Verdict.REJECT, model="pelvis"),
        ),
        1.0,
    )


def box(*span: tuple[int, int]) -> Contour:
    mask = np.zeros(GRID.shape, bool)
    mask[tuple(slice(*s) for s in span)] = True
    return Contour(mask, GRID, "CTV")


def test_what_needs_a_look_comes_first(node: Any, assessment: Assessment) -> None:
    tables.fill_assessment(node, assessment)

    assert column(node, "structure") == ["Bladder", "Bowel", "Rectum", "CTV"]
    assert column(node, "verdict") == ["reject", "reject", "review", "accept"]


def test_numbers_are_numbers_and_what_is_undefined_says_why(node: Any, assessment: Assessment) -> None:
    tables.fill_assessment(node, assessment)

    for name in (
        "dice",
        "dice_from",
        "dice_to",
        "hd95_mm",
        "hd95_from_mm",
        "hd95_to_mm",
        "msd_mm",
        "volume_cc",
    ):
        assert node.GetTable().GetColumnByName(name).GetDataTypeAsString() == "double", name
    assert column(node, "dice")[3] == 0.91
    assert (column(node, "dice_from")[3], column(node, "dice_to")[3]) == (0.85, 0.95)
    assert (column(node, "hd95_from_mm")[3], column(node, "hd95_to_mm")[3]) == (2.0, 5.0)
    assert math.isnan(column(node, "dice")[2])
    assert column(node, "reason") == ["", "too few patients", tables.NOT_PREDICTED, ""]
    assert column(node, "slices")[3] == "42, 7"


def test_columns_have_titles_units_and_tool_tips(node: Any, assessment: Assessment) -> None:
    tables.fill_assessment(node, assessment)

    assert node.GetUseColumnTitleAsColumnHeader()
    assert node.GetColumnTitle("dice") == "Predicted Dice"
    assert node.GetColumnUnitLabel("hd95_from_mm") == "mm"
    assert node.GetColumnUnitLabel("volume_cc") == "cc"
    assert "90 % interval" in node.GetColumnDescription("dice_from")
    assert "HD95, mm" in table_columns.titles(node)
    assert all(node.GetColumnTitle(name) for name in names(node))


def test_true_dice_stands_beside_the_predicted_one(node: Any, assessment: Assessment) -> None:
    tables.fill_assessment(node, assessment, {"CTV": 0.93})

    assert names(node)[2:4] == ["dice", "true_dice"]
    assert column(node, "true_dice")[3] == 0.93
    assert math.isnan(column(node, "true_dice")[0])


def test_a_table_is_filled_anew_and_tells_its_observers_once(node: Any, assessment: Assessment) -> None:
    tables.fill_assessment(node, assessment, {"CTV": 0.93})
    told = []
    node.AddObserver("ModifiedEvent", lambda *_: told.append(1))

    tables.fill_assessment(node, replace(assessment, structures=assessment.structures[:1]))

    assert len(told) == 1
    assert node.GetNumberOfRows() == 1
    assert "true_dice" not in names(node)
    assert node.GetColumnTitle("true_dice") == ""


def test_a_column_that_cannot_be_made_leaves_the_table_as_it_was(node: Any, assessment: Assessment) -> None:
    tables.fill_assessment(node, assessment)
    before = names(node), column(node, "structure")

    with pytest.raises(ValueError, match="could not convert"):
        table_columns.fill(node, [TableColumn("a", "A", ["x"]), TableColumn("b", "B", ["not a number"])])

    assert (names(node), column(node, "structure")) == before


def test_an_assessment_of_nothing_has_columns_and_no_rows(node: Any, assessment: Assessment) -> None:
    tables.fill_assessment(node, replace(assessment, structures=()))

    assert node.GetNumberOfRows() == 0
    assert "dice" in names(node)


def test_a_comparison_has_every_figure(node: Any) -> None:
    reference, test = box((1, 4), (1, 4), (1, 4)), box((1, 4), (1, 4), (1, 5))
    compared = compare(reference, test, reference_label="Reference", test_label="VPM")

    tables.fill_comparison(node, [compared])

    figures = [
        name
        for name in names(node)
        if node.GetTable().GetColumnByName(name).GetDataTypeAsString() == "double"
    ]
    assert {"dice", "hd_mm", "hd95_mm", "msd_mm", "surface_dice", "volume_error_percent"} <= set(figures)
    for name in figures:
        assert column(node, name) == [getattr(compared, name)], name
    assert column(node, "test") == ["VPM"]
    assert "percentiles" in node.GetColumnDescription("hd95_mm"), "which of the field's HD95 it is"


def test_distances_to_nothing_are_blank_with_a_reason(node: Any) -> None:
    compared = compare(box((1, 4), (1, 4), (1, 4)), replace(box((0, 1)), mask=np.zeros(GRID.shape, bool)))
    assert math.isinf(compared.hd_mm) or math.isnan(compared.hd_mm)

    tables.fill_comparison(node, [compared])

    assert math.isnan(column(node, "hd_mm")[0])
    assert column(node, "dice") == [0.0]
    assert "empty" in column(node, "reason")[0]
    assert column(node, "status") == ["test_empty"]
    row = dict(zip(names(node), table_columns.texts(node)[0], strict=True))
    assert row["hd_mm"] == ""
    assert row["dice"] == "0.000"


def test_rows_are_sorted_and_those_without_partner_come_last(node: Any) -> None:
    reference, test = box((1, 4), (1, 4), (1, 4)), box((1, 4), (1, 4), (1, 5))
    pairs = [
        compare(replace(reference, name=name), test, reference_label="R", test_label=label)
        for name, label in (("Rectum", "VPM"), ("bladder", "VPM"), ("Rectum", "LFT"))
    ]
    lone = Unmatched("Bowel", "reference", "R", ("VPM",))

    tables.fill_comparison(node, pairs, [lone])

    told = list(zip(column(node, "structure"), column(node, "test"), strict=True))
    assert told == [("bladder", "VPM"), ("Rectum", "LFT"), ("Rectum", "VPM"), ("Bowel", "")]
    assert column(node, "status")[3] == "unmatched"
    assert "VPM" in column(node, "reason")[3]
    assert math.isnan(column(node, "dice")[3])


def test_predicted_and_true_dice_stand_side_by_side(node: Any) -> None:
    compared = compare(
        box((1, 4), (1, 4), (1, 4)), box((1, 4), (1, 4), (1, 5)), reference_label="R", test_label="VPM"
    )

    tables.fill_comparison(node, [compared], predicted={("CTV", "VPM"): 0.9})

    at = names(node).index("dice")
    assert names(node)[at : at + 3] == ["dice", "predicted_dice", "prediction_error"]
    assert column(node, "predicted_dice") == [0.9]
    assert column(node, "prediction_error") == [pytest.approx(0.9 - compared.dice)]


def test_slices_have_whole_numbers_for_indices(node: Any) -> None:
    reference, test = box((1, 4), (1, 4), (1, 4)), box((2, 5), (1, 4), (1, 5))
    compared = compare(reference, test, per_slice=True)

    tables.fill_slices(node, compared)

    assert node.GetTable().GetColumnByName("index").GetDataTypeAsString() == "int"
    assert column(node, "index") == [1, 2, 3, 4]
    assert column(node, "dice") == [0.0, pytest.approx(6 / 7), pytest.approx(6 / 7), 0.0]
    assert column(node, "reason") == [
        "the test contour is empty in this slice",
        "",
        "",
        "the reference is empty in this slice",
    ]
    assert node.GetColumnUnitLabel("area_test_mm2") == "mm²"


@pytest.fixture
def probability() -> ProbabilityMap:
    values = np.zeros(GRID.shape, np.float32)
    values[1:4, 1:4, 1:4] = 0.6
    values[2, 2, 2] = 0.9
    return ProbabilityMap(values, GRID, "CTV")


def test_a_sweep_with_reference(node: Any, probability: ProbabilityMap) -> None:
    steps = [0.0, 0.5, 0.8, 1.0]
    analysis = analyze(probability, box((1, 4), (1, 4), (1, 4)), steps)

    tables.fill_sweep(node, Swept(analysis, expected_curve(probability, steps)))

    assert column(node, "threshold") == steps
    assert column(node, "dice")[1] == 1.0
    assert column(node, "volume_cc")[1] == pytest.approx(27 * GRID.voxel_volume_cc)
    assert column(node, "expected_dice") == pytest.approx(expected_curve(probability, steps).expected_dice)
    assert math.isnan(column(node, "hd_mm")[3])
    assert column(node, "reason")[3] == tables.NOTHING_SELECTED
    assert column(node, "status") == ["full", "ok", "ok", "empty"]


def test_a_sweep_without_reference_has_volume_and_expected_dice(
    node: Any, probability: ProbabilityMap
) -> None:
    tables.fill_sweep(node, Swept(None, expected_curve(probability)))

    assert names(node) == ["threshold", "volume_cc", "expected_dice", "reason"]
    assert set(column(node, "reason")) == {tables.NO_REFERENCE}
    assert node.GetNumberOfRows() == 101


def test_expected_dice_is_never_taken_from_another_threshold(probability: ProbabilityMap) -> None:
    analysis = analyze(probability, box((1, 4), (1, 4), (1, 4)), [0.25, 0.5])
    swept = Swept(analysis, expected_curve(probability, [0.5, 0.75]))

    found = tables.expected_at(swept, analysis.sweep.thresholds)

    assert math.isnan(found[0])
    assert found[1] == swept.expected.expected_dice[0]


def test_texts_are_rounded_as_everywhere(node: Any, assessment: Assessment) -> None:
    tables.fill_assessment(node, assessment)

    row = dict(zip(names(node), table_columns.texts(node)[3], strict=True))
    assert (row["dice"], row["hd95_mm"], row["volume_cc"]) == ("0.910", "3.20", "12.50")
    assert dict(zip(names(node), table_columns.texts(node)[2], strict=True))["dice"] == ""


def test_a_table_comes_back_from_a_saved_scene(
    slicer: Any, node: Any, assessment: Assessment, tmp_path: Any
) -> None:
    tables.fill_assessment(node, assessment)
    storage = slicer.vtkMRMLTableStorageNode()
    storage.SetFileName(str(tmp_path / "table.tsv"))
    assert storage.WriteData(node)

    again = slicer.vtkMRMLTableNode()
    assert storage.ReadData(again)

    assert names(again) == names(node)
    assert table_columns.texts(again) == table_columns.texts(node)
    assert table_columns.titles(again) == table_columns.titles(node)
    assert again.GetColumnDescription("dice_from") == node.GetColumnDescription("dice_from")
