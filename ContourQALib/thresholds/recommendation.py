"""Recommended thresholds: what a validation set advises for maps that have no reference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ContourQALib.metrics.definitions import Status
from ContourQALib.thresholds.pooled import PooledSweep
from ContourQALib.thresholds.sensitivity import FIGURES, HALF, same_threshold

Interval = tuple[float, float]


@dataclass(frozen=True)
class Recommendation:
    """The threshold that one figure advises for one structure.

    Attributes:
        threshold: the best of the mean over the validation cases; masks are P >= threshold as float32.
        interval: lower and upper end of the bootstrap interval of that threshold; None for too few cases.
        level: share of the resamples inside the interval; None without one.
        cases: validation cases whose figure is defined at the threshold.
        value: the figure's mean over them, in its own unit.
        value_at_half: the mean at 0.5; None where 0.5 was not swept, or cases are undefined there that have a
            value at the threshold: the mean of fewer cases is another mean.
        loss_at_half_percent: median of what 0.5 costs the cases, percent of their value at the threshold,
            positive is worse; None where no case has it.
        flag: full or empty where some case's mask at the threshold is the whole grid or nothing, else ok.
    """

    threshold: float
    interval: Interval | None
    level: float | None
    cases: int
    value: float
    value_at_half: float | None
    loss_at_half_percent: float | None
    flag: Status = Status.OK


@dataclass(frozen=True)
class RecommendedThresholds:
    """Recommendations by structure and figure (`FIGURES`).

    Attributes:
        structures: at least one figure of each has a recommendation; the others are None.
        provenance: program, inputs and settings of the study they come from, as JSON holds them.
    """

    structures: Mapping[str, Mapping[str, Recommendation | None]]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def by(self, figure: str) -> dict[str, Recommendation]:
        """The recommendation of every structure that has one by this figure."""
        return {name: found for name, of in self.structures.items() if (found := of.get(figure)) is not None}


def recommend(
    pooled: Mapping[str, PooledSweep], provenance: Mapping[str, Any] | None = None
) -> RecommendedThresholds:
    """What pooled sweeps recommend; a structure of which no case has an optimum is left out.

    Args:
        pooled: by structure.
        provenance: where they come from, as JSON holds it.
    """
    found = {name: {figure: _of(one, figure) for figure in FIGURES} for name, one in pooled.items()}
    return RecommendedThresholds(
        {name: of for name, of in found.items() if any(of.values())}, dict(provenance or {})
    )


def _of(pooled: PooledSweep, figure: str) -> Recommendation | None:
    best = pooled.optimum[figure]
    if best is None:
        return None
    return Recommendation(
        threshold=best.threshold,
        interval=(best.interval.low, best.interval.high) if best.interval else None,
        level=best.interval.level if best.interval else None,
        cases=len(pooled.cases) - best.undefined,
        value=best.value,
        value_at_half=_at_half(pooled, figure, best.undefined),
        loss_at_half_percent=_finite(pooled.losses.loss_at_half_percent[figure].median),
        flag=best.flag,
    )


def _at_half(pooled: PooledSweep, figure: str, undefined: int) -> float | None:
    index = next((n for n, t in enumerate(pooled.thresholds) if same_threshold(float(t), HALF)), None)
    curve = pooled.curves[figure]
    if index is None or curve.undefined[index] > undefined:
        return None
    return _finite(float(curve.mean[index]))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
