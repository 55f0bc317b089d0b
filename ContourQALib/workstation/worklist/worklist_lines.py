"""The lines of the worklist: what is known of cases and contours, as a reader asked to see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from ContourQALib.names import counted, normalize
from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.quality.verdict import Verdict
from ContourQALib.quality.worklist import RANK, WorklistEntry
from ContourQALib.workstation.cases.known_cases import KnownCase, Stage
from ContourQALib.workstation.decisions.known_decisions import KnownDecisions

Hides = Callable[[WorklistEntry], bool]
"""Whether the model's opinion of a case's structure is hidden from the reader."""


class Mark(StrEnum):
    """What a line says in one word."""

    FAILED = "failed"
    REJECT = "reject"
    REVIEW = "review"
    ACCEPT = "accept"
    WAITING = "waiting"
    HIDDEN = "hidden"


MARKS = {verdict: Mark(verdict.value) for verdict in Verdict}
RANKS = {MARKS[verdict]: rank for verdict, rank in RANK.items()}


@dataclass(frozen=True)
class WorklistQuery:
    """What a reader asked to see.

    Attributes:
        contours: one line a contour; one a case, its riskiest contour first, where False.
        search: words that case, patient, structures, reasons or problem must all contain.
        mark: only lines of this mark; all where "".
        undecided: only lines with a contour that nobody has decided on.
        structure: speak of this structure alone, in any spelling; "" for all.
        sort: a key of `SORTS`; "" for risk.
        descending: the other way round; what has no value stays last.
    """

    contours: bool = False
    search: str = ""
    mark: str = ""
    undecided: bool = False
    structure: str = ""
    sort: str = ""
    descending: bool = False


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        case: whose it is.
        structure: the contour that it speaks of; "" where none is known or its choice would tell the score.
        found: what was predicted of it; None where hidden or unknown.
        mark: the word.
        contours: how many contours it stands for.
        decided: how many of these have a decision.
    """

    case: KnownCase
    structure: str
    found: StructureAssessment | None
    mark: Mark
    contours: int
    decided: int

    @property
    def undecided(self) -> bool:
        """Whether a reader has something left to do."""
        return self.decided < self.contours


@dataclass(frozen=True)
class WorklistLines:
    """What is to be shown.

    Attributes:
        lines: those asked for, in order.
        counts: how many lines have which mark, whatever mark, search or decision was asked for.
        undecided: how many of them have something left to decide.
        hidden: whether a score is hidden, so that the order is that of the folder or manifest.
    """

    lines: tuple[Line, ...]
    counts: Mapping[Mark, int]
    undecided: int
    hidden: bool


class WorklistView:
    """Makes lines of what is known.

    Args:
        decided: the decisions.
        hides: whether a score is hidden.
    """

    def __init__(self, decided: KnownDecisions, hides: Hides) -> None:
        self._decided = decided
        self._hides = hides

    def lines(self, cases: Sequence[KnownCase], query: WorklistQuery) -> WorklistLines:
        """The lines that a reader asked for, by risk if not otherwise; by number while a score is hidden."""
        wanted = _spelled(query.structure)
        hidden = any(self.hides_some(case) for case in cases)
        every: list[tuple[Any, Line]] = []
        for case in cases:
            if query.contours:
                every += self._of_contours(case, wanted, hidden)
            else:
                every += self._of_case(case, wanted, hidden)
        every.sort(key=lambda one: one[0])
        lines = [line for _, line in every]
        kept = [line for line in lines if _is_wanted(line, query) and _has(line, query)]
        return WorklistLines(
            tuple(_sorted(kept, query)),
            Counter(line.mark for line in lines),
            sum(line.undecided for line in lines),
            hidden,
        )

    def contour_lines(self, case: KnownCase) -> tuple[Line, ...]:
        """A case's contours: by risk, or in the order of the file while one of them is hidden."""
        found = self._of_contours(case, "", self.hides_some(case))
        return tuple(line for _, line in sorted(found, key=lambda one: one[0]))

    def hides_some(self, case: KnownCase) -> bool:
        """Whether a score of the case is hidden."""
        return any(map(self._hides, case.entries))

    def _of_case(self, case: KnownCase, wanted: str, hidden: bool) -> Iterator[tuple[Any, Line]]:
        entries = [entry for entry in case.entries if _is_of(entry, wanted)]
        if wanted and not entries:
            return
        seen = [entry for entry in entries if not self._hides(entry)]
        names = [entry.structure.structure for entry in entries if entry.structure]
        lead = seen[0] if seen else None
        mark = _mark(case, lead)
        if entries and lead is None:
            mark = Mark.HIDDEN
        found = lead.structure if lead else None
        line = Line(
            case,
            found.structure if found else "",
            found,
            mark,
            len(names),
            self._decided.count(case.name, names),
        )
        yield _place(case, lead, 0, hidden), line

    def _of_contours(self, case: KnownCase, wanted: str, hidden: bool) -> Iterator[tuple[Any, Line]]:
        order = {id(s): n for n, s in enumerate(case.assessment.structures)} if case.assessment else {}
        for entry in case.entries:
            if not _is_of(entry, wanted):
                continue
            found = entry.structure
            if found is None:
                yield _place(case, entry, 0, hidden), Line(case, "", None, Mark.FAILED, 0, 0)
                continue
            name, concealed = found.structure, self._hides(entry)
            line = Line(
                case,
                name,
                None if concealed else found,
                Mark.HIDDEN if concealed else _mark(case, entry),
                1,
                int(self._decided.latest(case.name, name) is not None),
            )
            yield _place(case, entry, order[id(found)], hidden), line


def structures_of(cases: Sequence[KnownCase]) -> tuple[str, ...]:
    """Names of the structures that were found in any case, each in one spelling, in alphabetical order."""
    names: dict[str, str] = {}
    for case in cases:
        for found in case.assessment.structures if case.assessment else ():
            names.setdefault(_spelled(found.structure), found.structure)
    return tuple(sorted(names.values(), key=str.casefold))


def _place(case: KnownCase, entry: WorklistEntry | None, place: int, hidden: bool) -> tuple[Any, ...]:
    """Sorts the lines; nothing of a hidden score is in it."""
    if hidden:
        return (case.number, place)
    if entry is None:
        return (len(RANK) + 1, float(case.number), "", "")
    return entry.risk


def _mark(case: KnownCase, entry: WorklistEntry | None) -> Mark:
    if case.stage is Stage.FAILED:
        return Mark.FAILED
    if entry is None or entry.structure is None:
        return Mark.WAITING
    return MARKS[entry.structure.verdict]


@lru_cache(maxsize=4096)
def _spelled(structure: str) -> str:
    return normalize(structure) if structure else ""


def _is_of(entry: WorklistEntry, wanted: str) -> bool:
    return not wanted or (entry.structure is not None and _spelled(entry.structure.structure) == wanted)


def _is_wanted(line: Line, query: WorklistQuery) -> bool:
    return (not query.mark or line.mark == query.mark) and (not query.undecided or line.undecided)


def _has(line: Line, query: WorklistQuery) -> bool:
    words = query.search.casefold().split()
    if not words:
        return True
    case = line.case
    text = [case.name, case.entry.patient, case.reason, line.structure]
    text += line.found.reasons if line.found else ()
    if not query.contours and case.assessment:
        text += [found.structure for found in case.assessment.structures]
    whole = "\n".join(text).casefold()
    return all(word in whole for word in words)


def _dice(line: Line) -> float | None:
    return line.found.dice if line.found else None


def _verdict(line: Line) -> int | None:
    return 0 if line.mark is Mark.FAILED else RANKS.get(line.mark)


SORTS: dict[str, Callable[[Line], Any]] = {
    "case": lambda line: counted(line.case.name),
    "patient": lambda line: counted(line.case.entry.patient) or None,
    "structure": lambda line: counted(line.structure) or None,
    "dice": _dice,
    "verdict": _verdict,
    "decided": lambda line: line.decided / line.contours if line.contours else None,
}
"""What a line is sorted by, by the name of its column; None stays last."""


def _sorted(lines: Sequence[Line], query: WorklistQuery) -> list[Line]:
    key = SORTS.get(query.sort)
    if key is None:
        return list(lines)
    valued = [(key(line), line) for line in lines]
    with_value = [one for one in valued if one[0] is not None]
    with_value.sort(key=lambda one: one[0], reverse=query.descending)
    return [line for _, line in with_value] + [line for value, line in valued if value is None]
