"""Decided: the last decision on each contour, for a list that shows thousands."""

from __future__ import annotations

from collections.abc import Iterable

from ContourQALib.workstation.decisions.decision import Decision, storable


class Decided:
    """The last decision by case and structure, in memory: the audit trail is not read for every row."""

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._latest: dict[str, dict[str, Decision]] = {}
        for decision in decisions:
            self.add(decision)

    def add(self, decision: Decision) -> None:
        """A decision was made; of two on a contour the one of the greater number counts."""
        made = self._latest.setdefault(decision.case, {})
        known = made.get(decision.structure)
        if known is None or known.number <= decision.number:
            made[decision.structure] = decision

    def of(self, case: str, structure: str) -> Decision | None:
        """The last decision on a structure; None where nobody decided."""
        made = self._latest.get(storable(case)) if self._latest else None
        return made.get(storable(structure)) if made else None

    def count(self, case: str, structures: Iterable[str]) -> int:
        """How many of a case's structures have a decision."""
        made = self._latest.get(storable(case), {})
        return sum(storable(structure) in made for structure in structures) if made else 0
