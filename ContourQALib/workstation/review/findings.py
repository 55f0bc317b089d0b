"""Findings: what may be shown of each contour of the open case, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace

from undo_stack import Signal, SignalContainer

from ContourQALib.quality.assessment import Assessment, StructureAssessment
from ContourQALib.quality.worklist import AssessedCase, WorklistEntry
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session


@dataclass(frozen=True)
class Finding:
    """One contour as the reader may see it.

    Attributes:
        structure: its name.
        found: what was predicted of it; None while it is unknown, or hidden.
        of_file: what was predicted of it before it was edited; None as above.
        awaited: whether it is being assessed.
        edited: whether it was changed since its file was read.
        outdated: whether `found` is of a contour that was changed since.
        hidden: whether the reader's own call comes first.
    """

    structure: str
    found: StructureAssessment | None = None
    of_file: StructureAssessment | None = None
    awaited: bool = False
    edited: bool = False
    outdated: bool = False
    hidden: bool = False

    @property
    def is_located(self) -> bool:
        """Whether the error map is there, and not only its list of slices."""
        return self.found is not None and self.found.error is not None


class Findings(SignalContainer):
    """What is known of the open case's contours, without what "my call first" hides.

    Args:
        session: what the pages share.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of_file: dict[str, StructureAssessment] = {}
        session.case_opened.connect(self._on_opened)
        session.assessed.connect(self._on_assessed)
        session.assessing.connect(self._on_news)
        session.case_closing.connect(self._on_news)
        session.edited.connect(self._on_news)
        session.decided.connect(self._on_news)
        session.call_first.changed.connect(self._on_news)

    def of(self, structure: str) -> Finding:
        """What may be shown of a structure."""
        case = self._session.case
        if case is None:
            return Finding(structure)
        state = Finding(
            structure,
            awaited=case.is_awaited(structure),
            edited=structure in case.edited,
            outdated=case.is_outdated(structure),
            hidden=self._session.call_first.hides(case.entry.name, structure),
        )
        if state.hidden:
            return state
        return replace(state, found=case.found(structure), of_file=self._of_file.get(structure))

    @property
    def any_hidden(self) -> bool:
        """Whether a score is hidden; then the order of the structures must not tell it either."""
        case = self._session.case
        return case is not None and any(self.of(name).hidden for name in case.structures)

    @property
    def ordered(self) -> tuple[Finding, ...]:
        """Every contour, the riskiest first, the unknown last; as in the file where a score is hidden."""
        case = self._session.case
        if case is None:
            return ()
        every = [self.of(name) for name in case.structures]
        if any(one.hidden for one in every):
            return tuple(every)
        return tuple(sorted(every, key=lambda one: _risk(case, one)))

    def neighbor(self, structure: str, step: int) -> str:
        """The structure `step` rows below (above where negative), at most the last or the first."""
        names = [one.structure for one in self.ordered]
        if not names:
            return ""
        at = names.index(structure) + step if structure in names else 0
        return names[min(max(at, 0), len(names) - 1)]

    def _on_opened(self, case: OpenCase) -> None:
        self._of_file = {}
        self._on_assessed(case)

    def _on_assessed(self, case: OpenCase) -> None:
        for one in case.assessment.structures if case.assessment else ():
            if one.structure not in case.edited:
                self._of_file[one.structure] = one
        self.changed()

    def _on_news(self, *_: object) -> None:
        self.changed()


def _risk(case: OpenCase, finding: Finding) -> tuple[bool, tuple[float, float, str, str]]:
    """Sorts as the worklist does."""
    if finding.found is None or case.assessment is None:
        return True, (0.0, 0.0, "", "")
    return False, WorklistEntry(_row(case, case.assessment), finding.found).risk


def _row(case: OpenCase, assessment: Assessment) -> AssessedCase:
    return AssessedCase(case.entry.name, case.entry.patient, "", assessment)
