"""What the page says of a sweep in figures: at the threshold, at 0.5, at its best, and what others cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ContourQALib.metrics.definitions import DEFINITIONS, Status
from ContourQALib.report.threshold_charts import shading_text
from ContourQALib.report.threshold_readings import EXPECTED, READ_FIGURES, readings, titled
from ContourQALib.report.threshold_records import THRESHOLD_DEFINITIONS
from ContourQALib.report.threshold_wording import EDGE, RESAMPLED, figure_rows, prominence_text
from ContourQALib.report.wording import figure_text, percent_text, sentence, threshold_text
from ContourQALib.thresholds.sensitivity import FIGURES, HALF, PERTURBATIONS

if TYPE_CHECKING:
    from ContourQALib.worker_requests import Swept

TABLE_FIGURES = (*READ_FIGURES, "sensitivity", "specificity")

LOSS_HEADS = (threshold_text(HALF), *(f"±{step:g}" for step in PERTURBATIONS))
"""Columns of the losses: at 0.5, and about each figure's own best threshold."""

GRAVE_PERCENT = 5.0
"""A loss from here on is marked: contours of two observers differ by as much."""

_DEFINED = (
    "dice",
    "surface_dice",
    "sensitivity",
    "specificity",
    "msd_mm",
    "hd95_mm",
    "hd_mm",
)
_SWEEPS = ("mask", "optimum", "loss_at_half_percent", "perturbation_loss_percent", "prominence")
_NAMES = {
    "mask": "Contour at a threshold",
    "optimum": "Best threshold",
    "loss_at_half_percent": "Loss at 0.5",
    "perturbation_loss_percent": "Loss at ±d",
    "prominence": "Prominence",
}

EXPECTED_DEFINITION = (
    "Dice to expect if the map's probabilities are right: 2 Σ p over the contour, divided by its voxels plus "
    "Σ p over the map; needs no reference"
)


def rows_of(swept: Swept, threshold: float) -> list[dict[str, Any]]:
    """Rows of the table: a figure at the threshold, at 0.5 and at its best."""
    rows = []
    for one in readings(swept, threshold, TABLE_FIGURES):
        at = threshold_text(one.best_threshold) if one.best_threshold is not None else ""
        rows.append(
            {
                "figure": one.figure,
                "title": titled(one.figure),
                "current": figure_text(one.figure, one.current),
                "half": figure_text(one.figure, one.half),
                "best": figure_text(one.figure, one.best) if at else "",
                "at": at,
                "threshold": one.best_threshold,
            }
        )
    return rows


def losses_of(swept: Swept) -> list[dict[str, Any]]:
    """Rows of the losses, percent of the figure's best value; none without a reference."""
    analysis = swept.analysis
    if analysis is None:
        return []
    rows = []
    for figure in FIGURES:
        paths = ["loss_at_half_percent", *(f"perturbation_loss_percent.{d:.2f}" for d in PERTURBATIONS)]
        losses = [
            analysis.loss_at_half_percent[figure],
            *(analysis.perturbation_loss_percent[d][figure] for d in PERTURBATIONS),
        ]
        cells = [
            {
                "text": percent_text(loss),
                "grave": math.isfinite(loss) and loss >= GRAVE_PERCENT,
                "why": analysis.reasons.get(f"{path}.{figure}", ""),
            }
            for path, loss in zip(paths, losses, strict=True)
        ]
        rows.append({"title": titled(figure).partition(",")[0], "figure": figure, "cells": cells})
    return rows


def notes_of(swept: Swept) -> list[str]:
    """What is to be known beside the figures, a sentence each, the gravest first."""
    analysis = swept.analysis
    if analysis is None:
        return [
            "Without a reference volume and expected Dice are known, what a threshold costs in truth is not."
        ]
    sweep = analysis.sweep
    notes = [] if sweep.status is Status.OK or not sweep.reason else [sentence(sweep.reason)]
    if sweep.resampled:
        notes.append(sentence(RESAMPLED))
    if sweep.touches_edge:
        notes.append(sentence(EDGE))
    for row in figure_rows(analysis):
        notes += [sentence(f"{row.cells[0]}: {note[0].lower()}{note[1:]}") for note in row.notes]
    shaded = shading_text(sweep)
    return [
        *dict.fromkeys(notes),
        *([shaded] if shaded else []),
        f"Prominence {prominence_text(sweep.prominence)}: the share of the grid that the reference fills. "
        f"Surface Dice at {sweep.tolerance_mm:g} mm.",
    ]


def now_flagged(swept: Swept, threshold: float) -> str:
    """What is wrong with the contour at a threshold, in words; "" for nothing."""
    if swept.analysis is None:
        return ""
    flag = swept.analysis.sweep.at(threshold).flag
    words = {Status.EMPTY: "nothing is selected", Status.FULL: "the whole grid is selected"}
    return f"At {threshold_text(threshold)} {words[flag]}." if flag in words else ""


def definitions() -> list[dict[str, str]]:
    """What the figures of the page mean, as names and texts."""
    figures = [
        {"name": titled(name).partition(",")[0], "text": sentence(DEFINITIONS[name])} for name in _DEFINED
    ]
    expected = {"name": titled(EXPECTED), "text": sentence(EXPECTED_DEFINITION)}
    sweeps = [{"name": _NAMES[name], "text": sentence(THRESHOLD_DEFINITIONS[name])} for name in _SWEEPS]
    return [*figures, expected, *sweeps]
