"""Whole files compared: with a reference, every pair of observers, or with the observers' consensus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ContourQALib.case import Contour
from ContourQALib.errors import SettingError
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM
from ContourQALib.metrics.observers import AgreementMatrix, Consensus, compare_pairwise, consensus
from ContourQALib.metrics.pairing import Grouping, Source, Unmatched, group_contours, nothing_shared

Progress = Callable[[int, int, str], None]
"""Called before each structure with how many are done, how many there are, and the next one's name."""


@dataclass(frozen=True)
class ComparisonSettings:
    """How sources are compared.

    Attributes:
        structures: names to compare, in any spelling; all where empty.
        tolerance_mm: tolerance of surface Dice, mm.
        per_slice: also compare slice by slice.
        progress: told before each structure.
    """

    structures: tuple[str, ...] = ()
    tolerance_mm: float = DEFAULT_TOLERANCE_MM
    per_slice: bool = False
    progress: Progress | None = None

    def tell(self, done: int, total: int, what: str) -> None:
        """Tell how far the work is, if anybody listens."""
        if self.progress:
            self.progress(done, total, what)


@dataclass(frozen=True, eq=False)
class ComparedPair:
    """A comparison with the two contours it is about."""

    comparison: Comparison
    reference: Contour
    test: Contour


@dataclass(frozen=True, eq=False)
class ComparisonSet:
    """Everything that came of comparing several sources.

    Attributes:
        pairs: every comparison, structure by structure.
        unmatched: structures that found no partner.
        matrices: agreement of all observers, one a structure; only where every pair was compared.
        consensus: the consensus contours, where they were the reference.
    """

    pairs: tuple[ComparedPair, ...]
    unmatched: tuple[Unmatched, ...]
    matrices: tuple[AgreementMatrix, ...] = ()
    consensus: tuple[Contour, ...] = ()

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The comparisons alone."""
        return tuple(pair.comparison for pair in self.pairs)


def compare_with_reference(
    reference: Source, tests: Sequence[Source], how: ComparisonSettings | None = None
) -> ComparisonSet:
    """Compare every structure of `reference` with the same one of each test source.

    Raises:
        StructureError: see `group_contours`, or no test source shares a structure with the reference.
        GeometryError: a test contour lies wholly outside the reference's grid.
        SettingError: the tolerance is not zero or more.
    """
    how = how or ComparisonSettings()
    groupings = [group_contours([reference, test], how.structures) for test in tests]
    groups = [group for grouping in groupings for group in grouping.groups]
    if not groups:
        raise nothing_shared([reference, *tests])
    pairs = []
    for done, group in enumerate(groups):
        how.tell(done, len(groups), group.structure)
        pairs.append(_pair(group.contours, group.sources, how))
    unmatched = dict.fromkeys(lone for grouping in groupings for lone in grouping.unmatched)
    return ComparisonSet(tuple(pairs), tuple(unmatched))


def compare_observers(observers: Sequence[Source], how: ComparisonSettings | None = None) -> ComparisonSet:
    """Compare every two observers of every structure that at least two of them drew.

    Raises:
        StructureError: see `group_contours`, or no two observers share a structure.
        GeometryError: a contour lies wholly outside the grid of the first observer who drew the structure.
        SettingError: fewer than two observers, or the tolerance is not zero or more.
    """
    how = how or ComparisonSettings()
    grouping = _shared(observers, how)
    pairs, matrices = [], []
    for done, group in enumerate(grouping.groups):
        how.tell(done, len(grouping.groups), group.structure)
        compared, matrix = compare_pairwise(
            group.contours, group.sources, how.tolerance_mm, per_slice=how.per_slice
        )
        by_source = dict(zip(group.sources, group.contours, strict=True))
        pairs += [ComparedPair(c, by_source[c.reference], by_source[c.test]) for c in compared]
        matrices.append(matrix)
    return ComparisonSet(tuple(pairs), grouping.unmatched, tuple(matrices))


def compare_with_consensus(
    observers: Sequence[Source], method: Consensus, how: ComparisonSettings | None = None
) -> ComparisonSet:
    """Compare every observer with the consensus of all observers of the same structure.

    Raises:
        StructureError: see `group_contours`, or no two observers share a structure.
        GeometryError: a contour lies wholly outside the grid of the first observer who drew the structure.
        SettingError: fewer than two observers, or the tolerance is not zero or more.
    """
    how = how or ComparisonSettings()
    grouping = _shared(observers, how)
    pairs, agreed = [], []
    label = f"consensus ({method.value})"
    for done, group in enumerate(grouping.groups):
        how.tell(done, len(grouping.groups), group.structure)
        reference = consensus(group.contours, method)
        agreed.append(reference)
        for source, contour in zip(group.sources, group.contours, strict=True):
            pairs.append(_pair((reference, contour), (label, source), how))
    return ComparisonSet(tuple(pairs), grouping.unmatched, consensus=tuple(agreed))


def _shared(observers: Sequence[Source], how: ComparisonSettings) -> Grouping:
    if len(observers) < 2:
        raise SettingError(f"Comparing observers needs at least two of them, not {len(observers)}.")
    grouping = group_contours(observers, how.structures)
    if not grouping.groups:
        raise nothing_shared(observers)
    return grouping


def _pair(contours: Sequence[Contour], sources: Sequence[str], how: ComparisonSettings) -> ComparedPair:
    reference, test = contours
    comparison = compare(
        reference,
        test,
        how.tolerance_mm,
        per_slice=how.per_slice,
        reference_label=sources[0],
        test_label=sources[1],
    )
    return ComparedPair(comparison, reference, test)
