"""Charts of what a threshold other than the best one costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ContourQALib.report.canvas import WIDTH_INCHES, Picture, blank_figure, to_png
from ContourQALib.report.wording import FIGURE_TITLES, UNDEFINED, percent_text
from ContourQALib.thresholds.sensitivity import FIGURES, PERTURBATIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURE_COLORS = {"dice": "#0f4c75", "msd_mm": "#2b9fd9", "hd_mm": "#a63d9b", "hd95_mm": "#d98200"}
BAR = 0.2
"""Width of a bar; those of one threshold stand side by side."""


@dataclass(frozen=True)
class Loss:
    """A loss in percent of the optimum; the quartiles where it is the median of several cases."""

    percent: float
    low: float | None = None
    high: float | None = None


def loss_chart(
    perturbed: Mapping[float, Mapping[str, Loss]], at_half: Mapping[str, Loss], subject: str
) -> Picture:
    """Bars of the losses about the optimum, and at 0.5 with an axis of their own.

    Args:
        perturbed: by distance from the optimum and figure.
        at_half: by figure.
        subject: whose they are, for the alternative text.
    """
    figure = blank_figure(WIDTH_INCHES, 2.9)
    about, half = figure.subplots(1, 2, width_ratios=(4, 1.15))
    _draw(about, [perturbed[d] for d in PERTURBATIONS], [f"±{d:.2f}" for d in PERTURBATIONS])
    _draw(half, [at_half], ["0.5"])
    about.set_xlabel("distance from each figure's best threshold", fontsize=8.5)
    half.set_xlabel("threshold", fontsize=8.5)
    about.set_ylabel("loss, % of the best value", fontsize=8.5)
    handles, names = about.get_legend_handles_labels()
    figure.legend(handles, names, loc="upper left", ncols=len(names), fontsize=8.5, frameon=False)
    figure.subplots_adjust(left=0.06, right=0.99, bottom=0.17, top=0.87, wspace=0.14)
    several = any(loss.low is not None for losses in perturbed.values() for loss in losses.values())
    caption = "Mean of both sides, clamped to [0, 1]; positive is worse; a dash is undefined."
    if several:
        caption += " Median of the cases, thin lines to the quartiles; each case against itself at the"
        caption += " recommended threshold, and one that another threshold suits better has a negative loss."
    return Picture(to_png(figure), f"Losses about the best threshold and at 0.5, {subject}.", caption)


def _draw(ax: Axes, groups: Sequence[Mapping[str, Loss]], labels: Sequence[str]) -> None:
    for n, name in enumerate(FIGURES):
        places = np.arange(len(groups)) + BAR * (n - (len(FIGURES) - 1) / 2)
        heights = np.array([group[name].percent for group in groups], float)
        shown = np.where(np.isfinite(heights), heights, 0.0)
        ax.bar(places, shown, BAR * 0.9, color=FIGURE_COLORS[name], label=FIGURE_TITLES[name], zorder=2)
        for x, height, group in zip(places, heights, groups, strict=True):
            low, high = group[name].low, group[name].high
            top = max(high or 0.0, height, 0.0)
            if low is not None and high is not None and np.isfinite([low, high]).all():
                ax.plot([x, x], [low, high], color="#1a2027", linewidth=1.0, zorder=3)
            text = percent_text(height) if np.isfinite(height) else UNDEFINED
            ax.annotate(
                text,
                (x, top if np.isfinite(top) else 0.0),
                (0, 2),
                textcoords="offset points",
                fontsize=7,
                ha="center",
                color="#222222",
            )
    ax.set_xticks(range(len(groups)), labels)
    ax.axhline(0, color="#55606b", linewidth=0.8, zorder=3)
    ax.margins(y=0.14)
    ax.grid(True, axis="y", color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)
