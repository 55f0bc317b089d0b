"""Figures of prominence, calibration and of thresholds chosen on few patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from contourqa_training.bice.curve_figures import SMALL, colors_of, families, plain, titled_figure
from contourqa_training.bice.findings import Correlation, Finding, Findings
from contourqa_training.bice.loss_figures import HEAD_INCHES, ROW_INCHES, Row, name_rows, rows_of
from contourqa_training.bice.transfer import TransferRow
from ContourQALib.report.canvas import literal
from ContourQALib.report.threshold_panels import FAINT
from ContourQALib.report.wording import number
from ContourQALib.thresholds.bootstrap import ThresholdInterval
from ContourQALib.thresholds.pooled_losses import LossSpread
from ContourQALib.thresholds.sensitivity import HALF

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

LOGARITHMIC = 8.0
"""From this ratio of the largest to the smallest value on, an axis is logarithmic."""

PLACES = ((8, 0), (-8, 0), (8, 10), (-8, 10), (8, -10), (-8, -10), (8, 20), (-8, 20), (8, -20), (-8, -20))
"""Where a point's name may stand, in points from it; the first place that is free is taken."""

FEWEST = 3
"""Points of a correlation."""

FITS = {"temperature": "temperature", "temperature_and_bias": "temperature and bias"}
SIGNS = (("o", "#222222"), ("s", "#d98200"), ("D", "#2b9fd9"))
"""Markers before and after the two fits."""

LINEAR = 1.0
"""Losses below are on a linear axis, above on a logarithmic one; percent."""

NOBODY, ALL = "none: 0.5", "all"
"""The first and the last place of the axis of patients."""

TICKS = (0, 0.5, 1, 2, 5, 10, 20, 50, 100)

SPREAD = 0.6
"""Structures at the same number of patients stand beside each other over this width."""


def draw_prominence(findings: Findings) -> Figure | None:
    """Best Dice threshold against prominence, one panel a family of models (figure 16)."""
    shown = [c for c in findings.correlations if c.structures]
    if not shown:
        return None
    colors = colors_of(findings)
    notes = ["Bars: 95 % of resamples of the validation patients. r is of the prominence itself, p of r = 0."]
    title = "Best validation threshold of Dice against prominence in the training patients"
    figure = titled_figure(4.2, title, "16", notes)
    axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    intervals = [intervals_of(findings, correlation) for correlation in shown]
    for ax, correlation, own in zip(axes, shown, intervals, strict=True):
        _draw_points(ax, correlation, own, colors)
    axes[0].set_ylabel("best threshold of Dice", fontsize=9)
    axes[0].set_ylim(bottom=0)
    figure.draw_without_rendering()  # names find free places only where the points lie in the end
    for ax, correlation, own in zip(axes, shown, intervals, strict=True):
        _name_points(ax, correlation, own)
    return figure


def intervals_of(findings: Findings, correlation: Correlation) -> list[ThresholdInterval | None]:
    """The bootstrap intervals of a correlation's points, from the models that the points are of."""
    points = _points(correlation)
    own = tuple(f for f in findings.findings if f.model == correlation.models)
    for members in (own, findings.multi_label(), findings.papers(), findings.findings):
        found = {}
        for finding in members:
            best = finding.validation.optimum["dice"]
            if best:
                found[finding.structure, finding.prominence, best.threshold] = best.interval
        if all(point in found for point in points):
            return [found[point] for point in points]
    return [None] * len(points)


def draw_calibration(findings: Findings) -> Figure | None:
    """Dice lost at 0.5 and calibration error, before and after the fits on the validation patients."""
    fitted = Findings(tuple(f for f in findings.findings if f.recalibrated), (), ())
    rows = rows_of(fitted, colors_of(findings))
    if not rows:
        return None
    notes = [
        "Fits on the validation patients, figures of the patients judged. Losses: median, lines to the "
        "quartiles. "
        "A temperature alone leaves 0.5 in its place."
    ]
    height = HEAD_INCHES + 1.4 * ROW_INCHES * len(rows)
    figure = titled_figure(
        height, "Dice lost at 0.5, and calibration, before and after recalibration", notes=notes
    )
    losses, errors = figure.subplots(1, 2, width_ratios=(1.35, 1))
    series = [("as it is", [_before(row) for row in rows])]
    series += [(words, [_after(row, name) for row in rows]) for name, words in FITS.items()]
    for n, ((words, values), (sign, color)) in enumerate(zip(series, SIGNS, strict=True)):
        places = np.arange(len(rows)) + 0.24 * (n - 1)
        for place, (spread, _) in zip(places, values, strict=True):
            ends = [spread.lower_quartile, spread.upper_quartile]
            losses.plot(ends, [place] * 2, color=color, linewidth=1.4, zorder=3)
        dots = {"linestyle": "", "marker": sign, "color": color, "markersize": 5, "zorder": 4}
        losses.plot([spread.median for spread, _ in values], places, label=words, **dots)
        errors.plot([error for _, error in values], places, **dots)
    losses.axvline(0, color=FAINT, linewidth=0.8, zorder=1)
    losses.set_xlabel("Dice lost at 0.5, % of the best", fontsize=9)
    errors.set_xlabel("expected calibration error", fontsize=9)
    _spread_axis(errors, [error for _, values in series for _, error in values])
    name_rows(losses, rows)
    name_rows(errors, rows, named=False)
    losses.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, fontsize=8.5, frameon=False, handletextpad=0.2
    )
    return figure


def draw_transfer(findings: Findings) -> Figure | None:
    """Dice lost by thresholds chosen on few validation patients, one line a structure."""
    panels = [
        (title, [f for f in members if f.transfer])
        for title, members in families(findings)
        if any(f.transfer for f in members)
    ]
    if not panels:
        return None
    colors = colors_of(findings)
    notes = [
        "Loss of the judged patients' mean Dice, percent of what their own best threshold reaches; mean over "
        "draws of validation patients, bars: 5th to 95th percentile.",
        "The axis is linear up to 1 % and logarithmic above.",
    ]
    title = "Dice lost by a threshold chosen on few validation patients"
    figure = titled_figure(4.0, title, notes=notes)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (words, members) in zip(axes, panels, strict=True):
        ax.set_title(words, fontsize=10, loc="left")
        _draw_transfers(ax, members, colors)
    axes[0].set_ylabel("Dice lost, %", fontsize=9)
    return figure


def _draw_points(
    ax: Axes,
    correlation: Correlation,
    intervals: Sequence[ThresholdInterval | None],
    colors: dict[str, str],
) -> None:
    for (structure, prominence, optimum), interval in zip(_points(correlation), intervals, strict=True):
        color = colors.get(structure, FAINT)
        low, high = (interval.low, interval.high) if interval else (optimum, optimum)
        ax.plot([prominence] * 2, [low, high], color=color, linewidth=1.5, zorder=3)
        ax.plot(prominence, optimum, "o", color=color, markeredgecolor="white", markersize=8, zorder=4)
    ax.axhline(HALF, color=FAINT, linestyle="--", linewidth=0.9, zorder=1)
    family = literal(correlation.models[:1].upper() + correlation.models[1:])
    ax.set_title(f"{family}\n{_correlation_text(correlation)}", fontsize=9.5, loc="left")
    scale = _spread_axis(ax, correlation.prominence)
    ax.set_xlabel(f"prominence, share of the voxels{scale}", fontsize=9)
    plain(ax)


def _points(correlation: Correlation) -> list[tuple[str, float, float]]:
    return list(zip(correlation.structures, correlation.prominence, correlation.optimum, strict=True))


def _correlation_text(correlation: Correlation) -> str:
    if not np.isfinite(correlation.r):
        few = len(correlation.structures) < FEWEST
        return "no correlation of fewer than three structures" if few else "no correlation: nothing varies"
    text = f"r = {correlation.r:.2f}, p = {number(correlation.p, '.2g')}"
    if np.isfinite(correlation.low):
        text += f", 95 % interval {correlation.low:.2f} to {correlation.high:.2f}"
    return text


def _spread_axis(ax: Axes, values: Sequence[float]) -> str:
    """Make the x axis logarithmic where values lie far apart, and give room at its ends."""
    from matplotlib.ticker import LogLocator, NullFormatter

    finite = np.array([value for value in values if np.isfinite(value)])
    ax.margins(x=0.18)
    if not finite.size or finite.min() <= 0 or finite.max() < LOGARITHMIC * finite.min():
        return ""
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    return " (logarithmic axis)"


def _name_points(ax: Axes, correlation: Correlation, intervals: Sequence[ThresholdInterval | None]) -> None:
    """Write the points' names where they cover neither each other, nor a point, nor the panel's ends."""
    from matplotlib.transforms import Bbox

    points = _points(correlation)
    taken = []
    for (_, x, y), interval in zip(points, intervals, strict=True):
        low, high = (interval.low, interval.high) if interval else (y, y)
        (left, bottom), (_, top) = ax.transData.transform([(x, low), (x, high)])
        middle = ax.transData.transform((x, y))[1]
        taken += [
            Bbox.from_extents(left - 2, bottom, left + 2, top),
            Bbox.from_bounds(left - 6, middle - 6, 12, 12),
        ]
    panel = ax.get_window_extent()
    for structure, x, y in points:
        if not np.isfinite([x, y]).all():
            continue
        for place in PLACES:
            name = _name(ax, structure, (x, y), place)
            box = name.get_window_extent()
            inside = box.x0 >= panel.x0 and box.x1 <= panel.x1
            if inside and not any(box.overlaps(other) for other in taken):
                break
            name.remove()
        else:
            box = _name(ax, structure, (x, y), PLACES[0]).get_window_extent()
        taken.append(box)


def _name(ax: Axes, structure: str, point: tuple[float, float], place: tuple[int, int]) -> Annotation:
    return ax.annotate(
        literal(structure),
        point,
        place,
        textcoords="offset points",
        fontsize=SMALL,
        ha="left" if place[0] > 0 else "right",
        va="center",
    )


def _before(row: Row) -> tuple[LossSpread, float]:
    (finding,) = row.members
    error = next(iter(finding.recalibrated.values())).ece_before
    return finding.losses.loss_at_half_percent["dice"], error


def _after(row: Row, name: str) -> tuple[LossSpread, float]:
    (finding,) = row.members
    found = finding.recalibrated[name]
    return found.losses.loss_at_half_percent["dice"], found.ece_after


def _draw_transfers(ax: Axes, members: Sequence[Finding], colors: dict[str, str]) -> None:
    transfers = {f.structure: f.transfer.rows for f in members if f.transfer}
    counts = sorted({row.patients for rows in transfers.values() for row in rows[1:-1]})
    labels = [NOBODY, *map(str, counts), ALL]
    for n, (structure, rows) in enumerate(transfers.items()):
        beside = SPREAD * ((n + 0.5) / len(transfers) - 0.5)
        places = np.array([labels.index(_label(row, rows)) for row in rows]) + beside
        color = colors[structure]
        ax.plot(places[1:], [row.loss_percent for row in rows[1:]], color=color, linewidth=1.1, alpha=0.7)
        ax.plot(
            places,
            [row.loss_percent for row in rows],
            "o",
            color=color,
            markersize=5,
            label=literal(structure),
        )
        for place, row in zip(places, rows, strict=True):
            ax.plot([place] * 2, [row.loss_low, row.loss_high], color=color, linewidth=1.4)
    for edge in range(1, len(labels)):
        ax.axvline(edge - 0.5, color="#dddddd", linewidth=0.6, zorder=0)
    ax.set_xlim(-0.5, len(labels) - 0.5)
    # 0.5 may cost ten times what any chosen threshold does.
    ax.set_yscale("symlog", linthresh=LINEAR)
    ax.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    ax.minorticks_off()
    highest = [row.loss_high for rows in transfers.values() for row in rows if np.isfinite(row.loss_high)]
    ax.set_ylim(0, max(1.3 * max(highest, default=0.0), ax.get_ylim()[1], LINEAR))
    plain(ax, grid="y")
    ax.set_xticks(range(len(labels)), labels)
    ax.set_xlabel("validation patients the threshold is chosen on", fontsize=9)
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.14),
        ncols=4,
        fontsize=SMALL,
        frameon=False,
        handletextpad=0.2,
    )


def _label(row: TransferRow, rows: Sequence[TransferRow]) -> str:
    if row is rows[-1]:
        return ALL
    return str(row.patients) if row.patients else NOBODY
