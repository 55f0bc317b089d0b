"""What a sweep says of a threshold: every figure there, at 0.5 and at its best, for panels with a slider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ContourQALib.metrics.definitions import Status
from ContourQALib.report.wording import FIGURE_TITLES
from ContourQALib.thresholds.sensitivity import HALF, Optimum

if TYPE_CHECKING:
    from ContourQALib.worker_requests import Swept

READ_FIGURES = ("dice", "msd_mm", "hd95_mm", "hd_mm", "surface_dice", "volume_cc")
"""Figures that a panel reads where there is a reference."""

EXPECTED = "expected_dice"
"""The figure that needs none."""

_WITHOUT_REFERENCE = ("volume_cc",)


UNITS = ("mm", "cc")


@dataclass(frozen=True)
class Reading:
    """A figure at the current threshold, at 0.5 and at its best.

    Attributes:
        figure: name of the field, of a sweep's or `EXPECTED`.
        current: value at the swept threshold nearest to the current one; nan where undefined.
        half: value at 0.5; None where that was not swept.
        best: value at the best threshold; None where there is none.
        best_threshold: the best threshold.
    """

    figure: str
    current: float
    half: float | None
    best: float | None = None
    best_threshold: float | None = None


def readings(swept: Swept, threshold: float, figures: Sequence[str] = READ_FIGURES) -> list[Reading]:
    """Every figure of a sweep at a threshold, expected Dice last; no voxel is looked at.

    Args:
        swept: against a reference or without one; without, there are volume and expected Dice alone.
        threshold: between 0 and 1; the nearest swept one is read.
        figures: fields of a sweep, those to read where there is a reference.
    """
    read = []
    if swept.analysis is not None:
        now, half = swept.analysis.sweep.at(threshold), swept.analysis.find(HALF)
        for figure in figures:
            best = best_of(swept, figure)
            at_half = getattr(half, figure) if half else None
            read.append(Reading(figure, getattr(now, figure), at_half, *_value_and_threshold(best)))
    else:
        for figure in _WITHOUT_REFERENCE:
            curve = getattr(swept.expected, figure)
            read.append(Reading(figure, _expected(swept, curve, threshold), _expected(swept, curve, HALF)))
    curve = swept.expected.expected_dice
    now_and_half = (_expected(swept, curve, threshold), _expected(swept, curve, HALF))
    read.append(Reading(EXPECTED, *now_and_half, *_value_and_threshold(best_expected(swept))))
    return read


def best_of(swept: Swept, figure: str) -> Optimum | None:
    """A figure's best threshold; None for a figure that has none, and where it is undefined everywhere."""
    if figure == EXPECTED:
        return best_expected(swept)
    return swept.analysis.optimum.get(figure) if swept.analysis is not None else None


def best_expected(swept: Swept) -> Optimum | None:
    """The threshold of the largest expected Dice; None where none is defined."""
    values = swept.expected.expected_dice
    if not np.isfinite(values).any():
        return None
    at = int(np.nanargmax(values))
    return Optimum(float(swept.expected.thresholds[at]), float(values[at]), Status.OK)


def unit_of(figure: str) -> str:
    """Unit of a figure by its field's name: "mm", "cc" or ""."""
    unit = figure.rpartition("_")[2]
    return unit if unit in UNITS else ""


def titled(figure: str) -> str:
    """A figure's name with its unit: "HD95, mm"."""
    unit = unit_of(figure)
    return FIGURE_TITLES[figure] + (f", {unit}" if unit else "")


def _value_and_threshold(best: Optimum | None) -> tuple[float | None, float | None]:
    return (best.value, best.threshold) if best else (None, None)


def _expected(swept: Swept, curve: np.ndarray, threshold: float) -> float:
    return float(curve[int(np.abs(swept.expected.thresholds - threshold).argmin())])
