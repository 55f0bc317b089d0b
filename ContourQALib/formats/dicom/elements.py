"""Elements as text and numbers, straight from their bytes.

pydicom's own values are checked, cached and typed, which takes longer than reading a header does; of each
file of a series some twenty are needed.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

NO_FRAME = "no frame of reference to check, used by position"
"""What is to be said of contours where they, or the image, name no frame of reference (PS3.3 C.7.4.1)."""

UID_FORM = re.compile(r"[0-9.]{1,64}")
CODE_FORM = re.compile(r"[A-Z0-9_ ]{1,16}")
"""What these representations may hold (PS3.5 6.2)."""


def raw_of(dataset: Dataset, keyword: str) -> Any:
    """What an element holds: bytes as the file has them, or pydicom's value of one that was converted before.

    None where the element is missing or empty.
    """
    tag = tag_of(keyword)
    if tag not in dataset:
        return None
    value = dataset.get_item(tag).value
    return None if value is None or (hasattr(value, "__len__") and len(value) == 0) else value


def text_of(dataset: Dataset, keyword: str) -> str:
    """Text of an element whose characters are ASCII by its representation: UI, CS, DS, IS (PS3.5 6.2).

    Several values stand apart with backslashes. "" where the element is missing or empty.
    """
    value = raw_of(dataset, keyword)
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("ascii", "replace").strip(" \0")
    return (
        str(value) if isinstance(value, str) or not hasattr(value, "__iter__") else "\\".join(map(str, value))
    )


def in_one_line(text: str) -> str:
    """A text that somebody typed, without what moves a terminal's cursor or breaks a line of a table.

    Control characters become spaces, and those at the ends are dropped, as spaces are (PS3.5 6.1.3, 6.2).
    """
    return "".join(" " if unicodedata.category(one) == "Cc" else one for one in text).strip()


def shown_uid(uid: str) -> str:
    """A UID as a message may show it; damage can put anything in its place, the patient's name too."""
    return uid if UID_FORM.fullmatch(uid) else "damaged"


def name_of(uid: str) -> str:
    """What the standard calls a UID; the UID where it has no name for it, both as a message may show them."""
    from pydicom.uid import UID

    return UID(uid).name if UID_FORM.fullmatch(uid) else "damaged"


def code_of(dataset: Dataset, keyword: str) -> str:
    """A code string (CS) that a message may show; "" where the element is missing or holds anything else."""
    text = text_of(dataset, keyword)
    return text if CODE_FORM.fullmatch(text) else ""


def numbers_of(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """So many finite numbers of a decimal string; None where the element holds anything else."""
    try:
        numbers = tuple(float(part) for part in text_of(dataset, keyword).split("\\"))
    except ValueError:
        return None
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else None


def count_of(dataset: Dataset, keyword: str, default: int = 0) -> int:
    """A whole number, of any representation; `default` where the element is missing or empty.

    Raises:
        ValueError: it is no whole number.
    """
    value = raw_of(dataset, keyword)
    if value is None:
        return default
    tag = tag_of(keyword)
    element = dataset.get_item(tag)
    if isinstance(value, bytes) and element.VR == "US" and len(value) == 2:
        return int.from_bytes(value, "little" if element.is_little_endian else "big")
    return int(dataset[tag].value)


def items_of(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    """Items of a sequence; none where it is missing."""
    tag = tag_of(keyword)
    return dataset[tag].value or () if tag in dataset else ()


@cache
def tag_of(keyword: str) -> Any:
    """The tag of a keyword: pydicom looks it up again for every element."""
    from pydicom.tag import Tag

    return Tag(keyword)
