"""The cohort in Chromium: a click on a point opens its case; the case's report is fetched from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REPORT_MS = 180_000
"""Its pictures are drawn by the computing process."""


@pytest.fixture(scope="module")
def page(
    serve: Any, browser: Any, manifest: Path, cohort_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    results = tmp_path_factory.mktemp("served")
    served = serve(manifest, "--cohort", cohort_folder, "--results", results, "--model", "pelvis-phantom")
    return browser.open(served.address)


def test_a_click_on_a_point_opens_its_case_at_its_structure(page: Any) -> None:
    page.get_by_test_id("tab-cohort").click()
    chart = page.get_by_test_id("cohort-chart")
    chart.locator(".scatterlayer .point").first.wait_for()
    points = page.evaluate(
        "() => document.querySelector('[data-testid=cohort-chart] .js-plotly-plot').data"
        ".flatMap((trace) => trace.customdata)"
    )
    box = chart.locator(".scatterlayer .point").first.bounding_box()
    # the chart's own layer lies above the points and hears of the mouse
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.up()
    page.get_by_test_id("page-compare").wait_for()
    page.wait_for_function(
        "(points) => points.some(([, structure]) => structure === window.trame.state.state.shell_structure)",
        arg=points,
    )
    opened = page.evaluate("window.trame.state.state.shell_structure")
    case = page.get_by_test_id("shell-case").inner_text()
    assert [case, opened] in points


def test_the_report_of_the_case_is_saved(page: Any) -> None:
    with page.expect_download(timeout=REPORT_MS) as download:
        page.get_by_test_id("report-make").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert download.value.suggested_filename.endswith(".html")
    assert "Rectum" in text
    assert "not a medical device" in text
