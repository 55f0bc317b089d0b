"""What a segment is, in codes: as DICOM says it, and as Slicer's terminology tag does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TERMINOLOGY_TAG = "TerminologyEntry"
"""Slicer's tag of a segment's codes."""

TYPES = "Segmentation category and type - DICOM master list"
REGIONS = "Anatomic codes - DICOM master list"
"""Slicer's names of the lists that the codes of a DICOM segment belong to."""

CODE_VALUES = ("CodeValue", "LongCodeValue", "URNCodeValue")


@dataclass(frozen=True)
class Code:
    """A coded concept (PS3.3 8.8): its value, the scheme that the value belongs to, and what it means."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class SegmentCodes:
    """The codes of a segment.

    Attributes:
        category: Segmented Property Category, such as Anatomical Structure.
        type: Segmented Property Type, such as Kidney.
        modifier: of the type, such as Right.
        region: Anatomic Region, where the segment lies.
        region_modifier: of the region.
    """

    category: Code
    type: Code
    modifier: Code | None = None
    region: Code | None = None
    region_modifier: Code | None = None


def codes_of(segment: Any) -> SegmentCodes | None:
    """The codes of an item of the Segment Sequence (PS3.3 C.8.20.4); None without category or type."""
    category, _ = coded(segment, "SegmentedPropertyCategoryCodeSequence")
    kind, kind_item = coded(segment, "SegmentedPropertyTypeCodeSequence")
    region, region_item = coded(segment, "AnatomicRegionSequence")
    if category is None or kind is None:
        return None
    modifier, _ = coded(kind_item, "SegmentedPropertyTypeModifierCodeSequence")
    region_modifier, _ = coded(region_item, "AnatomicRegionModifierSequence")
    return SegmentCodes(category, kind, modifier, region, region_modifier)


def put_codes(codes: SegmentCodes, segment: Any) -> None:
    """Give an item of the Segment Sequence its codes."""
    segment.SegmentedPropertyCategoryCodeSequence = [item_of(codes.category)]
    kind = item_of(codes.type)
    if codes.modifier:
        kind.SegmentedPropertyTypeModifierCodeSequence = [item_of(codes.modifier)]
    segment.SegmentedPropertyTypeCodeSequence = [kind]
    if codes.region:
        region = item_of(codes.region)
        if codes.region_modifier:
            region.AnatomicRegionModifierSequence = [item_of(codes.region_modifier)]
        segment.AnatomicRegionSequence = [region]


def entry_of(codes: SegmentCodes) -> str:
    """Slicer's text for a segment's codes: lists, category, type and region, parted by tildes."""
    kind = [codes.category, codes.type, codes.modifier]
    region = [codes.region, codes.region_modifier]
    return "~".join([TYPES, *map(text_of, kind), REGIONS, *map(text_of, region)])


def codes_from_entry(entry: str) -> SegmentCodes | None:
    """The codes that Slicer's text says, from whichever list; None where it names no category or type."""
    parts = entry.split("~")
    if len(parts) != 7:
        return None
    category, kind, modifier = (code_from_text(part) for part in parts[1:4])
    region, region_modifier = (code_from_text(part) for part in parts[5:7])
    return SegmentCodes(category, kind, modifier, region, region_modifier) if category and kind else None


def coded(item: Any, keyword: str) -> tuple[Code | None, Any]:
    """The first code of a sequence, and its item; (None, None) where there is none."""
    sequence = item.get(keyword) if item is not None else None
    if not sequence:
        return None, None
    first = sequence[0]
    value = next((str(first.get(name)) for name in CODE_VALUES if first.get(name)), "")
    code = Code(value, str(first.get("CodingSchemeDesignator") or ""), str(first.get("CodeMeaning") or ""))
    return (code, first) if value else (None, None)


def item_of(code: Code) -> Any:
    """A code as an item of a code sequence."""
    from pydicom.dataset import Dataset

    item = Dataset()
    if code.value.startswith(("urn:", "http:", "https:")):
        item.URNCodeValue = code.value
    elif len(code.value) > 16:  # PS3.5 6.2: an SH has at most 16 characters
        item.LongCodeValue = code.value
    else:
        item.CodeValue = code.value
    if code.scheme:
        item.CodingSchemeDesignator = code.scheme
    item.CodeMeaning = code.meaning
    return item


def text_of(code: Code | None) -> str:
    """A code as a part of Slicer's text: scheme, value and meaning, parted by carets."""
    said = (code.scheme, code.value, code.meaning) if code else ("", "", "")
    # these three part the text and the tags of a file, and Slicer knows no escape for them
    return "^".join(part.translate({ord(mark): " " for mark in "~^|"}) for part in said)


def code_from_text(text: str) -> Code | None:
    """The code that a part of Slicer's text says; None where it is not whole."""
    scheme, _, rest = text.partition("^")
    value, _, meaning = rest.partition("^")
    return Code(value, scheme, meaning) if scheme and value and meaning else None
