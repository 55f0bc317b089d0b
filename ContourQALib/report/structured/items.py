"""Content items of a structured report: numbers, texts, codes, and what stands where there is no number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from ContourQALib.report.structured.codes import (
    NEGATIVE_INFINITY,
    NO,
    NOT_A_NUMBER,
    NOT_ATTEMPTED,
    POSITIVE_INFINITY,
    YES,
    Concept,
)

if TYPE_CHECKING:
    from highdicom.sr import CodeContentItem, ContentItem, NumContentItem, TextContentItem, UIDRefContentItem

Relation = Literal[
    "CONTAINS", "HAS PROPERTIES", "HAS OBS CONTEXT", "HAS CONCEPT MOD", "HAS ACQ CONTEXT", "INFERRED FROM"
]
"""How an item stands to the one above it (PS3.3 section C.17.3.2.4)."""

Item = TypeVar("Item", bound="ContentItem")


def number(
    concept: Concept, value: float | None, unit: Concept, relation: Relation = "CONTAINS"
) -> NumContentItem | CodeContentItem:
    """A number with its unit; where there is none, a code of CID 42 that says so under the same name.

    A decimal string has 16 characters, so that a float goes into Floating Point Value too, which holds every
    double as it is (PS3.3 section C.18.1). Where there is no number that section would leave Measured Value
    Sequence empty and say why in a qualifier; highdicom can open no document with such an item.

    Args:
        concept: what was measured.
        value: None for what was not predicted.
        unit: of UCUM.
        relation: to the item above.
    """
    from highdicom.sr import NumContentItem

    if value is None:
        return code(concept, NOT_ATTEMPTED, relation)
    if math.isnan(value):
        return code(concept, NOT_A_NUMBER, relation)
    if math.isinf(value):
        return code(concept, POSITIVE_INFINITY if value > 0 else NEGATIVE_INFINITY, relation)
    plain = int(value) if isinstance(value, int) else float(value)  # numpy's numbers are no numbers of theirs
    return NumContentItem(concept.coded(), plain, unit.coded(), relationship_type=relation)


def text(concept: Concept, value: str, relation: Relation = "CONTAINS") -> TextContentItem:
    """A text."""
    from highdicom.sr import TextContentItem

    return TextContentItem(concept.coded(), value, relation)


def code(concept: Concept, value: Concept, relation: Relation = "CONTAINS") -> CodeContentItem:
    """A code: one of several answers to a question."""
    from highdicom.sr import CodeContentItem

    return CodeContentItem(concept.coded(), value.coded(), relation)


def yes_or_no(concept: Concept, value: bool, relation: Relation = "CONTAINS") -> CodeContentItem:
    """The answer to a question of yes or no."""
    return code(concept, YES if value else NO, relation)


def uid_reference(concept: Concept, value: str, relation: Relation = "CONTAINS") -> UIDRefContentItem:
    """A UID."""
    from highdicom.sr import UIDRefContentItem

    return UIDRefContentItem(concept.coded(), value, relation)


def with_children(item: Item, children: Sequence[ContentItem]) -> Item:
    """The item with others below it; with none it stays a leaf, as PS3.3 section C.17.3.1 wants it."""
    from highdicom.sr import ContentSequence

    if children:
        item.ContentSequence = ContentSequence(list(children))
    return item
