"""ReviewState: what the review page shows, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from trame_server.utils.typed_state import TypedState

from ContourQALib.workstation.plain_values import PlainValues

OUTLINES, FILLED, BOTH = "outlines", "filled", "both"
"""How contours are drawn."""

MARKS, PROBABILITY = "marks", "probability"
"""How predicted errors are drawn: the voxels more likely wrong than right, or how likely each is wrong."""


@dataclass
class ReviewState:
    """Values of the page.

    Attributes:
        previous_case: name of the case before this one; "" where there is none.
        next_case: of the one after it.
        case_place: such as "3 / 12".
        decided: such as "2 of 6 decided".
        rows: of the structure table, `structure_rows.row_of`.
        levels: reject and accept level, percent.
        any_hidden: whether scores are hidden until the reader has decided.
        details: of the selected structure, `structure_details.details_of`.
        strip: the drawing of the slices, `slice_strip.drawing_of`.
        place: such as "2 of 10", of the slices to look at first.
        slice: K of the image that is shown.
        errors_note: why there is nothing to see of them; "" where there is.
        errors_shown: whether predicted errors are drawn.
        errors_all: those of all structures, not of the selected one alone.
        errors_look: `MARKS` or `PROBABILITY`.
        errors_opacity: percent.
        contours_shown: whether contours are drawn in the slice views.
        contours_look: `OUTLINES`, `FILLED` or `BOTH`.
        contours_width: of the outlines, pixels.
        presets: names of the gray scales.
        width: of the gray scale.
        level: its middle.
        card: the model card that is open.
        card_shown: whether it is.
        help_shown: whether the list of keys is open.
    """

    previous_case: str = ""
    next_case: str = ""
    case_place: str = ""
    decided: str = ""
    rows: list[Any] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    any_hidden: bool = False
    details: dict[str, Any] = field(default_factory=dict)
    strip: dict[str, Any] = field(default_factory=dict)
    place: str = ""
    slice: int = 0
    errors_note: str = ""
    errors_shown: bool = True
    errors_all: bool = False
    errors_look: str = MARKS
    errors_opacity: int = 60
    contours_shown: bool = True
    contours_look: str = OUTLINES
    contours_width: int = 2
    presets: list[str] = field(default_factory=list)
    width: float = 0.0
    level: float = 0.0
    card: dict[str, Any] = field(default_factory=dict)
    card_shown: bool = False
    help_shown: bool = False


Typed: TypeAlias = TypedState[ReviewState]


def review_state(state: Any) -> Typed:
    """The page's values in a trame state."""
    return TypedState(state, ReviewState, namespace="review", encoder=PlainValues())
