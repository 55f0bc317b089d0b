"""KnownDecisions: what readers decided, in memory, so that the audit trail is not read for every row."""

from __future__ import annotations

from collections.abc import Iterable

from undo_stack import Signal, SignalContainer

from ContourQALib.workstation.decisions.decision import Decision, storable


class KnownDecisions(SignalContainer):
    """Every decision that this server has read or written, by case and structure.

    Args:
        decisions: those known at first.
    """

    changed = Signal()

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._made: dict[tuple[str, str], list[Decision]] = {}
        self._by_reader: set[tuple[str, str, str]] = set()
        self.add(*decisions)

    def add(self, *decisions: Decision) -> None:
        """Decisions were made or read; those that are known already change nothing."""
        is_news = False
        for one in decisions:
            made = self._made.setdefault((one.case, one.structure), [])
            if one not in made:
                made.append(one)
                made.sort(key=lambda each: each.number)
                is_news = True
            self._by_reader.add((one.reader, one.case, one.structure))
        if is_news:
            self.changed()

    def history(self, case: str, structure: str) -> tuple[Decision, ...]:
        """All decisions on a contour, the latest first: that of the greatest number."""
        return tuple(reversed(self._made.get((storable(case), storable(structure)), ())))

    def latest(self, case: str, structure: str) -> Decision | None:
        """The last decision on a contour; None where nobody decided."""
        history = self.history(case, structure)
        return history[0] if history else None

    def count(self, case: str, structures: Iterable[str]) -> int:
        """How many of a case's structures have a decision."""
        name = storable(case)
        return sum((name, storable(structure)) in self._made for structure in structures)

    def has_decided(self, reader: str, case: str, structure: str) -> bool:
        """Whether this reader has decided on a contour."""
        return (storable(reader), storable(case), storable(structure)) in self._by_reader
