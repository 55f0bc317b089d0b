"""Predicted Dice beside the true one: of the very contours that were assessed, as far as it may be shown."""

from __future__ import annotations

from dataclasses import dataclass

from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.report.wording import dice_text, interval_text
from ContourQALib.workstation.call_first import CallFirst
from ContourQALib.workstation.compare.case_comparison import CaseComparison
from ContourQALib.workstation.compare.case_source import CaseSource, Kind
from ContourQALib.workstation.open_case import OpenCase

CALL_FIRST = "your call first"
AWAITED = "being assessed"

INTERVAL_FORM = ".2f"
"""A prediction is not as exact as a measurement."""


@dataclass(frozen=True)
class Predicted:
    """What is known without the reference of a contour under review.

    Attributes:
        found: the assessment; None where it is hidden or awaited.
        why: why there is none.
    """

    found: StructureAssessment | None
    why: str = ""

    @property
    def short(self) -> str:
        """For the table's cell."""
        return self.why if self.found is None else f"pred. {self._dice}"

    def sentence(self, true_dice: float) -> str:
        """Predicted and true Dice in words."""
        true = f"The true Dice is {dice_text(true_dice)}"
        if self.found is None:
            return f"{true}; the predicted one is {'hidden: ' if self.why == CALL_FIRST else ''}{self.why}."
        one = self.found
        interval = interval_text(one.dice, one.dice_interval, INTERVAL_FORM)
        level = ""
        if one.dice_interval and one.interval_level is not None:
            level = f" ({100 * one.interval_level:g} % interval)"
        return f"{true}, the predicted one {interval}{level}."

    @property
    def _dice(self) -> str:
        return interval_text(None if self.found is None else self.found.dice, None, INTERVAL_FORM)


def predicted_dice(
    case: OpenCase,
    result: CaseComparison,
    reference: CaseSource,
    sources: tuple[CaseSource, ...],
    call_first: CallFirst,
) -> dict[tuple[str, str], Predicted]:
    """Predictions by (structure, test); none where what was assessed is not what was compared.

    Args:
        case: the open case.
        result: what was compared, of the contours as they are now.
        reference: what with; nothing is told where it is not held to be right.
        sources: the tests.
        call_first: says of which contours nothing may be shown yet.
    """
    reviewed = next((source.name for source in sources if source.kind is Kind.REVIEWED), None)
    if reference.kind is not Kind.REFERENCE or reviewed is None:
        return {}
    told = {}
    for structure in case.structures:
        spelled = result.spelled(structure)
        one = result.find(spelled, reviewed) if spelled else None
        if one is None:
            continue
        found = case.found(structure)
        if call_first.hides(case.entry.name, structure):
            told[spelled, reviewed] = Predicted(None, CALL_FIRST)
        elif case.is_awaited(structure) and (found is None or case.is_outdated(structure)):
            told[spelled, reviewed] = Predicted(None, AWAITED)
        elif found is not None and found.dice is not None and not case.is_outdated(structure):
            told[spelled, reviewed] = Predicted(found)
    return told
