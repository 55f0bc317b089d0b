"""The threshold page in the browser: the slider moves, the picture and the figures follow."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import image as mpl_image

from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.probability import read_probability
from ContourQALib.report.wording import figure_text
from ContourQALib.thresholds.analysis import ThresholdAnalysis, analyze
from page_answers import answered, changed, settled

CASE, STRUCTURE = "phantom_1", "CTV"
FIRST_SWEEP_MS = 60_000
"""The computing process starts, and assesses the case before."""


PICTURE = "[data-testid=views] img"
"""The axial view, where the CTV lies: the first picture of the views."""


def by_id(page: Any, name: str) -> Any:
    return page.locator(f"[data-testid={name}]")


@pytest.fixture(scope="module")
def analysis(phantom_cases: Path) -> ThresholdAnalysis:
    """What the library itself says of the CTV."""
    folder = phantom_cases / CASE
    probability = read_probability(folder / f"vendor_probability_{STRUCTURE}.nrrd", STRUCTURE)
    (drawn,) = (one for one in read_contours(folder / "reference.seg.nrrd") if one.name == STRUCTURE)
    return analyze(probability, drawn.on(probability.grid))


@pytest.fixture(scope="module")
def page(workstation_page: Any) -> Any:
    """The threshold page with the map of the CTV, swept."""
    page = workstation_page
    by_id(page, f"worklist-row-{CASE}").first.click()
    by_id(page, "shell-case").get_by_text(CASE).wait_for()
    by_id(page, "tab-thresholds").click()
    by_id(page, "threshold-map").click()
    page.get_by_role("option", name=STRUCTURE, exact=True).click()
    by_id(page, "threshold-table").wait_for(timeout=FIRST_SWEEP_MS)
    return page


def unlike(one: bytes, other: bytes) -> float:
    """Mean difference of two pictures of one size."""
    first, second = (mpl_image.imread(BytesIO(png))[..., :3] for png in (one, other))
    return float(np.abs(first - second).mean())


def figure_at(page: Any, name: str, text: str) -> None:
    by_id(page, name).get_by_text(text, exact=True).wait_for()


def test_the_slider_moves_contour_and_figures(page: Any, analysis: ThresholdAnalysis) -> None:
    by_id(page, "threshold-slider").fill("0.5")
    figure_at(page, "threshold-now-dice", figure_text("dice", analysis.point(0.5).dice))
    before = settled(page, PICTURE)

    by_id(page, "threshold-slider").fill("0.15")

    changed(page, PICTURE, before)
    figure_at(page, "threshold-now-dice", figure_text("dice", analysis.point(0.15).dice))
    figure_at(page, "threshold-now-hd95_mm", figure_text("hd95_mm", analysis.point(0.15).hd95_mm))
    figure_at(page, "threshold-half-dice", figure_text("dice", analysis.point(0.5).dice))
    assert by_id(page, "threshold-value").inner_text() == "P ≥ 0.15"


def test_the_line_in_the_chart_stands_at_the_threshold(page: Any) -> None:
    by_id(page, "threshold-slider").fill("0.5")
    answered(page)
    half = by_id(page, "threshold-cursor").bounding_box()
    by_id(page, "threshold-slider").fill("1")
    answered(page)
    end = by_id(page, "threshold-cursor").bounding_box()
    area = page.locator("[data-testid=threshold-chart] .plotly .bglayer .bg").first
    plot = (
        area if area.count() else page.locator("[data-testid=threshold-chart] .nsewdrag").first
    ).bounding_box()

    # a pixel is what drawing rounds to
    assert half["x"] == pytest.approx(plot["x"] + plot["width"] / 2, abs=2)
    assert end["x"] == pytest.approx(plot["x"] + plot["width"], abs=2)


def test_the_best_threshold_is_a_click_away(page: Any, analysis: ThresholdAnalysis) -> None:
    best = analysis.optimum["hd95_mm"]
    assert best is not None
    by_id(page, "threshold-by").select_option("hd95_mm")
    by_id(page, "threshold-best").get_by_text(f"Best {best.threshold:g}").click()

    figure_at(page, "threshold-now-hd95_mm", figure_text("hd95_mm", best.value))
    figure_at(page, "threshold-value", f"P ≥ {best.threshold:.2f}")
    answered(page)
    assert "for this case alone" in by_id(page, "threshold-advice").inner_text()


def test_curves_can_be_chosen(page: Any) -> None:
    lines = page.locator("[data-testid=threshold-chart] .scatterlayer .js-line")
    by_id(page, "threshold-kind-agreement").click()
    by_id(page, "threshold-curve-specificity").wait_for()
    count = lines.count()
    by_id(page, "threshold-curve-specificity").click()
    lines.nth(count).wait_for(state="attached")
    by_id(page, "threshold-kind-distances").click()
    by_id(page, "threshold-curve-hd_mm").wait_for()
    page.locator("[data-testid=threshold-chart] .ytitle", has_text="Distance, mm").wait_for()
    by_id(page, "threshold-zoom").click()
    page.locator("[data-testid=threshold-zoom].cqa-threshold-on").wait_for()
    by_id(page, "threshold-zoom").click()


def test_the_map_is_laid_over_the_image_and_taken_away_again(page: Any) -> None:
    before = settled(page, PICTURE)

    by_id(page, "threshold-map-shown").check()
    colored = changed(page, PICTURE, before)
    by_id(page, "threshold-map-shown").uncheck()
    plain = changed(page, PICTURE, colored)

    # pictures are compressed, those of a moving image more than those at rest
    assert unlike(plain, before) < 0.2 * unlike(colored, before)


def test_the_curves_come_as_a_table(page: Any, analysis: ThresholdAnalysis) -> None:
    with page.expect_download() as fetched:
        by_id(page, "threshold-csv").click()

    rows = Path(fetched.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert fetched.value.suggested_filename == f"thresholds_{STRUCTURE}.csv"
    assert len(rows) == 1 + analysis.sweep.thresholds.size
    column = rows[0].split(",").index("dice")
    assert float(rows[31].split(",")[column]) == analysis.sweep.dice[30]


def test_a_threshold_is_used_for_review_and_undone(page: Any) -> None:
    by_id(page, "threshold-slider").fill("0.2")
    by_id(page, "threshold-use").get_by_text("Use P ≥ 0.20").click()
    by_id(page, "message").get_by_text(re.compile(rf"{STRUCTURE} under review is now P ≥ 0.2")).wait_for()
    by_id(page, "threshold-undo").click()
    page.locator("[data-testid=threshold-undo]:disabled").wait_for()


def test_a_refresh_in_the_middle_finds_the_page_as_it_was(page: Any, analysis: ThresholdAnalysis) -> None:
    by_id(page, "threshold-slider").fill("0.33")
    figure_at(page, "threshold-now-dice", figure_text("dice", analysis.point(0.33).dice))

    page.reload()

    figure_at(page, "threshold-now-dice", figure_text("dice", analysis.point(0.33).dice))
    assert by_id(page, "threshold-slider").input_value() == "0.33"
