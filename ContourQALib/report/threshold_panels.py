"""Panels: axes of one figure against the threshold, and what is marked on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ContourQALib.report.canvas import literal
from ContourQALib.report.outlines import Look
from ContourQALib.report.threshold_readings import unit_of
from ContourQALib.report.wording import FIGURE_TITLES, figure_text, threshold_text
from ContourQALib.thresholds.pooled import PooledOptimum
from ContourQALib.thresholds.sensitivity import HALF, Optimum

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

AT_OPTIMUM = Look("#d98200", "-.", "orange")
AT_HALF = Look("#2b9fd9", "--", "sky blue")
"""The contour at the best threshold and the one at 0.5, alike in charts and on slices."""

CURVE = "#1a2027"
FAINT = "#55606b"

CENTRAL = (0.05, 0.95)
"""Thresholds whose values a chart always shows; beyond, a mask of half the scan would flatten the rest."""

LEAST_REACH = 3.0
"""A chart of distances or volumes reaches at least this many times the best value, or the reference's."""

HEADROOM = 1.12
"""Room above the highest value that is shown."""

FEW_THRESHOLDS = 25
"""Up to this many are drawn as points too: a line shows no value that stands between two undefined ones."""


@dataclass(frozen=True)
class Curve:
    """Values of one figure at increasing thresholds, (T,) each, and the line they are drawn with."""

    thresholds: np.ndarray
    values: np.ndarray
    color: str = CURVE
    style: str = "-"
    width: float = 1.5
    alpha: float = 1.0


def draw_panel(
    ax: Axes, figure: str, curves: Sequence[Curve], least: float = 0.0, behind: Sequence[Curve] = ()
) -> str:
    """Draw the curves of one figure with title, axes and a line at 0.5.

    Args:
        ax: where to draw.
        figure: name of the field.
        curves: at least one.
        least: for distances and volumes a value of which the panel shows at least `LEAST_REACH` times.
        behind: further curves, which do not shape the axes.

    Returns:
        What was cut off, "HD (up to 238 mm)", or "".
    """
    for curve in (*behind, *curves):
        ax.plot(
            curve.thresholds,
            np.where(np.isfinite(curve.values), curve.values, np.nan),
            color=curve.color,
            linestyle=curve.style,
            linewidth=curve.width,
            alpha=curve.alpha,
            marker="o" if curve.thresholds.size <= FEW_THRESHOLDS else None,
            markersize=2.5,
        )
    title, unit = FIGURE_TITLES[figure], unit_of(figure)
    ax.set_title(f"{title}, {unit}" if unit else title, fontsize=9.5, fontweight="bold", loc="left", pad=28)
    ax.set_xlim(-0.015, 1.015)
    ax.set_xticks(np.arange(0, 1.01, 0.25))
    ax.axvline(HALF, color=AT_HALF.color, linestyle=AT_HALF.style, linewidth=0.9, zorder=1)
    ax.grid(True, color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    if not any(np.isfinite(curve.values).any() for curve in curves):
        ax.text(0.5, 0.5, "undefined", transform=ax.transAxes, fontsize=9, color=FAINT, ha="center")
    if not unit:
        ax.set_ylim(-0.03, 1.03)
        return ""
    reach, highest = _reach(curves, least)
    highest = max(highest, _reach(behind, least)[1])
    ax.set_ylim(0, HEADROOM * reach if reach > 0 else 1.0)
    if HEADROOM * reach >= highest:
        return ""
    ax.text(
        0.5,
        0.985,
        f"cut off, up to {highest:.0f} {unit}",
        transform=ax.transAxes,
        fontsize=7,
        color=FAINT,
        ha="center",
        va="top",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )
    return f"{title} (up to {highest:.0f} {unit})"


def _reach(curves: Sequence[Curve], least: float) -> tuple[float, float]:
    """The highest value to show, and the highest there is."""

    def highest(low: float, high: float) -> float:
        return max(
            (
                float(value)
                for curve in curves
                for t, value in zip(curve.thresholds, curve.values, strict=True)
                if np.isfinite(value) and low <= t <= high
            ),
            default=0.0,
        )

    of_all = highest(0.0, 1.0)
    return min(of_all, max(highest(*CENTRAL) or of_all, LEAST_REACH * least)), of_all


def mark(ax: Axes, figure: str, best: Optimum | PooledOptimum | None, half: float | None) -> None:
    """Points on the curve at the optimum and at 0.5, and their values above the panel."""
    told = []
    if half is not None and np.isfinite(half):
        ax.plot(
            HALF,
            half,
            marker="o",
            markersize=6,
            markerfacecolor="white",
            markeredgecolor=AT_HALF.color,
            markeredgewidth=1.6,
            linestyle="",
            zorder=4,
            clip_on=False,
        )
    if best is not None:
        line = {"color": AT_OPTIMUM.color, "linestyle": AT_OPTIMUM.style, "linewidth": 0.9}
        ax.axvline(best.threshold, zorder=1, **line)
        ax.plot(
            best.threshold, best.value, "D", markersize=5, color=AT_OPTIMUM.color, zorder=5, clip_on=False
        )
        told.append(
            (
                "◆",
                AT_OPTIMUM.color,
                f"best {figure_text(figure, best.value)} at {threshold_text(best.threshold)}",
            )
        )
    if half is not None:
        told.append(("○", AT_HALF.color, f"{figure_text(figure, half)} at {threshold_text(HALF)}"))
    key(ax, told)


def key(ax: Axes, parts: Sequence[tuple[str, str, str]], line: int = 0) -> None:
    """Signs, their colors and words, in a line between a panel's title and the panel.

    Args:
        ax: the panel.
        parts: (sign, color, words).
        line: 0 for the upper, 1 for the lower of the two lines there is room for.
    """
    from matplotlib.offsetbox import AnnotationBbox, HPacker, TextArea

    boxes: list[Artist] = []
    for sign, color, words in parts:
        boxes.append(TextArea(sign, textprops={"color": color, "fontsize": 8, "fontweight": "bold"}))
        boxes.append(TextArea(literal(words) + " ", textprops={"color": "#222222", "fontsize": 8}))
    if not boxes:
        return
    ax.add_artist(
        AnnotationBbox(
            HPacker(children=boxes, pad=0, sep=3, align="baseline"),
            (0, 1),
            xybox=(0, 14 - 11 * line),
            xycoords="axes fraction",
            boxcoords="offset points",
            box_alignment=(0, 0),
            frameon=False,
            pad=0,
            annotation_clip=False,
        )
    )
