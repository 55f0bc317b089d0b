"""Figures of losses: what 0.5, and thresholds beside the best one, cost the patients judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contourqa_training.bice.curve_figures import SMALL, colors_of, plain, titled_figure
from contourqa_training.bice.findings import Finding, Findings
from ContourQALib.report.canvas import literal
from ContourQALib.report.threshold_panels import FAINT
from ContourQALib.report.wording import FIGURE_TITLES, number
from ContourQALib.thresholds.pooled_losses import LossSpread
from ContourQALib.thresholds.sensitivity import PERTURBATIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = (3.0, 93.0)
"""Percentiles of a panel's losses that its axis holds at least; every box is inside as well."""

ROW_INCHES = 0.24
HEAD_INCHES = 0.9
"""Room above and beneath a panel's rows."""

MEDIAN = "z.1f"
"""How medians are written, percent."""

BOX = 0.62
"""Height of a box; the rows are 1 apart."""


@dataclass(frozen=True, eq=False)
class Panel:
    """A panel of a figure of losses.

    Attributes:
        title: the figure whose loss is shown, and at which threshold.
        loss: the losses of a finding.
    """

    title: str
    loss: Callable[[Finding], LossSpread]


@dataclass(frozen=True, eq=False)
class Row:
    """A row of a panel: one structure of one model, or every structure of a family of models.

    Attributes:
        name: what stands beside it.
        structure: "" for a family.
        color: of its box.
        members: one finding, or the family's.
    """

    name: str
    structure: str
    color: str
    members: tuple[Finding, ...]

    def losses(self, panel: Panel) -> np.ndarray:
        """The defined losses of all its patients."""
        every = np.concatenate([panel.loss(finding).per_case for finding in self.members])
        return every[np.isfinite(every)]


def at_half(figure: str) -> Panel:
    """The loss of a figure at 0.5."""
    return Panel(f"{FIGURE_TITLES[figure]} at 0.5", lambda f: f.losses.loss_at_half_percent[figure])


def beside(figure: str, distance: float) -> Panel:
    """The loss of a figure at this distance from its own best threshold, mean of both sides."""
    return Panel(
        f"{FIGURE_TITLES[figure]} at ±{distance:.2f}",
        lambda f: f.losses.perturbation_loss_percent[distance][figure],
    )


def draw_dice_at_half(findings: Findings) -> Figure | None:
    """Dice lost by 0.5 instead of the threshold of the validation patients (figure 12)."""
    return draw_losses(findings, [[at_half("dice")]], "Dice lost at threshold 0.5", "12")


def draw_distances_at_half(findings: Findings) -> Figure | None:
    """MSD and HD lost by 0.5 instead of the thresholds of the validation patients (figure 13)."""
    panels = [[at_half("msd_mm"), at_half("hd_mm")]]
    return draw_losses(
        findings, panels, "Losses of mean surface and Hausdorff distance at threshold 0.5", "13"
    )


def draw_dice_beside(findings: Findings) -> Figure | None:
    """Dice lost beside the best threshold (figure 14)."""
    panels = [[beside("dice", distance) for distance in PERTURBATIONS]]
    return draw_losses(findings, panels, "Dice lost beside the best validation threshold", "14")


def draw_distances_beside(findings: Findings) -> Figure | None:
    """MSD and HD lost beside their best thresholds (figure 15)."""
    panels = [[beside(figure, distance) for distance in PERTURBATIONS] for figure in ("msd_mm", "hd_mm")]
    title = "Losses of mean surface and Hausdorff distance beside the best validation thresholds"
    return draw_losses(findings, panels, title, "15")


def draw_pairs(findings: Findings) -> Figure | None:
    """Losses of the multi-label and of the single-organ model of each structure that has both."""
    pairs = {f.structure for f in findings.multi_label()} & {f.structure for f in findings.papers()}
    members = [f for f in findings.multi_label() + findings.papers() if f.structure in pairs]
    panels = [[at_half("dice"), beside("dice", 0.05), at_half("msd_mm"), beside("msd_mm", 0.05)]]
    title = "Losses of multi-label and single-organ models of the same structures"
    return draw_losses(Findings(tuple(members), (), ()), panels, title, colors=colors_of(findings))


def draw_losses(
    findings: Findings,
    panels: Sequence[Sequence[Panel]],
    title: str,
    counterpart: str = "",
    colors: dict[str, str] | None = None,
) -> Figure | None:
    """A figure of boxes with the patients as dots, a structure and model a row.

    Args:
        findings: whose losses are shown.
        panels: rows of panels.
        title: of the figure.
        counterpart: number of the paper's figure, or "".
        colors: by structure; those of the findings by default.

    Returns:
        None for no findings.
    """
    colors = colors or colors_of(findings)
    rows = rows_of(findings, colors)
    if not rows:
        return None
    rows += _family_rows(findings)
    height = len(panels) * (HEAD_INCHES + ROW_INCHES * len(rows))
    figure = titled_figure(height, title, counterpart, _notes(findings, panels))
    grid = figure.subplots(len(panels), len(panels[0]), squeeze=False)
    for axes, line in zip(grid, panels, strict=True):
        for ax, panel in zip(axes, line, strict=True):
            _draw_panel(ax, panel, rows)
            name_rows(ax, rows, named=ax is axes[0])
    return figure


def rows_of(findings: Findings, colors: dict[str, str]) -> list[Row]:
    """Structure by structure, its multi-label model first, then its own models by rising lambda."""
    place = {name: n for n, name in enumerate(dict.fromkeys(f.structure for f in findings.findings))}
    members = sorted(findings.findings, key=lambda f: (place[f.structure], not f.multi_label, f.dice_weight))
    return [
        Row(
            f"{literal(f.structure)}, {'multi-label' if f.multi_label else f'λ = {f.dice_weight:g}'}",
            f.structure,
            colors[f.structure],
            (f,),
        )
        for f in members
    ]


def _family_rows(findings: Findings) -> list[Row]:
    """A row for every family of several structures: its median is the one that the paper states."""
    families = {"All, multi-label": findings.multi_label(), "All, λ = 0": findings.papers()}
    return [Row(name, "", FAINT, members) for name, members in families.items() if len(members) > 1]


def name_rows(ax: Axes, rows: Sequence[Row], *, named: bool = True) -> None:
    """Name the rows of a panel from above, with a line between structures.

    Args:
        ax: the panel; row n is drawn at height n.
        rows: from above.
        named: whether the names are written.
    """
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_yticks(range(len(rows)), [row.name if named else "" for row in rows])
    for n in range(1, len(rows)):
        if rows[n].structure != rows[n - 1].structure:
            ax.axhline(n - 0.5, color="#b9c0c7", linewidth=0.7, zorder=0)
    plain(ax, grid="x")
    ax.tick_params(axis="y", length=0, pad=7)


def _draw_panel(ax: Axes, panel: Panel, rows: Sequence[Row]) -> None:
    losses = [row.losses(panel) for row in rows]
    quartiles = [np.percentile(v, (25, 50, 75)) if v.size else np.full(3, np.nan) for v in losses]
    every = np.concatenate([v for row, v in zip(rows, losses, strict=True) if row.structure])
    low, high = _limits(quartiles, every)
    jitter = np.random.default_rng(0)
    for n, (row, values, box) in enumerate(zip(rows, losses, quartiles, strict=True)):
        if values.size:
            _draw_box(ax, n, box, row.color)
        if not row.structure:
            continue  # the patients are dots in their structures' rows
        inside = (values >= low) & (values <= high)
        heights = n + jitter.uniform(-0.22, 0.22, values.size)
        ax.scatter(values[inside], heights[inside], 9, row.color, alpha=0.55, linewidths=0, zorder=3)
        for outside, place, sign in ((values > high, high, ">"), (values < low, low, "<")):
            if outside.any():  # an empty line that is not clipped breaks the layout
                ends = [place] * int(outside.sum())
                ax.plot(ends, heights[outside], sign, color=row.color, markersize=4.5, clip_on=False)
    ax.axvline(0, color=FAINT, linewidth=0.8, zorder=1)
    ax.set_xlim(low, high)
    ax.set_title(panel.title, fontsize=10, loc="left")
    beyond = every[(every < low) | (every > high)]
    label = "loss, % of the best"
    if beyond.size:
        label += f"\n{beyond.size} beyond, {_span(beyond)} %"
    ax.set_xlabel(label, fontsize=SMALL)
    # Numbers of an axis, since the layout leaves room for those.
    medians = ax.secondary_yaxis("right")
    medians.set_yticks(range(len(rows)), [number(box[1], MEDIAN) for box in quartiles])
    medians.tick_params(labelsize=SMALL, length=0, pad=8)
    medians.spines[:].set_visible(False)


def _draw_box(ax: Axes, n: int, box: np.ndarray, color: str) -> None:
    low, median, high = box
    ax.barh(n, high - low, BOX, low, facecolor=f"{color}33", edgecolor=color, linewidth=0.9, zorder=2)
    ax.plot([median] * 2, [n - BOX / 2, n + BOX / 2], color="#1a2027", linewidth=2, zorder=4)


def _limits(quartiles: Sequence[np.ndarray], losses: np.ndarray) -> tuple[float, float]:
    """Ends of the axis: the percentiles `SHOWN`, widened to hold zero and every box, with some room."""
    if not losses.size:
        return 0.0, 1.0
    low, high = np.percentile(losses, SHOWN)
    low, high = (
        np.nanmin([0.0, low, *(b[0] for b in quartiles)]),
        np.nanmax([0.0, high, *(b[2] for b in quartiles)]),
    )
    room = 0.04 * (high - low) or 1.0
    return float(low - room), float(high + room)


def _span(losses: np.ndarray) -> str:
    low, high = f"{losses.min():z.0f}", f"{losses.max():z.0f}"
    return f"at {low}" if low == high else f"from {low} to {high}"


def _notes(findings: Findings, panels: Sequence[Sequence[Panel]]) -> list[str]:
    undefined = sum(panel.loss(f).undefined for line in panels for panel in line for f in findings.findings)
    told = "Boxes: quartiles and median of the patients judged (dots); medians written beside; "
    if sum(map(len, panels)) > 1:
        told += "each panel has its own axis; "
    told += "below 0: better than at the threshold chosen."
    more = "Triangles: losses beyond the axis, counted beneath it."
    if undefined:
        losses = "1 loss that is" if undefined == 1 else f"{undefined} losses that are"
        more += f" Not shown: {losses} undefined, where a contour is empty or its best value is 0."
    return [told, more]
