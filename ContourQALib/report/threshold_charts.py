"""Charts of agreement against the threshold of a probability map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from ContourQALib.metrics.definitions import Status
from ContourQALib.report.canvas import WIDTH_INCHES, Picture, blank_figure, to_png
from ContourQALib.report.outlines import REFERENCE
from ContourQALib.report.threshold_panels import AT_OPTIMUM, Curve, draw_panel, key, mark
from ContourQALib.report.threshold_wording import mean_at_half
from ContourQALib.report.wording import figure_text, threshold_text
from ContourQALib.thresholds.analysis import ThresholdAnalysis
from ContourQALib.thresholds.pooled import PooledSweep
from ContourQALib.thresholds.sensitivity import FIGURES, HALF
from ContourQALib.thresholds.sweep import ThresholdSweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FLAG_COLORS = {Status.FULL: "#f3d9d7", Status.EMPTY: "#e2e6ea"}
FLAG_WORDS = {Status.FULL: "the whole grid", Status.EMPTY: "nothing"}
"""Thresholds that give no contour are shaded: how, and what they select."""

PANELS = ("dice", "surface_dice", "volume_cc", "msd_mm", "hd_mm", "hd95_mm")
BAND = "#cfd6dd"
MOST_LINES = 200
"""More thin lines than these are one gray area; then every second, third ... case is drawn."""

SENSITIVITY = Curve(np.empty(0), np.empty(0), "#7a8590", "--")


def threshold_chart(analysis: ThresholdAnalysis) -> Picture:
    """Every figure of one case against the threshold, its best value and the one at 0.5 marked."""
    sweep, half = analysis.sweep, analysis.find(HALF)
    figure = blank_figure(WIDTH_INCHES, 5.6)
    cut = []
    for ax, name in zip(figure.subplots(2, 3, sharex=True).flat, PANELS, strict=True):
        best = analysis.optimum.get(name)
        curves = [Curve(sweep.thresholds, getattr(sweep, name))]
        at_half = getattr(half, name) if half else None
        if at_half is not None:
            # Drawn again for lists without 0.5: the panel must reach it.
            curves.append(Curve(np.array([HALF]), np.array([at_half])))
        least = best.value if best else 0.0
        _shade_flags(ax, sweep)
        if name == "surface_dice":
            curves.append(replace(SENSITIVITY, thresholds=sweep.thresholds, values=sweep.sensitivity))
            key(ax, [("- -", SENSITIVITY.color, "sensitivity")], line=1)
        if name == "volume_cc":
            least = sweep.volume_reference_cc
            ax.axhline(least, color=REFERENCE.color, linewidth=1.0)
            key(ax, [("–", REFERENCE.color, f"reference {figure_text(name, least)}")], line=1)
        cut.append(draw_panel(ax, name, curves, least))
        mark(ax, name, best, at_half)
    _finish(figure, 3)
    return Picture(
        to_png(figure),
        f"Dice, surface Dice, volume, MSD, HD and HD95 of {sweep.structure} against the threshold.",
        " ".join([f"Surface Dice at {sweep.tolerance_mm:g} mm.", shading_text(sweep), _cut_off(cut)]).strip(),
    )


def pooled_chart(pooled: PooledSweep, analyses: Sequence[ThresholdAnalysis]) -> Picture:
    """The mean of several cases with one standard error to both sides, and every case as a thin line.

    Args:
        pooled: the means.
        analyses: the cases they are of.
    """
    figure = blank_figure(WIDTH_INCHES, 5.6)
    cut = []
    every = -(-len(analyses) // MOST_LINES)
    shown = analyses[::every]
    for ax, name in zip(figure.subplots(2, 2, sharex=True).flat, FIGURES, strict=True):
        best, curve = pooled.optimum[name], pooled.curves[name]
        cases = [
            Curve(pooled.thresholds, getattr(analysis.sweep, name), color="#9aa5b1", width=0.7, alpha=0.8)
            for analysis in shown
        ]
        mean = Curve(pooled.thresholds, curve.mean, width=1.9)
        # Reach is the mean's: a single case that goes astray would flatten everything.
        cut.append(draw_panel(ax, name, [mean], best.value if best else 0.0, behind=cases))
        ax.fill_between(
            pooled.thresholds,
            curve.mean - curve.standard_error,
            curve.mean + curve.standard_error,
            color=BAND,
            linewidth=0,
            zorder=1.5,
        )
        if best and best.interval:
            ax.axvspan(best.interval.low, best.interval.high, color=AT_OPTIMUM.color, alpha=0.14, linewidth=0)
            ends = f"{threshold_text(best.interval.low)} to {threshold_text(best.interval.high)}"
            key(ax, [("■", "#f3d9b0", f"{100 * best.interval.level:g} % of resamples: {ends}")], line=1)
        mark(ax, name, best, mean_at_half(pooled, name))
    _finish(figure, 2)
    caption = f"Mean of {len(pooled.cases)} cases, band ±1 standard error, thin lines the cases"
    caption += f" (one case in {every})." if every > 1 else "."
    return Picture(
        to_png(figure),
        f"Mean Dice, MSD, HD and HD95 of {pooled.structure} over {len(pooled.cases)} cases.",
        " ".join([caption, _vanishing(pooled), _cut_off(cut)]).strip(),
    )


def _vanishing(pooled: PooledSweep) -> str:
    """From where on means leave out cases."""
    undefined = pooled.curves["hd_mm"].undefined
    some = np.flatnonzero(undefined > undefined.min())
    if not some.size:
        return ""
    return (
        f"From threshold {threshold_text(float(pooled.thresholds[some[0]]))} on, some contours vanish and "
        "mean distances are of the others: no threshold is recommended there."
    )


def shading_text(sweep: ThresholdSweep) -> str:
    """Which thresholds are shaded since they give no contour, a sentence; "" for none."""
    told = []
    for flag, words in FLAG_WORDS.items():
        runs = _texts(flagged_runs(sweep, flag))
        if runs:
            told.append(f"{words} at {' and '.join(a if a == b else f'{a} to {b}' for a, b in runs)}")
    return f"Shaded thresholds give no contour: {', '.join(told)}." if told else ""


def _cut_off(cut: Sequence[str]) -> str:
    told = ", ".join(filter(None, cut))
    return f"Cut off, since extreme thresholds would flatten the rest: {told}." if told else ""


def _texts(runs: Sequence[tuple[float, float]]) -> list[tuple[str, str]]:
    return [(threshold_text(low), threshold_text(high)) for low, high in runs]


def flagged_runs(sweep: ThresholdSweep, flag: Status) -> list[tuple[float, float]]:
    """First and last threshold of every run of thresholds with this flag."""
    runs, start = [], 0
    for found, members in groupby(sweep.flags):
        stop = start + len(list(members))
        if found is flag:
            runs.append((float(sweep.thresholds[start]), float(sweep.thresholds[stop - 1])))
        start = stop
    return runs


def _shade_flags(ax: Axes, sweep: ThresholdSweep) -> None:
    beside = float(np.diff(sweep.thresholds).min()) / 2 if sweep.thresholds.size > 1 else 0.005
    for flag, color in FLAG_COLORS.items():
        for low, high in flagged_runs(sweep, flag):
            ax.axvspan(low - beside, high + beside, color=color, linewidth=0, zorder=0)


def _finish(figure: Figure, columns: int) -> None:
    for ax in figure.axes[-columns:]:
        ax.set_xlabel("threshold", fontsize=8.5)
    figure.subplots_adjust(left=0.05, right=0.99, bottom=0.08, top=0.9, hspace=0.42, wspace=0.16)
