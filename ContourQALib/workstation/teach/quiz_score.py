"""QuizScore: the answers that were given, what they are worth, and what was confused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.workstation.teach.lessons import LESSONS
from ContourQALib.workstation.teach.quiz import NO, YES, Criterion, Question


@dataclass(frozen=True, eq=False)
class Answer:
    """One round as it went.

    Attributes:
        question: what was asked.
        given: what the learner said.
        model: what the model would have said; None where it says nothing of the structure.
    """

    question: Question
    given: str
    model: str | None = None

    @property
    def right(self) -> bool:
        """Whether the learner was right."""
        return self.given == self.question.answer

    @property
    def model_right(self) -> bool:
        """Whether the model was right."""
        return self.model == self.question.answer


@dataclass(frozen=True, eq=False)
class QuizScore:
    """The answers so far, in their order."""

    answers: tuple[Answer, ...] = ()

    def with_answer(self, answer: Answer) -> QuizScore:
        """The score after one more answer."""
        return QuizScore((*self.answers, answer))

    @property
    def right(self) -> int:
        """Right answers."""
        return sum(answer.right for answer in self.answers)

    @property
    def model_right(self) -> int:
        """Rounds in which the model was right."""
        return sum(answer.model_right for answer in self.answers)

    @property
    def streak(self) -> int:
        """Right answers in a row, up to the last one."""
        return _runs(self.answers)[-1]

    @property
    def best_streak(self) -> int:
        """The longest row of right answers."""
        return max(_runs(self.answers))

    def summary(self) -> tuple[str, ...]:
        """What came out and what was confused, most frequent first; one sentence each."""
        if not self.answers:
            return ()
        rounds = len(self.answers)
        longest = f" Longest streak: {self.best_streak}." if self.right else ""
        lines = [f"{self.right} of {rounds} right.{longest}"]
        if any(answer.model is not None for answer in self.answers):
            lines.append(f"The model would have had {self.model_right} of {rounds}.")
        found: Counter[str] = Counter(_confusion(one) for one in self.answers if not one.right)
        lines += [f"{what}{_times(count)}." for what, count in found.most_common()]
        if not found:
            lines.append("Nothing was confused: try another quiz number.")
        return tuple(lines)


def model_answer(question: Question, predicted: Sequence[StructureAssessment]) -> str | None:
    """What the model answers: by predicted Dice or HD95, and with the accept level as the only one.

    Args:
        question: what was asked.
        predicted: of the candidates, in their order.

    Returns:
        A letter, "yes" or "no"; None where a prediction is missing.
    """
    criterion = question.plan.criterion
    figures = [one.hd95_mm if criterion is Criterion.LARGEST_HD95 else one.dice for one in predicted]
    known = [figure for figure in figures if figure is not None]
    if len(known) < len(question.candidates):
        return None
    if criterion is Criterion.ACCEPTABLE:
        return YES if known[0] >= question.plan.levels.accept else NO
    extreme = max(known) if criterion is Criterion.LARGEST_HD95 else min(known)
    return question.candidates[known.index(extreme)].letter


def question_sentence(question: Question) -> str:
    """What is asked, with the criterion that decides."""
    plan = question.plan
    if plan.criterion is Criterion.LOWEST_DICE:
        return f"Which of these contours of {question.structure} is worst? The lowest Dice decides."
    if plan.criterion is Criterion.LARGEST_HD95:
        return f"Which of these contours of {question.structure} has the largest HD95?"
    return (
        f"Is this contour of {question.structure} acceptable? It is if its Dice is at least "
        f"{plan.levels.accept:.2f}; it is clearly above that or clearly below {plan.levels.reject:.2f}."
    )


def explanation(question: Question) -> tuple[str, ...]:
    """Why the right answer is right, what to notice of its error, and what the other criterion would say."""
    decisive = question.decisive
    truth, lesson = decisive.truth, LESSONS[decisive.dose.error]
    criterion = question.plan.criterion
    by_dice = criterion is Criterion.LOWEST_DICE
    if criterion is Criterion.ACCEPTABLE:
        first = f"Its Dice is {truth.dice:.3f}: {decisive.dose.words.lower()}."
    else:
        figure = f"Dice {truth.dice:.3f}" if by_dice else f"HD95 {truth.hd95_mm:.1f} mm"
        first = f"It is {decisive.letter}, {figure}: {decisive.dose.words.lower()}."
    lines = [first, lesson.notice]
    lowest = min(question.candidates, key=lambda one: one.truth.dice)
    farthest = max(question.candidates, key=lambda one: one.truth.hd95_mm)
    if by_dice and farthest is not decisive:
        lines.append(f"By HD95 it would be {farthest.letter}, with {farthest.truth.hd95_mm:.1f} mm.")
    if criterion is Criterion.LARGEST_HD95 and lowest is not decisive:
        lines.append(f"By Dice it would be {lowest.letter}, with {lowest.truth.dice:.3f}.")
    return tuple(lines)


def _runs(answers: Sequence[Answer]) -> list[int]:
    """Right answers in a row up to each answer, from 0 before the first."""
    runs = [0]
    for answer in answers:
        runs.append(runs[-1] + 1 if answer.right else 0)
    return runs


def _confusion(answer: Answer) -> str:
    question = answer.question
    truth = LESSONS[question.decisive.dose.error].title.lower()
    if question.plan.criterion is Criterion.ACCEPTABLE:
        verb = "accepted what was not acceptable" if answer.given == YES else "rejected what was acceptable"
        return f"You {verb}: {truth}"
    given = next(one for one in question.candidates if one.letter == answer.given)
    taken = LESSONS[given.dose.error].title.lower()
    return f"You overlooked: {truth} ({question.plan.criterion}), and took for worse: {taken}"


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""
