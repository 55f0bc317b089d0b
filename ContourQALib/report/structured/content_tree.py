"""ContentTree: one item of a structured report with what lies below it, as pydicom read it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ContourQALib.report.structured.codes import (
    NEGATIVE_INFINITY,
    NOT_A_NUMBER,
    POSITIVE_INFINITY,
    YES,
    Concept,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Key = tuple[str, str]

NO_NUMBER = {
    NOT_A_NUMBER.key: math.nan,
    POSITIVE_INFINITY.key: math.inf,
    NEGATIVE_INFINITY.key: -math.inf,
}


@dataclass(frozen=True, eq=False)
class ContentTree:
    """One content item; what is missing below it is None or nothing."""

    item: Dataset

    def below(self, concept: Concept) -> Iterator[ContentTree]:
        """The items right below this one that are called so."""
        for item in self.item.get("ContentSequence") or ():
            if _key(item.get("ConceptNameCodeSequence")) == concept.key:
                yield ContentTree(item)

    def first(self, concept: Concept) -> ContentTree | None:
        """The first of them."""
        return next(self.below(concept), None)

    def text(self, concept: Concept) -> str | None:
        """The text of the first item called so."""
        found = self.first(concept)
        return None if found is None else str(found.item.TextValue)

    def texts(self, concept: Concept) -> tuple[str, ...]:
        """The texts of all items called so."""
        return tuple(str(found.item.TextValue) for found in self.below(concept))

    def code(self, concept: Concept) -> Key | None:
        """The code that the first item called so answers with."""
        found = self.first(concept)
        return None if found is None else _key(found.item.get("ConceptCodeSequence"))

    def is_yes(self, concept: Concept) -> bool:
        """Whether the first item called so answers yes."""
        return self.code(concept) == YES.key

    def number(self, concept: Concept) -> float | None:
        """The number of the first item called so; None where none was measured."""
        found = self.first(concept)
        return None if found is None else found.value

    def whole_number(self, concept: Concept) -> int | None:
        """The same of a count."""
        value = self.number(concept)
        return None if value is None else int(value)

    @property
    def value(self) -> float | None:
        """The number of this item: as the double it was where it is written as one (PS3.3 section C.18.1)."""
        code = _key(self.item.get("ConceptCodeSequence"))
        if code is not None:
            return NO_NUMBER.get(code)
        measured = self.item.get("MeasuredValueSequence")
        if not measured:
            return None
        exact = measured[0].get("FloatingPointValue")
        return float(measured[0].NumericValue if exact is None else exact)

    @property
    def reference(self) -> Any:
        """What an item of type IMAGE or COMPOSITE refers to."""
        return self.item.ReferencedSOPSequence[0]


def _key(sequence: Any) -> Key | None:
    if not sequence:
        return None
    return str(sequence[0].get("CodeValue")), str(sequence[0].get("CodingSchemeDesignator"))
