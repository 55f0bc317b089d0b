"""Which contours of several sources are the same structure: partners by name, and what found none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ContourQALib.case import Contour
from ContourQALib.errors import StructureError
from ContourQALib.names import is_nameless, match, normalize


@dataclass(frozen=True)
class Source:
    """Where contours come from, as the user named it, and the contours."""

    name: str
    contours: tuple[Contour, ...]


@dataclass(frozen=True)
class Unmatched:
    """A structure without a partner.

    Attributes:
        structure: its name, as its source spells it.
        side: which side holds it.
        source: the file or observer it comes from.
        missing_in: the files or observers that were looked through for it.
    """

    structure: str
    side: Literal["reference", "test"]
    source: str
    missing_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """One structure as several sources drew it.

    Attributes:
        structure: its name, as the first source that has it spells it.
        sources: names of the sources that have it.
        contours: their contours, in the same order, under one name.
    """

    structure: str
    sources: tuple[str, ...]
    contours: tuple[Contour, ...]


@dataclass(frozen=True)
class Grouping:
    """The structures that at least two sources share, and what only one has."""

    groups: tuple[Group, ...]
    unmatched: tuple[Unmatched, ...]


def group_contours(sources: Sequence[Source], structures: Sequence[str] = ()) -> Grouping:
    """Bring the contours of several sources together by structure name; the first source is the reference.

    Sources of one contour each, at least one of which carries no name of its own (`label_1`), are taken as
    the same structure.

    Args:
        sources: two or more.
        structures: names to keep, in any spelling; all where empty.

    Raises:
        StructureError: a name in `structures` is in no source, or names are ambiguous.
    """
    sources = _named_alike(sources)
    order: list[str] = []
    members: dict[str, list[tuple[str, Contour]]] = {}
    for source in sources:
        by_name = {contour.name: contour for contour in source.contours}
        found = match(order, [contour.name for contour in source.contours])
        for known, name in found.pairs:
            members[known].append((source.name, by_name[name].called(known)))
        for name in found.unmatched_test:
            order.append(name)
            members[name] = [(source.name, by_name[name])]
    if structures:
        order = _asked_for(order, structures)
    shared = [name for name in order if len(members[name]) > 1]
    reference = sources[0].name
    unmatched = []
    for name in order:
        if len(members[name]) == 1:
            drawn_by = members[name][0][0]
            others = tuple(source.name for source in sources if source.name != drawn_by)
            side: Literal["reference", "test"] = "reference" if drawn_by == reference else "test"
            unmatched.append(Unmatched(name, side, drawn_by, others))
    groups = [Group(name, *(tuple(part) for part in zip(*members[name], strict=True))) for name in shared]
    return Grouping(tuple(groups), tuple(unmatched))


def nothing_shared(sources: Sequence[Source]) -> StructureError:
    """The error of sources that have no structure in common."""
    have = "; ".join(f"{s.name}: {', '.join(c.name for c in s.contours)}" for s in sources)
    return StructureError(
        f"No structure was drawn by two sources ({have}); name labels with --labels, "
        "or take all labels as one structure with --merge."
    )


def gathered(unmatched: Sequence[Unmatched]) -> tuple[Unmatched, ...]:
    """A structure that several sources lack, once, with all of them."""
    missing: dict[tuple[str, str, str], list[str]] = {}
    for lone in unmatched:
        missing.setdefault((lone.structure, lone.side, lone.source), []).extend(lone.missing_in)
    told = {(lone.structure, lone.side, lone.source): lone for lone in unmatched}
    return tuple(replace(lone, missing_in=tuple(dict.fromkeys(missing[key]))) for key, lone in told.items())


def _named_alike(sources: Sequence[Source]) -> Sequence[Source]:
    """The sources, a lone unnamed contour of each taking the name that another source gives."""
    if any(len(source.contours) != 1 for source in sources):
        return sources
    names = [source.contours[0].name for source in sources]
    given = [name for name in names if not is_nameless(name)]
    if len(given) == len(names) or len({normalize(name) for name in given}) > 1:
        return sources
    name = given[0] if given else names[0]
    return [Source(source.name, (source.contours[0].called(name),)) for source in sources]


def _asked_for(names: Sequence[str], structures: Sequence[str]) -> list[str]:
    found = match(structures, names)
    if found.unmatched_reference:
        missing = ", ".join(found.unmatched_reference)
        raise StructureError(f"There is no structure {missing}; there are {', '.join(names)}.")
    return [name for _, name in found.pairs]
