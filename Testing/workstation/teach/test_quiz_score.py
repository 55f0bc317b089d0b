"""QuizScore: points, streaks, what the model would have said, and what was confused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import compare
from ContourQALib.quality.assessment import Novelty, StructureAssessment
from ContourQALib.quality.verdict import Levels, Verdict
from ContourQALib.workstation.teach.quiz import LETTERS, NO, YES, Candidate, Criterion, Question, RoundPlan
from ContourQALib.workstation.teach.quiz_score import (
    Answer,
    QuizScore,
    explanation,
    model_answer,
    question_sentence,
)
from ContourQALib.workstation.teach.teaching_case import Dose

GRID = Grid((4, 4, 4))
ONE = Contour(np.ones(GRID.shape, bool), GRID, "CTV")
TEMPLATE = compare(ONE, ONE)
FIGURES = ((0.9, 4.0), (0.7, 6.0), (0.95, 20.0), (0.8, 5.0))
ERRORS = ("shift", "dilate", "missing-slices", "noise")


def question(criterion: Criterion) -> Question:
    count = 1 if criterion is Criterion.ACCEPTABLE else 4
    candidates = tuple(
        Candidate(letter, Dose(error, 2.0), ONE, replace(TEMPLATE, dice=dice, hd95_mm=hd95))
        for letter, error, (dice, hd95) in zip(LETTERS, ERRORS, FIGURES, strict=True)
    )[:count]
    answer = {Criterion.LOWEST_DICE: "B", Criterion.LARGEST_HD95: "C", Criterion.ACCEPTABLE: YES}[criterion]
    return Question(RoundPlan(0, 0, criterion, 0.1, Levels()), "CTV", candidates, answer)


def predicted(dice: float | None, hd95_mm: float | None) -> StructureAssessment:
    return StructureAssessment(
        "CTV", TEMPLATE.status, dice, Verdict.REVIEW, (), Novelty(None), 1.0, False, 0.0, hd95_mm=hd95_mm
    )


def score(*given: str) -> QuizScore:
    found = QuizScore()
    for letter in given:
        found = found.with_answer(Answer(question(Criterion.LOWEST_DICE), letter, "B"))
    return found


def test_points_and_streaks_are_counted() -> None:
    found = score("B", "B", "A", "B", "B", "B", "C", "B")
    assert (found.right, found.streak, found.best_streak, found.model_right) == (6, 1, 3, 8)
    assert (score().right, score().streak, score().best_streak, score().summary()) == (0, 0, 0, ())
    assert score("B", "A").streak == 0


def test_the_summary_says_what_was_confused_the_most_frequent_first() -> None:
    lines = score("B", "A", "C", "C").summary()
    assert lines[0] == "1 of 4 right. Longest streak: 1."
    assert lines[1] == "The model would have had 4 of 4."
    assert lines[2] == (
        "You overlooked: too generous (lowest Dice), and took for worse: slices missing at an end (2 times)."
    )
    assert lines[3] == "You overlooked: too generous (lowest Dice), and took for worse: shifted."
    assert len(lines) == 4


def test_a_perfect_quiz_and_one_without_a_model_say_so() -> None:
    found = QuizScore((Answer(question(Criterion.LOWEST_DICE), "B"),))
    assert found.summary() == (
        "1 of 1 right. Longest streak: 1.",
        "Nothing was confused: try another quiz number.",
    )


@pytest.mark.parametrize(("given", "verb"), [(YES, "accepted what was not"), (NO, "rejected what was")])
def test_wrong_verdicts_are_named(given: str, verb: str) -> None:
    asked = replace(question(Criterion.ACCEPTABLE), answer=NO if given == YES else YES)
    assert f"You {verb} acceptable: shifted." in QuizScore((Answer(asked, given),)).summary()


@pytest.mark.parametrize(
    ("criterion", "says"),
    [(Criterion.LOWEST_DICE, "D"), (Criterion.LARGEST_HD95, "A"), (Criterion.ACCEPTABLE, NO)],
)
def test_the_model_answers_by_its_own_figures(criterion: Criterion, says: str) -> None:
    said = [predicted(0.79, 9.0), predicted(0.8, 3.0), predicted(0.9, 4.0), predicted(0.5, 5.0)]
    asked = question(criterion)
    assert model_answer(asked, said[: len(asked.candidates)]) == says
    assert model_answer(asked, [predicted(None, None)] * len(asked.candidates)) is None
    assert model_answer(asked, [predicted(0.5, 5.0)] * (len(asked.candidates) - 1)) is None


def test_the_question_names_its_criterion() -> None:
    assert "lowest Dice decides" in question_sentence(question(Criterion.LOWEST_DICE))
    assert "largest HD95" in question_sentence(question(Criterion.LARGEST_HD95))
    sentence = question_sentence(question(Criterion.ACCEPTABLE))
    assert "at least 0.80" in sentence
    assert "below 0.75" in sentence


def test_the_explanation_says_why_and_what_the_other_criterion_would_say() -> None:
    first, _, other = explanation(question(Criterion.LOWEST_DICE))
    assert first == "It is B, Dice 0.700: too generous, 2 mm."
    assert other == "By HD95 it would be C, with 20.0 mm."
    first, _, other = explanation(question(Criterion.LARGEST_HD95))
    assert first == "It is C, HD95 20.0 mm: slices missing at an end, 2 slices."
    assert other == "By Dice it would be B, with 0.700."
    assert explanation(question(Criterion.ACCEPTABLE))[0] == "Its Dice is 0.900: shifted, 2 mm."
