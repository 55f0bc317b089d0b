"""Sensitivity: the best threshold of a figure, and what another one costs (paper Bice, eq. 2 and 3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ContourQALib.metrics.definitions import Status
from ContourQALib.thresholds.sweep import ThresholdPoint, ThresholdSweep

FIGURES = ("dice", "msd_mm", "hd_mm", "hd95_mm")
"""The figures that have an optimum: Dice at its largest, distances at their smallest."""

PERTURBATIONS = (0.01, 0.02, 0.05, 0.10)
"""Distances from the optimum, in probability; the first three are paper Bice's."""

HALF = 0.5
"""The threshold that everybody uses."""

NOTHING_FINITE = "the figure is undefined at every threshold of the sweep"
ZERO_OPTIMUM = "the optimum's value is 0, of which there is no percentage"
NO_OPTIMUM = "there is no optimum to compare with"


@dataclass(frozen=True)
class Optimum:
    """The threshold at which a figure is best.

    Attributes:
        threshold: the first of the best thresholds.
        value: the figure there, in its own unit.
        flag: ok, empty or full: whether the mask of the optimum is a contour at all.
    """

    threshold: float
    value: float
    flag: Status


@dataclass(frozen=True, eq=False, kw_only=True)
class Sensitivity:
    """How much the choice of a threshold matters.

    Losses are percent of the optimum's value, positive is worse: for Dice 100 (optimum - value) / optimum,
    for distances 100 (value - optimum) / optimum. nan where undefined; `reasons` then says why.

    Attributes:
        optimum: by figure; None where no threshold gives a finite value.
        loss_at_half_percent: by figure, what threshold 0.5 costs.
        perturbation_loss_percent: by perturbation d and figure, the mean of the losses at both thresholds
            d from the optimum, clamped to [0, 1].
        reasons: why a number is undefined, by its path: "optimum.hd_mm", "loss_at_half_percent.hd_mm",
            "perturbation_loss_percent.0.05.hd_mm".
    """

    optimum: Mapping[str, Optimum | None]
    loss_at_half_percent: Mapping[str, float]
    perturbation_loss_percent: Mapping[float, Mapping[str, float]]
    reasons: Mapping[str, str]


def higher_is_better(figure: str) -> bool:
    """Whether the best value of a figure is its largest (Dice) or its smallest (distances)."""
    return figure == "dice"


def best_index(values: np.ndarray, figure: str) -> int | None:
    """Index of the best of the finite values, the first on ties; None where none is finite."""
    finite = np.isfinite(values)
    if not finite.any():
        return None
    if higher_is_better(figure):
        return int(np.argmax(np.where(finite, values, -np.inf)))
    return int(np.argmin(np.where(finite, values, np.inf)))


def optimum_of(sweep: ThresholdSweep, figure: str) -> Optimum | None:
    """The best threshold among all that were swept (paper Bice, eq. 2); None for an empty reference."""
    if sweep.status is Status.REFERENCE_EMPTY:
        return None
    values = getattr(sweep, figure)
    index = best_index(values, figure)
    if index is None:
        return None
    return Optimum(float(sweep.thresholds[index]), float(values[index]), sweep.flags[index])


def loss_percent(figure: str, optimum: float, value: float) -> float:
    """How much worse `value` is than `optimum`, percent of the optimum; nan where that is undefined."""
    if not (math.isfinite(optimum) and math.isfinite(value)) or optimum == 0:
        return math.nan
    worse = optimum - value if higher_is_better(figure) else value - optimum
    return 100.0 * worse / optimum


def perturbed(threshold: float, distance: float) -> tuple[float, float]:
    """The thresholds `distance` below and above, clamped to [0, 1] (paper Bice, eq. 3)."""
    # Rounded far below float32's steps: 0.35 + 0.05 is 0.4, and 0.1 - 0.1 is 0, not 7e-18.
    below, above = round(threshold - distance, 12), round(threshold + distance, 12)
    return max(below, 0.0), min(above, 1.0)


def thresholds_around(thresholds: Iterable[float]) -> tuple[float, ...]:
    """Every threshold that losses about these optima are measured at."""
    around = {HALF}
    for threshold in thresholds:
        around.add(threshold)
        for distance in PERTURBATIONS:
            around.update(perturbed(threshold, distance))
    return tuple(sorted(around))


def same_threshold(a: float, b: float) -> bool:
    """Whether two thresholds select the same voxels of every map: masks are P >= t compared as float32."""
    return bool(np.float32(a) == np.float32(b))


def sensitivity(
    optimum: Mapping[str, Optimum | None],
    at: Callable[[float], ThresholdPoint],
    no_optimum: str = NOTHING_FINITE,
) -> Sensitivity:
    """Losses at 0.5 and about each figure's optimum.

    Args:
        optimum: by figure.
        at: the figures at one of `thresholds_around` the optima, exactly.
        no_optimum: why a figure has no optimum.
    """
    reasons = {f"optimum.{figure}": no_optimum for figure in FIGURES if optimum[figure] is None}

    def mean_loss(figure: str, thresholds: Iterable[float], path: str) -> float:
        best = optimum[figure]
        if best is None or best.value == 0:
            reasons[f"{path}.{figure}"] = NO_OPTIMUM if best is None else ZERO_OPTIMUM
            return math.nan
        losses = []
        for threshold in thresholds:
            loss = loss_percent(figure, best.value, getattr(at(threshold), figure))
            if math.isnan(loss):
                reasons[f"{path}.{figure}"] = f"the figure is undefined at threshold {threshold:g}"
            losses.append(loss)
        return float(np.mean(losses))

    def about(figure: str, distance: float) -> tuple[float, ...]:
        best = optimum[figure]
        return perturbed(best.threshold, distance) if best else ()

    return Sensitivity(
        optimum=optimum,
        loss_at_half_percent={f: mean_loss(f, (HALF,), "loss_at_half_percent") for f in FIGURES},
        perturbation_loss_percent={
            d: {f: mean_loss(f, about(f, d), f"perturbation_loss_percent.{d:.2f}") for f in FIGURES}
            for d in PERTURBATIONS
        },
        reasons=reasons,
    )
