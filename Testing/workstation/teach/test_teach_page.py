"""The teaching page in a browser: an error dosed with the keys, a quiz, and the review as it was."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ContourQALib.metrics.compare import compare
from ContourQALib.workstation.teach.lessons import LESSONS
from ContourQALib.workstation.teach.teaching_case import Dose, phantom_case

expect = pytest.importorskip("playwright.sync_api").expect

SLOW_MS = 20_000
"""A machine that does other work as well is given this long."""


@pytest.fixture(scope="module")
def page(workstation_page: Any) -> Any:
    """The teaching page with the figures of its first error."""
    workstation_page.get_by_test_id("tab-teach").click()
    expect(workstation_page.get_by_test_id("teach-true-Dice")).to_be_visible(timeout=2 * SLOW_MS)
    return workstation_page


def shows(page: Any, name: str, text: Any) -> None:
    expect(page.get_by_test_id(name)).to_have_text(text, timeout=SLOW_MS)


def test_true_and_predicted_figures_follow_the_slider(page: Any) -> None:
    slider = page.get_by_test_id("teach-severity").get_by_role("slider")
    slider.focus()
    slider.press("End")
    shows(page, "teach-dose", "20 mm")
    case = phantom_case(0)
    truth = compare(
        case.contour("CTV").on(case.image.grid),
        case.spoiled("CTV", Dose("shift", 20.0)).on(case.image.grid),
    )
    shows(page, "teach-true-Dice", f"{truth.dice:.3f}")
    shows(page, "teach-true-HD95", f"{truth.hd95_mm:.1f} mm")
    shows(page, "teach-verdict", "reject")
    assert 0.2 < float(page.get_by_test_id("teach-predicted-Dice").inner_text()) < 0.8
    expect(page.get_by_test_id("teach-chart").locator(".scatterlayer .trace").first).to_be_visible()
    slider.press("Home")
    shows(page, "teach-dose", "0 mm")
    shows(page, "teach-true-Dice", "1.000")


def test_another_error_comes_with_what_to_notice_about_it(page: Any) -> None:
    page.get_by_test_id("teach-error").click()
    lesson = LESSONS["missing-slices"]
    page.get_by_role("option", name=re.compile(f"^{lesson.title}")).click()
    expect(page.get_by_test_id("teach-notice")).to_contain_text(lesson.notice)
    shows(page, "teach-dose", "3 slices")
    shows(page, "teach-true-Largest distance", "9.0 mm")
    page.get_by_test_id("teach-mark-probable").click()
    page.get_by_test_id("teach-mark-nothing").click()


def test_a_round_of_the_quiz_is_played_and_counted(page: Any) -> None:
    page.get_by_test_id("teach-quiz").click()
    page.get_by_test_id("teach-quiz-start").click()
    shows(page, "teach-round", "Round 1 of 10")
    expect(page.get_by_test_id("teach-question")).to_contain_text("of these contours", timeout=SLOW_MS)
    answer = page.get_by_test_id("teach-answer")
    expect(answer).to_be_disabled()
    for letter in "BCD":
        page.get_by_test_id(f"teach-look-{letter}").click()
    expect(answer).to_have_text("My answer: D")
    answer.click()
    outcome = page.get_by_test_id("teach-outcome")
    expect(outcome).to_have_text(re.compile("Right|Not right"))
    rights = 1 if outcome.inner_text().startswith("Right") else 0
    shows(page, "teach-right", f"{rights} right")
    expect(page.get_by_test_id("teach-truth").locator("tbody tr")).to_have_count(4)
    page.get_by_test_id("teach-next").click()
    shows(page, "teach-round", "Round 2 of 10")
    page.get_by_test_id("teach-quiz-end").click()
    expect(page.get_by_test_id("teach-quiz-start")).to_be_visible()


def test_a_page_that_is_loaded_again_is_where_it_was(page: Any) -> None:
    page.get_by_test_id("teach-try").click()
    shows(page, "teach-dose", "3 slices")
    page.reload()
    shows(page, "teach-dose", "3 slices")
    shows(page, "teach-true-Largest distance", "9.0 mm")
    assert "Traceback" not in "".join(page.served.lines)
