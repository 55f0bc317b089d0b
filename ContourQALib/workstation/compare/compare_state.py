"""CompareState: what the comparison page and its server both know; plain values alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from trame_server.utils.typed_state import TypedState

from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM
from ContourQALib.workstation.plain_values import PlainValues

NAMESPACE = "compare"
OPACITY_PERCENT = 60


@dataclass
class CompareState:
    """Values of the page.

    Attributes:
        sources: whose contours the case has: name, title, color.
        reference: name of the source that the others are measured against; "" where none was chosen.
        shown: names of the others that are shown.
        tolerance_mm: tolerance of surface Dice, as it was typed.
        step: what is being done; "" for nothing.
        percent: how far it is.
        notice: a sentence about the comparison as a whole.
        notice_kind: "info", "warning" or "error".
        offer: what the button below the notice offers; "" for no button.
        filter: structures are listed whose name holds this.
        sort: "structure", a figure, or "" for the reference's order.
        descending: the other way round.
        differences: whether differences between the sources are listed.
        groups: the table, as of `figure_rows.table_rows`.
        structure: the one that is chosen, spelled as the reference spells it.
        test: the source whose difference from the reference is shown.
        marked: whether that difference is marked in the views.
        opacity: of the marks, percent.
        hidden: names of the sources whose outlines are hidden.
        figure: what the chart shows, a field of `slice_chart.CHARTED`.
        told: sentences about the chosen structure.
        all_shown: whether the table of all figures is open.
        all_rows: its rows.
        definitions_shown: whether the figures' definitions are open.
    """

    sources: list[Any] = field(default_factory=list)
    reference: str = ""
    shown: list[str] = field(default_factory=list)
    tolerance_mm: Any = DEFAULT_TOLERANCE_MM
    step: str = ""
    percent: int = 0
    notice: str = ""
    notice_kind: str = "info"
    offer: str = ""
    filter: str = ""
    sort: str = ""
    descending: bool = False
    differences: bool = False
    groups: list[Any] = field(default_factory=list)
    structure: str = ""
    test: str = ""
    marked: bool = True
    opacity: int = OPACITY_PERCENT
    hidden: list[str] = field(default_factory=list)
    figure: str = "dice"
    told: list[str] = field(default_factory=list)
    all_shown: bool = False
    all_rows: list[Any] = field(default_factory=list)
    definitions_shown: bool = False


Typed: TypeAlias = "TypedState[CompareState]"


def compare_state(state: Any) -> Typed:
    """The page's values in a trame state."""
    return TypedState(state, CompareState, namespace=NAMESPACE, encoder=PlainValues())
