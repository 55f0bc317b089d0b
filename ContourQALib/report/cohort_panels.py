"""Panels: what the charts of one structure share, for one dataset each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ContourQALib.cohort.results import CohortResults
from ContourQALib.cohort.summary import CohortSummary, GroupSummary, rows_of_groups
from ContourQALib.report.canvas import literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, LINE = "#1a2027", "#55606b", "#dddddd"

MOST_PANELS = 4
"""Datasets in one picture: more would be taller than a screen, and go on in the next picture."""

LONGEST_NAME = 16
"""Letters of a case's name on an axis."""

REACH = 3.0
"""How far beyond the fences of its values a chart reaches: one contour gone astray must not flatten it."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One structure of one dataset.

    Attributes:
        group: its summary.
        rows: (n,) row numbers of its cases.
        results: of the whole cohort.
    """

    group: GroupSummary
    rows: np.ndarray
    results: CohortResults

    @property
    def title(self) -> str:
        """The dataset's name; "" where there is none."""
        return self.group.dataset

    @property
    def cases(self) -> list[str]:
        """Names of the cases."""
        return [self.results.rows[n].case for n in self.rows]

    def values(self, figure: str) -> np.ndarray:
        """(n, models) values of a figure, not finite where undefined."""
        return np.asarray(self.results.values[figure][self.rows])

    def missed(self, model: int) -> int:
        """Cases without a distance because one of both contours is empty."""
        return int(np.isposinf(self.values("hd95_pooled_mm")[:, model]).sum())


@dataclass(frozen=True)
class Ends:
    """Between which values an axis shows cases; those beyond are counted at its ends."""

    low: float
    high: float


def panels_of(results: CohortResults, summary: CohortSummary) -> dict[str, list[Panel]]:
    """The panels of every structure, one a dataset."""
    rows = rows_of_groups(results)
    panels: dict[str, list[Panel]] = {}
    for group in summary.groups:
        found = Panel(group, rows[group.dataset, group.structure], results)
        panels.setdefault(group.structure, []).append(found)
    return panels


def in_pictures(panels: Sequence[Panel]) -> Iterator[Sequence[Panel]]:
    """The panels, as many as one picture holds at a time."""
    for start in range(0, len(panels), MOST_PANELS):
        yield panels[start : start + MOST_PANELS]


def reach(values: np.ndarray) -> float:
    """Up to which size a chart shows values: all of them, or as far as `REACH` fences of most of them.

    Args:
        values: of any sign; those that are not finite do not count.
    """
    sizes = np.abs(values[np.isfinite(values)])
    if not sizes.size:
        return 1.0
    low, high = np.percentile(sizes, (25, 75))
    fence = high + 1.5 * (high - low)
    return float(min(sizes.max(), REACH * fence) if fence > 0 else sizes.max())


def ends_of(panels: Sequence[Panel], name: str) -> Ends | None:
    """The ends of a figure's axis, the same in all panels; None where nothing is defined.

    A distance is shown from 0 and a share to its highest; towards what is bad each goes as far as the cases
    do, or `REACH` interquartile ranges beyond the whiskers: one missed organ must not flatten the rest.
    """
    bad = -1.0 if name.endswith("_mm") else 1.0  # times the value: the bad end lies low
    lows, highs = [], []
    for panel in panels:
        for values in panel.values(name).T:
            finite = bad * values[np.isfinite(values)]
            if finite.size:
                low, high = np.percentile(finite, (25, 75))
                lows.append(max(finite.min(), low - (1.5 + REACH) * (high - low)))
                highs.append(finite.max())
    if not lows:
        return None
    return Ends(min(lows), max(highs)) if bad > 0 else Ends(0.0, -min(lows))


def short(name: str) -> str:
    """A case's name as an axis has room for it, its end kept: cases mostly differ there."""
    return literal(name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}")


def dress(ax: Axes) -> None:
    """The plain look of every chart: a grid of horizontal lines, no box."""
    ax.grid(True, axis="y", color=LINE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)


def letter(figure: Figure, ax: Axes, place: int, panel: Panel, several: bool, above: float = 0.1) -> None:
    """The heading of a panel, "(a) ExVal, 30 cases", at the left edge, so many inches above its axes."""
    count = panel.group.cases
    words = f"{count} case" if count == 1 else f"{count} cases"
    words = f"{panel.title}, {words}" if panel.title else words
    mark = f"({chr(ord('a') + place)}) " if several else ""
    top = ax.get_position().y1
    height = figure.get_figheight()
    figure.text(
        0.008,
        top + above / height,
        literal(mark + words),
        fontsize=9.5,
        fontweight="bold",
        color=INK,
        va="bottom",
    )
