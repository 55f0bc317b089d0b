"""The comparison page on phantom patients: real scene, real files, no browser."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.formats.contours import read_contours
from ContourQALib.metrics.comparison_set import ComparisonSettings, compare_with_reference
from ContourQALib.metrics.definitions import Status
from ContourQALib.metrics.pairing import Source
from ContourQALib.mrml import segmentations
from ContourQALib.mrml.outlines import display_of, rgb
from ContourQALib.quality.assessment import Assessment, ModelIdentity, Novelty, StructureAssessment
from ContourQALib.quality.verdict import Verdict
from ContourQALib.report.outlines import MODEL_COLORS
from ContourQALib.report.outlines import REFERENCE as RED
from ContourQALib.workstation.compare.compare_page import ALONE
from ContourQALib.workstation.compare.predicted import AWAITED, CALL_FIRST
from ContourQALib.workstation.decisions.decision import Choice, Decision

MODEL = ModelIdentity("net", "1.2.0", "MIT", "released")
CTV = StructureAssessment(
    "CTV",
    Status.OK,
    0.83,
    Verdict.REVIEW,
    (),
    Novelty(True),
    volume_cc=51.25,
    resampled=False,
    lost_cc=0.0,
    dice_interval=(0.61, 0.93),
    interval_level=0.9,
    model="net",
)
FOUND = Assessment(MODEL, (CTV,), 1.5, (MODEL,))
DECIDED_AT = "2026-01-02T03:04:05.000+00:00"
DECISION = Decision(
    "phantom_1",
    "CTV",
    Choice.ACCEPT,
    "",
    "",
    "",
    "net",
    "1.2.0",
    "review",
    0.83,
    0.61,
    0.93,
    True,
    decided_at=DECIDED_AT,
)
FIGURES = ("dice", "specificity", "hd95_mm", "msd_mm", "surface_dice", "volume_error_percent", "touches_edge")


def by_library(folder: Path, **changed: Contour) -> dict[tuple[str, str], object]:
    """What the library says of the files, whole as they are, by (structure, test)."""
    vpm = tuple(changed.get(one.name, one) for one in read_contours(folder / "vendor.seg.nrrd"))
    reference = Source("Reference", read_contours(folder / "reference.seg.nrrd"))
    tests = [Source("VPM", vpm), Source("LFT", read_contours(folder / "fine_tuned.seg.nrrd"))]
    found = compare_with_reference(reference, tests, ComparisonSettings(per_slice=True))
    return {(one.structure, one.test): one for one in found.comparisons}


def figures(one) -> list[float]:
    return [getattr(one, name) for name in FIGURES]


def voxels(node, part: str) -> int:
    """Voxels of the segment whose name ends so."""
    segment = next(one for one in segmentations.segments_of(node) if one.name.endswith(part))
    return int(np.count_nonzero(segmentations.contour_of(node, segment.id).mask))


def test_every_model_is_measured_as_the_command_line_measures_the_files(desk, cases) -> None:
    desk.open("phantom_1")
    wanted = by_library(cases / "phantom_1")
    assert {(one.structure, one.test) for one in desk.result.comparisons} == set(wanted)
    for one in desk.result.comparisons:
        other = wanted[one.structure, one.test]
        assert figures(one) == pytest.approx(figures(other), rel=1e-12)
        for name in ("index", "dice", "hd95_mm", "area_error_mm2"):
            assert [getattr(s, name) for s in one.slices] == pytest.approx(
                [getattr(s, name) for s in other.slices]
            )
    dice = wanted["CTV", "LFT"].dice
    assert desk.row("CTV", "LFT")["cells"][0] == {"text": f"{dice:.3f}", "best": True}
    assert [one["name"] for one in desk.shown.sources] == ["Reference", "VPM", "LFT"]
    assert desk.shown.notice == ""


def test_a_row_shows_its_structure_where_it_differs_most(desk, cases) -> None:
    desk.open("phantom_1")
    desk.do(desk.page.choose, "Rectum", "VPM")
    assert desk.session.structure == "Rectum"
    folder = cases / "phantom_1"
    masks = [
        next(one.mask for one in read_contours(folder / name) if one.name == "Rectum")
        for name in ("reference.seg.nrrd", "vendor.seg.nrrd")
    ]
    area = np.count_nonzero(masks[0] ^ masks[1], axis=(1, 2))
    assert desk.session.views.slice_index() == area.argmax()
    assert desk.chart["layout"]["shapes"][0]["x0"] == area.argmax()

    scene = desk.page.view.scene
    colors = {"Reference": RED.color, "VPM": MODEL_COLORS["vpm"][0], "LFT": MODEL_COLORS["lft"][0]}
    for name, color in colors.items():
        node = scene.node(name)
        segment = node.GetSegmentation().GetNthSegmentID(0)
        shown = display_of(node).GetSegmentOverrideColor(segment)
        assert tuple(shown) == pytest.approx(rgb(color))
    assert voxels(scene.node("VPM"), "VPM") == masks[1].sum()
    marks = scene.nodes[-1]
    assert voxels(marks, "too much") == (masks[1] & ~masks[0]).sum()
    assert voxels(marks, "left out") == (masks[0] & ~masks[1]).sum()

    k = int(area.argmax()) - 2
    desk.do(desk.page.view.to_slice, k)
    assert desk.session.views.slice_index() == k
    assert desk.chart["layout"]["shapes"][0]["x0"] == k
    desk.put(hidden=["LFT"], marked=False)
    assert [node.GetName() for node in scene.nodes] == ["Compared Reference", "Compared VPM"]
    desk.put(shown=["LFT"], marked=True, opacity=30)
    assert desk.shown.test == "LFT"
    assert [row["source"] for row in desk.shown.groups[0]["rows"]] == ["LFT"]
    assert display_of(scene.nodes[-1]).GetOpacity2DFill() == pytest.approx(0.3)
    assert [curve["name"] for curve in desk.chart["data"]] == ["LFT"]


def test_what_the_page_draws_is_on_this_page_alone_and_goes_with_the_case(desk, cases) -> None:
    desk.open("phantom_1")
    reviewed = display_of(desk.session.case.contours)
    assert len(desk.page.view.scene.nodes) == 4
    assert not reviewed.GetVisibility()
    desk.do(desk.session.show_page, "review")
    assert desk.page.view.scene.nodes == ()
    assert reviewed.GetVisibility()
    desk.do(desk.session.show_page, "compare")
    assert len(desk.page.view.scene.nodes) == 4
    assert len(desk.asked.comparisons) == 1  # what is known is not asked for again
    desk.bench.run(desk.session.open_case("phantom_2"))
    desk.settle()
    scene = desk.session.scene
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1 + 4
    assert figures(desk.result.find("CTV", "VPM")) == pytest.approx(
        figures(by_library(cases / "phantom_2")["CTV", "VPM"])
    )
    desk.do(desk.session.close_case)
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0
    assert desk.shown.groups == []


def test_an_edit_is_compared_again_and_files_say_that_it_was_edited(desk, cases) -> None:
    desk.open("phantom_1", "review")
    desk.do(desk.session.show_page, "compare")
    desk.settle()
    bladder = desk.result.find("Bladder", "VPM")
    case = desk.session.case
    contour = case.contour("CTV")
    smaller = replace(contour, mask=contour.mask & (np.arange(contour.mask.shape[2]) > 2))
    assert 0 < smaller.mask.sum() < contour.mask.sum()
    segmentations.set_segment(case.contours, case.segment_ids["CTV"], smaller)
    case.edited.add("CTV")
    case.changes["CTV"] += 1
    desk.do(desk.session.edited, "CTV")
    desk.settle()
    wanted = by_library(cases / "phantom_1", CTV=smaller.on(case.image.grid))
    assert figures(desk.result.find("CTV", "VPM")) == pytest.approx(figures(wanted["CTV", "VPM"]))
    assert desk.result.find("Bladder", "VPM") is bladder
    assert desk.shown.groups[0]["edited"]
    address = desk.do(desk.page.table_address)
    offered = desk.session.downloads._offers[address.rsplit("/", 1)[1]]
    table = csv.DictReader(io.StringIO(offered.content.decode("utf-8-sig")))
    named = {row["test"]: row for row in table if row["structure"] == "CTV"}
    assert named.keys() == {"VPM (edited)", "LFT"}
    assert float(named["VPM (edited)"]["dice"]) == pytest.approx(wanted["CTV", "VPM"].dice)


def test_edits_while_something_is_compared_are_not_lost(desk, cases) -> None:
    desk.asked.held = True
    desk.bench.run(desk.session.open_case("phantom_1"))
    desk.do(desk.session.show_page, "compare")
    desk.bench.wait(lambda: desk.asked.comparisons)
    desk.session.case.edited.add("Rectum")
    desk.do(desk.session.edited, "Rectum")
    desk.asked.held = False
    desk.settle()
    desk.bench.wait(lambda: len(desk.asked.comparisons) == 2)
    desk.settle()
    assert [one.name for one in desk.asked.comparisons[1].reference.contours] == ["Rectum"]
    assert not desk.page.comparing.is_outdated


def test_a_long_comparison_is_cancelled_and_offered_again(desk, cases) -> None:
    desk.asked.held = True
    desk.bench.run(desk.session.open_case("phantom_1"))
    desk.do(desk.session.show_page, "compare")
    desk.bench.wait(lambda: desk.asked.comparisons)
    assert desk.shown.step
    desk.do(desk.page.comparing.cancel)
    assert (desk.shown.step, desk.shown.offer) == ("", "Compare")
    desk.do(desk.session.show_page, "review")
    desk.do(desk.session.show_page, "compare")
    assert not desk.page.comparing.running  # the reader has ended it
    desk.asked.held = False
    desk.do(desk.page.offer)
    desk.settle()
    assert len(desk.shown.groups) == 6


def test_without_a_reference_models_are_compared_with_each_other_and_the_page_says_so(desk) -> None:
    desk.open("two_models")
    first, second = (one["name"] for one in desk.shown.sources)
    assert desk.shown.offer == f"Compare {second} with {first}"
    assert "no reference" in desk.shown.notice
    assert desk.asked.comparisons == []
    desk.do(desk.page.offer)
    desk.settle()
    assert desk.shown.reference == first
    assert f"against {first}, which is not held to be right" in desk.shown.notice
    assert not any(cell["best"] for cell in desk.row("CTV", second)["cells"])
    desk.bench.run(desk.session.open_case("one_model"))
    desk.settle()
    assert (desk.shown.notice, desk.shown.offer, desk.shown.groups) == (ALONE, "", [])


def test_another_reference_and_another_tolerance_are_asked_for(desk, cases) -> None:
    desk.open("phantom_1")
    strict = desk.result.find("CTV", "LFT").surface_dice
    desk.put(tolerance_mm=6.0)
    desk.settle()
    assert desk.result.find("CTV", "LFT").tolerance_mm == 6.0
    assert desk.result.find("CTV", "LFT").surface_dice > strict
    desk.put(tolerance_mm="no number")
    desk.settle()
    assert desk.result.question.tolerance_mm == 6.0
    desk.put(reference="LFT")
    desk.settle()
    assert desk.shown.shown == ["Reference", "VPM"]
    assert desk.result.find("CTV", "Reference").volume_test_cc == pytest.approx(
        by_library(cases / "phantom_1")["CTV", "LFT"].volume_reference_cc
    )


def test_a_file_that_cannot_be_read_is_said_and_tried_again(desk, cases) -> None:
    desk.open(next(case.name for case in desk.session.cases if case.name.startswith("broken")))
    assert desk.shown.notice_kind == "error"
    assert desk.shown.offer == "Try again"
    assert desk.shown.groups == []
    shutil.copy(cases / "phantom_1" / "reference.seg.nrrd", cases / "broken" / "reference.seg.nrrd")
    desk.do(desk.page.offer)
    desk.settle()
    assert len(desk.shown.groups) == 6


def test_predicted_dice_stands_beside_the_true_one_of_the_very_contour(desk) -> None:
    desk.open("phantom_1")
    case = desk.session.case
    assert desk.row("CTV", "VPM")["predicted"] == AWAITED
    desk.asked.assessment = FOUND
    desk.bench.wait(lambda: not case.is_awaited("CTV"))
    assert desk.row("CTV", "VPM")["predicted"] == "pred. 0.83"
    assert desk.row("CTV", "LFT")["predicted"] == ""
    desk.do(desk.page.choose, "CTV", "VPM")
    true = desk.result.find("CTV", "VPM").dice
    wanted = f"The true Dice is {true:.3f}, the predicted one 0.83 [0.61, 0.93] (90 % interval)."
    assert desk.shown.told[0] == wanted
    desk.do(desk.session.call_first.switch, True)
    assert desk.row("CTV", "VPM")["predicted"] == CALL_FIRST
    assert "0.83" not in " ".join(desk.shown.told)
    desk.do(desk.session.decided, DECISION)
    assert desk.shown.told[0] == wanted
    case.changes["CTV"] += 1  # drawn on since it was assessed
    desk.do(desk.session.assessed, case)
    assert desk.row("CTV", "VPM")["predicted"] == ""
    desk.do(desk.session.call_first.switch, False)
