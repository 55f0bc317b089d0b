"""Quiz: right answers by the library's own figures, never a near-tie, the same for the same seed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.quality.verdict import Levels
from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.teach.measuring import Measuring
from ContourQALib.workstation.teach.quiz import (
    DICE_GAPS,
    ERRORS_ASKED,
    HD95_GAPS_MM,
    LEVEL_MARGINS,
    NO,
    ROUNDS,
    YES,
    Criterion,
    Proposal,
    Question,
    RoundPlan,
    choose,
    draw_question,
    plan_quiz,
)
from ContourQALib.workstation.teach.teaching_case import Dose, TeachingCase, reference_case

SMALLEST = {
    Criterion.LOWEST_DICE: DICE_GAPS[1],
    Criterion.LARGEST_HD95: HD95_GAPS_MM[1],
    Criterion.ACCEPTABLE: LEVEL_MARGINS[1],
}

GRID = Grid((4, 4, 4))
ONE = Contour(np.ones(GRID.shape, bool), GRID, "one")
TEMPLATE = compare(ONE, ONE)


async def whole_quiz(case: TeachingCase, measuring: Measuring, seed: int) -> list[Question]:
    questions: list[Question] = []
    for plan in plan_quiz(seed, measuring.levels):
        asked = {question.key for question in questions}
        questions.append(await draw_question(plan, case, case.structures[:5], measuring, asked))
    return questions


@pytest.fixture(scope="module")
def quiz(case: TeachingCase, measuring: Measuring) -> list[Question]:
    return asyncio.run(whole_quiz(case, measuring, 7))


def test_the_right_answer_is_right_by_the_librarys_own_metrics(
    quiz: list[Question], case: TeachingCase
) -> None:
    grid = case.image.grid
    for question in quiz:
        reference = case.contour(question.structure).on(grid)
        found = {one.letter: compare(reference, one.contour.on(grid)) for one in question.candidates}
        assert question.answer in question.choices
        if question.plan.criterion is Criterion.LOWEST_DICE:
            others = [one.dice for letter, one in found.items() if letter != question.answer]
            assert found[question.answer].dice <= min(others) - DICE_GAPS[1]
        elif question.plan.criterion is Criterion.LARGEST_HD95:
            others = [one.hd95_mm for letter, one in found.items() if letter != question.answer]
            assert found[question.answer].hd95_mm >= max(others) + HD95_GAPS_MM[1]
        else:
            (alone,) = found.values()
            levels = question.plan.levels
            assert question.answer == (YES if alone.dice >= levels.accept else NO)
            assert not levels.reject <= alone.dice < levels.accept


def test_the_same_seed_gives_the_same_quiz_and_another_seed_another(
    quiz: list[Question], case: TeachingCase, measuring: Measuring
) -> None:
    again, other = (asyncio.run(whole_quiz(case, measuring, seed)) for seed in (7, 8))
    assert [(q.key, q.answer) for q in again] == [(q.key, q.answer) for q in quiz]
    assert not {q.key for q in other} & {q.key for q in quiz}


def test_no_two_questions_and_no_two_contours_of_one_question_are_alike(quiz: list[Question]) -> None:
    assert len({question.key for question in quiz}) == ROUNDS
    for question in quiz:
        assert len({one.dose.error for one in question.candidates}) == len(question.candidates)
        for one, other in combinations(question.candidates, 2):
            assert one.contour.grid != other.contour.grid or (one.contour.mask != other.contour.mask).any()


def test_a_question_that_was_asked_is_not_asked_again(
    quiz: list[Question], case: TeachingCase, measuring: Measuring
) -> None:
    first = quiz[0]
    found = asyncio.run(draw_question(first.plan, case, case.structures[:5], measuring, {first.key}))
    assert found.key != first.key


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_every_quiz_asks_all_three_and_the_gaps_close(seed: int) -> None:
    plans = plan_quiz(seed, Levels())
    assert [plan.number for plan in plans] == list(range(ROUNDS))
    for criterion, least in SMALLEST.items():
        gaps = [plan.gap for plan in plans if plan.criterion is criterion]
        assert len(gaps) >= 2
        assert gaps == sorted(gaps, reverse=True)
        assert min(gaps) >= least - 1e-12
    assert plans == plan_quiz(seed, Levels())


def test_where_the_levels_leave_nothing_to_accept_and_nothing_to_reject_dice_is_asked_for() -> None:
    criteria = {plan.criterion for plan in plan_quiz(0, Levels(1.0, 0.0))}
    assert criteria == {Criterion.LOWEST_DICE, Criterion.LARGEST_HD95}


measured = st.lists(
    st.tuples(st.floats(0.0, 1.0), st.one_of(st.floats(0.0, 60.0), st.just(float("inf")))),
    min_size=0,
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(measured, st.sampled_from(list(Criterion)), st.floats(0.0, 1.0))
def test_whatever_is_measured_the_answer_is_apart_or_there_is_no_question(
    figures: list[tuple[float, float]], criterion: Criterion, ease: float
) -> None:
    """`choose` alone, on figures that no contour need have: ties, infinities, too few."""
    gap = SMALLEST[criterion] * (1 + ease)
    plan = RoundPlan(1, 2, criterion, gap, Levels())
    proposals = [Proposal(Dose(ERRORS_ASKED[n], 1.0, n), ONE) for n in range(len(figures))]
    truths: list[Comparison] = [replace(TEMPLATE, dice=d, hd95_mm=h) for d, h in figures]
    question = choose(plan, "one", proposals, truths)
    usable = [(d, h) for d, h in figures if 0 < d < 1 and h < float("inf")]
    if question is None:
        assert not possible(criterion, usable, gap)
        return
    decisive = question.decisive.truth
    others = [one.truth for one in question.candidates if one is not question.decisive]
    if criterion is Criterion.LOWEST_DICE:
        assert len(others) == 3
        assert min(one.dice for one in others) - decisive.dice >= gap
    elif criterion is Criterion.LARGEST_HD95:
        assert len(others) == 3
        assert decisive.hd95_mm - max(one.hd95_mm for one in others) >= gap
    elif question.answer == YES:
        assert decisive.dice - plan.levels.accept >= gap
    else:
        assert plan.levels.reject - decisive.dice >= gap


def possible(criterion: Criterion, usable: list[tuple[float, float]], gap: float) -> bool:
    """Whether any four contours, or any one, would do: by trying each as the worst."""
    levels = Levels()
    if criterion is Criterion.ACCEPTABLE:
        return any(d - levels.accept >= gap or levels.reject - d >= gap for d, _ in usable)
    if criterion is Criterion.LOWEST_DICE:
        return any(sum(other - worst >= gap for other, _ in usable) >= 3 for worst, _ in usable)
    return any(sum(worst - other >= gap for _, other in usable) >= 3 for _, worst in usable)


def test_a_case_from_which_nothing_fair_can_be_asked_says_so(
    case: TeachingCase, measuring: Measuring
) -> None:
    """One voxel: every error leaves it as it is, empties it, or covers it with something huge."""
    grid = case.image.grid
    mask = np.zeros(grid.shape, bool)
    mask[30, 30, 30] = True
    tiny = reference_case("Tiny", case.image, (Contour(mask, grid, "Dot"),))
    plan = replace(
        plan_quiz(0, Levels())[0], criterion=Criterion.ACCEPTABLE, gap=0.2, levels=Levels(1.0, 0.0)
    )
    with pytest.raises(WorkstationError, match=r"^No contours of Tiny are far enough apart"):
        asyncio.run(draw_question(plan, tiny, tiny.structures, measuring))
