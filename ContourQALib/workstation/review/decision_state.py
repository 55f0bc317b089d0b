"""DecisionState: what the decision panel shows, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from trame_server.utils.typed_state import TypedState

from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.report.wording import interval_text
from ContourQALib.workstation.decisions.decision import Choice, Decision
from ContourQALib.workstation.plain_values import PlainValues

CHOICE_WORDS = {Choice.ACCEPT: "accepted", Choice.EDIT: "edited", Choice.REJECT: "rejected"}
CHOICE_ICONS = {Choice.ACCEPT: "mdi-check-bold", Choice.EDIT: "mdi-pencil", Choice.REJECT: "mdi-close-thick"}

MAXIMUM_NOTE = 2000
"""Characters."""


@dataclass
class DecisionState:
    """Values of the panel.

    Attributes:
        note: what is typed.
        history: what was decided of it, `history_line`, the latest first.
        next: the structure to decide next; "" where there is none.
        busy: whether a decision is being written down.
        pending: what could not be written down, a sentence each.
        problem: why.
        call_first: whether the next cases' scores are hidden.
        call_note: what a reader should know of this structure's hidden score; "" for nothing.
        compared: the reader's first call beside the model's verdict; {} where there is none to compare.
    """

    note: str = ""
    history: list[Any] = field(default_factory=list)
    next: str = ""
    busy: bool = False
    pending: list[str] = field(default_factory=list)
    problem: str = ""
    call_first: bool = False
    call_note: str = ""
    compared: dict[str, Any] = field(default_factory=dict)


Typed: TypeAlias = TypedState[DecisionState]


def decision_state(state: Any) -> Typed:
    """The panel's values in a trame state."""
    return TypedState(state, DecisionState, namespace="review_decision", encoder=PlainValues())


def history_line(decision: Decision, contour_sha256: str) -> dict[str, Any]:
    """One decision.

    Args:
        decision: as it was written down.
        contour_sha256: of the contour that is shown now.
    """
    return {
        "number": decision.number,
        "choice": decision.choice.value,
        "icon": CHOICE_ICONS[decision.choice],
        "word": CHOICE_WORDS[decision.choice],
        "reader": decision.reader,
        "when": when(decision),
        "note": decision.note,
        "file": decision.edited_file,
        "blind": decision.score_hidden,
        "other": decision.contour_sha256 != contour_sha256,
    }


def when(decision: Decision) -> str:
    """When it was made, in local time."""
    return datetime.fromisoformat(decision.decided_at).astimezone().strftime("%d %b %Y %H:%M")


def compared(call: Decision, found: StructureAssessment | None) -> dict[str, str]:
    """The reader's first call beside what the model says; {} while the model has said nothing."""
    if found is None:
        return {}
    dice = f", predicted Dice {interval_text(found.dice, found.dice_interval, '.2f')}" if found.dice else ""
    return {
        "choice": call.choice.value,
        "you": call.choice.value,
        "verdict": found.verdict.value,
        "model": f"{found.verdict.value}{dice}",
        "reason": found.reasons[0] if found.reasons else "",
    }
