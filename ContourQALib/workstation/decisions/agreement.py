"""Agreement: how often readers did what the model's verdict said, counted and not judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from ContourQALib.quality.verdict import Verdict
from ContourQALib.workstation.decisions.decision import Choice, Decision

Pair = tuple[Verdict, Choice]


@dataclass(frozen=True)
class Tally:
    """How often each verdict met each choice.

    Verdict and choice agree where both leave the contour as it is, or neither does: a reader edits or rejects
    what the model wants reviewed or rejected.

    Attributes:
        counts: decisions by the model's verdict and the reader's choice; what never happened is left out.
        without_verdict: decisions on contours that no model and no rule had judged; in no other figure.
    """

    counts: Mapping[Pair, int] = field(default_factory=dict)
    without_verdict: int = 0

    @classmethod
    def of(cls, decisions: Iterable[Decision]) -> Self:
        """Count decisions, each of them."""
        counts: Counter[Pair] = Counter()
        without = 0
        for decision in decisions:
            if decision.verdict in set(Verdict):
                counts[Verdict(decision.verdict), decision.choice] += 1
            else:
                without += 1
        return cls(dict(counts), without)

    def __add__(self, other: Tally) -> Tally:
        both = Counter(self.counts) + Counter(other.counts)
        return Tally(dict(both), self.without_verdict + other.without_verdict)

    def count(self, verdict: Verdict, choice: Choice) -> int:
        """Decisions of this verdict and choice."""
        return self.counts.get((verdict, choice), 0)

    @property
    def total(self) -> int:
        """Decisions on contours with a verdict."""
        return sum(self.counts.values())

    @property
    def missed(self) -> int:
        """Contours that the model accepted and the reader did not."""
        return sum(n for (verdict, choice), n in self.counts.items() if _kept(verdict) and not _kept(choice))

    @property
    def false_alarms(self) -> int:
        """Contours that the reader accepted and the model did not."""
        return sum(n for (verdict, choice), n in self.counts.items() if _kept(choice) and not _kept(verdict))

    @property
    def agreeing(self) -> int:
        """Contours that both accepted, or neither."""
        return self.total - self.missed - self.false_alarms

    @property
    def agreeing_fraction(self) -> float | None:
        """`agreeing` of `total`; None where there is no decision on a contour with a verdict."""
        return self.agreeing / self.total if self.total else None


@dataclass(frozen=True)
class Agreement:
    """Tallies by reader, apart for decisions made before and after the score was shown.

    Only a reader's first decision on a contour counts (the same case, structure and voxels): a second one is
    a correction, made when the score had been seen. Where the score was shown, agreement is partly the
    score's doing.

    Attributes:
        hidden: by reader, decisions made before the score was shown.
        shown: by reader, decisions made with the score in sight.
    """

    hidden: Mapping[str, Tally]
    shown: Mapping[str, Tally]

    @classmethod
    def of(cls, decisions: Iterable[Decision]) -> Self:
        """Agreement over decisions in the order they were made."""
        first: dict[tuple[str, str, str, str], Decision] = {}
        for decision in decisions:
            key = (decision.reader, decision.case, decision.structure, decision.contour_sha256)
            first.setdefault(key, decision)
        grouped: dict[bool, dict[str, list[Decision]]] = {True: {}, False: {}}
        for decision in first.values():
            grouped[decision.score_hidden].setdefault(decision.reader, []).append(decision)
        hidden, shown = (
            {reader: Tally.of(made) for reader, made in sorted(grouped[group].items())}
            for group in (True, False)
        )
        return cls(hidden, shown)

    @property
    def readers(self) -> tuple[str, ...]:
        """Everybody who decided, in alphabetical order."""
        return tuple(sorted({*self.hidden, *self.shown}))

    @property
    def all_hidden(self) -> Tally:
        """Every reader's decisions made before the score was shown."""
        return sum(self.hidden.values(), Tally())

    @property
    def all_shown(self) -> Tally:
        """Every reader's decisions made with the score in sight."""
        return sum(self.shown.values(), Tally())

    @property
    def overall(self) -> Tally:
        """Every reader's decisions."""
        return self.all_hidden + self.all_shown

    def of_reader(self, reader: str) -> Tally:
        """One reader's decisions; zeros for somebody who made none."""
        return self.hidden.get(reader, Tally()) + self.shown.get(reader, Tally())


def _kept(word: Verdict | Choice) -> bool:
    """Whether a verdict or a choice leaves the contour as it is."""
    return word in (Verdict.ACCEPT, Choice.ACCEPT)
