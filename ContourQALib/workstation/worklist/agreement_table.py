"""How often readers did what the model's verdict said, as the page shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ContourQALib.quality.verdict import Verdict
from ContourQALib.report.wording import UNDEFINED
from ContourQALib.workstation.decisions.agreement import Agreement, Tally
from ContourQALib.workstation.decisions.decision import Choice, Decision

VERDICTS = (Verdict.ACCEPT, Verdict.REVIEW, Verdict.REJECT)
CHOICES = (Choice.ACCEPT, Choice.EDIT, Choice.REJECT)

BEFORE = "Decided before the score was shown"
AFTER = "Decided with the score in sight"


def agreement_table(decisions: Iterable[Decision]) -> dict[str, Any]:
    """Counts of verdict by choice, in two blocks, and one line a reader.

    Args:
        decisions: in the order they were made.
    """
    agreement = Agreement.of(decisions)
    blocks = [(BEFORE, agreement.all_hidden), (AFTER, agreement.all_shown)]
    return {
        "choices": [choice.value for choice in CHOICES],
        "blocks": [_block(title, tally) for title, tally in blocks if tally.total],
        "readers": [
            {"reader": reader, **_summary(agreement.of_reader(reader))} for reader in agreement.readers
        ],
        "without": agreement.overall.without_verdict,
    }


def _block(title: str, tally: Tally) -> dict[str, Any]:
    rows = [
        {"verdict": verdict.value, "counts": [tally.count(verdict, choice) for choice in CHOICES]}
        for verdict in VERDICTS
    ]
    return {"title": title, "rows": rows, **_summary(tally)}


def _summary(tally: Tally) -> dict[str, Any]:
    share = tally.agreeing_fraction
    agreeing = "" if share is None else f"{tally.agreeing} of {tally.total} ({100 * share:.0f} %)"
    return {
        "total": tally.total,
        "agreeing": agreeing or UNDEFINED,
        "missed": tally.missed,
        "false_alarms": tally.false_alarms,
    }
