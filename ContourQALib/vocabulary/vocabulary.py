"""Vocabulary: what a structure's name means, whichever clinic spells it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ContourQALib.vocabulary.organ import Organ, listed
from ContourQALib.vocabulary.sides import (
    ATTACHED,
    BOTH,
    CLEAR,
    OF_PAIRS,
    SHORTEST_REST,
    SPELLED_OUT,
    SUFFIX,
)
from ContourQALib.vocabulary.spelling import lookup, lookup_of_words, lookups, squeezed, words

PRV = "prv"
"""Planning organ at risk volume: an organ with a margin (ICRU 83), which is another structure."""

_MARGIN = re.compile(r"(\d{1,2})(?:mm)?")


@dataclass(frozen=True)
class Meaning:
    """What a name means.

    Attributes:
        organ: TG-263 name, without a side.
        side: "left", "right", "both", or "" where the name says none.
        margin: "PRV", "PRV05" (mm), or "" for the organ itself.
    """

    organ: str
    side: str = ""
    margin: str = ""

    @property
    def key(self) -> str:
        """The same text for every spelling: "parotid left", "spinalcord prv05"."""
        return " ".join(filter(None, (squeezed(self.organ), self.margin.lower(), self.side)))


class SpellingTakenError(ValueError):
    """A spelling that means something else already.

    Attributes:
        spelling: as it was given.
    """

    def __init__(self, spelling: str, meant: Meaning) -> None:
        super().__init__(f"{spelling} means {meant.key} already")
        self.spelling = spelling


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Spellings and what they mean. Nothing changes one; `with_names` gives another.

    Attributes:
        spellings: meaning by plain squeezed spelling (`spelling.lookups`).
        pairs: name of the two together, by the organ that people have two of.
        official: TG-263 names of structures that are called otherwise here, by `Meaning.key`.
    """

    spellings: Mapping[str, Meaning]
    pairs: Mapping[str, str]
    official: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, organs: Iterable[Organ], of_one_side: Iterable[tuple[str, str]] = ()) -> Vocabulary:
        """The vocabulary of some organs.

        Args:
            organs: rows.
            of_one_side: standard names with a side ("Atrium_L"), and names that mean it ("la").

        Raises:
            SpellingTakenError: a spelling belongs to two of them.
        """
        spellings: dict[str, Meaning] = {}
        pairs: dict[str, str] = {}
        for organ in organs:
            one = Meaning(organ.standard)
            for name in (organ.standard, *listed(organ.variants)):
                _put(spellings, name, one)
            if organ.both:
                pairs[organ.standard] = organ.both
                for name in (organ.both, *listed(organ.both_variants)):
                    _put(spellings, name, replace(one, side=BOTH))
        vocabulary = cls(MappingProxyType(spellings), MappingProxyType(pairs))
        for standard, variants in of_one_side:
            for name in listed(variants):
                _put(spellings, name, vocabulary.meaning(standard) or Meaning(standard))
        return vocabulary

    def with_names(self, standard: str, variants: Sequence[str], official: str = "") -> Vocabulary:
        """This vocabulary with more names of one structure, which no longer mean what they meant.

        Args:
            standard: a name that it knows, side and all ("Parotid_L"), or a new one: "Flap", or "Flap_L" for
                an organ that people have two of.
            variants: further names.
            official: its TG-263 name, where that is another one.

        Raises:
            SpellingTakenError: a variant is the standard name of another structure.
        """
        spellings, pairs = dict(self.spellings), dict(self.pairs)
        meaning = self.meaning(standard)
        if meaning is None:
            parts = re.fullmatch(r"(.+)_([LR])", standard)
            meaning = Meaning(parts[1] if parts else standard)
            if parts:
                pairs[meaning.organ] = f"{meaning.organ}s"
            _put(spellings, meaning.organ, meaning)
            if parts:
                meaning = replace(meaning, side=CLEAR[parts[2].lower()])
        for variant in variants:
            meant = self.meaning(variant)
            if meant not in (None, meaning) and squeezed(variant) == squeezed(
                self.standard_name(variant) or ""
            ):
                raise SpellingTakenError(variant, meant)
            for text in lookups(variant):
                spellings[text] = meaning
        named = {**self.official, meaning.key: official} if official else self.official
        return Vocabulary(MappingProxyType(spellings), MappingProxyType(pairs), MappingProxyType(dict(named)))

    def meaning(self, name: str) -> Meaning | None:
        """What a name means, None for one that the vocabulary does not know."""
        found = words(name)
        organ, margin = _without_margin(found)
        if not margin:
            return self._known(found) or self._with_side(found)
        meaning = self._known(organ) or self._with_side(organ)
        return replace(meaning, margin=margin) if meaning and not meaning.margin else None

    def standard_name(self, name: str) -> str | None:
        """How TG-263 spells a name: "Parotid_L", "OpticNrv_PRV03_R"; None for one that is not known."""
        meaning = self.meaning(name)
        if meaning is None:
            return None
        organ = self.pairs[meaning.organ] if meaning.side == BOTH else meaning.organ
        return "_".join(filter(None, (organ, meaning.margin, SUFFIX.get(meaning.side, ""))))

    def official_name(self, name: str) -> str | None:
        """The TG-263 name that was given for a structure with its names; None where none was."""
        return self.official.get(self.key(name))

    def key(self, name: str) -> str:
        """The same text for every spelling of one structure, known or not (see `names.normalize`)."""
        meaning = self.meaning(name)
        if meaning is not None:
            return meaning.key
        found, side = words(name), ""
        for end in (-1, 0):
            if len(found) > 1 and found[end] in CLEAR and not side:
                side = CLEAR[found.pop(end)]
        rest = "".join(found)
        for word in SPELLED_OUT:
            for shorter in (rest.removeprefix(word), rest.removesuffix(word)):
                if not side and shorter != rest and len(shorter) > SHORTEST_REST:
                    rest, side = shorter, word
        return " ".join(filter(None, (rest, side)))

    def _known(self, found: Sequence[str]) -> Meaning | None:
        return self.spellings.get(lookup(found)) or (
            self.spellings.get(lookup_of_words(found)) if len(found) > 1 else None
        )

    def _with_side(self, found: Sequence[str]) -> Meaning | None:
        """The meaning of words one of which is a side, or ends or begins with one."""
        last = len(found) - 1
        for place in dict.fromkeys((last, 0, *range(1, last))) if len(found) > 1 else ():
            side = CLEAR.get(found[place]) or OF_PAIRS.get(found[place])
            organ = self._known([*found[:place], *found[place + 1 :]]) if side else None
            if side is None or organ is None or organ.side:
                continue
            if organ.organ in self.pairs or (found[place] in CLEAR and place in (0, last)):
                return replace(organ, side=side)
        text = "".join(found)
        for affix, side in ATTACHED.items():
            for rest in (text.removeprefix(affix), text.removesuffix(affix)):
                organ = self._known([rest]) if rest != text else None
                if organ is not None and not organ.side and organ.organ in self.pairs:
                    return replace(organ, side=side)
        return None


def _put(spellings: dict[str, Meaning], name: str, meaning: Meaning) -> None:
    for text in lookups(name):
        if spellings.setdefault(text, meaning) != meaning:
            raise SpellingTakenError(name, spellings[text])


def _without_margin(found: Sequence[str]) -> tuple[list[str], str]:
    """The words of an organ, and its margin as TG-263 spells it; "" without one.

    Example:
        >>> _without_margin(["cord", "prv", "3", "mm"])
        (["cord"], "PRV03")
    """
    parts: list[str] = []
    for word in (part for one in found for part in re.split(f"({PRV})", one) if part):
        if word == "mm" and parts and parts[-1].isdecimal():
            parts[-1] += word
        else:
            parts.append(word)
    if parts.count(PRV) != 1:
        return list(found), ""
    place = parts.index(PRV)
    rest = parts[:place] + parts[place + 1 :]
    sizes = [number for number, word in enumerate(rest) if word.endswith("mm") and _MARGIN.fullmatch(word)]
    if place < len(rest) and _MARGIN.fullmatch(rest[place]):
        sizes = [place]
    if len(sizes) != 1:
        return rest, "PRV"
    size = _MARGIN.fullmatch(rest.pop(sizes[0]))
    return rest, f"PRV{int(size[1]):02d}" if size else "PRV"
