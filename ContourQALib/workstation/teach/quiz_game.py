"""QuizGame: a quiz as it is played: rounds are drawn, contours looked at, answers given and explained."""

from __future__ import annotations

from trame_server.utils.typed_state import TypedState

from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.report.wording import dice_text, number
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.teach.measuring import Measuring
from ContourQALib.workstation.teach.quiz import Criterion, Key, Question, RoundPlan, draw_question, plan_quiz
from ContourQALib.workstation.teach.quiz_score import (
    Answer,
    QuizScore,
    explanation,
    model_answer,
    question_sentence,
)
from ContourQALib.workstation.teach.teach_scene import TeachScene
from ContourQALib.workstation.teach.teach_state import NOTHING, TRUE, QuizState
from ContourQALib.workstation.teach.teaching_case import TeachingCase

MOST_SEED = 999_999


class QuizGame:
    """Plays one quiz after the other.

    Args:
        session: what the pages share.
        scene: where the contours are shown.
        measuring: asks for figures.
        state: what the page shows of the quiz.
    """

    def __init__(
        self, session: Session, scene: TeachScene, measuring: Measuring, state: TypedState[QuizState]
    ) -> None:
        self._session = session
        self._scene = scene
        self._measuring = measuring
        self._state = state
        self._case: TeachingCase | None = None
        self._structures: tuple[str, ...] = ()
        self._plans: tuple[RoundPlan, ...] = ()
        self._asked: set[Key] = set()
        self._on_view = False
        self.question: Question | None = None
        self.score = QuizScore()
        self._predicted: tuple[StructureAssessment, ...] = ()

    def take(self, case: TeachingCase | None) -> None:
        """Ask about another case from now on; a quiz about the old one ends."""
        self._case = case
        self._structures = ()
        self.stop()

    def stop(self) -> None:
        """Forget the quiz under way."""
        self.question = None
        self._state.data.stage = "idle"

    def begin(self) -> None:
        """Start a quiz from the first round."""
        data = self._state.data
        seed = seed_of(data.seed)
        data.seed = str(seed)
        self._plans = plan_quiz(seed, self._measuring.levels)
        self._asked.clear()
        self.score = QuizScore()
        data.rounds = len(self._plans)
        data.right = data.streak = data.round = 0
        self.next_round()

    def next_round(self) -> None:
        """Draw the next question, or show what came out."""
        data = self._state.data
        number = len(self.score.answers)
        if number >= len(self._plans):
            data.summary = list(self.score.summary())
            data.stage = "done"
            return
        data.stage = "drawing"
        data.round = number + 1
        self._session.start(self._draw(self._plans[number]))

    def look(self, letter: str) -> None:
        """Show one of the contours."""
        question, case, data = self.question, self._case, self._state.data
        found = next((one for one in question.candidates if one.letter == letter), None) if question else None
        if question is None or found is None or case is None:
            return
        data.shown = letter
        if letter not in data.seen:
            data.seen = [*data.seen, letter]
        if not self._on_view:
            return
        self._scene.draw(case.contour(question.structure), found.contour)
        if data.stage == "answered":
            self._scene.seek()

    def answer(self, given: str) -> None:
        """Take an answer: a letter, "yes" or "no"; then the truth is shown."""
        question, data = self.question, self._state.data
        if question is None or data.stage != "asked" or given not in question.choices:
            return
        told = Answer(question, given, model_answer(question, self._predicted))
        self.score = self.score.with_answer(told)
        data.right, data.streak = self.score.right, self.score.streak
        data.was_right = told.right
        data.model = _model_words(told)
        data.why = list(explanation(question))
        data.rows = self._rows(question)
        data.stage = "answered"
        self._scene.show(reference=True, marked=TRUE)
        self.look(question.decisive.letter)

    def pause(self) -> None:
        """Leave the views to others; a round that is being drawn waits for the learner."""
        self._on_view = False

    def resume(self) -> None:
        """Show again what the round shows, after something else was shown in its place."""
        self._on_view = True
        truth_is_known = self._state.data.stage in ("answered", "done")
        self._scene.show(reference=truth_is_known, marked=TRUE if truth_is_known else NOTHING)
        if self.question is not None:
            self.look(self._state.data.shown)

    async def _draw(self, plan: RoundPlan) -> None:
        case = self._case
        if case is None:
            return
        try:
            structures = self._structures or await self._known_structures(case)
            question = await draw_question(plan, case, structures, self._measuring, self._asked)
            contours = [one.contour for one in question.candidates]
            predicted = (await self._measuring.predictions(case, contours)).structures
        except BaseException:
            if case is self._case:
                with self._session.state:
                    self.stop()
            raise
        if case is not self._case or plan not in self._plans or self._state.data.stage != "drawing":
            return  # another quiz was begun, or this one was left, meanwhile
        self._structures = structures
        self._asked.add(question.key)
        self.question, self._predicted = question, predicted
        with self._session.state:
            self._ask(question)

    async def _known_structures(self, case: TeachingCase) -> tuple[str, ...]:
        """The structures that a model says something of; all where it knows none."""
        assessed = await self._measuring.predictions(case, [case.contour(name) for name in case.structures])
        known = tuple(one.structure for one in assessed.structures if one.dice is not None)
        return known or case.structures

    def _ask(self, question: Question) -> None:
        data = self._state.data
        data.question = question_sentence(question)
        data.letters = [one.letter for one in question.candidates]
        data.yes_or_no = question.plan.criterion is Criterion.ACCEPTABLE
        data.seen, data.rows, data.why = [], [], []
        data.stage = "asked"
        if self._on_view:
            self._scene.show(reference=False, marked=NOTHING)
        self.look(question.candidates[0].letter)
        if self._on_view:
            self._scene.center()

    def _rows(self, question: Question) -> list[dict[str, str]]:
        """The truth and the prediction of each contour."""
        return [
            {
                "letter": one.letter,
                "error": one.dose.words,
                "dice": dice_text(one.truth.dice),
                "hd95": number(one.truth.hd95_mm, ".1f"),
                "predicted_dice": dice_text(said.dice),
                "predicted_hd95": number(said.hd95_mm, ".1f"),
                "kind": "decisive" if one is question.decisive else "",
            }
            for one, said in zip(question.candidates, self._predicted, strict=True)
        ]


def seed_of(text: object) -> int:
    """A seed from what was typed; 0 where that is no number."""
    try:
        return min(max(int(str(text)), 0), MOST_SEED)
    except ValueError:
        return 0


def _model_words(told: Answer) -> str:
    if told.model is None:
        return "The model says nothing of this structure."
    words = {"yes": "acceptable", "no": "not acceptable"}.get(told.model, told.model)
    return f"The model says {words}: {'right' if told.model_right else 'wrong'}."
