"""Whole files compared: with a reference, every pair of observers, or with the observers' consensus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ContourQALib.case import Contour
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM
from ContourQALib.metrics.observers import AgreementMatrix, Consensus, compare_pairwise, consensus
from ContourQALib.metrics.pairing import Source, Unmatched, group_contours

Progress = Callable[[int, int, str], None]
"""Called before each structure with how many are done, how many there are, and the next one's name."""


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
    reference: Source,
    tests: Sequence[Source],
    structures: Sequence[str] = (),
    tolerance_mm: float = DEFAULT_TOLERANCE_MM,
    *,
    per_slice: bool = False,
    progress: Progress | None = None,
) -> ComparisonSet:
    """Compare every structure of `reference` with the same one of each test source.

    Raises:
        StructureError: see `group_contours`; each test source must share a structure with the reference.
        GeometryError: a test contour lies wholly outside the reference's grid.
        SettingError: the tolerance is not zero or more.
    """
    pairs: list[ComparedPair] = []
    unmatched: list[Unmatched] = []
    groupings = [group_contours([reference, test], structures) for test in tests]
    total, done = sum(len(grouping.groups) for grouping in groupings), 0
    for grouping in groupings:
        unmatched += grouping.unmatched
        for group in grouping.groups:
            if progress:
                progress(done, total, group.structure)
            done += 1
            pairs.append(_pair(group.contours, group.sources, tolerance_mm, per_slice))
    return ComparisonSet(tuple(pairs), tuple(dict.fromkeys(unmatched)))


def compare_observers(
    observers: Sequence[Source],
    structures: Sequence[str] = (),
    tolerance_mm: float = DEFAULT_TOLERANCE_MM,
    *,
    per_slice: bool = False,
    progress: Progress | None = None,
) -> ComparisonSet:
    """Compare every two observers of every structure that at least two of them drew.

    Raises:
        StructureError: see `group_contours`.
        GeometryError: a contour lies wholly outside the grid of the first observer who drew the structure.
    """
    grouping = group_contours(observers, structures)
    pairs, matrices = [], []
    for done, group in enumerate(grouping.groups):
        if progress:
            progress(done, len(grouping.groups), group.structure)
        compared, matrix = compare_pairwise(group.contours, group.sources, tolerance_mm, per_slice=per_slice)
        by_source = dict(zip(group.sources, group.contours, strict=True))
        pairs += [ComparedPair(c, by_source[c.reference], by_source[c.test]) for c in compared]
        matrices.append(matrix)
    return ComparisonSet(tuple(pairs), grouping.unmatched, tuple(matrices))


def compare_with_consensus(
    observers: Sequence[Source],
    method: Consensus,
    structures: Sequence[str] = (),
    tolerance_mm: float = DEFAULT_TOLERANCE_MM,
    *,
    per_slice: bool = False,
    progress: Progress | None = None,
) -> ComparisonSet:
    """Compare every observer with the consensus of all observers of the same structure.

    Raises:
        StructureError: see `group_contours`.
        GeometryError: a contour lies wholly outside the grid of the first observer who drew the structure.
    """
    grouping = group_contours(observers, structures)
    pairs, agreed = [], []
    label = f"consensus ({method.value})"
    for done, group in enumerate(grouping.groups):
        if progress:
            progress(done, len(grouping.groups), group.structure)
        reference = consensus(group.contours, method)
        agreed.append(reference)
        for source, contour in zip(group.sources, group.contours, strict=True):
            pairs.append(_pair((reference, contour), (label, source), tolerance_mm, per_slice))
    return ComparisonSet(tuple(pairs), grouping.unmatched, consensus=tuple(agreed))


def _pair(
    contours: Sequence[Contour], sources: Sequence[str], tolerance_mm: float, per_slice: bool
) -> ComparedPair:
    reference, test = contours
    comparison = compare(
        reference,
        test,
        tolerance_mm,
        per_slice=per_slice,
        reference_label=sources[0],
        test_label=sources[1],
    )
    return ComparedPair(comparison, reference, test)
