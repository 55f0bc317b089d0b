"""Threshold studies as JSON, CSV, tables in the terminal and sections of the page."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.metrics.definitions import Status
from ContourQALib.report import threshold_section
from ContourQALib.report.records import to_csv, to_json
from ContourQALib.report.threshold_records import CURVES, case_record, study_document, study_rows
from ContourQALib.report.threshold_section import study_sections
from ContourQALib.report.threshold_tables import print_study
from ContourQALib.thresholds.cases import ThresholdCase, ThresholdStudy, Unpaired, analyze_case, study


def analyzed(name: str, reference: Contour, drawn: Contour, inside: float = 0.7) -> ThresholdCase:
    values = np.where(drawn.mask, inside, 0.2).astype(np.float32)
    probability = ProbabilityMap(values, reference.grid, "p")
    labels = {"reference_label": f"{name}/r.nrrd", "probability_label": f"{name}/p.nrrd"}
    return analyze_case(name, probability, reference, keep_contours=True, **labels)


@pytest.fixture(scope="module")
def cohort(reference: Contour, shifted: Contour, empty: Contour) -> ThresholdStudy:
    failed = ThresholdCase(
        "d", "CTV", "r", "<p>.nrrd", Status.FAILED, "<p>.nrrd does not exist; check the path."
    )
    return study(
        [
            analyzed("a <1>", reference, shifted),
            analyzed("b", reference, reference, 0.9),
            analyzed("c", empty, shifted),
            failed,
        ],
        [Unpaired("Rectum", "reference", "r.nrrd")],
    )


def test_the_document_is_strict_json_with_null_for_what_is_undefined(cohort):
    document = json.loads(to_json(study_document(cohort)))
    a, b, c, d = document["cases"]
    assert (a["status"], c["status"], d["status"]) == ("ok", "reference_empty", "failed")
    assert a["hd_mm"][-1] is None
    assert "select nothing" in a["reason"]
    assert b["optimum"]["msd_mm"] == {"threshold": 0.21, "value": 0.0, "flag": "ok"}
    assert b["loss_at_half_percent"]["msd_mm"] is None  # of nothing there is no percentage
    assert "0" in b["reasons"]["loss_at_half_percent.msd_mm"]
    assert c["optimum"]["dice"] == {"threshold": None, "value": None, "flag": None}
    assert c["calibration"] is None
    assert d["reason"].endswith("check the path.")
    assert all(d[name] == [] for name in (*CURVES, "thresholds", "flags"))
    assert set(a) == set(b) == set(c) == set(d)
    pooled = document["pooled"]["CTV"]
    assert pooled["cases"] == ["a <1>", "b", "c"]
    assert pooled["without_optimum"]["dice"] == ["c"]
    assert pooled["dice"]["undefined"] == [1] * 101
    assert document["unmatched"] == [{"structure": "Rectum", "side": "reference", "source": "r.nrrd"}]
    for word in ("dice", "hd95_mm", "optimum", "prominence", "ece", "calibration"):
        assert word in document["definitions"]


def test_calibration_and_what_it_does_to_the_optimum_are_in_the_record(cohort):
    record = case_record(cohort.cases[0])
    calibration = record["calibration"]
    assert calibration["in_sample"] is True
    assert calibration["before"]["ece"] > calibration["temperature_and_bias"]["after"]["ece"]
    assert len(calibration["before"]["observed"]) == len(calibration["before"]["voxels"]) == 15
    moved = record["recalibrated"]["temperature"]
    # A temperature leaves one half where it is, and so what it costs.
    assert moved["loss_at_half_percent"]["dice"] == pytest.approx(record["loss_at_half_percent"]["dice"])
    assert set(moved["perturbation_loss_percent"]) == {"0.01", "0.02", "0.05", "0.10"}


def test_rows_are_a_case_structure_and_threshold(cohort):
    rows = study_rows(cohort)
    assert len(rows) == 3 * 101 + 1
    assert len({tuple(row) for row in rows}) == 1
    assert [row["threshold"] for row in rows[:3]] == [0.0, 0.01, 0.02]
    sweep = cohort.cases[0].analysis.sweep
    assert [row["hd95_mm"] for row in rows[:60]] == sweep.hd95_mm[:60].tolist()
    assert (rows[-1]["status"], rows[-1]["threshold"], rows[-1]["dice"]) == ("failed", None, None)
    assert "nan" not in to_csv(rows)


def printed(result: ThresholdStudy) -> str:
    console = Console(file=io.StringIO(), width=80)
    print_study(console, result)
    return console.file.getvalue()


def test_the_table_has_a_row_a_figure_with_notes(cohort):
    shown = printed(cohort)
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    best = cohort.cases[0].analysis.optimum["dice"]
    assert any(line.startswith(f"a <1> CTV Dice {best.threshold:g} {best.value:.3f}") for line in lines)
    assert any(line.startswith("d CTV failed") for line in lines)
    assert "check the path" in shown
    assert "The reference contour is empty" in shown
    assert "No best threshold" in shown
    assert "Without a best threshold of their own, 1 of the cases: c" in shown
    assert "Rectum (no map)" in shown
    share = 100 * cohort.cases[0].analysis.sweep.prominence
    assert f"{share:.2g} %" in shown


def test_the_table_of_one_case_recommends_nothing(reference, shifted):
    assert "Recommended" not in printed(study([analyzed("a", reference, shifted)]))


def test_an_optimum_that_is_no_contour_is_said(reference):
    flat = ProbabilityMap(np.ones(reference.mask.shape, np.float32), reference.grid, "p")
    shown = printed(study([analyze_case("a", flat, reference)]))
    assert "The best threshold selects the whole grid" in shown
    assert "Every threshold of the sweep selects the whole grid" in shown


def test_the_page_has_every_part_and_escapes_names(cohort, image):
    asked: list[str] = []

    def image_of(case: ThresholdCase) -> Image:
        asked.append(case.case)
        return image

    sections = study_sections(cohort, image_of)
    assert [s.title for s in sections] == ["Thresholds", "Over all cases", "Case by case", "Words"]
    body = "".join(section.body for section in sections)
    assert "a &lt;1&gt;" in body
    assert "<1>" not in body
    assert "&lt;p&gt;.nrrd does not exist; check the path.<" in body
    assert asked == ["a <1>", "b"]  # without a reference there is nothing to look at
    # a: curves, slices, losses, reliability; b the same; c curves; pooled: curves, losses, reliability
    assert body.count("<img ") == 4 + 4 + 1 + 3
    assert "P ≥ 0.5" in body
    assert "flatters" in body


def test_of_many_cases_those_that_lose_most_are_shown_and_it_is_said(cohort, monkeypatch):
    monkeypatch.setattr(threshold_section, "MOST_ARTICLES", 1)
    told: list[tuple[int, int, str]] = []
    sections = study_sections(cohort, lambda case: None, lambda *step: told.append(step))
    (by_case,) = (section.body for section in sections if section.title == "Case by case")
    assert by_case.count("<article>") == 1
    assert "the other 2 are in the tables" in by_case
    assert told == [(0, 1, "c CTV")]  # what cannot be judged comes first


def test_resampled_and_edge_are_notes(cohort):
    case = cohort.cases[0]
    sweep = replace(case.analysis.sweep, resampled=True, touches_edge=True)
    shown = printed(study([replace(case, analysis=replace(case.analysis, sweep=sweep))]))
    assert "Resampled: the map" in shown
    assert "Edge: the reference" in shown


def test_a_loss_that_is_undefined_is_a_dash(cohort):
    row = next(line for line in printed(cohort).splitlines() if "MSD" in line and " 0.00 " in line)
    assert math.isnan(cohort.cases[1].analysis.loss_at_half_percent["msd_mm"])
    assert "–" in row
