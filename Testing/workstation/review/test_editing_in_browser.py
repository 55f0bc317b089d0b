"""With the mouse in the page: painting, undoing, deciding, and leaving a case that holds unsaved edits."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from page_answers import answered


def by(page, name: str):
    return page.locator(f'[data-testid="{name}"]')


def saved(page) -> list[str]:
    return sorted(path.name for path in (page.cases / "phantom_1").glob("*.edited-*"))


def decisions(page) -> list[tuple[str, ...]]:
    path = Path(page.cases).parent / "results" / "decisions.sqlite"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return connection.execute(
            "SELECT structure, choice, reader, note FROM decisions ORDER BY number"
        ).fetchall()


def until(condition, limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def page(workstation_page):
    """The first patient on the review page, his bladder selected and in the middle of the axial view."""
    page = workstation_page
    by(page, "worklist-row-phantom_1").click()
    by(page, "review-row-Bladder").wait_for()
    by(page, "review-row-Bladder").click()
    until(lambda: "cqa-review-selected" in by(page, "review-row-Bladder").get_attribute("class"))
    answered(page)
    return page


def axial(page) -> dict[str, float]:
    """Box of the view across the patient: the largest picture."""
    boxes = [one.bounding_box() for one in page.locator("[data-testid=views] img").all()]
    return max((box for box in boxes if box), key=lambda box: box["width"] * box["height"])


def picture(page) -> bytes:
    box = axial(page)
    return page.screenshot(
        clip={
            "x": box["x"] + 150,
            "y": box["y"] + 100,
            "width": box["width"] - 300,
            "height": box["height"] - 200,
        }
    )


def drag(page, button: str = "left", by: tuple[int, int] = (120, 60)) -> None:
    """Press in the middle of the axial view and move so many pixels to the right and down."""
    box = axial(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down(button=button)
    for step in range(1, 13):
        page.mouse.move(x + by[0] * step / 12, y + by[1] * step / 12)
        page.wait_for_timeout(20)


def test_a_stroke_is_seen_while_the_button_is_down_and_undone_by_a_click(page) -> None:
    before = picture(page)
    by(page, "review-paint").click()
    by(page, "review-brush-size").fill("30")
    by(page, "review-brush-size").press("Enter")
    drag(page)
    until(lambda: picture(page) != before)
    assert by(page, "review-undo").is_disabled()  # the stroke goes on: what is seen is no step yet
    page.mouse.up()
    by(page, "review-unsaved").wait_for()
    assert "Unsaved edits of Bladder" in by(page, "review-unsaved").inner_text()
    by(page, "review-undo").click()
    by(page, "review-unsaved").wait_for(state="detached")
    by(page, "review-redo").click()
    by(page, "review-unsaved").wait_for()


@pytest.mark.parametrize("name", ["review-brush-size", "review-width"])
def test_a_number_that_is_being_typed_outlives_other_news(page, name: str) -> None:
    field = by(page, name)
    before = field.input_value()
    field.fill("31")
    page.evaluate("window.trame.state.set('shell_busy', 'Other news')")
    page.get_by_text("Other news").wait_for()
    assert field.input_value() == "31"
    page.evaluate("window.trame.state.set('shell_busy', '')")
    field.fill(before)
    field.press("Enter")


def test_the_wheel_with_shift_changes_the_brush_and_without_it_the_slice(page) -> None:
    box = axial(page)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.down("Shift")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Shift")
    until(lambda: by(page, "review-brush-size").input_value() != "30")
    assert by(page, "review-brush-size").input_value() == "34.5"
    before = picture(page)
    page.mouse.wheel(0, -100)
    until(lambda: picture(page) != before)
    assert by(page, "review-brush-size").input_value() == "34.5"
    page.mouse.wheel(0, 100)


def test_the_right_button_zooms_while_a_tool_is_on(page) -> None:
    before = picture(page)
    drag(page, "right", (60, 30))
    page.mouse.up(button="right")
    until(lambda: picture(page) != before)
    by(page, "review-undo").click()
    by(page, "review-unsaved").wait_for(state="detached")  # nothing was drawn by the zoom
    by(page, "review-redo").click()
    by(page, "review-unsaved").wait_for()


def test_a_refresh_loses_nothing(page) -> None:
    page.reload()
    by(page, "review-unsaved").wait_for()
    assert "Unsaved edits of Bladder" in by(page, "review-unsaved").inner_text()
    assert by(page, "review-undo").is_enabled()


def test_a_decision_needs_a_name_and_is_saved_with_its_note(page) -> None:
    by(page, "review-note").fill("dent closed")
    by(page, "review-edit").click()
    until(lambda: "type your name" in by(page, "message").inner_text())
    until(lambda: page.evaluate("document.activeElement.closest('[data-testid=shell-reader]') !== null"))
    page.keyboard.type("Ann")
    by(page, "review-edit").click()
    until(lambda: decisions(page) == [("Bladder", "edit", "Ann", "dent closed")])
    assert saved(page) == ["vendor.edited-1.seg.nrrd"]
    by(page, "review-row-Bladder").click()
    by(page, "review-history").wait_for()
    assert "edited by Ann" in by(page, "review-history").inner_text()


def test_another_case_waits_for_unsaved_edits(page) -> None:
    by(page, "review-row-Rectum").click()
    until(lambda: "cqa-review-selected" in by(page, "review-row-Rectum").get_attribute("class"))
    by(page, "review-erase").click()
    answered(page)
    drag(page, by=(0, 120))  # to where his rectum lies
    page.mouse.up()
    by(page, "review-unsaved").wait_for()
    by(page, "tab-worklist").click()
    by(page, "worklist-row-phantom_2").click()
    by(page, "review-unsaved-stay").wait_for()
    assert by(page, "shell-case").inner_text() == "phantom_1"
    by(page, "review-unsaved-save").click()
    until(lambda: by(page, "shell-case").inner_text() == "phantom_2")
    assert saved(page) == ["vendor.edited-1.seg.nrrd", "vendor.edited-2.seg.nrrd"]
