"""Which structure a probability map is of: by the name the user gives it, or by its file's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ContourQALib.errors import StructureError
from ContourQALib.formats.file_type import stem_of
from ContourQALib.names import match, normalize

_WORD = re.compile(r"[^\s_\-,()\[\].]+")


@dataclass(frozen=True)
class MapFile:
    """A map's path as the user gave it and, where he named one, its structure.

    Attributes:
        segment: which segment of a DICOM SEG it is, as the file calls it; None where the structure tells.
    """

    path: Path
    structure: str | None = None
    segment: str | None = None

    @classmethod
    def parse(cls, text: str) -> MapFile:
        """The map that "PATH" or "STRUCTURE=PATH" means; a file whose own name holds "=" is itself."""
        structure, equals, path = text.partition("=")
        if not (equals and structure.strip() and path) or Path(text).exists() or "/" in structure:
            return cls(Path(text))
        return cls(Path(path), structure.strip())


@dataclass(frozen=True)
class MapMatch:
    """Maps and the structures they are of.

    Attributes:
        pairs: (map, structure's name), in the maps' order; several maps may be of one structure.
        unmatched_maps: maps without a structure.
        unmatched_structures: structures without a map.
    """

    pairs: tuple[tuple[MapFile, str], ...]
    unmatched_maps: tuple[MapFile, ...]
    unmatched_structures: tuple[str, ...]


def match_maps(
    maps: Sequence[MapFile],
    structures: Sequence[str],
    chosen: Sequence[str] = (),
    *,
    by_name_alone: bool = False,
) -> MapMatch:
    """Find the structure of every map.

    A map with a name of its own is matched by that name. Any other is matched by its file's stem: as a whole,
    else by the longest structure name among its words ("vendor_probability_bladder" is of Bladder). Where
    one structure is wanted, a stem that names none of the reference's structures is taken to be of it, and a
    single map is in any case.

    Args:
        maps: the maps.
        structures: names of all structures of the reference.
        chosen: those of them that are wanted; all where empty.
        by_name_alone: a map whose name says nothing is of no structure, even where only one is wanted.

    Raises:
        StructureError: a name or a stem fits several structures.

    Example:
        >>> match_maps([MapFile(Path("p_ctv.nrrd"))], ["CTV", "Rectum"]).unmatched_structures
        ('Rectum',)
    """
    wanted = list(chosen or structures)
    pairs: list[tuple[MapFile, str]] = []
    lone: list[MapFile] = []
    for one in maps:
        guessed = one.structure is None and len(wanted) == 1 and not by_name_alone
        if guessed and len(maps) == 1:
            found: str | None = wanted[0]
        else:
            found = _named(one, structures)
            if found is None and guessed:
                found = wanted[0]
        if found in wanted and found is not None:
            pairs.append((one, found))
        else:
            lone.append(one)
    matched = {name for _, name in pairs}
    return MapMatch(tuple(pairs), tuple(lone), tuple(name for name in wanted if name not in matched))


def _named(one: MapFile, structures: Sequence[str]) -> str | None:
    name = one.structure or stem_of(one.path)
    whole = match(structures, [name]).pairs
    if whole:
        return whole[0][0]
    return None if one.structure else _among_words(one, structures)


def _among_words(one: MapFile, structures: Sequence[str]) -> str | None:
    """The structure whose name is the longest run of words of the stem."""
    stem = stem_of(one.path)
    words = [found.span() for found in _WORD.finditer(stem)]
    by_meaning: dict[str, list[str]] = {}
    for name in structures:
        by_meaning.setdefault(normalize(name), []).append(name)
    runs = [
        (first, last, by_meaning[meaning])
        for n, (first, _) in enumerate(words)
        for _, last in words[n:]
        if (meaning := normalize(stem[first:last])) in by_meaning
    ]
    # Of "femoralhead_l" only the whole counts, not the "femoralhead" inside.
    outer = [run for run in runs if not any(_inside(run, other) for other in runs)]
    fitting = list(dict.fromkeys(name for *_, names in outer for name in names))
    if len(fitting) > 1:
        raise StructureError(
            f"{one.path} could be the map of {' or '.join(fitting)}; say which with NAME={one.path}."
        )
    return fitting[0] if fitting else None


def _inside(run: tuple[int, int, list[str]], other: tuple[int, int, list[str]]) -> bool:
    return other[:2] != run[:2] and other[0] <= run[0] and run[1] <= other[1]
