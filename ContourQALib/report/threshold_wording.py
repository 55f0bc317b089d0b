"""How the results of a threshold study read, the same in the terminal and on a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ContourQALib.metrics.definitions import Status
from ContourQALib.report.threshold_records import case_reason
from ContourQALib.report.wording import (
    FIGURE_TITLES,
    UNDEFINED,
    figure_text,
    number,
    percent_text,
    source_notes,
    threshold_text,
)
from ContourQALib.thresholds.analysis import ThresholdAnalysis
from ContourQALib.thresholds.bootstrap import LEVEL
from ContourQALib.thresholds.cases import ThresholdCase, Unpaired
from ContourQALib.thresholds.pooled import PooledSweep
from ContourQALib.thresholds.pooled_losses import LossSpread
from ContourQALib.thresholds.sensitivity import FIGURES, HALF, same_threshold

SHOWN_PERTURBATION = 0.05
"""The perturbation that tables show; the report's chart and JSON have all."""

MOST_NAMES = 10
"""Names of cases listed in a note."""

RESAMPLED = "Resampled: the map lay on another lattice and was interpolated to the reference's grid"
EDGE = "Edge: the reference has a voxel on the edge of the grid"
FLAGGED = {
    Status.FULL: "The best threshold selects the whole grid: no contour of this map is better",
    Status.EMPTY: "The best threshold selects nothing: no contour of this map is better",
}
CANNOT = {
    "optimum": "No best threshold",
    "loss_at_half_percent": "Loss at 0.5 undefined",
    f"perturbation_loss_percent.{SHOWN_PERTURBATION:.2f}": f"Loss at ±{SHOWN_PERTURBATION:g} undefined",
}
"""What is missing in a table's row, by where the analysis gives its reason."""


@dataclass(frozen=True)
class FigureRow:
    """One figure, as the cells of a table's row from the figure's name on, and notes to it."""

    cells: tuple[str, ...]
    notes: tuple[str, ...]


CASE_HEADERS = (
    ("Figure", ""),
    ("Best", "threshold"),
    ("Best", "value"),
    ("Value", "at 0.5"),
    ("Loss at", "0.5, %"),
    ("Loss at", f"±{SHOWN_PERTURBATION:g}, %"),
)
"""Headings of a case's rows in two lines."""

POOLED_HEADERS = (
    ("Figure", ""),
    ("Cases", ""),
    ("Best", "threshold"),
    (f"{100 * LEVEL:g} % of", "resamples"),
    ("Mean", "± SE"),
    ("Mean", "at 0.5"),
    ("Median loss at 0.5, %", "[quartiles]"),
    (f"Median loss at ±{SHOWN_PERTURBATION:g}, %", "[quartiles]"),
    ("Best per case", "mean ± SD"),
)
"""Headings of pooled rows in two lines."""


def figure_rows(analysis: ThresholdAnalysis) -> Iterator[FigureRow]:
    """What a table says of every figure of a case."""
    half = analysis.find(HALF)
    for name in FIGURES:
        best = analysis.optimum[name]
        cells = (
            title_text(name),
            threshold_text(best.threshold if best else None),
            figure_text(name, best.value if best else None),
            figure_text(name, getattr(half, name) if half else None),
            percent_text(analysis.loss_at_half_percent[name]),
            percent_text(analysis.perturbation_loss_percent[SHOWN_PERTURBATION][name]),
        )
        flagged = [FLAGGED[best.flag]] if best and best.flag in FLAGGED else []
        yield FigureRow(cells, (*flagged, *_missing(name, analysis.reasons)))


def pooled_rows(pooled: PooledSweep) -> Iterator[FigureRow]:
    """What a table says of every figure over cases."""
    for name in FIGURES:
        best, curve = pooled.optimum[name], pooled.curves[name]
        at_half = pooled.losses.loss_at_half_percent[name]
        around = pooled.losses.perturbation_loss_percent[SHOWN_PERTURBATION][name]
        error = curve.standard_error[pooled.thresholds == best.threshold] if best else [math.nan]
        own = best.of_cases if best else None
        cells = (
            title_text(name),
            str(len(pooled.cases) - best.undefined if best else 0),
            threshold_text(best.threshold if best else None),
            _span_text(best.interval.low, best.interval.high) if best and best.interval else UNDEFINED,
            f"{figure_text(name, best.value)} ± {figure_text(name, float(error[0]))}" if best else UNDEFINED,
            figure_text(name, mean_at_half(pooled, name)),
            _spread_text(at_half),
            _spread_text(around),
            f"{number(own.mean, '.2f')} ± {number(own.sd, '.2f')}" if own else UNDEFINED,
        )
        yield FigureRow(cells, (*_pooled_notes(pooled, name), *_missing(name, pooled.reasons)))


def mean_at_half(pooled: PooledSweep, figure: str) -> float | None:
    """The mean at 0.5 where that was swept: a neighbor's would be another threshold's."""
    index = int(np.argmin(np.abs(pooled.thresholds - HALF)))
    if not same_threshold(float(pooled.thresholds[index]), HALF):
        return None
    return float(pooled.curves[figure].mean[index])


def title_text(figure: str) -> str:
    """A figure's name with its unit."""
    return f"{FIGURE_TITLES[figure]}, mm" if figure.endswith("_mm") else FIGURE_TITLES[figure]


def _missing(figure: str, reasons: Mapping[str, str]) -> list[str]:
    """Why cells of a figure's row hold nothing."""
    paths = [(f"{path}.{figure}", words) for path, words in CANNOT.items()]
    if f"optimum.{figure}" in reasons:
        paths = paths[:1]  # the rest follows from it
    return [f"{words}: {reasons[path]}" for path, words in paths if path in reasons]


def _pooled_notes(pooled: PooledSweep, figure: str) -> list[str]:
    best, notes = pooled.optimum[figure], []
    if best and best.flag in FLAGGED:
        notes.append("At the best threshold the map of at least one case gives no contour")
    lone = pooled.without_optimum[figure]
    if lone:
        names = ", ".join(lone[:MOST_NAMES]) + (" …" if len(lone) > MOST_NAMES else "")
        notes.append(f"Without a best threshold of their own, {len(lone)} of the cases: {names}")
    return notes


def _spread_text(loss: LossSpread) -> str:
    quartiles = f" [{percent_text(loss.lower_quartile)}, {percent_text(loss.upper_quartile)}]"
    return percent_text(loss.median) + (quartiles if loss.defined else "")


def _span_text(low: float, high: float) -> str:
    return f"{threshold_text(low)} – {threshold_text(high)}"


def case_notes(case: ThresholdCase) -> list[str]:
    """What a reader must know of a case as a whole, the gravest first."""
    reason = case_reason(case)
    notes = []
    if reason and case.status is not Status.OK:
        notes.append((reason[0].upper() + reason[1:]).rstrip("."))
    if case.analysis and case.analysis.sweep.resampled:
        notes.append(RESAMPLED)
    if case.analysis and case.analysis.sweep.touches_edge:
        notes.append(EDGE)
    return [*notes, *source_notes(case.structure, case.spelled, case.rasterized, case.remarks, "reference")]


def prominence_text(share: float) -> str:
    """A share of the grid in percent, two digits of it."""
    return f"{100 * share:.2g} %"


def unpaired_text(lone: tuple[Unpaired, ...]) -> str:
    """What found no partner, in one line: "Bladder (no map), brain.nrrd (no structure)"."""
    return ", ".join(
        f"{one.structure} (no map)" if one.side == "reference" else f"{one.source} (no structure)"
        for one in lone
    )
