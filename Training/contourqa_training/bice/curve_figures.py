"""Figures of curves against the threshold: structures together, Monte Carlo draws, series over lambda."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from contourqa_training.bice.findings import Finding, Findings, MonteCarlo
from ContourQALib.report.canvas import WIDTH_INCHES, blank_figure, literal
from ContourQALib.report.threshold_panels import FAINT, HEADROOM, LEAST_REACH
from ContourQALib.report.threshold_readings import unit_of
from ContourQALib.report.wording import FIGURE_TITLES, figure_text, threshold_text
from ContourQALib.thresholds.pooled import PooledCurve
from ContourQALib.thresholds.sensitivity import HALF

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc4400", "#cc79a7", "#56b4e9", "#222222")
"""Colors of Okabe and Ito, which the color-blind tell apart; without yellow, which paper does not show."""

SMALL = 8.0
TITLE_INCHES, NOTE_INCHES = 0.45, 0.22
"""Room for a figure's title and for a line of notes beneath it."""

COLUMNS = 3
"""Panels beside each other, at most."""


@dataclass(frozen=True, eq=False)
class Line:
    """A mean curve to draw: its name, its color and the point of its optimum, where it has one."""

    name: str
    color: str
    thresholds: np.ndarray
    curve: PooledCurve
    optimum: tuple[float, float] | None


def colors_of(findings: Findings) -> dict[str, str]:
    """A color for each structure, the same in every figure of a study; they repeat after the seventh."""
    names = [f.structure for f in findings.findings] + [m.structure for m in findings.monte_carlo]
    return {name: COLORS[n % len(COLORS)] for n, name in enumerate(dict.fromkeys(names))}


def families(findings: Findings) -> list[tuple[str, tuple[Finding, ...]]]:
    """The multi-label model and the paper's models, each with its title, where the study has them."""
    both = [
        ("Multi-label model", findings.multi_label()),
        ("Single-organ models, λ = 0", findings.papers()),
    ]
    return [(title, members) for title, members in both if members]


def titled_figure(height: float, title: str, counterpart: str = "", notes: Sequence[str] = ()) -> Figure:
    """An empty figure with a title, the paper's figure that it answers to, and notes beneath.

    Args:
        height: of the panels, in inches.
        title: what is seen.
        counterpart: "7", or "" for a figure that the paper does not have.
        notes: a line each.
    """
    below = NOTE_INCHES * len(notes) + 0.06
    whole = height + TITLE_INCHES + below
    figure = blank_figure(WIDTH_INCHES, whole)
    figure.set_layout_engine(
        "constrained", rect=(0.004, below / whole, 0.99, height / whole), w_pad=0.06, h_pad=0.06
    )
    top = 1 - 0.1 / whole
    figure.text(0.01, top, title, fontsize=12, fontweight="bold", va="top")
    if counterpart:
        figure.text(
            0.99, top, f"counterpart of figure {counterpart}", fontsize=8.5, color=FAINT, ha="right", va="top"
        )
    for n, note in enumerate(reversed(notes)):
        figure.text(0.01, (0.08 + NOTE_INCHES * n) / whole, note, fontsize=8.5, color=FAINT)
    return figure


def draw_structures(findings: Findings, name: str, counterpart: str) -> Figure | None:
    """A figure of the validation patients against the threshold, one line a structure (figures 7, 10, 11).

    Args:
        findings: what the study found.
        name: of the figure: "dice", "msd_mm" or "hd_mm".
        counterpart: number of the paper's figure.
    """
    colors = colors_of(findings)
    panels = [
        (title, [_line(f, name, literal(f.structure), colors[f.structure]) for f in members])
        for title, members in families(findings)
    ]
    if not panels:
        return None
    lines = [line for _, members in panels for line in members]
    figure = titled_figure(
        4.6, f"Validation {_what(name)} against threshold", counterpart, _notes(name, lines)
    )
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (words, members) in zip(axes, panels, strict=True):
        ax.set_title(words, fontsize=10, loc="left")
        _draw_lines(ax, name, members)
    _finish(axes, name, _reach(name, lines))
    axes[0].set_ylabel(_axis(name), fontsize=9)
    return figure


def draw_monte_carlo(findings: Findings) -> Figure | None:
    """Mean curves over the draws of patients with their standard error (figure 8)."""
    drawn = findings.monte_carlo
    if not drawn:
        return None
    colors, names = colors_of(findings), ("dice", "msd_mm")
    draws = _counts([len(m.patients) for m in drawn])
    notes = [
        f"Band: mean over {draws} draws ±1 standard error; thin lines: each draw's mean over its held-out "
        "patients.",
        "Triangles: each draw's best Dice threshold; dashed: 0.5. MSD axes end at three times the best mean.",
    ]
    figure = titled_figure(
        2.9 * len(drawn), "Dice and mean surface distance over Monte Carlo draws of the patients", "8", notes
    )
    panels = figure.subplots(len(drawn), 2, squeeze=False)
    for row, found in zip(panels, drawn, strict=True):
        for ax, name in zip(row, names, strict=True):
            _draw_draws(ax, name, found, colors[found.structure])
            ax.set_title(f"{literal(found.structure)}, {FIGURE_TITLES[name]}", fontsize=10, loc="left")
            ax.set_ylabel(_axis(name), fontsize=9)
    return figure


def draw_series(findings: Findings, name: str, counterpart: str) -> Figure | None:
    """A figure against the threshold for each lambda, one panel a structure (figures 17 and 18).

    Args:
        findings: what the study found.
        name: of the figure: "dice" or "msd_mm".
        counterpart: number of the paper's figure.
    """
    structures = dict.fromkeys(f.structure for f in findings.findings)
    series = {s: members for s in structures if len(members := findings.series(s)) > 1}
    if not series:
        return None
    shades = _shades(sorted({f.dice_weight for members in series.values() for f in members}))
    panels = {
        structure: [_line(f, name, f"λ = {f.dice_weight:g}", shades[f.dice_weight]) for f in members]
        for structure, members in series.items()
    }
    columns = min(len(panels), COLUMNS)
    rows = -(-len(panels) // columns)
    lines = [line for own in panels.values() for line in own]
    title = f"Validation {_what(name)} against threshold, by the weight λ of Dice in the loss"
    figure = titled_figure((4.4 if rows == 1 else 3.7) * rows, title, counterpart, _notes(name, lines))
    axes = figure.subplots(rows, columns, squeeze=False)
    for spare in axes.flat[len(panels) :]:
        spare.set_axis_off()
    for ax, (structure, own) in zip(axes.flat, panels.items(), strict=False):
        ax.set_title(literal(structure), fontsize=10, loc="left")
        _draw_lines(ax, name, own)
        _finish([ax], name, _reach(name, own))
        ax.set_ylabel(_axis(name), fontsize=9)
    return figure


def _line(finding: Finding, name: str, label: str, color: str) -> Line:
    pooled = finding.validation
    best = pooled.optimum[name]
    optimum = (best.threshold, best.value) if best else None
    return Line(label, color, pooled.thresholds, pooled.curves[name], optimum)


def _draw_lines(ax: Axes, name: str, lines: Sequence[Line]) -> None:
    for line in lines:
        mean, fewer = line.curve.mean, _of_fewer(line.curve)
        words = "no optimum"
        if line.optimum:
            threshold, value = line.optimum
            unit = f" {unit_of(name)}".rstrip()
            words = f"{figure_text(name, value)}{unit} at {threshold_text(threshold)}"
            ax.plot(threshold, value, "o", color=line.color, markeredgecolor="white", markersize=7, zorder=5)
        ax.plot(
            line.thresholds,
            np.where(fewer, np.nan, mean),
            color=line.color,
            linewidth=1.7,
            label=f"{line.name}: {words}",
        )
        if fewer.any():
            ax.plot(line.thresholds, mean, ":", color=line.color, linewidth=1.0, label="_fewer patients")
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.13),
        ncols=2 if len(lines) > 1 else 1,
        fontsize=SMALL,
        frameon=False,
        handlelength=1.6,
        columnspacing=1.2,
    )


def _draw_draws(ax: Axes, name: str, found: MonteCarlo, color: str) -> None:
    curve = found.curves[name]
    for values in found.draws[name]:
        ax.plot(
            found.thresholds, np.where(np.isfinite(values), values, np.nan), color="#9aa5b1", linewidth=0.8
        )
    ax.fill_between(
        found.thresholds,
        curve.mean - curve.standard_error,
        curve.mean + curve.standard_error,
        color=color,
        alpha=0.3,
        linewidth=0,
        zorder=3,
    )
    ax.plot(found.thresholds, curve.mean, color=color, linewidth=1.9, zorder=4)
    if name == "dice":
        ax.plot(
            found.optimum, [0.02] * len(found.optimum), "^", color=color, markersize=6, alpha=0.7, zorder=5
        )
    finite = curve.mean[np.isfinite(curve.mean)]
    best = (0.0, float(finite.min())) if finite.size else None
    _finish([ax], name, _reach(name, [Line("", color, found.thresholds, curve, best)]))


def _finish(axes: Sequence[Axes], name: str, reach: float) -> None:
    for ax in axes:
        ax.axvline(HALF, color=FAINT, linestyle="--", linewidth=0.9, zorder=1)
        ax.set_xlim(-0.015, 1.015)
        ax.set_xticks(np.arange(0, 1.01, 0.1))
        ax.set_xlabel("threshold", fontsize=9)
        ax.set_ylim(*((-0.02, 1.02) if not unit_of(name) else (0, reach)))
        plain(ax)


def plain(ax: Axes, grid: Literal["both", "x", "y"] = "both") -> None:
    """A faint grid, small numbers and no frame at the top and right."""
    ax.grid(True, axis=grid, color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=SMALL)
    ax.spines[["top", "right"]].set_visible(False)


def _reach(name: str, lines: Sequence[Line]) -> float:
    """Upper end of the axis: `LEAST_REACH` times the worst of the lines' best values, or all there is."""
    if not unit_of(name):
        return 1.0
    best = max((line.optimum[1] for line in lines if line.optimum), default=0.0)
    highest = _highest(lines)
    return HEADROOM * (min(highest, LEAST_REACH * best) or highest or 1.0)


def _highest(lines: Sequence[Line]) -> float:
    means = np.concatenate([line.curve.mean for line in lines])
    return float(np.max(means[np.isfinite(means)], initial=0.0))


def _notes(name: str, lines: Sequence[Line]) -> list[str]:
    told = ["Points: best thresholds; dashed: 0.5."]
    reach, highest = _reach(name, lines), _highest(lines)
    if any((line.curve.mean[_of_fewer(line.curve)] < reach).any() for line in lines):
        told.append("Dotted: some patients' contours have vanished, the mean is of the others.")
    if highest > reach:
        told.append(f"Cut off: values up to {highest:.0f} {unit_of(name)}.")
    return [" ".join(told)]


def _of_fewer(curve: PooledCurve) -> np.ndarray:
    """(T,) where the mean is of fewer patients than elsewhere."""
    return curve.undefined > curve.undefined.min()


def _what(name: str) -> str:
    return {"dice": "Dice", "msd_mm": "mean surface distance", "hd_mm": "Hausdorff distance"}[name]


def _axis(name: str) -> str:
    unit = unit_of(name)
    return f"{FIGURE_TITLES[name]}, {unit}" if unit else FIGURE_TITLES[name]


def _shades(weights: Sequence[float]) -> dict[float, str]:
    """Colors in the order of lambda, dark to light; the lightest of the map do not show on white."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    places = np.linspace(0, 0.85, len(weights))
    return {
        weight: to_hex(colormaps["viridis"](place)) for weight, place in zip(weights, places, strict=True)
    }


def _counts(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low} to {high}"
