"""Organ: a standard name and the other names that mean the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Organ:
    """One row of the vocabulary.

    Attributes:
        standard: TG-263 name without a side.
        variants: other names of it, separated by commas, in any spelling: case, spaces, hyphens, underscores
            and accents do not matter.
        both: TG-263 name of the two together; "" for an organ that people have one of.
        both_variants: other names of the two together.
    """

    standard: str
    variants: str = ""
    both: str = ""
    both_variants: str = ""


def listed(text: str) -> tuple[str, ...]:
    """The names of a list with commas."""
    return tuple(name for name in map(str.strip, text.split(",")) if name)
