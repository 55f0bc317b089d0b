"""Judging: from the patients' curves to what the study finds of each model and structure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from contourqa_training.bice.findings import (
    Correlation,
    Finding,
    Findings,
    MeanFigure,
    MonteCarlo,
    Recalibrated,
)
from contourqa_training.bice.measuring import Key, Measured
from contourqa_training.bice.models import StudyModel
from contourqa_training.bice.transfer import Transfer, measure_transfer
from ContourQALib.thresholds.analysis import ThresholdAnalysis
from ContourQALib.thresholds.calibration import Rescaling
from ContourQALib.thresholds.levels import equal_steps
from ContourQALib.thresholds.pooled import PooledCurve, PooledSweep, pool
from ContourQALib.thresholds.pooled_losses import losses_about, swept_for
from ContourQALib.thresholds.reliability import Tally
from ContourQALib.thresholds.sensitivity import FIGURES, HALF

FEWEST_POINTS = 3
"""Two points always lie on a line."""

FEWEST_FOR_INTERVAL = 4
"""Fisher's z has a standard error of 1 / sqrt(n - 3)."""


def pools_of(measured: Sequence[Measured]) -> dict[Key, PooledSweep]:
    """The pooled curves of each model and structure; a structure of a single patient is left out."""
    groups = _grouped(measured)
    return {
        key: pool([m.analysis for m in members], [m.patient for m in members])
        for key, members in groups.items()
        if len(members) > 1
    }


def thresholds_to_judge(validation: Mapping[Key, PooledSweep]) -> dict[Key, np.ndarray]:
    """Where to sweep the patients judged: the default thresholds, and all that losses are measured at."""
    wanted = {}
    for key, pooled in validation.items():
        best = _best(pooled).values()
        needed = [*equal_steps(), *swept_for(t for t in best if t is not None)]
        for rescaling in _fits(pooled).values():
            moved = (float(rescaling.apply(t)) for t in best if t is not None)
            needed += swept_for(moved, rescaling)
        wanted[key] = np.unique(np.asarray(needed, np.float32)).astype(float)
    return wanted


def judge(
    models: Sequence[StudyModel],
    validation: Mapping[Key, PooledSweep],
    validated: Sequence[Measured],
    judged: Sequence[Measured],
    prominence: Mapping[str, float],
    drawn: Sequence[Measured],
) -> Findings:
    """Everything the study finds.

    Args:
        models: all that were trained.
        validation: `pools_of` the validation patients.
        validated: the validation patients.
        judged: the patients judged, swept at `thresholds_to_judge`.
        prominence: of each structure in the training patients.
        drawn: the held-out patients of the draws' models.
    """
    by_name = {model.name: model for model in models}
    of_validation, of_judged = _grouped(validated), _grouped(judged)
    findings = tuple(
        _finding(
            by_name[key[0]], pooled, of_validation[key], of_judged[key], prominence.get(key[1], math.nan)
        )
        for key, pooled in validation.items()
        if len(of_judged.get(key, ())) > 1
    )
    families = {
        "multi-label": [f for f in findings if f.multi_label],
        "single-organ, lambda 0": [f for f in findings if not f.multi_label and f.dice_weight == 0],
    }
    correlations = (_correlation(name, members) for name, members in families.items() if len(members) > 1)
    return Findings(findings, _monte_carlo(models, drawn), tuple(correlations))


def _finding(
    model: StudyModel,
    pooled: PooledSweep,
    validated: Sequence[Measured],
    judged: Sequence[Measured],
    prominence: float,
) -> Finding:
    analyses = [m.analysis for m in judged]
    best = _best(pooled)
    return Finding(
        model=model.name,
        structure=pooled.structure,
        multi_label=model.config.model.multi_label,
        dice_weight=model.dice_weight,
        prominence=prominence,
        validation=pooled,
        judged=tuple(m.patient for m in judged),
        at_optimum={f: _mean(f, analyses, t) for f, t in best.items() if t is not None},
        at_half={f: _mean(f, analyses, HALF) for f in FIGURES},
        losses=losses_about(best, analyses),
        recalibrated=_recalibrated(pooled, analyses),
        transfer=_transfer(pooled, [m.analysis for m in validated], analyses),
    )


def _recalibrated(pooled: PooledSweep, judged: Sequence[ThresholdAnalysis]) -> dict[str, Recalibrated]:
    tallies = [analysis.calibration.tally for analysis in judged if analysis.calibration]
    best = _best(pooled)
    if pooled.calibration is None or not tallies or best["dice"] is None:
        return {}
    measured = pooled.calibration.measured_on(Tally.of(tallies))
    after = {
        "temperature": measured.after_temperature,
        "temperature_and_bias": measured.after_temperature_and_bias,
    }
    found = {}
    for name, rescaling in _fits(pooled).items():
        moved = {f: None if t is None else float(rescaling.apply(t)) for f, t in best.items()}
        found[name] = Recalibrated(
            rescaling=rescaling,
            ece_before=measured.before.ece,
            ece_after=after[name].ece,
            optimum_threshold=float(rescaling.apply(best["dice"])),
            losses=losses_about(moved, judged, rescaling=rescaling),
        )
    return found


def _transfer(
    pooled: PooledSweep, validated: Sequence[ThresholdAnalysis], judged: Sequence[ThresholdAnalysis]
) -> Transfer | None:
    if pooled.optimum["dice"] is None:
        return None
    columns = np.isin(judged[0].sweep.thresholds.astype(np.float32), pooled.thresholds.astype(np.float32))
    return measure_transfer(
        np.array([a.sweep.dice for a in validated]),
        np.array([a.sweep.dice[columns] for a in judged]),
        pooled.thresholds,
    )


def _monte_carlo(models: Sequence[StudyModel], drawn: Sequence[Measured]) -> tuple[MonteCarlo, ...]:
    pools = pools_of(drawn)
    structures = dict.fromkeys(name for model in models if model.draw for name in model.structures)
    found = []
    for structure in structures:
        mine = [pools[m.name, structure] for m in models if m.draw and (m.name, structure) in pools]
        if len(mine) < 2:
            continue
        draws = {f: np.array([p.curves[f].mean for p in mine]) for f in FIGURES}
        best = [p.optimum["dice"] for p in mine]
        found.append(
            MonteCarlo(
                structure=structure,
                thresholds=mine[0].thresholds,
                curves={f: _over_draws(values) for f, values in draws.items()},
                draws=draws,
                optimum=tuple(b.threshold if b else math.nan for b in best),
                patients=tuple(len(p.cases) for p in mine),
            )
        )
    return tuple(found)


def _over_draws(values: np.ndarray) -> PooledCurve:
    """Mean and standard error of (D, T) over the draws; nan where a draw has no mean."""
    finite = np.isfinite(values)
    error = values.std(axis=0, ddof=1) / math.sqrt(len(values))
    return PooledCurve(values.mean(axis=0), error, finite.sum(axis=0), (~finite).sum(axis=0))


def _correlation(family: str, findings: Sequence[Finding]) -> Correlation:
    optima = [(f, f.validation.optimum["dice"]) for f in findings]
    points = [(f.structure, f.prominence, best.threshold) for f, best in optima if best]
    structures, shares, thresholds = zip(*points, strict=True) if points else ((), (), ())
    r = p = low = high = math.nan
    if len(points) >= FEWEST_POINTS and np.ptp(shares) > 0 and np.ptp(thresholds) > 0:
        from scipy.stats import pearsonr

        result = pearsonr(shares, thresholds)
        r, p = float(result.statistic), float(result.pvalue)
        if len(points) >= FEWEST_FOR_INTERVAL:
            interval = result.confidence_interval(0.95)
            low, high = float(interval.low), float(interval.high)
    return Correlation(family, structures, shares, thresholds, r, p, low, high)


def _mean(figure: str, analyses: Sequence[ThresholdAnalysis], threshold: float) -> MeanFigure:
    values = np.array([getattr(a.point(threshold), figure) for a in analyses])
    defined = values[np.isfinite(values)]
    return MeanFigure(
        mean=float(defined.mean()) if defined.size else math.nan,
        sd=float(defined.std(ddof=1)) if defined.size > 1 else math.nan,
        defined=int(defined.size),
        undefined=int(values.size - defined.size),
    )


def _best(pooled: PooledSweep) -> dict[str, float | None]:
    """The validation optimum of each figure."""
    return {figure: best.threshold if best else None for figure, best in pooled.optimum.items()}


def _fits(pooled: PooledSweep) -> dict[str, Rescaling]:
    return pooled.calibration.rescalings if pooled.calibration else {}


def _grouped(measured: Sequence[Measured]) -> dict[Key, list[Measured]]:
    groups: dict[Key, list[Measured]] = {}
    for one in measured:
        groups.setdefault((one.model, one.structure), []).append(one)
    return groups
