"""Losses of many cases about one threshold: what the recommended one costs them, and others beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.metrics.definitions import Status
from ContourQALib.thresholds.analysis import ThresholdAnalysis
from ContourQALib.thresholds.bootstrap import mean_over_cases
from ContourQALib.thresholds.calibration import Rescaling
from ContourQALib.thresholds.sensitivity import (
    FIGURES,
    HALF,
    PERTURBATIONS,
    loss_percent,
    perturbed,
    same_threshold,
    thresholds_around,
)
from ContourQALib.thresholds.sweep import ThresholdPoint, ThresholdSweep

Further = Callable[[int, np.ndarray], ThresholdSweep]
"""Sweeps one case, named by its place in the list, at further thresholds."""


@dataclass(frozen=True, eq=False)
class LossSpread:
    """What another threshold than the recommended one costs, over cases; percent, positive is worse.

    Attributes:
        per_case: (n,) each case against its own value at the recommended threshold; nan where undefined.
        median: of the defined cases; nan where there is none.
        lower_quartile: the same.
        upper_quartile: the same.
        defined: cases with a loss.
        undefined: cases without: an empty reference, a contour that vanishes, a value of 0.
        of_mean_curve: loss of the mean curve; nan where cases are undefined that were not at the optimum.
    """

    per_case: np.ndarray
    median: float
    lower_quartile: float
    upper_quartile: float
    defined: int
    undefined: int
    of_mean_curve: float


@dataclass(frozen=True, eq=False)
class PooledLosses:
    """Losses about one threshold a figure; keys as in `Sensitivity`, `reasons` for what has no median."""

    loss_at_half_percent: Mapping[str, LossSpread]
    perturbation_loss_percent: Mapping[float, Mapping[str, LossSpread]]
    reasons: Mapping[str, str]


def losses_about(
    thresholds: Mapping[str, float | None],
    analyses: Sequence[ThresholdAnalysis],
    further: Further | None = None,
    rescaling: Rescaling | None = None,
) -> PooledLosses:
    """Losses at 0.5 and about the given thresholds, of cases that need not be those they were found on.

    Args:
        thresholds: by figure, the recommended threshold; None where there is none.
        analyses: one a case.
        further: asked for a case's figures at thresholds that it was not swept at; without it, losses that
            need them are undefined.
        rescaling: losses of the maps after this recalibration, with every threshold on their axis; none by
            default.
    """
    given = {figure: t for figure, t in thresholds.items() if t is not None}
    values = _Values(analyses, swept_for(given.values(), rescaling), further)
    reasons: dict[str, str] = {}

    def swept_at(threshold: float) -> float:
        return float(rescaling.undo(threshold)) if rescaling else threshold

    def spread(figure: str, sides: Sequence[float], path: str) -> LossSpread:
        undefined = _spread(np.full(len(analyses), np.nan), math.nan)
        if figure not in given:
            reasons[f"{path}.{figure}"] = "no threshold is recommended"
            return undefined
        best, *others = (swept_at(t) for t in (given[figure], *sides))
        missing = [f"{t:g}" for t in (best, *others) if not values.swept(t)]
        if missing:  # the cases that happen to have been swept there are no sample of all
            reasons[f"{path}.{figure}"] = f"not every case was swept at threshold {' and '.join(missing)}"
            return undefined
        at_best = values.of(figure, best)
        per_case = np.mean([_losses(figure, at_best, values.of(figure, t)) for t in others], axis=0)
        found = _spread(per_case, _of_mean(figure, at_best, [values.of(figure, t) for t in others]))
        if not found.defined:
            reasons[f"{path}.{figure}"] = "no case has a defined loss"
        return found

    def about(figure: str, distance: float) -> LossSpread:
        sides = perturbed(given[figure], distance) if figure in given else ()
        return spread(figure, sides, f"perturbation_loss_percent.{distance:.2f}")

    return PooledLosses(
        {f: spread(f, (HALF,), "loss_at_half_percent") for f in FIGURES},
        {d: {f: about(f, d) for f in FIGURES} for d in PERTURBATIONS},
        reasons,
    )


def swept_for(thresholds: Iterable[float], rescaling: Rescaling | None = None) -> tuple[float, ...]:
    """Where a map is swept for losses about these thresholds, which are on the axis of `rescaling`."""
    around = thresholds_around(thresholds)
    return tuple(float(rescaling.undo(t)) for t in around) if rescaling else around


class _Values:
    """Figures of every case at a few thresholds; nan for an empty reference and where nothing was swept."""

    def __init__(
        self, analyses: Sequence[ThresholdAnalysis], thresholds: Sequence[float], further: Further | None
    ) -> None:
        self._points: list[dict[float, ThresholdPoint | None]] = []
        for index, analysis in enumerate(analyses):
            if analysis.sweep.status is Status.REFERENCE_EMPTY:
                self._points.append({})
                continue
            points = {t: analysis.find(t) for t in thresholds}
            missing = [t for t, point in points.items() if point is None]
            if missing and further:
                more = further(index, np.unique(np.asarray(missing, np.float32)).astype(float))
                for t in missing:
                    nearest = more.at(t)
                    points[t] = nearest if same_threshold(nearest.threshold, t) else None
            self._points.append(points)

    def swept(self, threshold: float) -> bool:
        """Whether every case with a reference was swept there."""
        return all(points[threshold] is not None for points in self._points if points)

    def of(self, figure: str, threshold: float) -> np.ndarray:
        """(n,) the figure, not finite where undefined."""
        at = (points.get(threshold) for points in self._points)
        return np.array([math.nan if point is None else getattr(point, figure) for point in at])


def _losses(figure: str, at_best: np.ndarray, elsewhere: np.ndarray) -> np.ndarray:
    return np.array([loss_percent(figure, b, e) for b, e in zip(at_best, elsewhere, strict=True)])


def _of_mean(figure: str, at_best: np.ndarray, sides: Sequence[np.ndarray]) -> float:
    everyone = np.ones((1, len(at_best)))
    means, undefined = mean_over_cases(np.column_stack([at_best, *sides]), everyone)
    if (undefined[0, 1:] > undefined[0, 0]).any():
        return math.nan  # the mean of fewer cases is another mean
    return float(np.mean([loss_percent(figure, means[0, 0], mean) for mean in means[0, 1:]]))


def _spread(per_case: np.ndarray, of_mean_curve: float) -> LossSpread:
    defined = per_case[np.isfinite(per_case)]
    low, median, high = np.percentile(defined, (25, 50, 75)) if defined.size else (math.nan,) * 3
    return LossSpread(
        per_case=per_case,
        median=float(median),
        lower_quartile=float(low),
        upper_quartile=float(high),
        defined=int(defined.size),
        undefined=int(per_case.size - defined.size),
        of_mean_curve=of_mean_curve,
    )
