"""What readers decided on contours, and its section of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from ContourQALib.report.html import Column, Section, table
from ContourQALib.report.wording import UNDEFINED


@dataclass(frozen=True)
class ReaderDecision:
    """One decision, as a report shows it.

    Attributes:
        structure: the contour's name.
        choice: "accept", "edit" or "reject".
        reader: who decided.
        decided_at: UTC, ISO 8601.
        verdict: the model's verdict at that time; "" where there was none.
        score_hidden: whether the reader decided before the score was shown.
        edited_file: name of the file that holds the edited contour; "" where there is none.
        note: what the reader wrote to it.
    """

    structure: str
    choice: str
    reader: str
    decided_at: str
    verdict: str = ""
    score_hidden: bool = False
    edited_file: str = ""
    note: str = ""


def decision_section(decisions: Sequence[ReaderDecision]) -> Section:
    """Every decision in its order, the note below it."""
    columns = [
        Column(title, numeric=False)
        for title in ("Structure", "Decision", "Reader", "UTC", "Model's verdict", "Score", "Edited contour")
    ]
    rows = [
        [
            escape(one.structure),
            escape(one.choice),
            escape(one.reader),
            escape(one.decided_at),
            escape(one.verdict) or UNDEFINED,
            "hidden" if one.score_hidden else "shown",
            escape(one.edited_file) or UNDEFINED,
        ]
        for one in decisions
    ]
    notes = [escape(one.note) for one in decisions]
    return Section("Decisions", table(columns, rows, "What readers decided, in order", notes))


def decision_rows(decisions: Sequence[ReaderDecision]) -> list[dict[str, Any]]:
    """The decisions as records of a document."""
    return [asdict(one) for one in decisions]
