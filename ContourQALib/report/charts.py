"""Charts of agreement along the slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ContourQALib.metrics.slices import SliceComparison
from ContourQALib.report.canvas import WIDTH_INCHES, Picture, blank_figure, literal, to_png
from ContourQALib.report.outlines import REFERENCE, Look, looks_of_tests

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MM2_PER_CM2 = 100.0


def slice_chart(
    tests: Sequence[Sequence[SliceComparison]], labels: Sequence[str], reference_label: str = "reference"
) -> Picture:
    """Dice and area of every slice along K, one line a test contour of the same structure."""
    figure = blank_figure(WIDTH_INCHES, 3.4)
    dice, area = figure.subplots(2, 1, sharex=True)
    reference = {s.index: s.area_reference_mm2 / MM2_PER_CM2 for rows in tests for s in rows}
    _line(area, reference, reference_label, REFERENCE)
    for rows, label, look in zip(tests, labels, looks_of_tests(labels), strict=True):
        _line(dice, {s.index: s.dice for s in rows}, label, look)
        _line(area, {s.index: s.area_test_mm2 / MM2_PER_CM2 for s in rows}, label, look)
    dice.set_ylim(-0.03, 1.03)
    dice.set_ylabel("Dice", fontsize=9)
    area.set_ylim(bottom=0)
    area.set_ylabel("Area, cm²", fontsize=9)
    area.set_xlabel("slice, zero-based K", fontsize=9)
    area.xaxis.get_major_locator().set_params(integer=True)
    for ax in (dice, area):
        ax.grid(True, color="#dddddd", linewidth=0.6)
        ax.tick_params(labelsize=8)
        ax.spines[["top", "right"]].set_visible(False)
    handles, names = area.get_legend_handles_labels()
    figure.legend(handles, names, loc="upper right", ncols=len(names), fontsize=8, frameon=False)
    figure.subplots_adjust(left=0.06, right=0.99, bottom=0.14, top=0.91, hspace=0.12)
    alt = f"Dice and area slice by slice along K for {', '.join(labels)} against {reference_label}."
    return Picture(to_png(figure), alt, "Dice and area slice by slice; a gap has no contour in that slice.")


def _line(ax: Axes, values: Mapping[int, float], label: str, look: Look) -> None:
    # Every slice between the first and the last has a place: a slice without a value breaks the line.
    indices = range(min(values, default=0), max(values, default=-1) + 1)
    heights = [values.get(k, np.nan) for k in indices]
    style = {"color": look.color, "linestyle": look.style, "linewidth": 1.4}
    ax.plot(indices, heights, marker="o", markersize=3, label=literal(label), **style)
