"""Rows and details: what a contour's findings read like, and that a hidden score leaves no trace."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.assessment import Assessment, ModelIdentity, Novelty, StructureAssessment
from ContourQALib.quality.verdict import Verdict
from ContourQALib.report.wording import sentence
from ContourQALib.workstation.decisions.decision import Choice
from ContourQALib.workstation.review.findings import Finding
from ContourQALib.workstation.review.structure_details import details_of
from ContourQALib.workstation.review.structure_rows import change_text, hex_of, row_of

FOUND = StructureAssessment(
    "Bladder",
    Status.OK,
    0.712,
    Verdict.REJECT,
    ("Predicted Dice 0.71 is below the reject level of 0.75.", "Second."),
    Novelty(False, ("Voxels of 9 mm are larger than any it learned from.",)),
    120.04,
    False,
    0.0,
    dice_interval=(0.62, 0.8),
    interval_level=0.9,
    interval_cases=55,
    hd95_mm=6.25,
    hd95_interval_mm=(4.0, 9.0),
    msd_mm=1.5,
    model="pelvis-phantom",
)
MODEL = ModelIdentity("pelvis-phantom", "1.0.0", "Apache-2.0", "released", teaching_only=True)
ASSESSMENT = Assessment(MODEL, (FOUND,), 1.0, (MODEL,))
AMBER = (1.0, 0.5, 0.0)


def row(finding: Finding, choice: Choice | None = None) -> dict[str, object]:
    return row_of(finding, AMBER, True, choice)


def test_a_row_says_verdict_figures_and_novelty() -> None:
    shown = row(Finding("Bladder", FOUND), Choice.REJECT)
    assert (shown["verdict"], shown["dice"], shown["hd95"]) == ("reject", "0.71", "6.2")
    assert (shown["lowAt"], shown["diceAt"], shown["highAt"]) == (24.0, 42.4, 60.0)
    assert shown["novel"]
    assert "9 mm" in str(shown["novelTip"])
    assert shown["diceTip"] == "Predicted Dice 0.71 [0.62, 0.80]"
    assert (shown["choice"], shown["color"], shown["state"]) == ("reject", "#ff8000", "known")


def test_a_contour_without_figures_reads_as_such() -> None:
    plain = replace(FOUND, dice=None, dice_interval=None, hd95_mm=None, hd95_interval_mm=None, model=None)
    shown = row(Finding("Bowel", plain))
    assert (shown["dice"], shown["diceAt"], shown["lowAt"], shown["hd95"]) == ("–", None, None, "–")


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        (Finding("B"), "unknown"),
        (Finding("B", awaited=True), "assessing"),
        (Finding("B", FOUND, awaited=True), "known"),
        (Finding("B", FOUND, awaited=True, edited=True, outdated=True), "changed"),
        (Finding("B", FOUND, edited=True, outdated=True), "outdated"),
        (Finding("B", FOUND, outdated=True), "outdated"),
        (Finding("B", FOUND, edited=True), "known"),
        (Finding("B", awaited=True, hidden=True), "hidden"),
    ],
)
def test_states(finding: Finding, state: str) -> None:
    assert row(finding)["state"] == state


def test_the_change_counts_from_the_file() -> None:
    better = replace(FOUND, dice=0.853)
    assert row(Finding("Bladder", better, FOUND, edited=True))["change"] == "+0.141"
    assert row(Finding("Bladder", better, FOUND, edited=False))["change"] == ""
    figures = details_of(Finding("Bladder", better, FOUND, edited=True), ASSESSMENT)["figures"]
    assert figures[0] == {
        "title": "Dice",
        "value": "0.85",
        "unit": "",
        "bounds": "0.62–0.80",
        "was": "was 0.71",
    }
    assert figures[1]["was"] == ""  # HD95 did not change


@pytest.mark.parametrize(("now", "before", "text"), [(0.7, 0.7, ""), (0.7, None, ""), (0.6, 0.7, "-0.100")])
def test_change_text(now: float, before: float | None, text: str) -> None:
    assert change_text(now, before) == text


def test_hidden_rows_and_details_hold_nothing_of_the_score() -> None:
    hidden = Finding("Bladder", hidden=True)
    words = json.dumps([row(hidden), details_of(hidden, ASSESSMENT)]).lower()
    for told in ("0.7", "reject", "accept", "review", "dice", "hd95", "novel", "reason", "pelvis"):
        assert told not in words


def test_details_give_reasons_intervals_model_and_caution() -> None:
    details = details_of(Finding("Bladder", FOUND), ASSESSMENT)
    assert details["reasons"] == list(FOUND.reasons)
    assert {one["title"]: one["bounds"] for one in details["figures"]} == {
        "Dice": "0.62–0.80",
        "HD95": "4.0–9.0",
        "MSD": "",
        "Volume": "",
    }
    assert "90 % interval from 55 patients." in details["notes"]
    assert details["novel"]
    assert details["noveltyReasons"] == list(FOUND.novelty.reasons)
    assert "FOR TEACHING ONLY" in details["model"]
    assert details["caution"] == MODEL.note


def test_a_preview_warns() -> None:
    preview = replace(MODEL, status="preview", teaching_only=False)
    details = details_of(Finding("Bladder", FOUND), Assessment(preview, (FOUND,), 1.0))
    assert "not been validated" in details["caution"]


def test_rules_alone_name_no_model() -> None:
    plain = replace(FOUND, model=None, dice=None, novelty=Novelty(None))
    details = details_of(Finding("Bowel", plain), ASSESSMENT)
    assert details["model"] == details["caution"] == ""
    assert "rules on its shape alone" in details["novelty"]


def test_colors_and_sentences() -> None:
    assert hex_of((0.0, 1.0, 0.2)) == "#00ff33"
    assert sentence("resampled: x") == "Resampled: x."
    assert sentence("Done.") == "Done."


def test_details_say_what_a_name_means_and_how_polygons_became_voxels() -> None:
    drawn = replace(FOUND, structure="LeftParotid", rasterized="From 3 contours on 3 planes")
    notes = " ".join(details_of(Finding("LeftParotid", drawn), ASSESSMENT)["notes"])
    assert "Parotid_L" in notes
    assert "from 3 contours on 3 planes" in notes.lower()
