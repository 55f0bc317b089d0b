"""Structure names: which spellings mean the same structure, and pairing the names of two sources.

Only spellings are unified (TG-263 names beside those that planning systems and data sets use), never organs
that differ: the spinal canal is not the spinal cord, an orbit is not an eye.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ContourQALib.case import Contour
from ContourQALib.errors import StructureError

SIDES = {"l": "left", "lt": "left", "left": "left", "r": "right", "rt": "right", "right": "right"}

SPELLINGS: dict[str, tuple[str, ...]] = {
    "acetabulum": (),
    "adrenal": ("adrenalgland", "glndadrenal"),
    "bladder": ("urinarybladder",),
    "bowelbag": ("bagbowel",),
    "brachialplexus": ("brachialplex", "plexusbrachial"),
    "brainstem": (),
    "breast": (),
    "carotid": ("carotidartery", "acarotid"),
    "cochlea": (),
    "duodenum": (),
    "esophagus": ("oesophagus",),
    "eye": ("eyeball",),
    "femoralhead": ("femurhead", "headfemur", "headoffemur", "femhead"),
    "femur": (),
    "hippocampus": (),
    "hip": (),
    "humeralhead": ("humerushead",),
    "kidney": (),
    "lacrimal": ("glndlacrimal", "lacrimalgland"),
    "largebowel": ("bowellarge",),
    "lens": (),
    "lung": (),
    "mandible": ("bonemandible",),
    "opticchiasm": ("chiasm", "chiasma", "opticchiasma"),
    "opticnerve": ("opticnrv", "nervusopticus"),
    "orbit": (),
    "parotid": ("parotidgland", "glndparotid"),
    "penilebulb": (),
    "pituitary": ("pituitarygland", "glndpituitary", "hypophysis"),
    "seminalvesicles": ("seminalvesicle", "seminalves", "semvesicles"),
    "smallbowel": ("bowelsmall",),
    "spinalcord": ("cord",),
    "submandibular": ("submandibulargland", "glndsubmand", "glndsubmandibular", "submandgland", "submand"),
    "temporallobe": ("lobetemporal",),
    "thyroid": ("thyroidgland", "glndthyroid"),
    "ureter": (),
}
"""Organs as they are spelled without separators, each with further spellings of the same organ."""

SHORTEST_ORGAN = 2
"""A rest of this length or less is no organ: "cleft" is not the left c."""

_ORGANS = {spelling: organ for organ, others in SPELLINGS.items() for spelling in (organ, *others)}


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


def normalize(name: str) -> str:
    """The structure that a name means: two spellings of one structure give the same text.

    Case, spaces, hyphens, underscores, commas and brackets do not matter; other characters do (1.5 is not
    15). A side (L, Lt, Left, R, Rt, Right) may stand at either end. Written together with the organ it is
    recognized for organs in `SPELLINGS`, and the whole words left and right for any.

    Example:
        >>> {normalize(n) for n in ("LeftParotid", "Parotid_L", "parotid-lt", "PAROTID LEFT")}
        {'parotid left'}
    """
    words = _words(name)
    side = ""
    for end in (-1, 0):
        if len(words) > 1 and words[end] in SIDES and not side:
            side = SIDES[words.pop(end)]
    organ = "".join(words)
    if not side and organ not in _ORGANS:
        organ, side = _side_written_together(organ)
    return " ".join(filter(None, [_ORGANS.get(organ, organ), side]))


def match(reference_names: Sequence[str], test_names: Sequence[str]) -> NameMatch:
    """Pair the names of two sources: same spelling, then same letters, then same structure.

    Raises:
        StructureError: a name has several equally good partners.
    """
    reference, test = list(reference_names), list(test_names)
    partner: dict[int, int] = {}
    for key in _KEYS:
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


def select(contours: Sequence[Contour], wanted_names: Sequence[str]) -> tuple[Contour, ...]:
    """The contours of these names, in the order asked for; the source's spelling may differ as in `match`.

    Raises:
        StructureError: a name is not there (the text lists what is), or several contours answer to it.
    """
    return tuple(_find(contours, wanted) for wanted in wanted_names)


def asked_for(contours: Sequence[Contour], structure: str) -> tuple[Contour, ...]:
    """The contours of a file that a manifest's row asks for; a lone one without a name is the row's.

    Args:
        contours: what the file holds.
        structure: what the row says; "" for all.

    Raises:
        StructureError: it is not there, or several contours answer to it.
    """
    if not structure:
        return tuple(contours)
    if len(contours) == 1 and is_nameless(contours[0].name):
        return (replace(contours[0], name=structure),)
    return select(contours, [structure])


def counted(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts names as people count: case 2 before case 10, whatever their case."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


def _find(contours: Sequence[Contour], wanted: str) -> Contour:
    for key in _KEYS:
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


def _words(name: str) -> list[str]:
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return [word for word in re.split(r"[\s_\-,()\[\]]+", text) if word]


def _squeezed(name: str) -> str:
    return "".join(_words(name))


def _side_written_together(organ: str) -> tuple[str, str]:
    """("parotid", "left") of "leftparotid", "parotidlt" or "parotidl"; ("cleft", "") of "cleft"."""
    for affix in sorted(SIDES, key=len, reverse=True):
        for rest in (organ.removeprefix(affix), organ.removesuffix(affix)):
            if rest != organ and (rest in _ORGANS or (affix == SIDES[affix] and len(rest) > SHORTEST_ORGAN)):
                return rest, SIDES[affix]
    return organ, ""


def _by_key(key: Callable[[str], str], numbers: Iterable[int], names: Sequence[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for number in numbers:
        groups.setdefault(key(names[number]), []).append(number)
    return groups


_KEYS: tuple[Callable[[str], str], ...] = (str, _squeezed, normalize)
"""From the strictest to the most tolerant way to compare two names."""
