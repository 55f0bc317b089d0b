"""The views as a reader meets them in the browser."""

from __future__ import annotations

import re
from typing import Any

import pytest

from page_answers import answered

PICTURES = "[...document.querySelectorAll('.cqa-views img')].filter((one) => one.naturalWidth > 50).length"
VERDICTS = "document.querySelectorAll('[data-testid^=review-verdict-]').length"
SHOWN = "document.querySelectorAll('.cqa-views [data-view]').length"
AS_LARGE = """[...document.querySelectorAll('.cqa-views img')].every((one) => {
    const place = one.closest('.layout-grid-item').getBoundingClientRect();
    return Math.hypot(one.naturalWidth - place.width, one.naturalHeight - place.height) < 5;
})"""
WAIT_MS = 20_000


@pytest.fixture(scope="module")
def page(workstation_page: Any) -> Any:
    """The first case on the review page, its pictures there."""
    page = workstation_page
    page.locator("[data-testid^=worklist-row-]").first.click()
    page.wait_for_selector("[data-testid=page-review]:visible")
    page.wait_for_selector("[data-testid=view-red-title]")
    page.wait_for_function(f"{PICTURES} === 4")
    # once everything is assessed the worst structure is shown: from then on only the reader moves
    page.wait_for_function(f"{VERDICTS} === 6", timeout=60_000)
    answered(page)
    return page


def index(page: Any, view: str = "red") -> int:
    text = page.locator(f"[data-testid=view-{view}-title]").inner_text()
    return int(re.search(r"[IJK] (\d+) /", text)[1])


def wait_for_index(page: Any, wanted: int, view: str = "red") -> None:
    page.wait_for_function(
        "([view, wanted]) => document.querySelector(`[data-testid=view-${view}-title]`)"
        "?.innerText.includes(` ${wanted} /`)",
        arg=[view, wanted],
        timeout=WAIT_MS,
    )


def middle_of(page: Any, view: str = "Red") -> tuple[float, float]:
    box = page.locator(f"[data-view={view}]").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_pictures_are_as_large_as_their_places(page: Any) -> None:
    page.wait_for_function(AS_LARGE, timeout=WAIT_MS)


def test_the_views_end_where_the_message_line_begins(page: Any) -> None:
    views = page.locator("[data-testid=views]").bounding_box()
    line = page.locator(".cqa-line").bounding_box()
    assert views["y"] + views["height"] == pytest.approx(line["y"], abs=1)


def test_wheel_and_keys_go_one_slice(page: Any) -> None:
    page.mouse.move(*middle_of(page))
    start = index(page)
    page.mouse.wheel(0, 100)
    wait_for_index(page, start - 1)
    page.keyboard.press("ArrowRight")
    wait_for_index(page, start)
    page.keyboard.press("ArrowLeft")
    wait_for_index(page, start - 1)
    page.keyboard.press("PageDown")
    wait_for_index(page, max(0, start - 11))


def test_keys_go_to_the_view_below_the_mouse(page: Any) -> None:
    page.mouse.move(*middle_of(page, "Green"))
    axial, coronal = index(page), index(page, "green")
    page.keyboard.press("ArrowRight")
    wait_for_index(page, coronal + 1, "green")
    answered(page)
    assert index(page) == axial


def test_a_typed_text_takes_the_keys(page: Any) -> None:
    page.locator("[data-testid=shell-reader] input").fill("Dr. A")
    before = index(page)
    page.mouse.move(*middle_of(page))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("x")
    assert page.locator("[data-testid=shell-reader] input").input_value() == "Dr. xA"
    answered(page)
    assert index(page) == before
    page.locator("[data-testid=shell-reader] input").fill("")
    page.locator("[data-testid=shell-reader] input").blur()


def test_the_slider_chooses_a_slice(page: Any) -> None:
    page.locator("[data-testid=view-red-slider]").fill("5")
    wait_for_index(page, 5)
    assert "K 5 / 31" in page.locator("[data-testid=view-red-title]").inner_text()


def test_ctrl_drag_changes_the_gray_scale(page: Any) -> None:
    x, y = middle_of(page)
    said = page.locator("[data-testid=views-window]")
    before = said.inner_text()
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.down()
    page.mouse.move(x + 80, y - 40, steps=4)
    page.mouse.up()
    page.keyboard.up("Control")
    page.wait_for_function(
        "(before) => document.querySelector('[data-testid=views-window]').innerText !== before",
        arg=before,
        timeout=WAIT_MS,
    )


def test_double_click_shows_one_view_alone_and_all_again(page: Any) -> None:
    page.mouse.dblclick(*middle_of(page, "Green"))
    page.wait_for_function(
        "document.querySelectorAll('.cqa-views [data-view]').length === 1", timeout=WAIT_MS
    )
    assert page.locator("[data-view=Green]").count() == 1
    page.mouse.dblclick(*middle_of(page, "Green"))
    page.wait_for_function(
        "document.querySelectorAll('.cqa-views [data-view]').length === 4", timeout=WAIT_MS
    )


def test_a_reload_brings_the_pictures_back(page: Any) -> None:
    page.locator("[data-testid=view-red-slider]").fill("7")
    wait_for_index(page, 7)  # as the server says it
    page.reload()
    page.wait_for_function(f"{PICTURES} === 4", timeout=WAIT_MS)
    wait_for_index(page, 7)


def test_a_second_tab_has_the_pictures_at_once_and_undistorted(page: Any, browser: Any) -> None:
    other = browser.tab(page.context, page.served.base)
    other.set_viewport_size({"width": 1100, "height": 700})
    other.wait_for_function(f"{PICTURES} === 4", timeout=WAIT_MS)
    wait_for_index(other, 7)
    assert index(page) == 7
    fit = other.evaluate("getComputedStyle(document.querySelector('.cqa-views img')).objectFit")
    assert fit == "contain"
    other.close()
