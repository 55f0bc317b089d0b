"""KnownCases: what is known of every case of the worklist, and the order in which to open them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.verdict import Levels
from ContourQALib.quality.worklist import AssessedCase, Worklist, WorklistEntry
from ContourQALib.workstation.cases.case_entry import CaseEntry


class Stage(StrEnum):
    """How far a case is."""

    WAITING = "waiting"
    ASSESSING = "assessing"
    ASSESSED = "assessed"
    FAILED = "failed"


@dataclass(frozen=True)
class KnownCase:
    """One case, and what is known of it.

    Attributes:
        entry: which case it is.
        number: its place in the folder or manifest, from 0.
        stage: how far it is.
        assessment: what was found, without error maps; None before.
        reason: why it could not be assessed; "" where it could.
    """

    entry: CaseEntry
    number: int
    stage: Stage = Stage.WAITING
    assessment: Assessment | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        """The case's name."""
        return self.entry.name

    @cached_property
    def assessed(self) -> AssessedCase:
        """The case as worklists hold it."""
        entry = self.entry
        return AssessedCase(entry.name, entry.patient, "", self.assessment, self.reason or None)

    @cached_property
    def entries(self) -> tuple[WorklistEntry, ...]:
        """Its contours, the greatest risk first; none yet while it waits, one without if it failed."""
        if self.stage is Stage.FAILED:
            return (WorklistEntry(self.assessed, None),)
        structures = self.assessment.structures if self.assessment else ()
        entries = (WorklistEntry(self.assessed, structure) for structure in structures)
        return tuple(sorted(entries, key=lambda entry: entry.risk))


class KnownCases:
    """The cases of a worklist with what was found of each; on the event loop's thread alone.

    Args:
        cases: in the order of their folder or manifest. One with a problem has failed already.
        levels: accept and reject levels of Dice.
    """

    def __init__(self, cases: Sequence[CaseEntry], levels: Levels) -> None:
        self.levels = levels
        self._cases = {
            entry.name: KnownCase(entry, number, Stage.FAILED, reason=entry.problem)
            if entry.problem
            else KnownCase(entry, number)
            for number, entry in enumerate(cases)
        }
        self._by_risk: tuple[str, ...] | None = None

    @property
    def cases(self) -> tuple[KnownCase, ...]:
        """All, in the order of their folder or manifest."""
        return tuple(self._cases.values())

    @property
    def entries(self) -> Iterator[WorklistEntry]:
        """The contours of all cases."""
        return (entry for case in self._cases.values() for entry in case.entries)

    def case(self, name: str) -> KnownCase:
        """What is known of a case.

        Raises:
            KeyError: there is no such case.
        """
        return self._cases[name]

    def of_stage(self, *stages: Stage) -> tuple[KnownCase, ...]:
        """The cases that are so far, in the order of their folder or manifest."""
        return tuple(case for case in self._cases.values() if case.stage in stages)

    def keep(self, name: str, assessment: Assessment) -> None:
        """Remember what was found of a case, without its error maps, which are as large as images."""
        self._set(name, Stage.ASSESSED, assessment.without_maps)

    def fail(self, name: str, reason: str) -> None:
        """Remember why a case could not be assessed."""
        self._set(name, Stage.FAILED, reason=reason)

    def begin(self, name: str) -> None:
        """A case is being assessed."""
        self._set(name, Stage.ASSESSING)

    def put_back(self, name: str) -> None:
        """A case waits again."""
        self._set(name, Stage.WAITING)

    @property
    def worklist(self) -> Worklist:
        """The cases that were assessed or failed, for reports and tables."""
        done = self.of_stage(Stage.ASSESSED, Stage.FAILED)
        return Worklist(tuple(case.assessed for case in done), self.levels)

    @property
    def by_risk(self) -> tuple[str, ...]:
        """Names of all cases, the riskiest first; those that nothing is known of last."""
        if self._by_risk is None:
            known = [case.case for case in self.worklist.by_risk]
            self._by_risk = tuple(dict.fromkeys([*known, *self._cases]))
        return self._by_risk

    def _set(self, name: str, stage: Stage, assessment: Assessment | None = None, reason: str = "") -> None:
        self._cases[name] = replace(self._cases[name], stage=stage, assessment=assessment, reason=reason)
        self._by_risk = None
