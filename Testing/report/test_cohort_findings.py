"""What a cohort's tests say in words, and the tables in the layout of the paper's table 2."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pytest

from cohort_samples import ORGANS, cohort, spoiled
from ContourQALib.cohort.results import CohortResults
from ContourQALib.cohort.summary import CohortSummary, summarize
from ContourQALib.metrics.definitions import Status
from ContourQALib.report.cohort_findings import (
    Finding,
    by_dataset,
    find,
    finding_text,
    single_text,
    volume_text,
)
from ContourQALib.report.cohort_sections import (
    MOST_UNDEFINED,
    differences_section,
    further_section,
    overview_section,
    paper_tables,
    table_section,
    undefined_section,
)
from ContourQALib.report.cohort_table2 import FURTHER, MOST_DATASETS, VOLUMES, table_rows
from ContourQALib.report.cohort_wording import change_text, p_text, stars, value_text
from ContourQALib.report.records import to_csv


@pytest.fixture(scope="module")
def results() -> CohortResults:
    return spoiled(spoiled(cohort(cases=12), 2, 1, Status.TEST_EMPTY), 6, 0, Status.UNMATCHED)


@pytest.fixture(scope="module")
def summary(results: CohortResults) -> CohortSummary:
    return summarize(results)


def finding(dataset: str = "ExVal", figure: str = "dice", **names: tuple[str, ...]) -> Finding:
    kinds = {kind: names.get(kind, ()) for kind in ("higher", "lower", "open", "untestable")}
    return Finding(dataset, "VPM", "LFT", figure, **kinds)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            finding(higher=("a", "b"), open=("c",)),
            "On ExVal, LFT has a higher Dice than VPM for 2 of 3 structures (a, b); Holm-corrected p < 0.05; "
            "no difference was shown for 1 (c).",
        ),
        (
            finding(higher=("a",), lower=("b",)),
            "On ExVal, LFT has a higher Dice than VPM for 1 of 2 structures (a) and a lower one for 1 (b); "
            "Holm-corrected p < 0.05.",
        ),
        (
            finding(higher=("a",), lower=("b",), figure="hd95_pooled_mm"),
            "On ExVal, LFT has a lower 95HD than VPM for 1 of 2 structures (b) and a higher one for 1 (a); "
            "Holm-corrected p < 0.05.",
        ),
        (
            finding(lower=("b",), dataset=""),
            "LFT has a lower Dice than VPM for 1 of 1 structure (b); Holm-corrected p < 0.05.",
        ),
        (
            finding(open=("a",), dataset=""),
            "No difference in Dice between VPM and LFT was shown for 1 of 1 structure (a); "
            "Holm-corrected p ≥ 0.05.",
        ),
        (
            finding(untestable=("a", "b")),
            "On ExVal, Dice of VPM and LFT: no test could show a difference for 2 (a, b).",
        ),
    ],
)
def test_a_finding_claims_what_its_tests_say_and_no_more(found: Finding, text: str) -> None:
    assert finding_text(found) == text
    assert "equal" not in finding_text(found)


def test_findings_follow_the_corrected_p_and_the_sign_of_the_ranks() -> None:
    exval = by_dataset(summarize(cohort(cases=12)))[0]
    found = find(exval, "VPM", "LFT", "dice")
    assert found.higher == ORGANS[:3]  # how the sample was made
    assert found.lower == (ORGANS[3],)
    assert found.open == (ORGANS[4],)
    distance = find(exval, "VPM", "LFT", "hd95_pooled_mm")
    assert set(distance.lower) == set(ORGANS[:3])
    difference = exval[0].differences[0]
    # A p that is small before the correction and large after it shows nothing.
    corrected = replace(exval[0], differences=(replace(difference, p_holm=0.06),))
    assert difference.compared.test.p < 0.05
    assert find([corrected], "VPM", "LFT", "dice").open == ("CTV",)


def test_too_few_cases_show_nothing_in_either_direction() -> None:
    few = summarize(cohort(("",), ("CTV",), 5))
    assert find(few.groups, "VPM", "LFT", "dice").untestable == ("CTV",)
    section = overview_section(cohort(("",), ("CTV",), 5), few).body
    assert "Too few differences for any p below 0.05" in section
    assert "0 of 1" in section


def test_a_family_that_no_p_survives_is_warned_of() -> None:
    # 8 differences reach 2 / 2^8 at best, times 25 tests 0.2; 12 reach 2 / 2^12, times 25 tests 0.01.
    for cases, warned in ((8, True), (12, False)):
        results = cohort(("A",), cases=cases)
        body = overview_section(results, summarize(results)).body
        text = "no corrected p of VPM and LFT can fall below 0.05: 8 differences at most are too few for 25"
        assert (text in body) is warned


def test_volumes_are_told_against_the_reference(summary: CohortSummary) -> None:
    exval = by_dataset(summary)[0]
    text = volume_text(exval, "VPM")
    assert text.startswith(
        "On ExVal, contours of VPM are larger than the reference for 5 of 5 structures (CTV"
    )
    assert "not corrected" in text
    few = summarize(cohort(("",), ("CTV",), 3)).groups
    assert volume_text(few, "VPM").startswith(
        "No difference in volume between VPM and the reference was shown"
    )


def test_a_single_model_is_described_without_tests() -> None:
    results = cohort(("A",), ("CTV", "Rectum"), 4, ("VPM",))
    summary = summarize(results)
    means = [group.figures["VPM"]["dice"].mean for group in summary.groups]
    text = single_text(summary.groups, "VPM")
    assert f"{max(means):.3f}" in text
    assert f"{min(means):.3f}" in text
    assert differences_section(results, summary) is None
    body = overview_section(results, summary).body + table_section(results, summary).body
    assert "Holm" not in body


def test_table_2_has_a_block_a_structure_and_a_column_a_figure_and_dataset(
    results: CohortResults, summary: CohortSummary
) -> None:
    (table,) = paper_tables(results, summary)
    assert [figure for figure, _ in table.columns[::2]] == [
        "dice",
        "hd95_pooled_mm",
        "sensitivity",
        "specificity",
    ]
    assert [dataset for _, dataset in table.columns[:2]] == ["ExVal", "GenEva"]
    assert [structure for structure, _ in table.blocks] == list(ORGANS)
    _, rows = table.blocks[1]
    assert [row.title for row in rows] == ["VPM", "LFT", "p", "p (Holm)"]
    found = summary.groups[1].figures["LFT"]["dice"]
    assert rows[1].cells[0].text == f"{found.mean:.3f} ± {found.sd:.3f}"
    by_figure = {d.figure: d for d in summary.groups[1].differences}
    assert rows[3].cells[0].significant == (by_figure["dice"].p_holm < 0.05)


def test_what_is_undefined_is_a_footnote_never_silent(results: CohortResults, summary: CohortSummary) -> None:
    (table,) = paper_tables(results, summary)
    _, ctv = table.blocks[2]  # the organ that LFT missed once: Dice 0, no distance
    assert ctv[1].cells[2].notes == ("Mean of 11 of 12 cases; 1 undefined",)
    assert ctv[1].cells[0].notes == ()
    assert ctv[2].cells[2].notes == ("11 of 12 pairs; 1 undefined",)
    _, bladder = table.blocks[1]  # VPM drew nothing at all once
    assert all(cell.notes for cell in bladder[0].cells[::2])
    html = table_section(results, summary).body
    assert "<sup>1</sup>" in html
    assert "Mean of 11 of 12 cases; 1 undefined." in html
    text = to_csv(table_rows([table]))
    assert text.count("(Mean of 11 of 12 cases; 1 undefined)") == 1 + 4
    warned = overview_section(results, summary).body
    assert "without a distance because they or their reference are empty: LFT 1" in warned


def test_a_value_alone_has_no_deviation_and_an_absent_structure_is_said() -> None:
    one = cohort(("A",), ("CTV",), 1)
    rows = paper_tables(one, summarize(one))[0].blocks[0][1]
    assert rows[0].cells[0].text.endswith("± –")
    assert "One value has no standard deviation" in rows[0].cells[0].notes
    assert "1 difference cannot reach p < 0.05" in rows[2].cells[0].notes
    two = cohort(("A", "B"), ("CTV", "Rectum"), 2)
    kept = np.array([not (row.dataset == "B" and row.structure == "Rectum") for row in two.rows])
    part = CohortResults(
        two.models,
        tuple(row for row, keep in zip(two.rows, kept, strict=True) if keep),
        {name: found[kept] for name, found in two.values.items()},
        two.volume_reference_cc[kept],
        tuple(s for s, keep in zip(two.statuses, kept, strict=True) if keep),
        {},
        2.0,
    )
    cell = paper_tables(part, summarize(part))[0].blocks[1][1][0].cells[1]
    assert cell.text == "–"
    assert cell.notes == ("This dataset has no case of the structure",)
    assert "has no case" in further_section(part, summarize(part)).body


def test_three_models_have_p_values_against_the_first() -> None:
    results = cohort(("A",), ("CTV",), 7, ("VPM", "LFT", "new"))
    summary = summarize(results)
    rows = paper_tables(results, summary)[0].blocks[0][1]
    assert [row.title for row in rows] == [
        "VPM", "LFT", "new",
        "p, LFT and VPM", "p (Holm), LFT and VPM", "p, new and VPM", "p (Holm), new and VPM",
    ]  # fmt: skip
    section = differences_section(results, summary)
    assert section is not None
    assert "new minus VPM" in section.body
    assert "new minus LFT" not in section.body
    assert "Every pair of models is in tests.csv" in section.body


def test_volumes_stand_beside_the_reference_and_other_distances_have_no_correction(
    results: CohortResults, summary: CohortSummary
) -> None:
    (volumes,) = paper_tables(results, summary, VOLUMES)
    titles = [row.title for row in volumes.blocks[0][1]]
    assert titles[:3] == ["reference", "VPM", "LFT"]
    assert titles[-2:] == ["p, VPM and reference", "p, LFT and reference"]
    reference = summary.groups[0].reference_volume_cc
    assert volumes.blocks[0][1][0].cells[0].text == f"{reference.mean:.2f} ± {reference.sd:.2f}"
    (further,) = paper_tables(results, summary, FURTHER)
    assert [row.title for row in further.blocks[0][1]] == ["VPM", "LFT", "p"]
    assert further.blocks[0][1][2].cells[-1].text == ""  # surface Dice is not tested


def test_differences_are_second_minus_first_with_their_interval(
    results: CohortResults, summary: CohortSummary
) -> None:
    section = differences_section(results, summary)
    assert section is not None
    compared = summary.groups[0].differences[0].compared
    low, high = compared.interval or (math.nan, math.nan)
    assert f"{compared.mean_difference:+.3f} [{low:+.3f}, {high:+.3f}]" in section.body
    assert "LFT minus VPM" in section.body


def test_many_datasets_stand_in_tables_of_their_own() -> None:
    results = cohort([f"d{n}" for n in range(MOST_DATASETS + 1)], ("CTV",), 2)
    parts = paper_tables(results, summarize(results))
    assert [len(part.columns) for part in parts] == [4 * MOST_DATASETS, 4]
    (row, *_) = csv.DictReader(io.StringIO(to_csv(table_rows(parts))))
    assert len(row) == 2 + 4 * (MOST_DATASETS + 1)
    assert all(row.values())


def test_undefined_cases_are_listed_and_what_has_no_room_is_counted(results: CohortResults) -> None:
    body = undefined_section(results).body
    assert "ExVal_01" in body
    assert "the test contour is empty" in body
    assert "the manifest names no contours of this model" in body
    assert "in undefined.csv" not in body
    assert "Every figure of every case is defined" in undefined_section(cohort(cases=1)).body
    many = cohort(("",), ("CTV",), MOST_UNDEFINED + 5)
    reasons = {(n, 0): "gone" for n in range(MOST_UNDEFINED + 5)}
    assert "And 5 more in undefined.csv" in undefined_section(replace(many, reasons=reasons)).body


def test_contours_that_were_interpolated_or_cut_off_are_warned_of(results: CohortResults) -> None:
    shape = results.values["dice"].shape
    placed = {name: np.zeros(shape) for name in ("resampled", "touches_edge", "lost_cc")}
    untouched = overview_section(replace(results, placed=placed), summarize(results)).body
    assert "resampled" not in untouched
    assert "cut off" not in untouched
    placed["resampled"][:3, 0] = 1
    placed["lost_cc"][0, 1] = 2.5
    warned = overview_section(replace(results, placed=placed), summarize(results)).body
    assert "3 contours resampled" in warned
    assert "1 contour cut off" in warned
    assert "at the edge" not in warned


def test_cases_of_one_patient_are_warned_of() -> None:
    results = cohort(("A",), ("CTV",), 6)
    same = replace(results, rows=tuple(replace(row, patient="p") for row in results.rows))
    assert "6 cases are of 1 patient:" in overview_section(same, summarize(same)).body
    assert "are of" not in overview_section(results, summarize(results)).body


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0004, "< 0.001"), (0.001, "0.001"), (0.0496, "0.0496"), (0.2, "0.200"), (math.nan, "–")],
)
def test_p_values_never_hide_their_side_of_the_level(p: float, text: str) -> None:
    assert p_text(p) == text


def test_figures_have_the_digits_that_tell_them_apart() -> None:
    assert value_text("specificity", 0.999961) == "0.99996"
    assert value_text("volume_error_percent", 3.0) == "+3.0"
    assert change_text("dice", -0.0001) == "+0.000"
    assert change_text("hd95_pooled_mm", -1.2) == "-1.20"
    assert [stars(p) for p in (0.0009, 0.009, 0.049, 0.05, math.nan)] == ["***", "**", "*", "", ""]
