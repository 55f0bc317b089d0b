"""ComparisonSetup: contours cut to their boxes, made ready to be compared as if on the whole grid."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace

from ContourQALib.case import Contour
from ContourQALib.errors import GeometryError, StructureError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.domain import Domain, counting_grid, enclosing, is_outside
from ContourQALib.metrics.pairing import Grouping, Source, Unmatched, group_contours
from ContourQALib.names import is_nameless

ELSEWHERE = "another patient, or a missing transform?"


@dataclass(frozen=True, eq=False)
class ComparisonSetup:
    """A reference and others, matched by name, each structure on the part of the grid that holds it.

    Attributes:
        reference: its contours on their parts.
        tests: the others, without what lies elsewhere in space.
        domains: by name of the reference's contour.
        outside: (test source, structure as the reference spells it) of what lies wholly outside the grid.
    """

    reference: Source
    tests: tuple[Source, ...]
    domains: Mapping[str, Domain]
    outside: tuple[tuple[str, str], ...]

    def restored(self, comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
        """The comparisons as on the whole grid."""
        known = self.domains
        restored = []
        for found in comparisons:
            name = _own_name(self.reference, found.structure)
            restored.append(known[name].restored(found) if name in known else found)
        return tuple(restored)

    def completed(self, unmatched: Sequence[Unmatched]) -> tuple[Unmatched, ...]:
        """What found no partner; a structure whose partner lies outside is told as the partner's alone.

        Args:
            unmatched: by comparing `reference` with `tests`.
        """
        missing = {(source, structure) for source, structure in self.outside}
        kept = [
            lone
            for lone in unmatched
            if not lone.missing_in or any((s, lone.structure) not in missing for s in lone.missing_in)
        ]
        return (*kept, *(Unmatched(structure, "test", source) for source, structure in self.outside))

    def pairs_of(self, comparisons: Sequence[Comparison]) -> tuple[tuple[Contour, Contour], ...]:
        """The (reference, test) contours of each comparison; both on the part that holds them."""
        own = {contour.name: contour for contour in self.reference.contours}
        groupings = {test.name: group_contours([self.reference, test]) for test in self.tests}
        pairs = []
        for found in comparisons:
            groups = groupings[found.test].groups
            group = next(g for g in groups if g.structure == found.structure)
            pairs.append((own[_own_name(self.reference, found.structure)], group.contours[1]))
        return tuple(pairs)


def set_up(
    reference: Source, tests: Sequence[Source], whole: Grid | None = None
) -> Generator[None, None, ComparisonSetup]:
    """Make sources ready in small steps, so that a caller can let the application breathe between them.

    `setup = yield from set_up(...)` takes the steps one by one.

    Args:
        reference: the contours held to be right, cut to their boxes or not.
        tests: the others.
        whole: the image's grid; without it the figures are those of a grid that just holds all contours.

    Raises:
        StructureError: names are ambiguous, or no structure has a partner.
        GeometryError: every partner lies wholly outside the grid.
    """
    groupings = {test.name: group_contours([reference, test]) for test in tests}
    partners = _partners(reference, groupings)
    if not partners:
        names = ", ".join(contour.name for contour in reference.contours) or "no contours"
        others = ", ".join(test.name for test in tests)
        raise StructureError(
            f"No structure of {reference.name} ({names}) has a partner in {others}; name the segments alike."
        )
    near = _near(reference, tests)
    own, domains, outside = [], {}, []
    for contour in reference.contours:
        grid = counting_grid(contour, whole, near)
        if is_outside(contour, grid):  # drawn on another image than this one
            grid = counting_grid(contour, None, near)
        inside = []
        for source, partner in partners.get(contour.name, ()):
            if is_outside(partner, grid):
                outside.append((source, contour.name))
            else:
                inside.append(partner)
        domain = Domain.of(grid, [contour, *inside])
        domains[contour.name] = domain
        own.append(domain.placed(contour))
        yield
    if len(outside) == sum(map(len, partners.values())):
        others = ", ".join(dict.fromkeys(source for source, _ in outside))
        raise GeometryError(f"The contours of {others} lie wholly outside {reference.name}: {ELSEWHERE}")
    left = tuple(_without(test, groupings[test.name], reference, outside) for test in tests)
    return ComparisonSetup(replace(reference, contours=tuple(own)), left, domains, tuple(outside))


def prepared(reference: Source, tests: Sequence[Source], whole: Grid | None = None) -> ComparisonSetup:
    """`set_up` at once, for callers that nobody waits for.

    Example:
        setup = prepared(reference, tests, image.grid)
        request = CompareRequest(setup.reference, setup.tests)
        ...
        comparisons, unmatched = setup.restored(answer.comparisons), setup.completed(answer.unmatched)
    """
    steps = set_up(reference, tests, whole)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            setup: ComparisonSetup = end.value
            return setup


def _near(reference: Source, tests: Sequence[Source]) -> list[Grid]:
    """The grids of the reference's contours, and of the others that overlap them: the rest lies elsewhere."""
    own = [contour.grid for contour in reference.contours if contour.mask.any()]
    if not own:
        return []
    around = enclosing(own[0], own)
    others = [contour.grid for test in tests for contour in test.contours if contour.mask.any()]
    return [*own, *(grid for grid in others if grid.overlaps(around))]


def _own_name(reference: Source, structure: str) -> str:
    """How a reference calls a structure of its groups: a lone one without a name goes by its partner's."""
    lone = reference.contours[0].name if len(reference.contours) == 1 else ""
    return lone if is_nameless(lone) else structure


def _partners(reference: Source, groupings: Mapping[str, Grouping]) -> dict[str, list[tuple[str, Contour]]]:
    """(source, contour) of every partner, by the reference's spelling."""
    partners: dict[str, list[tuple[str, Contour]]] = {}
    for source, grouping in groupings.items():
        for group in grouping.groups:
            name = _own_name(reference, group.structure)
            partners.setdefault(name, []).append((source, group.contours[1]))
    return partners


def _without(
    test: Source, grouping: Grouping, reference: Source, outside: Sequence[tuple[str, str]]
) -> Source:
    """A source without the contours that lie outside."""
    gone = [
        group.contours[1].mask
        for group in grouping.groups
        if (test.name, _own_name(reference, group.structure)) in outside
    ]
    kept = tuple(c for c in test.contours if not any(c.mask is mask for mask in gone))
    return Source(test.name, kept)
