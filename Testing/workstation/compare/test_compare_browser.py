"""The comparison page as a reader uses it: in Chromium, on a server, with the real computing process."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest

from ContourQALib.formats.contours import read_contours
from ContourQALib.metrics.comparison_set import compare_with_reference
from ContourQALib.metrics.pairing import Source
from page_answers import answered, changed, settled

COMPARED_MS = 90_000
"""The worker starts and assesses first, on a busy machine."""

PICTURE = ".cqa-view-grid img"


@pytest.fixture(scope="module")
def page(workstation_page: Any) -> Any:
    """The page of a case that was compared."""
    page = workstation_page
    page.get_by_test_id("worklist-row-phantom_1").click()
    page.get_by_test_id("shell-case").wait_for()
    page.get_by_test_id("tab-compare").click()
    page.get_by_test_id("compare-table").wait_for(timeout=COMPARED_MS)
    return page


def slice_k(page: Any) -> int:
    """K of the slice that the axial view says it shows."""
    return int(re.search(r"K (\d+)", page.get_by_test_id("views").inner_text()).group(1))


def test_figures_stand_in_the_table(page) -> None:
    folder = page.cases / "phantom_1"
    found = compare_with_reference(
        Source("Reference", read_contours(folder / "reference.seg.nrrd")),
        [Source("LFT", read_contours(folder / "fine_tuned.seg.nrrd"))],
    )
    for one in found.comparisons:
        row = page.get_by_test_id(f"compare-row-{one.structure}-LFT")
        row.get_by_text(f"{one.dice:.3f}", exact=True).first.wait_for()
        assert row.locator("td.number").all_inner_texts()[:2] == [f"{one.dice:.3f}", f"{one.hd95_mm:.2f}"]


def test_a_row_is_a_click_away_from_its_place(page) -> None:
    before = slice_k(page)
    page.get_by_test_id("compare-row-FemoralHead_L-LFT").click()
    page.wait_for_function(
        "document.querySelector('[data-testid=compare-structure]').innerText === 'FemoralHead_L'"
    )
    page.wait_for_function(f"!document.querySelector('.cqa-views').innerText.includes('K {before} ')")
    answered(page)
    assert page.get_by_test_id("compare-test").input_value() == "LFT"


def test_marks_and_outlines_are_switched_in_the_views(page) -> None:
    marked = settled(page, PICTURE)
    page.get_by_test_id("compare-marked").click()
    plain = changed(page, PICTURE, marked)
    page.get_by_test_id("compare-outline-LFT").click()
    changed(page, PICTURE, plain)
    page.get_by_test_id("compare-outline-LFT").click()
    page.get_by_test_id("compare-marked").click()


def test_a_click_into_the_chart_shows_the_slice(page) -> None:
    chart = page.get_by_test_id("compare-chart").locator(".nsewdrag").first
    box = chart.bounding_box()
    before = slice_k(page)
    share = 0.15 if before > 16 else 0.85  # away from the slice that is shown
    x, y = box["x"] + share * box["width"], box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.locator("[data-testid=compare-chart] .hovertext").first.wait_for()  # the nearest point is found
    page.mouse.click(x, y)
    page.wait_for_function(f"!document.querySelector('.cqa-views').innerText.includes('K {before} ')")
    page.get_by_test_id("compare-figure-area_error_mm2").click()
    page.wait_for_function(
        "document.querySelector('[data-testid=compare-chart]').textContent.includes('Area error')"
    )


def test_the_table_is_sorted_filtered_and_saved(page) -> None:
    page.get_by_test_id("compare-sort-structure").click()
    page.wait_for_function(
        "document.querySelector('[data-testid=compare-table] tbody').innerText.startsWith('Bladder')"
    )
    page.get_by_test_id("compare-filter").fill("femoral")
    page.wait_for_function("document.querySelectorAll('[data-testid=compare-table] tbody').length === 2")
    page.get_by_test_id("compare-filter").fill("")
    page.get_by_test_id("compare-save").click()
    with page.expect_download() as download:
        page.get_by_test_id("compare-csv").click()
    assert download.value.suggested_filename == "comparison.csv"
    table = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert len(table) == 12
    assert {row["test"] for row in table} == {"VPM", "LFT"}


def test_definitions_and_all_figures_are_one_click_away(page) -> None:
    page.get_by_test_id("compare-definitions").click()
    assert "2|G∩T| / (|G|+|T|)" in page.get_by_test_id("compare-definitions-dialog").inner_text()
    page.keyboard.press("Escape")
    page.get_by_test_id("compare-all").click()
    rows = page.get_by_test_id("compare-all-dialog").locator("tbody tr")
    rows.first.wait_for()
    assert rows.count() == 12
    page.keyboard.press("Escape")


def test_a_model_is_left_out_and_the_page_is_loaded_again(page) -> None:
    page.get_by_test_id("compare-all-dialog").wait_for(state="hidden")
    page.get_by_test_id("compare-source-VPM").click()
    page.get_by_test_id("compare-row-CTV-VPM").wait_for(state="detached")
    page.reload()
    page.get_by_test_id("compare-row-CTV-LFT").wait_for()
    assert page.get_by_test_id("compare-row-CTV-VPM").count() == 0
    page.get_by_test_id("compare-source-VPM").click()
    page.get_by_test_id("compare-row-CTV-VPM").wait_for()
