"""Charts of an evaluation: predicted against true, reliability, risk and coverage, growing errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from contourqa_training.evaluation.contours import MODEL, WITH_RULES
from contourqa_training.evaluation.judging import Group
from contourqa_training.evaluation.tables import UNITS
from ContourQALib.quality.intervals import Figure
from ContourQALib.report.canvas import WIDTH_INCHES, Picture, blank_figure, literal, to_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ("#1f5fa8", "#d98200", "#1b7f3b", "#8a4fa3", "#b3261e", "#5b7083", "#2b9fd9", "#7a5a2b", "#333333")
"""Of predictors; a line style tells them apart as well."""

STYLES = ("-", "--", "-.", ":")
GRAY = "#9aa5b1"
BINS = 8
"""Groups of as many contours each, from the lowest prediction to the highest."""

PANELS = 5
"""Charts of growing errors side by side."""


def scatter_picture(group: Group, stratum: str) -> Picture | None:
    """Predicted against true, one panel a figure that the model predicts; None without any."""
    shown: list[tuple[Figure, Any]] = []
    for figure in UNITS:
        # the keys of UNITS are the figures, which a mapping of str cannot say
        found = group.ranking(MODEL, figure)  # type: ignore[arg-type]
        if found is not None:
            shown.append((figure, found))  # type: ignore[arg-type]
    if not shown:
        return None
    figure_ = blank_figure(WIDTH_INCHES * (len(shown) + 0.1) / 3.1, 3.6)
    axes = np.atleast_1d(figure_.subplots(1, len(shown)))
    names = list(dict.fromkeys(c.structure for c in group.contours))
    for ax, (name, (ranking, index)) in zip(axes, shown, strict=True):
        top = 1.0 if name == "dice" else 1.05 * max(ranking.true.max(), ranking.predicted.max(), 1.0)
        ax.plot([0, top], [0, top], color=GRAY, linewidth=1, zorder=1)
        structures = np.array([group.contours[n].structure for n in index])
        for n, structure in enumerate(names):
            chosen = structures == structure
            color = COLORS[n % len(COLORS)]
            ax.scatter(
                ranking.true[chosen],
                ranking.predicted[chosen],
                s=9,
                alpha=0.45,
                color=color,
                edgecolors="none",
                label=literal(structure),
            )
        unit = "" if name == "dice" else ", mm"
        ax.set_xlim(-0.02 * top, 1.02 * top)
        ax.set_ylim(-0.02 * top, 1.02 * top)
        ax.set_aspect("equal")
        _dress(ax, f"true {UNITS[name]}{unit}", f"predicted {UNITS[name]}{unit}")
        figures = ranking.agreement()
        ax.set_title(
            f"MAE {figures['mae']:.3f}{unit.replace(',', '')}, Spearman {_two(figures['spearman'])}, "
            f"n {len(index)}",
            fontsize=8.5,
        )
    if len(names) > 1:
        axes[0].legend(fontsize=7, frameon=False, loc="upper left")
    figure_.tight_layout()
    return Picture(
        to_png(figure_),
        f"Predicted against true figures of stratum {stratum}.",
        "Predicted against true; on the gray line predictions hold.",
    )


def reliability_picture(group: Group, record: Mapping[str, Any], stratum: str) -> Picture | None:
    """Mean true Dice where a Dice was predicted, and coverage of intervals at each level."""
    found = group.ranking(MODEL, "dice")
    if found is None:
        return None
    ranking, _ = found
    figure = blank_figure(WIDTH_INCHES * 2 / 3, 3.6)
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color=GRAY, linewidth=1, zorder=1)
    order = np.argsort(ranking.predicted, kind="stable")
    bins = [part for part in np.array_split(order, min(BINS, len(order))) if len(part)]
    predicted = [float(ranking.predicted[part].mean()) for part in bins]
    true = [float(ranking.true[part].mean()) for part in bins]
    spread = [float(ranking.true[part].std()) for part in bins]
    left.errorbar(predicted, true, yerr=spread, fmt="o-", color=COLORS[0], ms=4, capsize=2, linewidth=1.2)
    left.set_xlim(0, 1.02)
    left.set_ylim(0, 1.02)
    left.set_aspect("equal")
    _dress(left, "predicted Dice, mean of a bin", "true Dice, mean and spread")
    right.plot([0.75, 1], [0.75, 1], color=GRAY, linewidth=1, zorder=1)
    drawn = False
    for n, (name, intervals) in enumerate(record["intervals"].items()):
        levels = {float(k): at for k, at in (intervals["levels"] or {}).items() if "model" in at}
        if levels:
            drawn = True
            right.plot(
                list(levels),
                [at["model"]["coverage"] for at in levels.values()],
                marker="o",
                ms=4,
                color=COLORS[n],
                linestyle=STYLES[n],
                label=UNITS[name],
            )
            if name == "dice":
                low, high = zip(*(at["perfect"] for at in levels.values()), strict=True)
                bounds = [[math.nan if v is None else v for v in side] for side in (low, high)]
                right.fill_between(
                    list(levels), *bounds, color=GRAY, alpha=0.3, label="a perfect predictor's"
                )
    if drawn:
        right.legend(fontsize=7.5, frameon=False, loc="upper left")
    else:
        right.text(0.5, 0.5, "no intervals", transform=right.transAxes, ha="center", fontsize=9, color=GRAY)
    right.set_xlim(0.75, 1.0)
    right.set_ylim(min(0.6, right.get_ylim()[0]), 1.01)
    _dress(right, "level of the interval", "share of truths inside")
    figure.tight_layout()
    return Picture(
        to_png(figure),
        f"Reliability of stratum {stratum}.",
        f"Left: {len(bins)} bins of as many contours each; bars are one standard deviation of true Dice. "
        "Right: coverage of intervals, each patient counting alike.",
    )


def risk_picture(group: Group, stratum: str) -> Picture | None:
    """Mean risk of the contours kept, as more of them are, by every predictor."""
    lines = []
    for name in group.values:
        found = group.ranking(name, "dice")
        if found is not None and name != WITH_RULES and len(np.unique(found[0].predicted)) > 1:
            lines.append((name, found[0]))
    if not lines or not (group.true["dice"] < 1).any():  # without any risk there is nothing to order
        return None
    figure = blank_figure(WIDTH_INCHES * 2 / 3, 3.6)
    ax = figure.add_subplot()
    best = np.sort(1 - group.true["dice"][np.isfinite(group.true["dice"])])
    coverage = np.arange(1, len(best) + 1) / len(best)
    ax.plot(coverage, np.cumsum(best) / np.arange(1, len(best) + 1), color=GRAY, label="a perfect order")
    for n, (name, ranking) in enumerate(lines):
        x, y = ranking.curve()
        area = ranking.risk_coverage()["aurc"]
        ax.plot(
            x,
            y,
            color=COLORS[n % len(COLORS)],
            linestyle=STYLES[n % len(STYLES)],
            linewidth=2 if name == MODEL else 1.2,
            label=literal(f"{name}: AURC {area:.4f}"),
        )
    ax.set_xlim(0, 1.01)
    ax.set_ylim(bottom=0)
    _dress(ax, "coverage: share of contours kept, the best predicted first", "their mean risk, 1 - Dice")
    figure.subplots_adjust(left=0.09, right=0.62, bottom=0.14, top=0.96)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="center left", bbox_to_anchor=(0.63, 0.55), fontsize=7.5, frameon=False
    )
    return Picture(
        to_png(figure), f"Risk and coverage of stratum {stratum}.", "The lower a curve, the better the order."
    )


def severity_picture(group: Group, stratum: str) -> Picture | None:
    """Mean true and predicted Dice as each error grows; None without graded series."""
    series: dict[str, dict[float, list[int]]] = {}
    predicted = group.values[MODEL].get("dice")
    for n, contour in enumerate(group.contours):
        if contour.severity is not None:
            series.setdefault(contour.kind, {}).setdefault(contour.severity, []).append(n)
    series = {kind: grades for kind, grades in series.items() if len(grades) > 1}
    if not series or predicted is None:
        return None
    rows = -(-len(series) // PANELS)
    columns = min(PANELS, len(series))
    figure = blank_figure(WIDTH_INCHES * columns / PANELS, 0.5 + 1.9 * rows)
    grid = np.atleast_2d(figure.subplots(rows, columns, sharey=True, squeeze=False))
    for ax in grid.ravel()[len(series) :]:
        ax.set_axis_off()
    for ax, (kind, grades) in zip(grid.ravel(), series.items(), strict=False):
        severities = sorted(grades)
        truth = [float(np.nanmean(group.true["dice"][grades[s]])) for s in severities]
        said = [float(np.nanmean(predicted[grades[s]])) for s in severities]
        ax.plot(severities, truth, "o-", color=GRAY, ms=3, label="true")
        ax.plot(severities, said, "s-", color=COLORS[0], ms=3, label="predicted")
        ax.set_title(literal(kind), fontsize=8.5)
        ax.set_ylim(0, 1.03)
        _dress(ax, "", "")
    grid[0, 0].legend(fontsize=7, frameon=False)
    figure.supylabel("mean Dice", fontsize=8.5)
    figure.supxlabel("severity, in the error's unit (mm, slices, share)", fontsize=8.5)
    figure.tight_layout()
    return Picture(
        to_png(figure),
        f"True and predicted Dice of stratum {stratum} as errors grow.",
        "Means over patients of true and predicted Dice, error by error.",
    )


def pictures_of(group: Group, record: Mapping[str, Any], stratum: str) -> dict[str, Picture]:
    """Every chart of a stratum by the stem of its file."""
    made: Sequence[tuple[str, Picture | None]] = (
        ("predicted-against-true", scatter_picture(group, stratum)),
        ("reliability", reliability_picture(group, record, stratum)),
        ("risk-coverage", risk_picture(group, stratum)),
        ("severity", severity_picture(group, stratum)),
    )
    return {name: picture for name, picture in made if picture is not None}


def _dress(ax: Axes, x: str, y: str) -> None:
    ax.set_xlabel(x, fontsize=8.5)
    ax.set_ylabel(y, fontsize=8.5)
    ax.tick_params(labelsize=7.5)
    ax.grid(True, color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def _two(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "undefined"
