"""Quiz: questions about spoiled contours whose answers are right by the library's own figures.

Nothing here knows of a page. A question is drawn in three steps: contours are proposed, measured against the
reference by whoever computes, and chosen so that the right answer is apart from all others by a stated gap.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.metrics.compare import Comparison
from ContourQALib.quality.verdict import Levels
from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.teach.lessons import LESSONS
from ContourQALib.workstation.teach.measuring import Measuring
from ContourQALib.workstation.teach.teaching_case import Dose, TeachingCase

ROUNDS = 10

LETTERS = "ABCD"

YES, NO = "yes", "no"

ERRORS_ASKED = (
    "shift",
    "rotate",
    "scale",
    "dilate",
    "erode",
    "bulge",
    "dent",
    "smooth",
    "staircase",
    "noise",
    "missing-slices",
    "missing-slice-inside",
    "extra-slices",
    "slab-drop",
    "truncated",
    "island",
    "hole",
)
"""What a reader meets; the others are seen from afar."""

DICE_GAPS = (0.12, 0.03)
HD95_GAPS_MM = (8.0, 3.0)
LEVEL_MARGINS = (0.10, 0.03)
"""How far the right answer is from the next, in the first round and in the last. Less than the last is never
asked: no eye sees it."""

PROPOSED = 12
"""Contours that one question is chosen from, each with another error."""

ATTEMPTS = 8
"""How often contours are proposed before a structure is given up."""


class Criterion(StrEnum):
    """What is asked."""

    LOWEST_DICE = "lowest Dice"
    LARGEST_HD95 = "largest HD95"
    ACCEPTABLE = "acceptable"


_MIX = (Criterion.LOWEST_DICE,) * 5 + (Criterion.LARGEST_HD95,) * 3 + (Criterion.ACCEPTABLE,) * 2


Key = tuple[str, str, frozenset[Dose]]
"""Criterion, structure and doses: what makes a question this one and no other."""


@dataclass(frozen=True)
class RoundPlan:
    """What a round shall ask.

    Attributes:
        seed: of the quiz.
        number: of the round, from 0.
        criterion: what is asked.
        gap: how far the right answer must be from the others, in Dice or in mm.
        levels: accept and reject levels of Dice.
    """

    seed: int
    number: int
    criterion: Criterion
    gap: float
    levels: Levels

    def rng(self, *more: int) -> np.random.Generator:
        """Random numbers of this round: the same for the same seed, round and `more`."""
        return np.random.default_rng([self.seed, self.number, *more])


@dataclass(frozen=True, eq=False)
class Candidate:
    """One of the contours that are asked about.

    Attributes:
        letter: A to D.
        dose: the error in it.
        contour: cut to its box.
        truth: how it agrees with the reference.
    """

    letter: str
    dose: Dose
    contour: Contour
    truth: Comparison


@dataclass(frozen=True, eq=False)
class Question:
    """A question and its right answer.

    Attributes:
        plan: the round.
        structure: of all candidates.
        candidates: four, or one where it is asked whether it is acceptable; each has another error.
        answer: a letter, or "yes" or "no".
    """

    plan: RoundPlan
    structure: str
    candidates: tuple[Candidate, ...]
    answer: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The answers that can be given."""
        if self.plan.criterion is Criterion.ACCEPTABLE:
            return YES, NO
        return tuple(candidate.letter for candidate in self.candidates)

    @property
    def decisive(self) -> Candidate:
        """The candidate that the right answer is about."""
        return next((one for one in self.candidates if one.letter == self.answer), self.candidates[0])

    @property
    def key(self) -> Key:
        """What makes it this question and no other."""
        return self.plan.criterion.value, self.structure, frozenset(one.dose for one in self.candidates)


@dataclass(frozen=True, eq=False)
class Proposal:
    """A spoiled contour that may be asked about."""

    dose: Dose
    contour: Contour


def plan_quiz(seed: int, levels: Levels, rounds: int = ROUNDS) -> tuple[RoundPlan, ...]:
    """What each round of a quiz asks: mixed by the seed, the gaps closing from round to round."""
    order = np.random.default_rng([seed, rounds]).permutation(rounds)
    gaps = {
        Criterion.LOWEST_DICE: DICE_GAPS,
        Criterion.LARGEST_HD95: HD95_GAPS_MM,
        Criterion.ACCEPTABLE: LEVEL_MARGINS,
    }
    plans = []
    for number in range(rounds):
        criterion = _MIX[int(order[number]) % len(_MIX)]
        if criterion is Criterion.ACCEPTABLE and not _decidable(levels):
            criterion = Criterion.LOWEST_DICE
        first, last = gaps[criterion]
        gap = first + (last - first) * number / max(rounds - 1, 1)
        plans.append(RoundPlan(seed, number, criterion, gap, levels))
    return tuple(plans)


async def draw_question(
    plan: RoundPlan,
    case: TeachingCase,
    structures: Sequence[str],
    measuring: Measuring,
    asked: Collection[Key] = (),
) -> Question:
    """The question of a round, the same for the same plan and case.

    Args:
        plan: the round.
        case: whose contours are spoiled.
        structures: those that may be asked about.
        measuring: measures the proposals.
        asked: keys of questions that were asked already and are not asked again.

    Raises:
        WorkstationError: no structure gives contours that are far enough apart.
        WorkerError: the computing process failed.
    """
    for turn, structure in enumerate(plan.rng().permutation(np.array(structures, object))):
        for attempt in range(ATTEMPTS):
            proposals = await asyncio.to_thread(propose, plan, case, structure, turn, attempt)
            truths = await measuring.truths(case, structure, [one.contour for one in proposals])
            question = choose(plan, structure, proposals, truths)
            if question is not None and question.key not in asked:
                return question
    raise WorkstationError(
        f"No contours of {case.name} are far enough apart for a fair question;"
        " choose the phantom for the quiz."
    )


def propose(
    plan: RoundPlan, case: TeachingCase, structure: str, turn: int, attempt: int
) -> tuple[Proposal, ...]:
    """Spoiled contours of one structure, each with another error at a random severity; takes some 0.1 s."""
    rng = plan.rng(turn, attempt)
    proposals = []
    for error in rng.choice(ERRORS_ASKED, PROPOSED, replace=False):
        lesson = LESSONS[str(error)]
        low, high = min(lesson.kind.severities), max(lesson.kind.severities)
        severity = max(lesson.severity(rng.uniform(low, high)), lesson.step)
        dose = Dose(lesson.error, severity, int(rng.integers(1_000_000)))
        proposals.append(Proposal(dose, case.spoiled(structure, dose)))
    return tuple(proposals)


def choose(
    plan: RoundPlan, structure: str, proposals: Sequence[Proposal], truths: Sequence[Comparison]
) -> Question | None:
    """The closest question that keeps the round's gap; None where the proposals give none.

    Args:
        plan: the round.
        structure: of the proposals.
        proposals: what may be asked about.
        truths: their comparisons with the reference.
    """
    measured = [
        Candidate("", one.dose, one.contour, truth)
        for one, truth in zip(proposals, truths, strict=True)
        if 0.0 < truth.dice < 1.0 and math.isfinite(truth.hd95_mm)
    ]
    if plan.criterion is Criterion.ACCEPTABLE:
        return _acceptable(plan, structure, measured)
    badness = [_badness(plan.criterion, one) for one in measured]
    # from the best to the worst; equal ones in the order of the proposals
    order = sorted(range(len(measured)), key=badness.__getitem__)
    best: tuple[float, list[int]] | None = None
    for place in range(len(LETTERS) - 1, len(order)):
        worst = order[place]
        others = [n for n in order[:place] if badness[worst] - badness[n] >= plan.gap][-(len(LETTERS) - 1) :]
        if len(others) == len(LETTERS) - 1:
            lead = badness[worst] - badness[others[-1]]
            if best is None or lead < best[0]:
                best = lead, [worst, *others]
    if best is None:
        return None
    mixed = plan.rng(len(measured)).permutation(best[1])
    candidates = tuple(
        Candidate(letter, measured[n].dose, measured[n].contour, measured[n].truth)
        for letter, n in zip(LETTERS, mixed, strict=True)
    )
    answer = LETTERS[list(mixed).index(best[1][0])]
    return Question(plan, structure, candidates, answer)


def _decidable(levels: Levels) -> bool:
    """Whether a contour can be clearly above the accept level or clearly below the reject level."""
    return levels.accept + max(LEVEL_MARGINS) < 1.0 or levels.reject - max(LEVEL_MARGINS) > 0.0


def _badness(criterion: Criterion, candidate: Candidate) -> float:
    return -candidate.truth.dice if criterion is Criterion.LOWEST_DICE else candidate.truth.hd95_mm


def _acceptable(plan: RoundPlan, structure: str, measured: Sequence[Candidate]) -> Question | None:
    wanted = YES if plan.rng().random() < 0.5 else NO
    for answer in (wanted, NO if wanted == YES else YES):
        beyond = [(_beyond(plan, one, answer), one) for one in measured]
        fair = [(distance, n) for n, (distance, _) in enumerate(beyond) if distance >= plan.gap]
        if fair:
            chosen = beyond[min(fair)[1]][1]
            candidate = Candidate(LETTERS[0], chosen.dose, chosen.contour, chosen.truth)
            return Question(plan, structure, (candidate,), answer)
    return None


def _beyond(plan: RoundPlan, candidate: Candidate, answer: str) -> float:
    """How far a contour's Dice is above the accept level, or below the reject level."""
    if answer == YES:
        return candidate.truth.dice - plan.levels.accept
    return plan.levels.reject - candidate.truth.dice
