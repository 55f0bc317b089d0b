"""The teaching page in a browser: an error dosed with the keys, a quiz, and the review as it was."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ContourQALib.metrics.compare import compare
from ContourQALib.workstation.teach.lessons import LESSONS
from ContourQALib.workstation.teach.teaching_case import Dose, phantom_case

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture(scope="module")
def page(workstation_page: Any) -> Any:
    """The teaching page with the figures of its first error."""
    workstation_page.get_by_test_id("tab-teach").click()
    expect(workstation_page.get_by_test_id("teach-true-Dice")).to_be_visible(timeout=40_000)
    return workstation_page


def figure(page: Any, name: str) -> Any:
    return page.get_by_test_id(name)


def test_true_and_predicted_figures_follow_the_slider(page: Any) -> None:
    slider = page.get_by_test_id("teach-severity").get_by_role("slider")
    slider.focus()
    slider.press("End")
    expect(figure(page, "teach-dose")).to_have_text("20 mm")
    case = phantom_case(0)
    truth = compare(
        case.contour("CTV").on(case.image.grid),
        case.spoiled("CTV", Dose("shift", 20.0)).on(case.image.grid),
    )
    expect(figure(page, "teach-true-Dice")).to_have_text(f"{truth.dice:.3f}")
    expect(figure(page, "teach-true-HD95")).to_have_text(f"{truth.hd95_mm:.1f} mm")
    expect(figure(page, "teach-verdict")).to_have_text("reject")
    assert 0.2 < float(figure(page, "teach-predicted-Dice").inner_text()) < 0.8
    expect(page.get_by_test_id("teach-chart").locator(".scatterlayer .trace").first).to_be_visible()
    slider.press("Home")
    expect(figure(page, "teach-dose")).to_have_text("0 mm")
    expect(figure(page, "teach-true-Dice")).to_have_text("1.000")


def test_another_error_comes_with_what_to_notice_about_it(page: Any) -> None:
    page.get_by_test_id("teach-error").click()
    lesson = LESSONS["missing-slices"]
    page.get_by_role("option", name=re.compile(f"^{lesson.title}")).click()
    expect(page.get_by_test_id("teach-notice")).to_contain_text(lesson.notice)
    expect(figure(page, "teach-dose")).to_have_text("3 slices")
    expect(figure(page, "teach-true-Largest distance")).to_have_text("9.0 mm")
    page.get_by_test_id("teach-mark-probable").click()
    page.get_by_test_id("teach-mark-nothing").click()


def test_a_round_of_the_quiz_is_played_and_counted(page: Any) -> None:
    page.get_by_test_id("teach-quiz").click()
    page.get_by_test_id("teach-quiz-start").click()
    expect(page.get_by_test_id("teach-round")).to_have_text("Round 1 of 10")
    question = page.get_by_test_id("teach-question")
    expect(question).to_contain_text("of these contours")
    answer = page.get_by_test_id("teach-answer")
    expect(answer).to_be_disabled()
    for letter in "BCD":
        page.get_by_test_id(f"teach-look-{letter}").click()
    expect(answer).to_have_text("My answer: D")
    answer.click()
    outcome = page.get_by_test_id("teach-outcome")
    expect(outcome).to_have_text(re.compile("Right|Not right"))
    rights = 1 if outcome.inner_text().startswith("Right") else 0
    expect(page.get_by_test_id("teach-right")).to_have_text(f"{rights} right")
    expect(page.get_by_test_id("teach-truth").locator("tbody tr")).to_have_count(4)
    page.get_by_test_id("teach-next").click()
    expect(page.get_by_test_id("teach-round")).to_have_text("Round 2 of 10")
    page.get_by_test_id("teach-quiz-end").click()
    expect(page.get_by_test_id("teach-quiz-start")).to_be_visible()


def test_a_page_that_is_loaded_again_is_where_it_was(page: Any) -> None:
    page.get_by_test_id("teach-try").click()
    expect(figure(page, "teach-dose")).to_have_text("3 slices")
    page.reload()
    expect(figure(page, "teach-dose")).to_have_text("3 slices")
    expect(figure(page, "teach-true-Largest distance")).to_have_text("9.0 mm")
    assert "Traceback" not in "".join(page.served.lines)
