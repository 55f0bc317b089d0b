"""The worklist in a browser: assessed in the background, searched, filtered, opened, and fetched as files."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from ContourQALib.workstation.decisions.decision_log import DecisionLog
from page_answers import answered

ROWS = "[data-testid=worklist-table] tbody tr"
SEARCH = "[data-testid=worklist-search] input"


def at(name: str) -> str:
    return f'[data-testid="{name}"]'


def rows(page: Any, count: int) -> list[str]:
    """The texts of the rows, once there are so many."""
    page.wait_for_function(f"document.querySelectorAll('{ROWS}').length === {count}")
    return page.locator(ROWS).all_inner_texts()


@pytest.fixture
def page(workstation_page: Any) -> Any:
    """The worklist of two assessed phantoms, nothing filtered."""
    opened = workstation_page
    opened.click(at("tab-worklist"))
    opened.fill(SEARCH, "")
    opened.click(at("worklist-by-case"))
    opened.wait_for_selector(at("worklist-queue"), state="detached", timeout=60_000)
    rows(opened, 2)
    answered(opened)
    return opened


def test_the_queue_assesses_every_case_and_the_rows_say_what_to_do(page):
    words = page.locator(f"{ROWS} .cqa-worklist-chip").all_inner_texts()
    assert set(words) <= {"accept", "review", "reject"}
    counts = {
        word: int(page.inner_text(f"{at(f'worklist-chip-{word}')} strong"))
        for word in ("reject", "review", "accept")
    }
    assert counts == {word: words.count(word) for word in counts}
    assert all("0 of 6" in text for text in rows(page, 2))


def test_search_and_marks_narrow_the_rows(page):
    page.locator(SEARCH).press_sequentially("phantom_2")
    assert "phantom_2" in rows(page, 1)[0]
    page.fill(SEARCH, "nothing like this")
    page.click(at("worklist-show-all"))
    rows(page, 2)
    word = page.locator(f"{ROWS} .cqa-worklist-chip").first.inner_text()
    page.click(at(f"worklist-chip-{word}"))
    page.wait_for_selector(f"{at(f'worklist-chip-{word}')}[aria-pressed=true]")
    page.wait_for_function(
        f"[...document.querySelectorAll('{ROWS} .cqa-worklist-chip')].every(e => e.innerText === '{word}')"
    )
    page.click(at(f"worklist-chip-{word}"))


def test_a_case_unfolds_and_all_contours_stand_by_risk(page):
    page.click(at("worklist-expand-phantom_1"))
    assert sum("Bladder" in text for text in rows(page, 8)) >= 1
    page.click(at("worklist-expand-phantom_1"))
    rows(page, 2)
    page.click(at("worklist-by-contour"))
    shown = page.locator(f"{ROWS} .cqa-worklist-chip").all_inner_texts() if rows(page, 12) else []
    rank = ["reject", "review", "accept"]
    assert shown == sorted(shown, key=rank.index)


def test_a_refresh_and_a_second_tab_show_the_same(page, browser):
    page.click(at("worklist-by-contour"))
    rows(page, 12)
    page.fill(SEARCH, "bladder")
    shown = rows(page, 2)
    page.reload()
    assert rows(page, 2) == shown
    assert page.input_value(SEARCH) == "bladder"
    other = browser.tab(page.context, page.served.base)
    assert rows(other, 2) == shown
    other.fill(SEARCH, "phantom_1 bladder")
    assert rows(other, 1) == rows(page, 1)
    other.close()


def test_a_click_on_a_row_opens_the_case_for_review(page):
    page.click(at("worklist-by-contour"))
    rows(page, 12)
    page.click(at("worklist-row-phantom_2-Bladder"))
    page.wait_for_selector(at("page-review"), state="visible")
    page.wait_for_function(
        "document.querySelector('[data-testid=shell-case]')?.innerText.includes('phantom_2')"
    )
    page.click(at("tab-worklist"))
    page.wait_for_selector("tr.current" + at("worklist-row-phantom_2-Bladder"))


def test_the_keyboard_opens_a_row(page):
    row = page.locator(at("worklist-row-phantom_1"))
    row.focus()
    row.press("Enter")
    page.wait_for_selector(at("page-review"), state="visible")
    page.wait_for_function(
        "document.querySelector('[data-testid=shell-case]')?.innerText.includes('phantom_1')"
    )


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ("worklist-report", "worklist.html"),
        ("worklist-csv", "worklist.csv"),
        ("worklist-decisions", "decisions.csv"),
    ],
)
def test_files_come_from_the_menu(page, item, name):
    page.click(at("worklist-files"))
    with page.expect_download() as fetched:
        page.click(at(item))
    assert fetched.value.suggested_filename == name
    content = Path(fetched.value.path()).read_text("utf-8-sig")
    if name == "worklist.csv":
        table = list(csv.DictReader(io.StringIO(content)))
        assert sorted({row["case"] for row in table}) == ["phantom_1", "phantom_2"]
        assert len(table) == 12
    else:
        assert content.startswith("<!DOCTYPE html>" if name.endswith("html") else "case,")


def test_how_readers_and_model_agree_is_shown(page):
    page.click(at("worklist-files"))
    page.click(at("worklist-agreement"))
    dialog = page.locator(at("worklist-agreement-dialog"))
    dialog.wait_for()
    assert "Nobody has decided" in dialog.inner_text()
    page.click(at("worklist-agreement-close"))
    dialog.wait_for(state="hidden")


def test_a_new_reader_reaches_a_saved_decision_in_five_clicks(page):
    page.click(f"{at('shell-reader')} input")  # 1: who decides
    page.keyboard.type("Ann")
    page.click(at("worklist-row-phantom_1"))  # 2: the case, at its riskiest contour
    page.wait_for_selector(at("page-review"), state="visible")
    page.click(at("review-row-Rectum"))  # 3: another one
    page.wait_for_selector(".cqa-review-selected" + at("review-row-Rectum"))
    page.click(at("review-strip"))  # 4: a slice of it
    page.click(at("review-accept"))  # 5
    page.wait_for_selector(at("review-choice-Rectum"))
    with DecisionLog(page.cases.parent / "results" / "decisions.sqlite") as log:
        (made,) = log.all()
    assert (made.case, made.structure, made.choice, made.reader) == ("phantom_1", "Rectum", "accept", "Ann")
