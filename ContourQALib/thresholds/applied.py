"""Applied thresholds: the contour that a recommended threshold cuts from a map without a reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import Status
from ContourQALib.metrics.domain import cropped
from ContourQALib.thresholds.recommendation import Recommendation
from ContourQALib.thresholds.sensitivity import HALF


@dataclass(frozen=True, eq=False)
class AppliedThreshold:
    """One map cut at its structure's recommended threshold, on the map's own grid.

    Attributes:
        structure: the structure, as the recommendation spells it.
        probability: where the map comes from.
        recommendation: what was applied.
        status: ok; empty or full where the threshold selects nothing or the whole grid.
        grid: the map's grid.
        contour: P >= threshold, cut to its own box; `Contour.on(grid)` brings it back.
        half: P >= 0.5, the same.
        volume_cc: volume of `contour`.
        volume_at_half_cc: volume of `half`.
        volume_at_interval_cc: volume at the interval's lower end (the larger one) and at its upper end; nan
            without an interval.
    """

    structure: str
    probability: str
    recommendation: Recommendation
    status: Status
    grid: Grid
    contour: Contour
    half: Contour
    volume_cc: float
    volume_at_half_cc: float
    volume_at_interval_cc: tuple[float, float]

    @property
    def volume_difference_percent(self) -> float:
        """How much larger the contour is than at 0.5, percent of that; nan where 0.5 selects nothing."""
        if self.volume_at_half_cc == 0:
            return math.nan
        return 100.0 * (self.volume_cc - self.volume_at_half_cc) / self.volume_at_half_cc


@dataclass(frozen=True)
class Unapplied:
    """A map without a recommendation, or a recommendation without a map.

    Attributes:
        structure: the structure's name, or what the map is called.
        side: which side holds it.
        source: the file it comes from.
    """

    structure: str
    side: Literal["probability", "recommendation"]
    source: str


def apply_threshold(
    probability: ProbabilityMap,
    structure: str,
    recommendation: Recommendation,
    probability_label: str | None = None,
) -> AppliedThreshold:
    """Cut a map at the recommended threshold, and measure what other choices would change.

    Args:
        probability: the map; nothing is resampled.
        structure: name of the contour.
        recommendation: what to apply.
        probability_label: what `AppliedThreshold.probability` says; the map's path or name by default.

    Example:
        >>> grid = Grid.for_shape((1, 1, 4), (10, 10, 10))
        >>> ramp = ProbabilityMap(np.array([[[0.1, 0.4, 0.6, 0.9]]]), grid, "CTV")
        >>> advice = Recommendation(0.4, None, None, 5, 0.9, None, None)
        >>> apply_threshold(ramp, "CTV", advice).volume_cc
        3.0
    """
    grid, values = probability.grid, probability.values

    def at(threshold: float) -> Contour:
        return Contour(values >= np.float32(threshold), grid, structure)

    chosen, half = at(recommendation.threshold), at(HALF)
    selected = int(np.count_nonzero(chosen.mask))
    status = Status.EMPTY if not selected else Status.FULL if selected == values.size else Status.OK
    ends = recommendation.interval
    return AppliedThreshold(
        structure=structure,
        probability=probability_label or str(probability.path or probability.name),
        recommendation=recommendation,
        status=status,
        grid=grid,
        contour=cropped(chosen),
        half=cropped(half),
        volume_cc=chosen.volume_cc,
        volume_at_half_cc=half.volume_cc,
        volume_at_interval_cc=(at(ends[0]).volume_cc, at(ends[1]).volume_cc)
        if ends
        else (math.nan, math.nan),
    )
