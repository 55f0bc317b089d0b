"""Charts of an assessment: predicted Dice against the levels, and the predicted error of every slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.quality.verdict import Levels, Verdict
from ContourQALib.report.canvas import WIDTH_INCHES, Picture, blank_figure, literal, to_png
from ContourQALib.report.outlines import LEFT_OUT, TOO_MUCH
from ContourQALib.report.wording import interval_header, interval_text

INK = {Verdict.ACCEPT: "#1b7f3b", Verdict.REVIEW: "#8a5a00", Verdict.REJECT: "#b3261e"}
BANDS = {Verdict.ACCEPT: "#e3f2e7", Verdict.REVIEW: "#fff3d6", Verdict.REJECT: "#fbe3e1"}
MARKERS = {Verdict.ACCEPT: "o", Verdict.REVIEW: "s", Verdict.REJECT: "X"}
"""Colors are those of the page's verdicts; each has a marker of its own beside it."""

ROW_INCHES = 0.3
NAME_INCHES = 2.2
"""Room for structure names left of the chart; longer ones are cut by "…"."""
NAME_LETTERS = 28

SLICES_BESIDE = 3
"""Empty slices shown beyond the first and the last with an error, where there are as many."""


def dice_chart(structures: Sequence[StructureAssessment], levels: Levels) -> Picture | None:
    """Predicted Dice of every contour with its interval, on the accept, review and reject bands.

    Returns:
        None where no contour has a predicted Dice.
    """
    scored = [s for s in structures if s.dice is not None]
    if not scored:
        return None
    height = 0.75 + ROW_INCHES * len(scored)
    figure = blank_figure(WIDTH_INCHES, height)
    ax = figure.subplots()
    for low, high, verdict in (
        (0.0, levels.reject, Verdict.REJECT),
        (levels.reject, levels.accept, Verdict.REVIEW),
        (levels.accept, 1.0, Verdict.ACCEPT),
    ):
        ax.axvspan(low, high, color=BANDS[verdict], linewidth=0)
    for row, s in enumerate(scored):
        look: dict[str, Any] = {"color": INK[s.verdict], "zorder": 3}
        if s.dice_interval is not None:
            ax.plot(s.dice_interval, (row, row), linewidth=2.2, solid_capstyle="butt", **look)
            ax.plot(s.dice_interval, (row, row), "|", markersize=9, markeredgewidth=1.6, **look)
        ax.plot([s.dice or 0.0], [row], MARKERS[s.verdict], markersize=7, markeredgecolor="white", **look)
    ax.set_yticks(range(len(scored)), [literal(_short(s.structure)) for s in scored], fontsize=9)
    ax.set_ylim(len(scored) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ticks = sorted({0.0, 0.2, 0.4, 0.6, 1.0, levels.reject, levels.accept})
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=8)
    ax.set_xlabel("predicted Dice", fontsize=9)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    figure.subplots_adjust(
        left=NAME_INCHES / WIDTH_INCHES, right=0.985, bottom=0.47 / height, top=1 - 0.1 / height
    )
    told = "; ".join(f"{s.structure} {interval_text(s.dice, s.dice_interval, '.2f')}" for s in scored)
    interval = interval_header(structures)
    lines = f", each with its {interval}" if interval else "; no model here has a calibrated interval"
    caption = (
        f"Predicted Dice{lines}. Bands: below the reject level of {levels.reject:g}, between the levels, "
    )
    caption += f"at or above the accept level of {levels.accept:g}."
    return Picture(to_png(figure), f"Predicted Dice of each contour: {told}.", caption)


def slice_error_chart(structure: StructureAssessment, error: ErrorMap, mask: np.ndarray) -> Picture | None:
    """Expected volume of wrong voxels slice by slice, those to look at first marked.

    Args:
        structure: what was found.
        error: where the contour is probably wrong.
        mask: bool (K, J, I), the contour on the image's grid.

    Returns:
        None where the map is zero everywhere.
    """
    beside = (error.corner[0], len(mask) - error.corner[0] - len(error.probability))
    over, under = (np.pad(volumes, beside) for volumes in error.slice_volumes_cc())
    shown = np.flatnonzero(np.pad((error.probability > 0).any(axis=(1, 2)), beside) | mask.any(axis=(1, 2)))
    if not shown.size or not (over + under).any():
        return None
    first = max(int(shown[0]) - SLICES_BESIDE, 0)
    stop = min(int(shown[-1]) + 1 + SLICES_BESIDE, len(over))
    index = range(first, stop)
    from matplotlib.ticker import MaxNLocator

    figure = blank_figure(WIDTH_INCHES, 1.9)
    ax = figure.subplots()
    ax.bar(index, over[first:stop], color=TOO_MUCH.color, width=0.8, label="probably too much")
    ax.bar(
        index, under[first:stop], bottom=over[first:stop], color=LEFT_OUT.color, width=0.8,
        label="probably left out",
    )  # fmt: skip
    listed = [s.index for s in structure.slices or ()]
    top = float((over + under).max())
    heights = [over[k] + under[k] + 0.05 * top for k in listed]
    ax.plot(listed, heights, "v", color="#1a2027", markersize=5, label="look here first")
    ax.set_ylim(0, 1.22 * top)
    ax.set_xlim(first - 0.7, stop - 0.3)
    ax.set_xlabel("slice, zero-based K", fontsize=9)
    ax.set_ylabel("expected error, cc", fontsize=9)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.tick_params(labelsize=8)
    ax.grid(True, axis="y", color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="upper right", ncols=3, fontsize=8, frameon=False)
    figure.subplots_adjust(left=0.075, right=0.99, bottom=0.24, top=0.86)
    worst = ", ".join(map(str, listed))
    return Picture(
        to_png(figure),
        f"Expected error volume of {structure.structure} slice by slice; greatest in slices {worst}.",
        "Expected volume of wrong voxels in each slice: the sum of their probabilities of error. Marked "
        "slices hold nine tenths of it, or are the ten worst.",
    )


def _short(name: str) -> str:
    return name if len(name) <= NAME_LETTERS else name[: NAME_LETTERS - 1] + "…"
