"""Findings of a small study: balls whose maps fade at the edge, through the library's own analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.stats import pearsonr

from contourqa_training.bice.findings import (
    Correlation,
    Finding,
    Findings,
    MeanFigure,
    MonteCarlo,
    Recalibrated,
)
from contourqa_training.bice.transfer import measure_transfer
from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.geometry import Grid
from ContourQALib.thresholds.analysis import ThresholdAnalysis, analyze
from ContourQALib.thresholds.pooled import PooledCurve, PooledSweep, pool
from ContourQALib.thresholds.pooled_losses import losses_about
from ContourQALib.thresholds.reliability import Tally
from ContourQALib.thresholds.sensitivity import FIGURES, HALF, thresholds_around

GRID = Grid.for_shape((24, 32, 32), (1.0, 1.0, 2.0))
CENTER = (11.5, 15.2, 16.4)
"""Between voxels, so that thresholds close together give masks that differ."""

DISTANCE = np.sqrt(
    sum(
        (step * (index - middle)) ** 2
        for step, index, middle in zip((2, 1, 1), np.indices(GRID.shape), CENTER, strict=True)
    )
)
"""mm from the balls' center."""

RADII = (("Brainstem", 9.0), ("SpinalCord", 4.0), ("RightParotid", 7.0))
"""Structures with their balls' radii, mm."""

MULTI_LABEL = "multi-label"

WEAK = ("SpinalCord", 2)
"""A structure and a judged patient of whom the multi-label model is never sure: at 0.5 nothing is left."""

WEAKNESS = 0.3
"""The highest probability there."""


@dataclass(frozen=True)
class Study:
    """What the small study trains; every part can be left out.

    Attributes:
        radii: mm, by structure.
        multi_label: whether there is a model of all structures.
        single: structures with models of their own.
        weights: their lambdas.
        drawn: structures of the Monte Carlo draws.
        validation: patients who choose thresholds.
        judged: patients who are judged.
    """

    radii: tuple[tuple[str, float], ...] = RADII
    multi_label: bool = True
    single: tuple[str, ...] = ("Brainstem", "RightParotid")
    weights: tuple[float, ...] = (0.0, 0.5)
    drawn: tuple[str, ...] = ("Brainstem",)
    validation: int = 4
    judged: int = 3


@dataclass(frozen=True, eq=False)
class Patient:
    """A map, the contour held to be right, and the patient's name."""

    values: np.ndarray
    mask: np.ndarray
    name: str

    def analyzed(self, structure: str, thresholds: Sequence[float] | None = None) -> ThresholdAnalysis:
        probability = ProbabilityMap(self.values.astype(np.float32), GRID, self.name)
        return analyze(probability, Contour(self.mask, GRID, structure), thresholds)


def bice_findings(study: Study | None = None) -> Findings:
    """The findings of a study; equal studies are analyzed once."""
    return _findings(study or Study())


@lru_cache(maxsize=8)
def _findings(study: Study) -> Findings:
    radii = dict(study.radii)
    found = []
    if study.multi_label:
        found += [_finding(study, MULTI_LABEL, structure, 0.0) for structure in radii]
    for weight in study.weights:
        found += [_finding(study, f"{name}-lambda-{weight:g}", name, weight) for name in study.single]
    families = {
        "multi-label": [f for f in found if f.multi_label],
        "single-organ, lambda 0": [f for f in found if not f.multi_label and f.dice_weight == 0],
    }
    return Findings(
        tuple(found),
        tuple(_monte_carlo(structure, radii[structure]) for structure in study.drawn),
        tuple(_correlation(name, members) for name, members in families.items() if members),
    )


def _faded(radius: float, shrinkage: float, blur: float) -> np.ndarray:
    """0.5 at `shrinkage` mm inside the ball's edge; the best threshold is 1 / (1 + exp(shrinkage / blur))."""
    return 1 / (1 + np.exp((DISTANCE - radius + shrinkage) / blur))


def _finding(study: Study, model: str, structure: str, weight: float) -> Finding:
    radius, multi_label = dict(study.radii)[structure], model == MULTI_LABEL
    # A Dice term makes edges sharper, and small structures are called too rarely, as in the paper.
    blur = (1.2 if multi_label else 2.0) * (1 - 0.7 * weight)
    place = [name for name, _ in study.radii].index(structure)
    draw = np.random.default_rng(1000 * place + int(100 * weight) + multi_label)
    patients = [
        Patient(
            _faded(radius + draw.normal(0, 0.4), 6 / radius + draw.normal(0, 0.35), blur),
            radius >= DISTANCE,
            f"patient_{n}",
        )
        for n in range(study.validation + study.judged)
    ]
    validation, judged = patients[: study.validation], patients[study.validation :]
    if multi_label and structure == WEAK[0]:
        weak = judged[WEAK[1]]
        judged[WEAK[1]] = Patient(WEAKNESS * weak.values, weak.mask, weak.name)
    analyses = [patient.analyzed(structure) for patient in validation]
    pooled = pool(analyses)
    best = {figure: o.threshold if o else None for figure, o in pooled.optimum.items()}
    own = [patient.analyzed(structure) for patient in judged]
    return Finding(
        model=model,
        structure=structure,
        multi_label=multi_label,
        dice_weight=weight,
        prominence=pooled.prominence,
        validation=pooled,
        judged=tuple(patient.name for patient in judged),
        at_optimum={f: _mean(own, f, t) for f, t in best.items() if t is not None},
        at_half={figure: _mean(own, figure, HALF) for figure in FIGURES},
        losses=losses_about(best, own),
        recalibrated=_recalibrated(pooled, judged, own),
        transfer=measure_transfer(
            np.array([a.sweep.dice for a in analyses]),
            np.array([a.sweep.dice for a in own]),
            pooled.thresholds,
        ),
    )


def _recalibrated(
    pooled: PooledSweep, judged: Sequence[Patient], own: Sequence[ThresholdAnalysis]
) -> dict[str, Recalibrated]:
    assert pooled.calibration is not None
    measured = pooled.calibration.measured_on(Tally.of([a.calibration.tally for a in own if a.calibration]))
    after = {
        "temperature": measured.after_temperature,
        "temperature_and_bias": measured.after_temperature_and_bias,
    }
    found = {}
    for name, rescaling in pooled.calibration.rescalings.items():
        moved = {f: float(rescaling.apply(best.threshold)) for f, best in pooled.optimum.items() if best}
        needed = np.unique(np.float32(thresholds_around(moved.values()))).astype(float)
        rescaled = [Patient(rescaling.apply(p.values), p.mask, p.name) for p in judged]
        analyses = [patient.analyzed(pooled.structure, list(needed)) for patient in rescaled]
        found[name] = Recalibrated(
            rescaling=rescaling,
            ece_before=measured.before.ece,
            ece_after=after[name].ece,
            optimum_threshold=moved["dice"],
            losses=losses_about(moved, analyses),
        )
    return found


def _mean(analyses: Sequence[ThresholdAnalysis], figure: str, threshold: float) -> MeanFigure:
    values = np.array([getattr(a.point(threshold), figure) for a in analyses])
    defined = values[np.isfinite(values)]
    return MeanFigure(
        float(defined.mean()), float(defined.std(ddof=1)), defined.size, values.size - defined.size
    )


def _monte_carlo(structure: str, radius: float, count: int = 4, held_out: int = 3) -> MonteCarlo:
    draw = np.random.default_rng(9)
    pools = []
    for _ in range(count):
        maps = [_faded(radius, 0.6 + draw.normal(0, 0.5), 1.5) for _ in range(held_out)]
        patients = [Patient(values, radius >= DISTANCE, f"patient_{n}") for n, values in enumerate(maps)]
        pools.append(pool([patient.analyzed(structure) for patient in patients]))
    draws = {figure: np.array([p.curves[figure].mean for p in pools]) for figure in FIGURES}
    return MonteCarlo(
        structure=structure,
        thresholds=pools[0].thresholds,
        curves={figure: _over_draws(values) for figure, values in draws.items()},
        draws=draws,
        optimum=tuple(best.threshold for p in pools if (best := p.optimum["dice"])),
        patients=(held_out,) * count,
    )


def _over_draws(values: np.ndarray) -> PooledCurve:
    defined = np.isfinite(values).sum(axis=0)
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return PooledCurve(values.mean(axis=0), error, defined, len(values) - defined)


def _correlation(models: str, members: Sequence[Finding]) -> Correlation:
    optima = [(f, f.validation.optimum["dice"]) for f in members]
    points = [(f.structure, f.prominence, best.threshold) for f, best in optima if best]
    structures, prominence, optimum = zip(*points, strict=True)
    r = p = low = high = float("nan")
    if len(points) > 2:
        found = pearsonr(prominence, optimum)
        r, p = float(found.statistic), float(found.pvalue)
    if len(points) > 3:
        low, high = map(float, found.confidence_interval(0.95))
    return Correlation(models, structures, prominence, optimum, r, p, low, high)
