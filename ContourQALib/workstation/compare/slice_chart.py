"""The chart of a structure, slice by slice: one curve a source, and a line at the slice that is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.slices import SliceComparison
from ContourQALib.report.outlines import Look
from ContourQALib.workstation.charts.plotly_figure import PlotlyFigure, escaped
from ContourQALib.workstation.theme import ACCENT, MUTED, TEXT

CHARTED = {
    "dice": ("Dice", ""),
    "hd95_mm": ("HD95", "mm"),
    "area_error_mm2": ("Area error", "mm²"),
}
"""Title and unit by field of `SliceComparison`."""

DASHES = {"-": "solid", "--": "dash", "-.": "dashdot", ":": "dot"}
"""plotly's names of matplotlib's line styles."""

FORMS = {"dice": ".3f", "hd95_mm": ".2f", "area_error_mm2": "+.0f"}

FONT = "Roboto, sans-serif"
"""The page's."""

DICE_RANGE = (0.0, 1.04)
"""A Dice of 1 must not lie under the frame."""


def slice_chart(
    compared: Sequence[tuple[Comparison, Look]],
    figure: str,
    k: int | None,
    numbered: str = "image",
) -> PlotlyFigure:
    """The chart.

    Args:
        compared: comparisons of one structure, slice by slice, and how each is drawn.
        figure: a field of `CHARTED`.
        k: the slice that is shown; None where none is.
        numbered: whose slices are counted.
    """
    title, unit = CHARTED[figure]
    layout: dict[str, Any] = {
        "font": {"color": TEXT, "size": 11, "family": FONT},
        "xaxis": {"title": {"text": f"Slice K of the {numbered}", "standoff": 6}, "tickformat": "d"},
        "yaxis": {
            "title": {"text": ", ".join(filter(None, (title, unit))), "standoff": 4},
            "rangemode": "tozero",
        },
        "margin": {"l": 48, "r": 8, "t": 8, "b": 36},
        "showlegend": False,
        "hovermode": "x",
        "dragmode": False,
        "shapes": [] if k is None else [_line_at(k)],
    }
    if figure == "dice":
        layout["yaxis"]["range"] = list(DICE_RANGE)
    indices = [row.index for one, _ in compared for row in one.slices or ()]
    if indices:
        layout["xaxis"]["range"] = [min(indices) - 0.7, max(indices) + 0.7]
    return PlotlyFigure([_curve(one, look, figure) for one, look in compared], layout)


def _curve(one: Comparison, look: Look, figure: str) -> dict[str, Any]:
    # A slice that neither contour reaches is a gap, not a line across it.
    by_index = {row.index: row for row in one.slices or ()}
    span = range(min(by_index), max(by_index) + 1) if by_index else range(0)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": one.test,
        "x": list(span),
        "y": [_value(by_index.get(k), figure) for k in span],
        "line": {"color": look.color, "width": 2, "dash": DASHES.get(look.style, "longdash")},
        "marker": {"color": look.color, "size": 4},
        "hovertemplate": f"{escaped(one.test)} %{{y:{FORMS[figure]}}}<extra></extra>",
    }


def _value(row: SliceComparison | None, figure: str) -> float | None:
    value = math.nan if row is None else float(getattr(row, figure))
    return value if math.isfinite(value) else None


def _line_at(k: int) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": k,
        "x1": k,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": ACCENT, "width": 1.5},
    }


def empty_chart(why: str) -> PlotlyFigure:
    """A chart that says why there is nothing to see."""
    note = {"text": escaped(why), "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    blank = {"visible": False}
    return PlotlyFigure(
        (), {"xaxis": blank, "yaxis": blank, "annotations": [{**note, "font": {"color": MUTED}}]}
    )
