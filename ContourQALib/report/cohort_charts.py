"""Distributions of a cohort's figures: boxes, cases and significance marks (Geng 2024, figure 5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ContourQALib.cohort.signed_rank import LEVEL
from ContourQALib.cohort.summary import ModelDifference
from ContourQALib.report.canvas import WIDTH_INCHES, Picture, blank_figure, literal, to_png
from ContourQALib.report.cohort_looks import MARKERS, chart_looks
from ContourQALib.report.cohort_panels import FAINT, INK, Ends, Panel, dress, ends_of, letter, short
from ContourQALib.report.cohort_wording import STARS, stars
from ContourQALib.report.outlines import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("dice", "sensitivity", "specificity", "hd95_pooled_mm")
"""Figures in the paper's order."""

TITLES = {
    "dice": "DSC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "hd95_pooled_mm": "95HD, mm",
}
"""As the paper calls them."""

NOT_SIGNIFICANT, TOO_FEW, NOT_TESTED = "ns", "too few", "no test"

MOST_POINTS = 100
"""Cases up to which each is a point; the shape of more is drawn instead."""

LEAST_BOXED = 5
"""Cases from which on they have a box: of fewer it would say more than they do."""

LEAST_EXTENT = {"dice": 0.02, "sensitivity": 0.02, "specificity": 1e-4, "hd95_pooled_mm": 0.5}
"""What an axis spans at least: a spread of nothing is a line near its value, not a storm of digits."""

MOST_BRACKETS = 3
"""Models whose difference from the first has a bracket; more would leave no room for boxes."""

BOX, SPREAD = 0.5, 0.32
"""Widths of a box and of the points scattered over it, in distances between boxes."""

GOLDEN = (math.sqrt(5) - 1) / 2
"""Multiples of it fill an interval evenly: points side by side, the same every time."""

PANEL_INCHES, HEAD_INCHES, FOOT_INCHES, LEGEND_INCHES = 2.35, 0.5, 0.5, 0.3


def distribution_picture(structure: str, panels: Sequence[Panel], *, several: bool = False) -> Picture:
    """Dice, sensitivity, specificity and pooled HD95 of every model, a row of axes for each dataset.

    Args:
        structure: its name.
        panels: one a dataset.
        several: whether rows get letters.
    """
    models = panels[0].results.models
    looks = chart_looks(models)
    step = PANEL_INCHES + HEAD_INCHES + FOOT_INCHES
    height = LEGEND_INCHES + len(panels) * step
    figure = blank_figure(WIDTH_INCHES, height)
    for place, panel in enumerate(panels):
        top = height - LEGEND_INCHES - HEAD_INCHES - place * step
        grid = figure.add_gridspec(
            1,
            len(SHOWN),
            left=0.055,
            right=0.99,
            top=top / height,
            bottom=(top - PANEL_INCHES) / height,
            wspace=0.32,
        )
        for n, name in enumerate(SHOWN):
            ax = figure.add_subplot(grid[n])
            draw_figure(ax, panel, name, looks, ends_of(panels, name))
            if not n:
                letter(figure, ax, place, panel, several, above=0.28)
    handles = [_handle(model, look, n) for n, (model, look) in enumerate(zip(models, looks, strict=True))]
    figure.legend(handles=handles, loc="upper left", ncols=len(handles), fontsize=8.5, frameon=False)
    where = ", ".join(panel.title for panel in panels if panel.title)
    alt = f"Distributions of DSC, sensitivity, specificity and 95HD of {structure}"
    alt += (f" on {where}" if where else "") + f" for {', '.join(models)}."
    return Picture(to_png(figure), alt, _caption(panels))


def draw_figure(ax: Axes, panel: Panel, name: str, looks: Sequence[Look], ends: Ends | None) -> None:
    """Boxes and cases of one figure, what is undefined, and marks of significance.

    Args:
        ax: where to draw.
        panel: the cases.
        name: of `SHOWN`.
        looks: of the models.
        ends: of the axis.
    """
    values = panel.values(name)
    models = panel.results.models
    labels = []
    for n, (model, look) in enumerate(zip(models, looks, strict=True)):
        finite = values[np.isfinite(values[:, n]), n]
        undefined = values.shape[0] - finite.size
        labels.append(f"{short(model)}\nn {finite.size}" + (f"\n{undefined} undefined" if undefined else ""))
        if finite.size:
            _draw_box(ax, n, finite, look, ends)
    ax.set_xlim(-0.6, len(models) - 0.4)
    ax.set_xticks(range(len(models)), labels)
    ax.set_title(TITLES[name], fontsize=9.5, loc="center", pad=4)
    dress(ax)
    ax.tick_params(axis="x", labelsize=7.5 if len(models) < 4 else 6.5, length=0)
    ax.ticklabel_format(axis="y", useOffset=False)
    if ends is None or not np.isfinite(values).any():
        ax.text(0.5, 0.4, "undefined", transform=ax.transAxes, fontsize=9, color=FAINT, ha="center")
    if ends is None:
        ax.set_yticks([])
    else:
        _set_ends(ax, ends, name)
    _draw_brackets(ax, panel, name)
    for n in range(len(models)):
        _count_beyond(ax, n, values[:, n], ends)


def _draw_box(ax: Axes, place: int, values: np.ndarray, look: Look, ends: Ends | None) -> None:
    """A box of all values, and those between the axis's ends as points, or as the shape of many."""
    within = values[(values >= ends.low) & (values <= ends.high)] if ends else values
    marks: Any = {
        "linestyle": "",
        "marker": MARKERS[place % len(MARKERS)],
        "markerfacecolor": look.color,
        "markeredgecolor": "none",
        "zorder": 3,
    }
    many = values.size > MOST_POINTS
    if many and np.ptp(within) > 0:
        shapes: Any = ax.violinplot([within], [place], widths=0.85, showextrema=False)["bodies"]
        shapes[0].set(facecolor=look.color, alpha=0.22, edgecolor="none")
        low, high = np.percentile(values, (25, 75))
        far = within[(within < low - 1.5 * (high - low)) | (within > high + 1.5 * (high - low))]
        ax.plot(np.full(far.size, place), far, markersize=2.5, **marks)
    else:
        across = place + SPREAD * (np.arange(1, within.size + 1) * GOLDEN % 1.0 - 0.5)
        ax.plot(across, within, markersize=3.2, alpha=0.55, **marks)
    if values.size < LEAST_BOXED:
        return
    ax.boxplot(
        [values],
        positions=[place],
        widths=BOX * (0.45 if many else 1.0),
        whis=1.5,
        showfliers=False,
        manage_ticks=False,
        boxprops={"color": look.color, "linewidth": 1.2},
        whiskerprops={"color": look.color, "linewidth": 1.1, "linestyle": look.style},
        capprops={"color": look.color, "linewidth": 1.1},
        medianprops={"color": INK, "linewidth": 1.8},
        zorder=4,
    )


def _set_ends(ax: Axes, ends: Ends, name: str) -> None:
    """Room above the cases for brackets and counts; no tick where no value can be."""
    from matplotlib.ticker import MaxNLocator

    distance = name.endswith("_mm")
    extent = max(ends.high - ends.low, LEAST_EXTENT[name])
    middle = (ends.high + ends.low) / 2
    low = 0.0 if distance else middle - 0.6 * extent
    high = middle + 0.92 * extent
    ax.set_ylim(low, high)
    ax.yaxis.set_major_locator(MaxNLocator(6))
    highest = high if distance else min(1.0, high)
    ax.set_yticks([t for t in ax.get_yticks() if low <= t <= highest + 1e-12])


def _draw_brackets(ax: Axes, panel: Panel, name: str) -> None:
    """Marks between the first model and others, above the boxes."""
    found = [d for d in panel.group.differences if d.figure == name and d.first == panel.results.models[0]]
    shown = found[:MOST_BRACKETS]
    for n, difference in enumerate(reversed(shown)):
        right = panel.results.models.index(difference.second)
        y = 0.955 - 0.075 * n
        x = [0.05, 0.05, right - 0.05, right - 0.05]
        ax.plot(
            x,
            [y - 0.02, y, y, y - 0.02],
            transform=ax.get_xaxis_transform(),
            color=INK,
            linewidth=0.9,
            clip_on=False,
        )
        ax.text(
            right / 2,
            y + 0.002,
            mark_of(difference),
            transform=ax.get_xaxis_transform(),
            fontsize=8,
            color=INK,
            ha="center",
            va="bottom",
        )


def mark_of(difference: ModelDifference) -> str:
    """The mark of a difference: stars by its corrected p, "ns", or why there can be none."""
    p, test = difference.p_holm, difference.compared.test
    if math.isnan(p):
        return NOT_TESTED
    return stars(p) or (TOO_FEW if test.reason else NOT_SIGNIFICANT)


def _count_beyond(ax: Axes, place: int, values: np.ndarray, ends: Ends | None) -> None:
    """How many cases lie beyond the axis's ends, and how many have no distance since a contour is empty."""
    finite = values[np.isfinite(values)]
    infinite = int(np.isposinf(values).sum())
    above = int((finite > ends.high).sum()) if ends else 0
    below = int((finite < ends.low).sum()) if ends else 0
    top = ([f"∞ {infinite}"] if infinite else []) + ([f"▲ {above}"] if above else [])
    for y, side, told in ((0.78, "top", top), (0.015, "bottom", [f"▼ {below}"] if below else [])):
        if told:
            ax.text(
                place,
                y,
                "  ".join(told),
                transform=ax.get_xaxis_transform(),
                fontsize=8.5,
                fontweight="bold",
                color=INK,
                ha="center",
                va=side,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
                zorder=6,
            )


def _handle(model: str, look: Look, place: int) -> object:
    from matplotlib.lines import Line2D

    marker = MARKERS[place % len(MARKERS)]
    style = {"color": look.color, "linestyle": look.style, "linewidth": 1.3}
    return Line2D([], [], marker=marker, markersize=4, label=literal(model), **style)


def _caption(panels: Sequence[Panel]) -> str:
    told = ["Boxes: median and quartiles; whiskers to the farthest case within 1.5 interquartile ranges."]
    largest = max(panel.rows.size for panel in panels)
    told.append("Points: cases." if largest <= MOST_POINTS else "Shapes: density of the cases.")
    if min(panel.rows.size for panel in panels) < LEAST_BOXED:
        told.append(f"Fewer than {LEAST_BOXED} cases are points alone.")
    models = panels[0].results.models
    if len(models) > 1:
        levels = ", ".join(f"{mark} p < {level:g}" for level, mark in reversed(STARS))
        told.append(
            f"Holm-corrected p of the Wilcoxon signed-rank test: {levels}, {NOT_SIGNIFICANT} not significant."
        )
        marks = {mark_of(d) for panel in panels for d in panel.group.differences if d.figure in SHOWN}
        if TOO_FEW in marks:
            told.append(f'"{TOO_FEW}": so few cases cannot reach p < {LEVEL:g}, whatever they are.')
        if NOT_TESTED in marks:
            told.append(f'"{NOT_TESTED}": no case has two values that differ.')
        if len(models) - 1 > MOST_BRACKETS:
            told.append(f"Marks against {models[0]} for {MOST_BRACKETS} models; all are in tests.csv.")
    if any(panel.missed(n) for panel in panels for n in range(len(models))):
        told.append("∞: cases in which the organ or its contour is missing, so that there is no distance.")
    told += [words for name in SHOWN if (words := _beyond(panels, name))]
    return " ".join(told)


def _beyond(panels: Sequence[Panel], name: str) -> str:
    """What lies beyond the ends of a figure's axis, in words; "" for nothing."""
    ends = ends_of(panels, name)
    values = np.concatenate([panel.values(name).ravel() for panel in panels])
    values = values[np.isfinite(values)]
    outside = values[(values < ends.low) | (values > ends.high)] if ends else values
    if not outside.size:
        return ""
    distance = name.endswith("_mm")
    sign, far = ("▲", f"up to {outside.max():.0f} mm") if distance else ("▼", f"down to {outside.min():.3f}")
    count = f"{outside.size} case" if outside.size == 1 else f"{outside.size} cases"
    return f"{sign}: {count} beyond the axis of {TITLES[name].removesuffix(', mm')}, {far}."
