"""Decision: what a reader said of one contour, and what stood beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any


class Choice(StrEnum):
    """What a reader does with a contour."""

    ACCEPT = "accept"
    EDIT = "edit"
    REJECT = "reject"


@dataclass(frozen=True)
class Decision:
    """One decision, as it is written down for good.

    Texts are kept as what every file can hold: a byte of a file's name that is no UTF-8 is spelled out as an
    escape. A Dice that is not a number is None.

    Raises:
        ValueError: there is no such choice.
        TypeError: a field has a value of another type.

    Attributes:
        case: the case's name.
        structure: the contour's name as its file spells it.
        choice: accept, edit or reject.
        reader: who decided.
        note: what the reader wrote to it.
        contour_sha256: `hash_contour` of the contour that the reader saw.
        model: the model that answered; "" where none did.
        model_version: its version; "" where none answered.
        verdict: the model's verdict; "" where there was none.
        dice: predicted Dice; None where no model gave one.
        dice_low: lower bound of its interval.
        dice_high: upper bound of its interval.
        score_hidden: whether the reader decided before the score was shown.
        edited_file: name of the file that holds the edited contour; "" where there is none.
        image_sha256: hash of the image's file; "" where it is unknown.
        decided_at: UTC, ISO 8601; set by the log.
        number: from 1, without a gap; set by the log.
        sha256: hash of this row and of the one before it, thus of everything up to here; set by the log.
    """

    case: str
    structure: str
    choice: Choice
    reader: str
    note: str
    contour_sha256: str
    model: str
    model_version: str
    verdict: str
    dice: float | None
    dice_low: float | None
    dice_high: float | None
    score_hidden: bool
    edited_file: str = ""
    image_sha256: str = ""
    decided_at: str = ""
    number: int = 0
    sha256: str = ""

    def __post_init__(self) -> None:
        changed: dict[str, Any] = {"choice": Choice(self.choice), "score_hidden": bool(self.score_hidden)}
        for name in _NUMBERS:
            value = getattr(self, name)
            changed[name] = None if value is None or math.isnan(value) else float(value)
        for name in _TEXTS:
            changed[name] = storable(getattr(self, name))
        for name, value in changed.items():
            object.__setattr__(self, name, value)


def storable(text: str) -> str:
    """The text as UTF-8 can hold it; file names may carry bytes that it cannot."""
    if not isinstance(text, str):
        raise TypeError(f"a text is needed, not {type(text).__name__}")
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


_NUMBERS = ("dice", "dice_low", "dice_high")
_TEXTS = tuple(
    f.name for f in fields(Decision) if f.name not in {*_NUMBERS, "choice", "score_hidden", "number"}
)
