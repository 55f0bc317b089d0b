"""Pooled sweeps: one structure over several cases, and the threshold to recommend (paper Bice, eq. 2)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from ContourQALib.errors import SettingError
from ContourQALib.metrics.definitions import Status
from ContourQALib.names import normalize
from ContourQALib.thresholds.analysis import ThresholdAnalysis
from ContourQALib.thresholds.bootstrap import (
    ThresholdInterval,
    best_of_mean,
    interval_of_optimum,
    mean_over_cases,
)
from ContourQALib.thresholds.calibration import Calibration, fit_tallies
from ContourQALib.thresholds.pooled_losses import Further, PooledLosses, losses_about
from ContourQALib.thresholds.sensitivity import FIGURES
from ContourQALib.thresholds.sweep import ThresholdPoint

CURVES = tuple(field.name for field in fields(ThresholdPoint)[2:])
"""The curves that are pooled: all of a sweep's."""


@dataclass(frozen=True, eq=False)
class PooledCurve:
    """One figure over cases; every array has one value a threshold.

    Attributes:
        mean: over the defined cases; nan where there is none.
        standard_error: sd (n - 1) / sqrt(n) over the defined cases; nan for fewer than two.
        defined: cases with a finite value.
        undefined: cases without one, those with an empty reference included.
    """

    mean: np.ndarray
    standard_error: np.ndarray
    defined: np.ndarray
    undefined: np.ndarray


@dataclass(frozen=True)
class OptimumSpread:
    """The best thresholds of the cases one by one: mean, sd (n - 1; nan for one case), extremes, how many."""

    mean: float
    sd: float
    minimum: float
    maximum: float
    cases: int


@dataclass(frozen=True)
class PooledOptimum:
    """The threshold at which the mean over cases is best: the one to recommend.

    Attributes:
        threshold: the first of the best, among thresholds with the fewest undefined cases.
        value: the mean curve there.
        flag: full or empty if any case's mask is the whole grid or nothing there, else ok.
        undefined: cases whose figure is undefined there.
        highest_candidate: the largest threshold with as few undefined cases; above it some contour vanishes.
        interval: uncertainty by resampling cases; None for fewer than two of them.
        of_cases: the cases' own optima.
    """

    threshold: float
    value: float
    flag: Status
    undefined: int
    highest_candidate: float
    interval: ThresholdInterval | None
    of_cases: OptimumSpread


@dataclass(frozen=True, eq=False)
class PooledSweep:
    """One structure's sweeps over several cases.

    A case with an empty reference takes no part in any curve: its Dice, 0 at low thresholds and undefined at
    high ones, would only tell where its map ends. It is counted as undefined everywhere and named in
    `without_optimum`.

    Attributes:
        structure: the structure, as the first case spells it.
        cases: names of all cases, in order.
        thresholds: (T,) the thresholds of every case.
        tolerance_mm: tolerance of surface Dice.
        curves: by name (`CURVES`).
        optimum: by figure; None where no case has one.
        losses: what 0.5 and perturbations cost about these optima, on the same cases.
        without_optimum: by figure, the cases that have none of their own.
        prominence: share of all cases' voxels that the references fill (paper Bice, eq. 4).
        calibration: reliability and fits over the voxels of all cases together; None where no case has them.
        reasons: why a number is undefined, by its path.
    """

    structure: str
    cases: tuple[str, ...]
    thresholds: np.ndarray
    tolerance_mm: float
    curves: Mapping[str, PooledCurve]
    optimum: Mapping[str, PooledOptimum | None]
    losses: PooledLosses
    without_optimum: Mapping[str, tuple[str, ...]]
    prominence: float
    calibration: Calibration | None
    reasons: Mapping[str, str]


def pool(
    analyses: Sequence[ThresholdAnalysis],
    cases: Sequence[str] | None = None,
    further: Further | None = None,
) -> PooledSweep:
    """Pool one structure's analyses over cases.

    Args:
        analyses: one a case.
        cases: their names, in the same order; the maps' labels by default.
        further: sweeps a case (by its place in `analyses`) at thresholds that losses about the pooled optimum
            need and the case was not swept at. Never called for the default thresholds.

    Raises:
        SettingError: no case, another number of names, different structures, thresholds or tolerances.
    """
    _check(analyses, cases)
    sweeps = [analysis.sweep for analysis in analyses]
    names = tuple(cases) if cases is not None else tuple(sweep.probability for sweep in sweeps)
    included = np.array([sweep.status is not Status.REFERENCE_EMPTY for sweep in sweeps])
    values = {
        name: np.where(included[:, None], [getattr(sweep, name) for sweep in sweeps], np.nan)
        for name in CURVES
    }
    curves = {name: _curve(values[name]) for name in CURVES}
    optimum = {figure: _optimum(figure, curves[figure], values[figure], analyses) for figure in FIGURES}
    recommended = {figure: best.threshold if best else None for figure, best in optimum.items()}
    losses = losses_about(recommended, analyses, further)
    tallies = [analysis.calibration.tally for analysis in analyses if analysis.calibration]
    none = {f"optimum.{f}": "no case has an optimum" for f in FIGURES if optimum[f] is None}
    return PooledSweep(
        structure=sweeps[0].structure,
        cases=names,
        thresholds=sweeps[0].thresholds,
        tolerance_mm=sweeps[0].tolerance_mm,
        curves=curves,
        optimum=optimum,
        losses=losses,
        without_optimum={
            figure: tuple(n for n, a in zip(names, analyses, strict=True) if a.optimum[figure] is None)
            for figure in FIGURES
        },
        prominence=sum(round(s.prominence * s.grid_voxels) for s in sweeps)
        / sum(s.grid_voxels for s in sweeps),
        calibration=fit_tallies(tallies) if tallies else None,
        reasons={**none, **losses.reasons},
    )


def _check(analyses: Sequence[ThresholdAnalysis], cases: Sequence[str] | None) -> None:
    if not analyses:
        raise SettingError("Pooling needs at least one case.")
    if cases is not None and len(cases) != len(analyses):
        raise SettingError(f"Pooling needs one name for each of {len(analyses)} cases, not {len(cases)}.")
    first = analyses[0].sweep
    for sweep in (analysis.sweep for analysis in analyses[1:]):
        if normalize(sweep.structure) != normalize(first.structure):
            raise SettingError(
                f"Only cases of one structure are pooled, but {sweep.probability} is {sweep.structure} and"
                f" {first.probability} is {first.structure}."
            )
        if not np.array_equal(sweep.thresholds, first.thresholds):
            raise SettingError(
                f"Only sweeps at the same thresholds are pooled, but {sweep.probability} and"
                f" {first.probability} were swept at different ones."
            )
        if sweep.tolerance_mm != first.tolerance_mm:
            raise SettingError(
                f"Only sweeps of one surface Dice tolerance are pooled, not {first.tolerance_mm:g} mm"
                f" ({first.probability}) with {sweep.tolerance_mm:g} mm ({sweep.probability})."
            )


def _curve(values: np.ndarray) -> PooledCurve:
    (mean,), (undefined,) = mean_over_cases(values, np.ones((1, len(values))))
    finite = np.isfinite(values)
    defined = finite.sum(axis=0)
    square = np.where(finite, values - mean, 0.0) ** 2
    variance = np.divide(square.sum(axis=0), defined - 1, out=np.full(mean.shape, np.nan), where=defined > 1)
    error = np.sqrt(variance / np.maximum(defined, 1))
    return PooledCurve(mean, error, defined, undefined.astype(int))


def _optimum(
    figure: str, curve: PooledCurve, values: np.ndarray, analyses: Sequence[ThresholdAnalysis]
) -> PooledOptimum | None:
    own = [best for best in (analysis.optimum[figure] for analysis in analyses) if best]
    contours = _some_contour(analyses)
    index = best_of_mean(curve.mean, curve.undefined, figure, contours)
    if index is None or not own:
        return None
    thresholds = analyses[0].sweep.thresholds
    fewest = np.flatnonzero(curve.undefined <= curve.undefined[contours].min())
    at = [best.threshold for best in own]
    return PooledOptimum(
        threshold=float(thresholds[index]),
        value=float(curve.mean[index]),
        flag=_flag([a.sweep.flags[index] for a in analyses]),
        undefined=int(curve.undefined[index]),
        highest_candidate=float(thresholds[fewest[-1]]),
        # Cases without any value take no part: drawing them would only make the sample smaller.
        interval=interval_of_optimum(values[np.isfinite(values).any(axis=1)], thresholds, figure, contours),
        of_cases=OptimumSpread(
            mean=float(np.mean(at)),
            sd=float(np.std(at, ddof=1)) if len(at) > 1 else math.nan,
            minimum=min(at),
            maximum=max(at),
            cases=len(at),
        ),
    )


def _some_contour(analyses: Sequence[ThresholdAnalysis]) -> np.ndarray:
    """(T,) where some case's mask is not the whole grid; everywhere if there is no such threshold."""
    full = np.array([[flag is Status.FULL for flag in a.sweep.flags] for a in analyses]).all(axis=0)
    return np.asarray(~full | full.all())


def _flag(flags: Sequence[Status]) -> Status:
    return next((worst for worst in (Status.FULL, Status.EMPTY) if worst in flags), Status.OK)
