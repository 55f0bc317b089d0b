"""Curves of a sweep and the axes they are shown on, the same in Slicer's charts and in the workstation's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ContourQALib.report.threshold_readings import EXPECTED, unit_of
from ContourQALib.thresholds.sensitivity import HALF

if TYPE_CHECKING:
    from ContourQALib.worker_requests import Swept

TOP = 1.05
"""Where the scale of distances and volumes ends, as a share of the largest value shown."""

CEILING = {"mm": 6.0, "cc": 3.0}
"""Distances grow without bound where a threshold selects next to nothing, and the volume where it selects
next to everything: a scale that reached them would press everything else flat, so it ends at this many times
the worst optimum, or the known volume, or at what 0.5 gives if that is more."""


def curve_of(swept: Swept, figure: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Thresholds and values of a figure, (T,) float64 each; None where it needs a reference and none is."""
    if figure == EXPECTED:
        return swept.expected.thresholds, swept.expected.expected_dice
    if swept.analysis is not None:
        return swept.analysis.sweep.thresholds, getattr(swept.analysis.sweep, figure)
    return (swept.expected.thresholds, swept.expected.volume_cc) if figure == "volume_cc" else None


def known_volume(swept: Swept) -> tuple[str, float]:
    """The volume that a contour should have, cc, after where it comes from: "Reference" or "Expected"."""
    if swept.analysis is not None:
        return "Reference", swept.analysis.sweep.volume_reference_cc
    return "Expected", swept.expected.expected_volume_cc


def scale_end(swept: Swept, figures: Sequence[str]) -> float:
    """Where the scale of some figures of one unit ends: 1 for shares, else where what matters is seen."""
    unit = unit_of(figures[0]) if figures else ""
    if not unit:
        return 1.0
    seen = [0.0]
    if swept.analysis is not None:
        half = swept.analysis.find(HALF)
        seen += [TOP * getattr(half, figure) for figure in figures if half is not None]
    if unit == "cc":
        seen.append(CEILING[unit] * known_volume(swept)[1])
    elif swept.analysis is not None:
        optima = [swept.analysis.optimum.get(figure) for figure in figures]
        seen += [CEILING[unit] * best.value for best in optima if best]
    ceiling = max(value for value in seen if np.isfinite(value))
    curves = [found[1] for figure in figures if (found := curve_of(swept, figure))]
    finite = [float(values[np.isfinite(values)].max()) for values in curves if np.isfinite(values).any()]
    largest = TOP * max(finite, default=0.0)
    return min(largest, ceiling or largest) or 1.0
