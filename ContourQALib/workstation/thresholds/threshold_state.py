"""ThresholdState: what the threshold page and its server both know; plain values alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from trame_server.utils.typed_state import TypedState

from ContourQALib.workstation.plain_values import PlainValues

NAMESPACE = "thresholds"

AGREEMENT, DISTANCES, VOLUME = "agreement", "distances", "volume"
"""What the chart shows: one scale at a time."""


@dataclass
class ThresholdState:
    """Values of the page.

    Attributes:
        maps: the case's maps, as items of a select.
        map: the chosen one.
        references: the reference's structures, as items of a select; "" is none.
        reference: the chosen one.
        loading: whether the maps are being read.
        missing: a sentence where there is nothing to look at; "" where there is.
        busy: what is being done; "" for nothing.
        hidden: a sentence where figures are hidden until the reader has decided; "" where they are shown.
        swept: whether there are figures.
        value: the current threshold; the page writes it.
        by: the figure whose best threshold is sought.
        best: that threshold; None where there is none.
        recommended: the recommended one; None where there is no recommendation.
        advice: where the threshold to take comes from, a sentence.
        kind: `AGREEMENT`, `DISTANCES` or `VOLUME`.
        kinds: those that there are curves of.
        zoomed: whether the chart shows what is near the best threshold and 0.5.
        curves: names, fields, colors and dashes of the curves that can be chosen.
        shown: fields of those that are.
        axis: first and last threshold of the chart.
        rows: of the table, `threshold_figures.rows_of`.
        losses: of the losses, `threshold_figures.losses_of`.
        notes: sentences to be known beside the figures.
        map_shown: whether the map is drawn in colors over the image.
        map_opacity: percent.
        half_shown: whether the contour at 0.5 is drawn.
        reference_shown: whether the reference is.
        refused: why the contour at the threshold cannot be used; "" where it can.
        undoable: whether a step can be undone.
        definitions_shown: whether the definitions are open.
    """

    maps: list[dict[str, Any]] = field(default_factory=list)
    map: int = 0
    references: list[dict[str, str]] = field(default_factory=list)
    reference: str = ""
    loading: bool = False
    missing: str = ""
    busy: str = ""
    hidden: str = ""
    swept: bool = False
    value: float = 0.5
    by: str = "dice"
    best: float | None = None
    recommended: float | None = None
    advice: str = ""
    kind: str = AGREEMENT
    kinds: list[str] = field(default_factory=lambda: [AGREEMENT, DISTANCES, VOLUME])
    zoomed: bool = False
    curves: list[dict[str, str]] = field(default_factory=list)
    shown: list[str] = field(
        default_factory=lambda: [
            "dice",
            "surface_dice",
            "sensitivity",
            "expected_dice",
            "hd95_mm",
            "msd_mm",
            "volume_cc",
        ]
    )
    axis: list[float] = field(default_factory=lambda: [0.0, 1.0])
    rows: list[dict[str, Any]] = field(default_factory=list)
    losses: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    map_shown: bool = False
    map_opacity: int = 50
    half_shown: bool = True
    reference_shown: bool = True
    refused: str = ""
    undoable: bool = False
    definitions_shown: bool = False


Typed: TypeAlias = TypedState[ThresholdState]


def threshold_state(state: Any) -> Typed:
    """The page's values in a trame state."""
    return TypedState(state, ThresholdState, namespace=NAMESPACE, encoder=PlainValues())
