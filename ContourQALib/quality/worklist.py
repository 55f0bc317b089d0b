"""Worklist: the assessed contours of many cases in the order in which a reader should open them."""

from __future__ import annotations

from dataclasses import dataclass

from ContourQALib.quality.assessment import Assessment, StructureAssessment
from ContourQALib.quality.verdict import Levels, Verdict

RANK = {Verdict.REJECT: 1, Verdict.REVIEW: 2, Verdict.ACCEPT: 3}
"""What could not be assessed comes before all: nobody has looked at it yet."""

UNKNOWN = -1.0
"""A contour without a predicted Dice comes before those of the same verdict with the lowest one."""


@dataclass(frozen=True)
class CaseFile:
    """A file that was read for a case: what it is, its path and its SHA-256."""

    role: str
    path: str
    sha256: str


@dataclass(frozen=True)
class AssessedCase:
    """One row of a manifest, assessed or not.

    Attributes:
        case: its name.
        patient: whose it is.
        structure: the structure that the row asks for; "" for all of its file.
        assessment: what was found; None where it could not be assessed.
        reason: why it could not.
        files: what was read.
        pictures: by structure, the picture's file in the report's folder.
    """

    case: str
    patient: str
    structure: str
    assessment: Assessment | None
    reason: str | None = None
    files: tuple[CaseFile, ...] = ()
    pictures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class WorklistEntry:
    """One contour of a case; `structure` is None for a case that could not be assessed."""

    case: AssessedCase
    structure: StructureAssessment | None

    @property
    def risk(self) -> tuple[float, float, str, str]:
        """Sorts the entries: what failed, reject, review, accept; within each the lowest Dice first.

        The lower bound of Dice counts where there is one, else the predicted Dice.
        """
        found = self.structure
        if found is None:
            return 0, UNKNOWN, self.case.case, self.case.structure
        low = found.dice_interval[0] if found.dice_interval else found.dice
        return RANK[found.verdict], UNKNOWN if low is None else low, self.case.case, found.structure


@dataclass(frozen=True)
class Worklist:
    """All cases of a manifest, in its order.

    Attributes:
        cases: one a row.
        levels: the accept and reject levels behind the verdicts.
    """

    cases: tuple[AssessedCase, ...]
    levels: Levels

    @property
    def entries(self) -> tuple[WorklistEntry, ...]:
        """Every contour, the greatest risk first."""
        entries = []
        for case in self.cases:
            found = case.assessment.structures if case.assessment else (None,)
            entries += [WorklistEntry(case, structure) for structure in found]
        return tuple(sorted(entries, key=lambda entry: entry.risk))

    @property
    def by_risk(self) -> tuple[AssessedCase, ...]:
        """Every case, by its riskiest contour; one without contours last."""
        ordered = {id(entry.case): entry.case for entry in self.entries}
        return (*ordered.values(), *(case for case in self.cases if id(case) not in ordered))

    @property
    def failed(self) -> tuple[AssessedCase, ...]:
        """The cases that could not be assessed."""
        return tuple(case for case in self.cases if case.assessment is None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What every output of the models that answered must carry."""
        found = (note for case in self.cases if case.assessment for note in case.assessment.notes)
        return tuple(dict.fromkeys(found))
