"""Curves of a sweep as a chart of the page: figures of one unit against the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ContourQALib.metrics.definitions import Status
from ContourQALib.report.outlines import REFERENCE
from ContourQALib.report.threshold_axes import curve_of, known_volume, scale_end
from ContourQALib.report.threshold_charts import flagged_runs
from ContourQALib.report.threshold_panels import AT_HALF, AT_OPTIMUM
from ContourQALib.report.threshold_readings import best_of
from ContourQALib.report.wording import FIGURE_TITLES, figure_text, threshold_text
from ContourQALib.thresholds.sensitivity import HALF
from ContourQALib.workstation.charts.plotly_figure import PlotlyFigure
from ContourQALib.workstation.theme import MESSAGE_COLORS, RAISED, TEXT
from ContourQALib.workstation.thresholds.threshold_state import AGREEMENT, DISTANCES, VOLUME

if TYPE_CHECKING:
    from ContourQALib.thresholds.recommendation import Recommendation
    from ContourQALib.worker_requests import Swept

LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 44, 10, 8, 34
"""Margins of the chart, fixed: the page draws the line at the current threshold over it by itself."""

RECOMMENDED_COLOR = MESSAGE_COLORS["success"]

LEAST_WIDTH = 0.3
"""Thresholds that a zoomed chart spans at least."""

ZOOM_MARGIN = 0.1
"""Thresholds beside the outermost that a zoomed chart must show."""

HEADROOM = 0.08
"""Room above and below the curves of a zoomed chart, of their height."""

BAND_ROOM = 0.005
"""Half a step of the sweep: a band of one threshold is seen, too."""

DIGITS = 5


@dataclass(frozen=True)
class CurveLook:
    """How a figure's curve is drawn: told apart by dashes, too."""

    figure: str
    color: str
    dash: str = "solid"

    @property
    def title(self) -> str:
        """The figure's name."""
        return FIGURE_TITLES[self.figure]

    @property
    def dashes(self) -> str:
        """The dash as SVG has it."""
        return {"solid": "", "dash": "6 3", "dot": "2 2", "dashdot": "6 2 2 2", "longdash": "10 3"}[self.dash]


CURVES: dict[str, tuple[CurveLook, ...]] = {
    AGREEMENT: (
        CurveLook("dice", "#e4e7ea"),
        CurveLook("surface_dice", "#d58bb5", "dash"),
        CurveLook("sensitivity", "#35c29a", "dot"),
        CurveLook("specificity", "#9aa4ad", "dashdot"),
        CurveLook("expected_dice", "#93a7ff", "longdash"),
    ),
    DISTANCES: (
        CurveLook("hd95_mm", "#d58bb5", "dash"),
        CurveLook("msd_mm", "#35c29a"),
        CurveLook("hd_mm", "#93a7ff", "dot"),
    ),
    VOLUME: (CurveLook("volume_cc", "#e4e7ea"),),
}

AXES = {AGREEMENT: "Agreement", DISTANCES: "Distance, mm", VOLUME: "Volume, cc"}


def curves_of(swept: Swept, kind: str) -> tuple[CurveLook, ...]:
    """The curves that there are of a kind: fewer without a reference."""
    return tuple(look for look in CURVES[kind] if curve_of(swept, look.figure) is not None)


def kinds_of(swept: Swept) -> list[str]:
    """The kinds of which there are curves."""
    return [kind for kind in CURVES if curves_of(swept, kind)]


def axis_of(swept: Swept, figures: Sequence[str], zoomed: bool) -> tuple[float, float]:
    """First and last threshold of the chart; zoomed, those about the best thresholds and 0.5."""
    if not zoomed:
        return 0.0, 1.0
    found = [best.threshold for figure in figures if (best := best_of(swept, figure))]
    low, high = min(HALF, *found, HALF) - ZOOM_MARGIN, max(HALF, *found, HALF) + ZOOM_MARGIN
    more = max(0.0, LEAST_WIDTH - (high - low)) / 2
    return max(0.0, low - more), min(1.0, high + more)


def chart_of(
    swept: Swept,
    kind: str,
    shown: Sequence[str],
    *,
    zoomed: bool = False,
    recommended: Recommendation | None = None,
) -> PlotlyFigure:
    """The chart: curves, a diamond at each one's best, 0.5, the recommendation and what the volume should be.

    The line at the current threshold is not in it: it moves with every step of a slider.

    Args:
        swept: the sweep.
        kind: which curves.
        shown: fields of those to draw.
        zoomed: whether to show what is near the best thresholds and 0.5 alone.
        recommended: a recommended threshold to mark.
    """
    looks = [look for look in curves_of(swept, kind) if look.figure in shown]
    figures = [look.figure for look in looks]
    axis = axis_of(swept, figures, zoomed)
    data: list[dict[str, Any]] = []
    for look in looks:
        curve = curve_of(swept, look.figure)
        assert curve is not None, "only those of `curves_of` are drawn"
        data.append(_trace(look, *curve))
    data += [_best(swept, look) for look in looks if best_of(swept, look.figure)]
    return PlotlyFigure(
        data,
        {
            "margin": {"l": LEFT_PX, "r": RIGHT_PX, "t": TOP_PX, "b": BOTTOM_PX},
            "showlegend": False,
            "hovermode": "x unified",
            "hoverlabel": {"bgcolor": RAISED, "bordercolor": RAISED, "font": {"color": TEXT, "size": 11}},
            "dragmode": False,
            "font": {"color": TEXT, "size": 11},
            "xaxis": {
                "range": list(axis),
                "fixedrange": True,
                "automargin": False,
                "title": {"text": "Threshold", "standoff": 4},
                "hoverformat": ".2f",
            },
            "yaxis": {
                "range": _y_range(swept, figures, axis, zoomed),
                "fixedrange": True,
                "automargin": False,
                "title": {"text": AXES[kind], "standoff": 4},
            },
            "shapes": _shapes(swept, kind, recommended),
        },
    )


def _trace(look: CurveLook, thresholds: np.ndarray, values: np.ndarray) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": look.title,
        "x": np.round(thresholds, DIGITS).tolist(),
        "y": [round(float(value), DIGITS) if np.isfinite(value) else None for value in values],
        "line": {"color": look.color, "dash": look.dash, "width": 2},
        "hovertemplate": f"%{{y:.{3 if not look.figure.endswith(('_mm', '_cc')) else 2}f}}",
    }


def _best(swept: Swept, look: CurveLook) -> dict[str, Any]:
    best = best_of(swept, look.figure)
    assert best is not None, "asked for where there is one"
    text = f"best {figure_text(look.figure, best.value)} at {threshold_text(best.threshold)}"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{look.title}, {text}",
        "x": [best.threshold],
        "y": [best.value],
        "marker": {
            "symbol": "diamond",
            "size": 9,
            "color": AT_OPTIMUM.color,
            "line": {"color": look.color, "width": 1},
        },
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _y_range(swept: Swept, figures: Sequence[str], axis: tuple[float, float], zoomed: bool) -> list[float]:
    if not figures:
        return [0.0, 1.0]
    end = scale_end(swept, figures)
    whole = [0.0, end * 1.02]
    if not zoomed:
        return whole
    seen: list[float] = []
    for figure in figures:
        curve = curve_of(swept, figure)
        assert curve is not None
        thresholds, values = curve
        inside = (thresholds >= axis[0]) & (thresholds <= axis[1]) & np.isfinite(values) & (values <= end)
        seen += values[inside].tolist()
    if not seen or min(seen) == max(seen):
        return whole
    room = HEADROOM * (max(seen) - min(seen))
    return [max(0.0, min(seen) - room), min(whole[1], max(seen) + room)]


def _shapes(swept: Swept, kind: str, recommended: Recommendation | None) -> list[dict[str, Any]]:
    shapes = [_upright(HALF, AT_HALF.color, "dash")]
    if swept.analysis is not None:
        for flag in (Status.EMPTY, Status.FULL):
            runs = flagged_runs(swept.analysis.sweep, flag)
            shapes += [_band(low - BAND_ROOM, high + BAND_ROOM, "#ffffff", 0.07) for low, high in runs]
    if recommended is not None:
        if recommended.interval is not None:
            shapes.append(_band(*recommended.interval, RECOMMENDED_COLOR, 0.15))
        shapes.append(_upright(recommended.threshold, RECOMMENDED_COLOR, "dot"))
    if kind == VOLUME:
        known = known_volume(swept)[1]
        line = {"color": REFERENCE.color, "dash": "dash", "width": 1}
        shapes.append(
            {"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": known, "y1": known, "line": line}
        )
    return shapes


def _upright(threshold: float, color: str, dash: str) -> dict[str, Any]:
    line = {"color": color, "dash": dash, "width": 1.2}
    return {
        "type": "line",
        "x0": threshold,
        "x1": threshold,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": line,
        "layer": "below",
    }


def _band(low: float, high: float, color: str, opacity: float) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": low,
        "x1": high,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "fillcolor": color,
        "opacity": opacity,
        "line": {"width": 0},
        "layer": "below",
    }
