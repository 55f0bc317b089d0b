"""Structure names: which spellings mean the same structure, and pairing the names of two sources.

What a name means is said by a `Vocabulary`; a user's own (`vocabulary.read_name_table`) may take the place of
the one that the program brings along. Only spellings are unified, never organs that differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ContourQALib.case import Contour, Drawn
from ContourQALib.errors import StructureError
from ContourQALib.vocabulary.default import DEFAULT
from ContourQALib.vocabulary.spelling import squeezed
from ContourQALib.vocabulary.vocabulary import Vocabulary


@dataclass(frozen=True)
class NameMatch:
    """Which names of two sources belong together.

    Attributes:
        pairs: (reference name, test name), in the reference's order.
        unmatched_reference: reference names without a partner.
        unmatched_test: test names without a partner.
    """

    pairs: tuple[tuple[str, str], ...]
    unmatched_reference: tuple[str, ...]
    unmatched_test: tuple[str, ...]


@lru_cache(maxsize=4096)  # a cohort asks for the same few names again and again
def normalize(name: str, vocabulary: Vocabulary = DEFAULT) -> str:
    """The structure that a name means: two spellings of one structure give the same text.

    Case, spaces, hyphens, underscores, commas and brackets do not matter; other characters do (1.5 is not
    15). Names that the vocabulary knows are recognized with a side in any of its languages at any place, and
    with a margin (PRV05); of others a side may stand at either end (L, Lt, Left, R, Rt, Right), and the whole
    words left and right may be written together with them.

    Example:
        >>> {normalize(n) for n in ("LeftParotid", "Parotid_L", "parotid gl lt", "Ohrspeicheldrüse links")}
        {'parotid left'}
    """
    return vocabulary.key(name)


def match(
    reference_names: Sequence[str], test_names: Sequence[str], vocabulary: Vocabulary = DEFAULT
) -> NameMatch:
    """Pair the names of two sources: same spelling, then same letters, then same structure.

    Raises:
        StructureError: a name has several equally good partners.
    """
    reference, test = list(reference_names), list(test_names)
    partner: dict[int, int] = {}
    for key in _keys(vocabulary):
        left = _by_key(key, [n for n in range(len(reference)) if n not in partner], reference)
        right = _by_key(key, [n for n in range(len(test)) if n not in partner.values()], test)
        for shared in [name for name in left if name in right]:
            candidates = [reference[n] for n in left[shared]], [test[n] for n in right[shared]]
            if any(len(names) > 1 for names in candidates):
                names = ", ".join(candidates[0] if len(candidates[0]) > 1 else candidates[1])
                raise StructureError(
                    f"The names {names} mean the same structure; rename all but one, or name one."
                )
            partner[left[shared][0]] = right[shared][0]
    return NameMatch(
        tuple((name, test[partner[n]]) for n, name in enumerate(reference) if n in partner),
        tuple(name for n, name in enumerate(reference) if n not in partner),
        tuple(name for n, name in enumerate(test) if n not in partner.values()),
    )


def is_nameless(name: str) -> bool:
    """Whether this is how a label without a name of its own is called when it is read: "label_1"."""
    return bool(re.fullmatch(r"label_\d+", name))


def select(
    contours: Sequence[Drawn], wanted_names: Sequence[str], vocabulary: Vocabulary = DEFAULT
) -> tuple[Drawn, ...]:
    """The contours or maps of these names, in the order asked for; spelled by the source as `match` allows.

    Raises:
        StructureError: a name is not there (the text lists what is), or several contours answer to it.
    """
    return tuple(_find(contours, wanted, vocabulary) for wanted in wanted_names)


def asked_for(
    contours: Sequence[Contour], structure: str, vocabulary: Vocabulary = DEFAULT
) -> tuple[Contour, ...]:
    """The contours of a file that a manifest's row asks for; a lone one without a name is the row's.

    Args:
        contours: what the file holds.
        structure: what the row says; "" for all.
        vocabulary: what names mean.

    Raises:
        StructureError: it is not there, or several contours answer to it.
    """
    if not structure:
        return tuple(contours)
    if len(contours) == 1 and is_nameless(contours[0].name):
        return (contours[0].called(structure),)
    return select(contours, [structure], vocabulary)


def counted(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts names as people count: case 2 before case 10, whatever their case."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


def _find(contours: Sequence[Drawn], wanted: str, vocabulary: Vocabulary) -> Drawn:
    for key in _keys(vocabulary):
        found = [contour for contour in contours if key(contour.name) == key(wanted)]
        if len(found) > 1:
            names = " or ".join(contour.name for contour in found)
            raise StructureError(f"{wanted} could be {names}; spell it as the file does.")
        if found:
            return found[0]
    source = f" in {contours[0].path}" if contours and contours[0].path else ""
    there = (
        f"there are {', '.join(contour.name for contour in contours)}" if contours else "there is none at all"
    )
    raise StructureError(f"There is no structure {wanted}{source}; {there}.")


def _by_key(key: Callable[[str], str], numbers: Iterable[int], names: Sequence[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for number in numbers:
        groups.setdefault(key(names[number]), []).append(number)
    return groups


def _keys(vocabulary: Vocabulary) -> tuple[Callable[[str], str], ...]:
    """From the strictest to the most tolerant way to compare two names."""
    return str, squeezed, lambda name: normalize(name, vocabulary)
