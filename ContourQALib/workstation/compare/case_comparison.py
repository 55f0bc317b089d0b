"""CaseComparison: sources of a case compared with one of them, structure by structure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ContourQALib.case import Contour
from ContourQALib.errors import StructureError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.comparison_setup import ComparisonSetup, prepared
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM
from ContourQALib.metrics.pairing import Source, Unmatched
from ContourQALib.names import match, normalize
from ContourQALib.worker_requests import Compared, CompareRequest

Ask = Callable[[CompareRequest], Awaitable[Compared]]
"""Asks the computing process."""


@dataclass(frozen=True)
class Question:
    """What is to be compared.

    Attributes:
        reference: name of the source that the others are measured against.
        tests: names of the others.
        tolerance_mm: tolerance of surface Dice.
    """

    reference: str
    tests: tuple[str, ...]
    tolerance_mm: float = DEFAULT_TOLERANCE_MM


@dataclass(frozen=True, eq=False)
class CaseComparison:
    """What came of a comparison.

    Structures are spelled as the reference spells them; those that only others have as these do.

    Attributes:
        question: what was asked.
        reference: the contours that the others were measured against.
        tests: the others.
        comparisons: every pair.
        unmatched: what found no partner.
        outside: (source, structure) of what lies wholly outside the reference's space.
        pairs: (reference, test) contours by structure and test, as they were counted.
        grids: what the slices of a structure are counted on, by structure.
    """

    question: Question
    reference: Source
    tests: tuple[Source, ...]
    comparisons: tuple[Comparison, ...]
    unmatched: tuple[Unmatched, ...]
    outside: tuple[tuple[str, str], ...]
    pairs: Mapping[tuple[str, str], tuple[Contour, Contour]]
    grids: Mapping[str, Grid]

    @property
    def structures(self) -> tuple[str, ...]:
        """Every structure of every source, the reference's first."""
        found = {normalize(contour.name): contour.name for contour in self.reference.contours}
        for lone in self.unmatched:
            found.setdefault(normalize(lone.structure), lone.structure)
        return tuple(found.values())

    def of(self, structure: str) -> tuple[Comparison, ...]:
        """The comparisons of a structure, in the order of the tests."""
        return tuple(found for found in self.comparisons if found.structure == structure)

    def find(self, structure: str, test: str) -> Comparison | None:
        """The comparison of a test's contour; None where it has no partner."""
        return next((found for found in self.of(structure) if found.test == test), None)

    def spelled(self, structure: str) -> str:
        """A structure as it is spelled here; "" where there is none of this name, or several."""
        try:
            pairs = match([structure], self.structures).pairs
        except StructureError:
            return ""
        return pairs[0][1] if pairs else ""

    def drawn(self, structure: str) -> dict[str, Contour]:
        """A structure's contours by source, each on the lattice that it was drawn on."""
        found = {source.name: _named(source, structure) for source in (self.reference, *self.tests)}
        return {name: contour for name, contour in found.items() if contour is not None}


async def compare_case(
    ask: Ask, question: Question, reference: Source, tests: Sequence[Source], image_grid: Grid
) -> CaseComparison:
    """Compare sources with one of them.

    Args:
        ask: asks the computing process.
        question: what is asked.
        reference: its contours cut to their boxes.
        tests: the others', in the order of the question.
        image_grid: of the image; its voxels are counted where the reference lies on its lattice.

    Raises:
        ContourQAError: no structure has a partner, names are ambiguous, or nothing overlaps the reference.
    """
    setup = await asyncio.to_thread(prepared, reference, tests, image_grid)
    answer = await ask(CompareRequest(setup.reference, setup.tests, tolerance_mm=question.tolerance_mm))
    return _completed(question, reference, tuple(tests), setup, answer)


async def compare_again(
    ask: Ask,
    known: CaseComparison,
    structures: Sequence[str],
    reference: Source,
    tests: Sequence[Source],
    image_grid: Grid,
) -> CaseComparison:
    """Compare some structures anew, whose contours were changed; the others stay as they are known.

    Args:
        ask: asks the computing process.
        known: what was compared before.
        structures: as `known` spells them.
        reference: its contours as they are now.
        tests: the others', in the order of the question.
        image_grid: of the image.

    Raises:
        ContourQAError: as `compare_case`.
    """
    wanted = [structure for structure in structures if known.of(structure)]
    known = replace(known, reference=reference, tests=tuple(tests))
    if not wanted:
        return known
    parts = [_part(test, [name for name in wanted if (name, test.name) in known.pairs]) for test in tests]
    parts = [part for part in parts if part.contours]
    again = await compare_case(ask, known.question, _part(reference, wanted), parts, image_grid)
    newer = {(one.structure, one.test): one for one in again.comparisons}
    return replace(
        known,
        comparisons=tuple(newer.get((one.structure, one.test), one) for one in known.comparisons),
        pairs={**known.pairs, **again.pairs},
        grids={**known.grids, **again.grids},
    )


def _completed(
    question: Question, reference: Source, tests: tuple[Source, ...], setup: ComparisonSetup, answer: Any
) -> CaseComparison:
    comparisons = setup.restored(answer.comparisons)
    pairs = setup.pairs_of(comparisons)
    return CaseComparison(
        question,
        reference,
        tests,
        comparisons,
        setup.completed(answer.unmatched),
        setup.outside,
        {(found.structure, found.test): pair for found, pair in zip(comparisons, pairs, strict=True)},
        {structure: domain.whole for structure, domain in setup.domains.items()},
    )


def _named(source: Source, structure: str) -> Contour | None:
    """A source's contour of a structure, in any spelling; None where there is none, or several."""
    try:
        pairs = match([structure], [contour.name for contour in source.contours]).pairs
    except StructureError:
        return None
    return next((one for one in source.contours if pairs and one.name == pairs[0][1]), None)


def _part(source: Source, structures: Sequence[str]) -> Source:
    """A source with the contours of some structures alone, spelled as these; a lone one has any name."""
    found = []
    for structure in structures:
        contour = _named(source, structure) or (source.contours[0] if len(source.contours) == 1 else None)
        if contour is not None:
            found.append(contour.called(structure))
    return Source(source.name, tuple(found))
