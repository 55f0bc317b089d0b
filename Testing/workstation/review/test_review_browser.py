"""The review page in Chromium: clicks, keys, the strip, and that every tab shows the same."""

from __future__ import annotations

import re
from typing import Any

import pytest

from page_answers import answered

LIMIT_MS = 60_000
"""A page that answers at all has answered by then, on a machine that does other things too."""


def find(page: Any, name: str) -> Any:
    return page.locator(f"[data-testid='{name}']")


def text_of(page: Any, name: str) -> str:
    return str(find(page, name).inner_text())


def selected(page: Any) -> str:
    row = page.locator(".cqa-review-selected")
    row.wait_for()
    return str(row.get_attribute("data-testid")).removeprefix("review-row-")


def wait_for(page: Any, name: str, text: str) -> None:
    page.wait_for_function(
        "([name, text]) => document.querySelector(`[data-testid='${name}']`)?.innerText.trim() === text",
        arg=[name, text],
    )


@pytest.fixture(scope="module")
def review(workstation_page: Any) -> Any:
    """The first phantom on the review page, assessed."""
    page = workstation_page
    page.set_default_timeout(LIMIT_MS)
    find(page, "tab-worklist").click()
    page.locator("tr.opens[data-testid='worklist-row-phantom_1']").click()
    find(page, "page-review").wait_for()
    find(page, "review-row-Bladder").click()
    # the map of errors comes after what was known from the worklist
    page.wait_for_function(
        "() => /probably wrong$/m.test(document.querySelector('.cqa-review-strip')?.innerText)"
    )
    return page


@pytest.fixture
def page(review: Any) -> Any:
    """The bladder is chosen, and no control has the focus."""
    find(review, "review-row-Bladder").click()
    review.wait_for_function(
        "() => document.querySelector('.cqa-review-selected')?.dataset.testid === 'review-row-Bladder'"
    )
    review.evaluate("() => document.activeElement.blur()")
    find(review, "review-strip").wait_for()
    answered(review)
    return review


def test_a_click_selects_and_shows_why(page: Any) -> None:
    find(page, "review-row-CTV").click()
    page.locator(".cqa-review-details b", has_text="CTV").first.wait_for()
    assert selected(page) == "CTV"
    assert "teaching only" in text_of(page, "review-caution")


def test_keys_step_through_structures_and_slices(page: Any) -> None:
    names = [row.split()[0] for row in page.locator(".cqa-review-name").all_inner_texts()]
    at = [name.replace("\u200b", "") for name in names].index("Bladder")
    page.keyboard.press("k" if at else "j")
    page.wait_for_function(
        "() => document.querySelector('.cqa-review-selected')?.dataset.testid !== 'review-row-Bladder'"
    )
    page.keyboard.press("j" if at else "k")
    page.wait_for_function(
        "() => document.querySelector('.cqa-review-selected')?.dataset.testid === 'review-row-Bladder'"
    )
    answered(page)
    page.keyboard.press("n")
    worst = re.search(r"worst: (\d+)", text_of(page, "review-strip-text"))
    assert worst is not None
    wait_for(page, "review-slice", f"slice {worst.group(1)}")
    answered(page)
    assert text_of(page, "review-place").startswith("1 of")


def test_a_click_on_the_strip_shows_its_slice(page: Any) -> None:
    strip = find(page, "review-strip")
    box = strip.bounding_box()
    first, last = (int(one) for one in page.locator(".cqa-review-axis span").all_inner_texts()[::2])
    strip.click(position={"x": 1, "y": box["height"] / 2})
    wait_for(page, "review-slice", f"slice {first}")
    page.mouse.move(box["x"] + 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20, steps=5)
    page.mouse.up()
    wait_for(page, "review-slice", f"slice {last}")


def test_letters_in_a_text_are_no_keys(page: Any) -> None:
    reader = find(page, "shell-reader").locator("input")
    reader.fill("")
    reader.type("ckjo?n")
    assert reader.input_value() == "ckjo?n"
    answered(page)
    assert selected(page) == "Bladder"
    assert "cqa-review-on" in str(find(page, "review-contours").get_attribute("class"))
    assert find(page, "review-help-dialog").count() == 0
    reader.fill("Reader")
    reader.blur()


def test_a_key_is_not_also_heard_by_the_views(page: Any) -> None:
    find(page, "views").locator("img, canvas").first.click()
    page.keyboard.press("o")
    page.wait_for_function(
        "() => !document.querySelector(\"[data-testid='review-errors']\").classList.contains('cqa-review-on')"
    )
    here = text_of(page, "review-slice")
    page.keyboard.press("o")
    find(page, "review-errors-marks").wait_for()
    answered(page)
    assert text_of(page, "review-slice") == here


def test_the_help_lists_the_keys_and_keeps_them_to_itself(page: Any) -> None:
    page.keyboard.press("?")
    dialog = find(page, "review-help-dialog")
    dialog.wait_for()
    assert "Next of the slices to look at first" in dialog.inner_text()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    answered(page)
    assert selected(page) == "Bladder"


def test_gray_scales_by_key_and_typed(page: Any) -> None:
    width = find(page, "review-width")
    page.keyboard.press("3")
    page.wait_for_function("() => document.querySelector(\"[data-testid='review-width']\").value === '2000'")
    width.fill("350")
    width.press("Tab")
    page.wait_for_function("() => document.querySelector(\"[data-testid='review-width']\").value === '350'")
    find(page, "review-preset-1").click()
    page.wait_for_function("() => document.querySelector(\"[data-testid='review-width']\").value === '400'")


def test_a_refresh_and_a_second_tab_show_the_same(page: Any, browser: Any) -> None:
    find(page, "review-row-Rectum").click()
    other = browser.tab(page.context, page.served.base)
    try:
        other.locator(".cqa-review-details b", has_text="Rectum").first.wait_for()
        shown = other.locator(".cqa-review-findings").inner_text()
        wait_for_findings(page, shown)
        page.reload()
        wait_for_findings(page, shown)
        find(other, "review-row-Bladder").click()
        page.locator(".cqa-review-details b", has_text="Bladder").first.wait_for()
    finally:
        other.close()


def wait_for_findings(page: Any, text: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('.cqa-review-findings')?.innerText === text", arg=text
    )


def test_a_slice_that_is_clicked_while_another_is_on_its_way_is_the_one_that_stays(page: Any) -> None:
    row, strip = (find(page, f"review-{name}").bounding_box() for name in ("row-Bladder", "strip"))
    first = page.locator(".cqa-review-axis span").first.inner_text()
    for _ in range(6):
        page.mouse.click(row["x"] + row["width"] / 2, row["y"] + row["height"] / 2)  # to its middle slice
        page.mouse.click(strip["x"] + 1, strip["y"] + strip["height"] / 2)
        wait_for(page, "review-slice", f"slice {first}")


AGAIN = """() => {
    const key = new KeyboardEvent("keydown", { key: "a", bubbles: true });
    if (window.trame.state.state.shell_structure === "Rectum") document.body.dispatchEvent(key);
}"""
"""The key once more, unless the page has heard of the next structure already: it would mean that one."""


@pytest.fixture(scope="module")
def far(review: Any, browser: Any) -> Any:
    """A page on a slow line, the bladder chosen, read by Ann, who has just typed her name."""
    page = browser.open(review.served.address, delay_ms=300)
    page.set_default_timeout(LIMIT_MS)
    find(page, "review-row-Bladder").click()
    find(page, "review-strip").wait_for()
    answered(page)
    find(page, "shell-reader").locator("input").fill("Ann")
    return page


def test_a_decision_does_not_overtake_what_was_typed_before_it(far: Any) -> None:
    find(far, "review-note").fill("looked at twice")
    find(far, "review-accept").click()
    find(far, "review-row-Bladder").locator("[data-testid=review-choice-Bladder]").wait_for()
    find(far, "review-row-Bladder").click()
    history = find(far, "review-history")
    history.wait_for()
    assert "accepted by Ann" in history.inner_text()
    assert "looked at twice" in history.inner_text()


def test_a_key_pressed_twice_decides_on_nothing_that_was_not_seen(far: Any) -> None:
    find(far, "review-row-Rectum").click()
    far.locator(".cqa-review-details b", has_text="Rectum").first.wait_for()
    far.evaluate("() => document.activeElement.blur()")
    answered(far)
    decided = far.locator("[data-testid^=review-choice-]")
    before = decided.count()
    far.keyboard.press("a")
    far.wait_for_timeout(600)  # decided, and the next one is chosen
    far.evaluate(AGAIN)
    far.locator("[data-testid=review-choice-Rectum]").wait_for()
    answered(far)
    assert decided.count() == before + 1
