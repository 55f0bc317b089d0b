"""Figures of the study of Geng 2024 beside those of `contourqa cohort`: learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from contourqa_training.geng.judging import ALL, CurvePoint
from contourqa_training.geng.models import VPM
from ContourQALib.report.canvas import WIDTH_INCHES, blank_figure, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES = {"dice": "Dice", "hd95_pooled_mm": "HD95 (pooled), mm"}

LOOKS = {"fine-tuned": ("#1d4fa3", "o", "-"), "from nothing": ("#b35900", "s", "--")}
VENDOR_COLOR = "#e0402f"
LONG_MARKER = "D"


def draw_curves(points: Sequence[CurvePoint], figure_name: str) -> Figure:
    """One figure by local patients: a row a dataset, a column the mean of the organs and each organ."""
    chosen = [point for point in points if point.figure == figure_name]
    datasets = list(dict.fromkeys(point.dataset for point in chosen))
    structures = list(dict.fromkeys(point.structure for point in chosen))
    figure = blank_figure(1.35 * WIDTH_INCHES, 2.9 * len(datasets))
    grid = figure.subplots(len(datasets), len(structures), squeeze=False, sharex=True, sharey="row")
    for row, dataset in zip(grid, datasets, strict=True):
        for axes, structure in zip(row, structures, strict=True):
            _panel(axes, [p for p in chosen if (p.dataset, p.structure) == (dataset, structure)])
            axes.set_title(literal("mean of organs" if structure == ALL else structure), fontsize=9)
        row[0].set_ylabel(f"{literal(dataset)}\n{TITLES[figure_name]}", fontsize=9)
    for axes in grid[-1]:
        axes.set_xlabel("local patients", fontsize=9)
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), fontsize=9, frameon=False)
    figure.subplots_adjust(left=0.06, right=0.995, top=0.93, bottom=0.19, wspace=0.08, hspace=0.25)
    return figure


def _panel(axes: Axes, points: Sequence[CurvePoint]) -> None:
    for point in points:
        if point.model == VPM and point.n:
            axes.axhline(point.mean, color=VENDOR_COLOR, linewidth=1.2, linestyle=":", label="vendor's model")
            if point.interval:
                axes.axhspan(*point.interval, color=VENDOR_COLOR, alpha=0.12, linewidth=0)
    for kind, (color, marker, style) in LOOKS.items():
        line = sorted((p for p in points if p.kind == kind and not _long(p)), key=lambda p: p.patients)
        _with_intervals(axes, line, color, marker, style, kind)
        _with_intervals(
            axes,
            [p for p in points if p.kind == kind and _long(p)],
            color,
            LONG_MARKER,
            "",
            f"{kind}, longer",
        )
    axes.grid(True, color="#dddddd", linewidth=0.6)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _long(point: CurvePoint) -> bool:
    return point.model.endswith("-long")


def _with_intervals(
    axes: Axes, points: Sequence[CurvePoint], color: str, marker: str, style: str, label: str
) -> None:
    """A line through means with their intervals; a model without a value is left out of it."""
    there = [point for point in points if point.n]
    if not there:
        return
    means = [point.mean for point in there]
    spread = [point.interval or (point.mean, point.mean) for point in there]
    axes.errorbar(
        [point.patients for point in there],
        means,
        yerr=[
            [mean - low for mean, (low, _) in zip(means, spread, strict=True)],
            [high - mean for mean, (_, high) in zip(means, spread, strict=True)],
        ],
        color=color,
        marker=marker,
        markersize=5,
        linestyle=style or "none",
        linewidth=1.3,
        elinewidth=0.8,
        capsize=2,
        label=label,
    )
