"""The table says which source is better, by how much, and why a figure is missing."""

from __future__ import annotations

import asyncio
import csv
import dataclasses
import io

import pytest

from ContourQALib.report.outlines import REFERENCE as RED
from ContourQALib.report.outlines import looks_of_tests
from ContourQALib.workstation.compare.case_comparison import Question, compare_case
from ContourQALib.workstation.compare.case_source import CaseSource, Kind
from ContourQALib.workstation.compare.comparison_files import all_figures, slices_file, table_file
from ContourQALib.workstation.compare.figure_rows import COLUMNS, TableSettings, table_rows
from ContourQALib.workstation.compare.slice_chart import slice_chart
from workstation.compare.compared_boxes import GRID, LFT, REFERENCE, VPM

TRUTH = CaseSource("Reference", Kind.REFERENCE, RED)
LOOKS = looks_of_tests(["VPM", "LFT"])
REVIEWED = CaseSource("VPM", Kind.REVIEWED, LOOKS[0])
MODEL = CaseSource("LFT", Kind.MODEL, LOOKS[1], "LFT")
BOTH = (REVIEWED, MODEL)


@pytest.fixture(scope="module")
def result(ask):
    return asyncio.run(compare_case(ask, Question("Reference", ("VPM", "LFT")), REFERENCE, [VPM, LFT], GRID))


def rows(result, reference=TRUTH, **how):
    table = table_rows(result, TableSettings(BOTH, **how), reference, {("Bladder", "VPM"): "pred. 0.80"})
    return {group["structure"]: group["rows"] for group in table}


def texts(row) -> dict[str, str]:
    return {column.field: cell["text"] for column, cell in zip(COLUMNS, row["cells"], strict=True)}


def test_figures_stand_by_structure_and_source(result) -> None:
    table = rows(result)
    assert list(table) == ["Bladder", "CTV", "Rectum", "Bowel"]
    vpm, lft = table["Bladder"]
    assert texts(vpm)["dice"] == f"{2 * 480 / (480 + 700):.3f}"
    assert texts(lft)["volume_error_percent"] == "\N{MINUS SIGN}10.0"
    assert vpm["predicted"] == "pred. 0.80"
    assert lft["predicted"] == ""


def test_the_better_source_is_marked_where_the_reference_is_held_to_be_right(result) -> None:
    vpm, lft = rows(result)["Bladder"]
    assert [cell["best"] for cell in vpm["cells"]] == [False] * 5
    assert [cell["best"] for cell in lft["cells"]] == [True] * 5
    other = dataclasses.replace(TRUTH, kind=Kind.MODEL)
    for row in rows(result, other)["Bladder"]:
        assert not any(cell["best"] for cell in row["cells"])


def test_differences_are_to_the_first_source_and_say_which_way_is_better(result) -> None:
    _, _, difference = rows(result, differences=True)["Bladder"]
    assert difference["title"] == "LFT \N{MINUS SIGN} VPM"
    known = texts(difference)
    assert known["dice"] == f"{2 * 432 / (432 + 480) - 2 * 480 / (480 + 700):+.3f}"
    assert known["volume_error_percent"] == "\N{MINUS SIGN}55.8"
    assert {cell["tone"] for cell in difference["cells"]} == {"better"}


def test_what_is_missing_or_undefined_is_said_in_words(result) -> None:
    table = rows(result)
    empty = table["CTV"][0]
    assert texts(empty)["hd95_mm"] == "–"
    assert empty["note"].startswith("The test contour is empty: Dice is 0")
    assert [row["note"] for row in table["Rectum"]] == [
        "VPM has no contour of this name.",
        "LFT has no contour of this name.",
    ]
    assert [row["note"] for row in table["Bowel"]] == [
        "Reference has no contour of this name.",
        "LFT has no contour of this name.",
    ]


def test_structures_are_found_and_sorted(result) -> None:
    assert list(rows(result, text="bo")) == ["Bowel"]
    assert list(rows(result, sort="structure", descending=True)) == ["Rectum", "CTV", "Bowel", "Bladder"]
    worst = list(rows(result, sort="msd_mm"))
    assert worst.index("CTV") < worst.index("Bladder")  # an empty contour is worse than any distance
    assert next(iter(rows(result, sort="msd_mm", descending=True))) == "Bladder"


def test_files_hold_every_figure_and_tell_edited_contours(result) -> None:
    table = list(
        csv.DictReader(io.StringIO(table_file(result, "VPM", frozenset({"bladder"})).decode("utf-8-sig")))
    )
    assert {(row["structure"], row["test"]) for row in table if row["status"] == "ok"} == {
        ("Bladder", "VPM (edited)"),
        ("Bladder", "LFT"),
        ("CTV", "LFT"),
    }
    assert float(table[0]["dice"]) == result.find("Bladder", "VPM").dice
    assert {row["structure"] for row in table if row["status"] == "unmatched"} == {"Rectum", "Bowel"}
    slices = list(csv.DictReader(io.StringIO(slices_file(result, "VPM", frozenset()).decode("utf-8-sig"))))
    assert [row["index"] for row in slices if row["test"] == "LFT" and row["structure"] == "CTV"] == [
        "3",
        "4",
        "5",
    ]
    shown = all_figures(result, ["LFT"])
    assert [(row["structure"], row["cells"][0]) for row in shown] == [("Bladder", "0.947"), ("CTV", "1.000")]


def test_the_chart_has_a_curve_a_source_and_a_line_at_the_slice_that_is_shown(result) -> None:
    compared = [(result.find("Bladder", one.name), one.look) for one in BOTH]
    plotted = slice_chart(compared, "area_error_mm2", 4).to_plotly_json()
    vpm, lft = plotted["data"]
    assert vpm["x"] == [2, 3, 4, 5, 6, 7, 8]
    assert vpm["y"] == [30.0] * 6 + [150.0]  # 20 pixels of 1.5 mm² too much, then 100
    assert lft["y"] == [-12.0] * 6
    assert (vpm["line"]["color"], vpm["line"]["dash"]) == (LOOKS[0].color, "dash")
    assert lft["line"]["dash"] != vpm["line"]["dash"]
    assert plotted["layout"]["shapes"][0]["x0"] == 4
    distances = slice_chart(compared, "hd95_mm", None).to_plotly_json()
    assert distances["data"][0]["y"][-1] is None  # the reference is empty there
    assert distances["layout"]["shapes"] == []
