"""TeachState and QuizState: what the teaching page and its server both know; plain values alone."""

from __future__ import annotations

from dataclasses import dataclass, field

NAMESPACE = "teach"

TRY, QUIZ = "try", "quiz"
"""The two halves of the page."""

PHANTOM, REFERENCE = "phantom", "reference"
"""What is taught with: the phantom of a seed, or the open case's reference."""

TRUE, PROBABLE, NOTHING = "true", "probable", "nothing"
"""What is marked in the views: true differences, probable errors, or nothing."""

STRUCTURE = "CTV"
ERROR = "shift"


@dataclass
class TeachState:
    """The half where errors are tried.

    Attributes:
        half: "try" or "quiz".
        source: "phantom" or "reference".
        seed: of the phantom, as typed.
        sources: what can be chosen, as items of a select.
        loading: whether the case is being made.
        structures: that can be spoiled.
        structure: the one that is.
        error: name of the contour error.
        notice: what to notice about it.
        description: what the error does.
        severity: in the error's unit, as the slider has it.
        highest: the slider's end.
        step: of the slider.
        words: the severity as people say it.
        place: seed of the error's direction or place.
        marked: what is marked in the views, "true", "probable" or "nothing".
        measuring: whether figures of an earlier contour are shown still.
        rows: of the table.
        verdict: what the prediction says.
        reason: the first reason for it.
        unchanged: whether the contour is the reference still.
        note: what every output of the model must carry.
    """

    half: str = TRY
    source: str = PHANTOM
    seed: str = "0"
    sources: list[dict[str, str]] = field(default_factory=list)
    loading: bool = False
    structures: list[str] = field(default_factory=list)
    structure: str = STRUCTURE
    error: str = ERROR
    notice: str = ""
    description: str = ""
    severity: float = 6.0
    highest: float = 20.0
    step: float = 0.5
    words: str = ""
    place: int = 0
    marked: str = TRUE
    measuring: bool = False
    rows: list[dict[str, str]] = field(default_factory=list)
    verdict: str = ""
    reason: str = ""
    unchanged: bool = False
    note: str = ""


@dataclass
class QuizState:
    """The half with the quiz.

    Attributes:
        seed: of the quiz, as typed.
        stage: "idle", "drawing", "asked", "answered" or "done".
        round: the round from 1.
        rounds: how many there are.
        right: right answers so far.
        streak: right answers in a row.
        question: the question's sentence.
        letters: of the contours.
        shown: the letter of the contour that is shown.
        seen: letters that were looked at.
        yes_or_no: whether the answer is yes or no.
        was_right: whether the last answer was.
        model: what the model says, in words.
        why: sentences.
        rows: the truth and the prediction of each contour.
        summary: sentences at the end.
    """

    seed: str = "1"
    stage: str = "idle"
    round: int = 0
    rounds: int = 10
    right: int = 0
    streak: int = 0
    question: str = ""
    letters: list[str] = field(default_factory=list)
    shown: str = ""
    seen: list[str] = field(default_factory=list)
    yes_or_no: bool = False
    was_right: bool = False
    model: str = ""
    why: list[str] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)
    summary: list[str] = field(default_factory=list)
