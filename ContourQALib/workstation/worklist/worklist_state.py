"""WorklistState: what the browser knows of the worklist."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PAGE_ROWS = 100
"""Lines sent at a time: what a reader scrolls through, small enough to be drawn at each keystroke."""


@dataclass
class WorklistState:
    """State variables of the page.

    Attributes:
        contours: one line a contour instead of one a case.
        search: what the reader looks for.
        mark: only lines of this mark; "" for all.
        undecided: only lines with something left to decide.
        structure: only this structure; None for all.
        sort: column to sort by; "" for risk.
        descending: the other way round.
        page: from 1.
        pages: how many there are.
        span: which lines are shown, in words.
        rows: see `worklist_rows`.
        structures: names to choose from.
        chips: the marks with their counts, in order.
        patients: whether any case is called otherwise than its patient.
        left: lines with something left to decide.
        hidden: whether a score is hidden.
        filtered: whether anything is filtered.
        opening: key of the row whose case is being opened.
        queue: how far the assessment is.
        broken: a sentence where no case can be opened; "" otherwise.
        agreement: what the dialog shows; None before it was opened.
        agreement_open: whether it is open.
    """

    contours: bool = False
    search: str = ""
    mark: str = ""
    undecided: bool = False
    structure: str | None = None
    sort: str = ""
    descending: bool = False
    page: int = 1
    pages: int = 1
    span: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    structures: list[str] = field(default_factory=list)
    chips: list[dict[str, Any]] = field(default_factory=list)
    patients: bool = False
    left: int = 0
    hidden: bool = False
    filtered: bool = False
    opening: str = ""
    queue: dict[str, Any] = field(default_factory=dict)
    broken: str = ""
    agreement: dict[str, Any] = field(default_factory=dict)
    agreement_open: bool = False
