"""Threshold studies as programs read them: the JSON document and flat rows.

As in `records`: an undefined number is null, never omitted, and `reason` or `reasons` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ContourQALib.formats.recommendation import recommendation_record
from ContourQALib.metrics.definitions import DEFINITIONS, FULL_REFERENCE, Status
from ContourQALib.report.provenance import Provenance, provenance_record
from ContourQALib.report.records import Record, plain
from ContourQALib.thresholds.calibration import Calibration, Rescaling
from ContourQALib.thresholds.cases import ThresholdCase, ThresholdStudy
from ContourQALib.thresholds.pooled import PooledOptimum, PooledSweep
from ContourQALib.thresholds.recommendation import RecommendedThresholds, recommend
from ContourQALib.thresholds.reliability import DOMAIN, Reliability
from ContourQALib.thresholds.sensitivity import FIGURES, PERTURBATIONS, Optimum, Sensitivity
from ContourQALib.thresholds.sweep import ThresholdPoint
from ContourQALib.vocabulary import standard_name

if TYPE_CHECKING:
    from ContourQALib.worker_requests import Swept

CURVES = tuple(f.name for f in fields(ThresholdPoint) if f.name not in ("threshold", "flag"))
"""The figures that have one value a threshold."""

PROVENANCE = "provenance"

NOTHING_SELECTED = "distances are undefined at thresholds that select nothing (flag empty)"

THRESHOLD_DEFINITIONS = {
    "mask": "the voxels of probability P >= threshold, compared as float32",
    "flags": "ok; empty: the threshold selects nothing; full: it selects the whole grid",
    "optimum": "first threshold of the best value: largest Dice, smallest distance (Bice 2021, eq. 2)",
    "loss_at_half_percent": "what threshold 0.5 costs, percent of the optimum's value; positive is worse",
    "perturbation_loss_percent": "mean of the losses at both thresholds this far from the optimum, "
    "clamped to [0, 1], percent of the optimum's value (Bice 2021, eq. 3)",
    "prominence": "share of the voxels of its whole grid that the reference fills (Bice 2021, eq. 4)",
    "calibration": f"measured over {DOMAIN}",
    "ece": "expected calibration error: mean distance of observed frequency from probability, 15 bins",
}
"""What a sweep's further words mean; the figures themselves are defined as for two contours."""


def study_document(study: ThresholdStudy, provenance: Provenance | None = None) -> Record:
    """The document of `contourqa thresholds`."""
    document: Record = {
        "cases": [case_record(case) for case in study.cases],
        "pooled": {name: pooled_record(pooled) for name, pooled in study.pooled.items()},
        # The file's own provenance would be the document's once more.
        "recommended": {
            k: v for k, v in recommendation_record(recommended(study)).items() if k != PROVENANCE
        },
        "unmatched": [_fields_of(lone) for lone in study.unmatched],
        "left_out": [_fields_of(one) for one in study.left_out],
        "definitions": {**DEFINITIONS, **THRESHOLD_DEFINITIONS},
    }
    if provenance is not None:
        document[PROVENANCE] = provenance_record(provenance)
    return document


def recommended(study: ThresholdStudy, provenance: Provenance | None = None) -> RecommendedThresholds:
    """What the study recommends, for a file of its own; nothing where no structure has several cases."""
    return recommend(study.pooled, provenance_record(provenance) if provenance else None)


def case_record(case: ThresholdCase) -> Record:
    """One structure of one case; a case that failed has empty curves."""
    analysis = case.analysis
    sweep = analysis.sweep if analysis else None
    calibration = analysis.calibration if analysis else None
    recalibrated = analysis.recalibrated if analysis else {}
    return {
        "case": case.case,
        "structure": case.structure,
        "reference": case.reference,
        "probability": case.probability,
        "status": case.status.value,
        "reason": case_reason(case),
        "reasons": dict(analysis.reasons) if analysis else {},
        "flags": [flag.value for flag in sweep.flags] if sweep else [],
        "thresholds": sweep.thresholds.tolist() if sweep else [],
        **{name: plain(getattr(sweep, name)) if sweep else [] for name in CURVES},
        "tolerance_mm": plain(sweep.tolerance_mm) if sweep else None,
        "volume_reference_cc": plain(sweep.volume_reference_cc) if sweep else None,
        "prominence": plain(sweep.prominence) if sweep else None,
        "touches_edge": sweep.touches_edge if sweep else None,
        "resampled": sweep.resampled if sweep else None,
        "standard_name": case.standard_name or standard_name(case.structure),
        "rasterized": case.rasterized,
        "remarks": case.remarks,
        "spelled": case.spelled,
        **sensitivity_record(analysis),
        "calibration": calibration_record(calibration) if calibration else None,
        "recalibrated": {name: sensitivity_record(found) for name, found in recalibrated.items()},
    }


def case_reason(case: ThresholdCase) -> str | None:
    """Why figures of a case are undefined, in a sentence; None where all are defined."""
    if case.reason or case.analysis is None:
        return case.reason
    sweep = case.analysis.sweep
    if sweep.prominence == 1:
        return FULL_REFERENCE
    return NOTHING_SELECTED if Status.EMPTY in sweep.flags else None


def sensitivity_record(found: Sensitivity | None) -> Record:
    """Optima and losses; every number null without a result."""
    perturbed = found.perturbation_loss_percent if found else {}
    return {
        "optimum": {figure: optimum_record(found.optimum[figure] if found else None) for figure in FIGURES},
        "loss_at_half_percent": _by_figure(found.loss_at_half_percent if found else {}),
        "perturbation_loss_percent": {f"{d:.2f}": _by_figure(perturbed.get(d, {})) for d in PERTURBATIONS},
    }


def optimum_record(optimum: Optimum | None) -> Record:
    """Threshold and value of an optimum; null where there is none."""
    return {
        "threshold": plain(optimum.threshold) if optimum else None,
        "value": plain(optimum.value) if optimum else None,
        "flag": optimum.flag.value if optimum else None,
    }


def calibration_record(calibration: Calibration) -> Record:
    """Reliability before and after both fits."""
    return {
        "domain": DOMAIN,
        "voxels": calibration.voxels,
        "positives": calibration.positives,
        "cases": calibration.cases,
        "in_sample": calibration.in_sample,
        "before": _fields_of(calibration.before),
        "temperature": _rescaling_record(calibration.temperature, calibration.after_temperature),
        "temperature_and_bias": _rescaling_record(
            calibration.temperature_and_bias, calibration.after_temperature_and_bias
        ),
    }


def pooled_record(pooled: PooledSweep) -> Record:
    """One structure over several cases."""
    losses = pooled.losses
    return {
        "structure": pooled.structure,
        "cases": list(pooled.cases),
        "thresholds": pooled.thresholds.tolist(),
        **{name: _fields_of(curve) for name, curve in pooled.curves.items()},
        "tolerance_mm": plain(pooled.tolerance_mm),
        "optimum": {figure: _pooled_optimum_record(best) for figure, best in pooled.optimum.items()},
        "loss_at_half_percent": {f: _fields_of(loss) for f, loss in losses.loss_at_half_percent.items()},
        "perturbation_loss_percent": {
            f"{d:.2f}": {f: _fields_of(loss) for f, loss in by_figure.items()}
            for d, by_figure in losses.perturbation_loss_percent.items()
        },
        "without_optimum": {figure: list(names) for figure, names in pooled.without_optimum.items()},
        "prominence": plain(pooled.prominence),
        "calibration": calibration_record(pooled.calibration) if pooled.calibration else None,
        "reasons": dict(pooled.reasons),
    }


def _pooled_optimum_record(best: PooledOptimum | None) -> Record:
    if best is None:
        return dict.fromkeys(f.name for f in fields(PooledOptimum))
    record = _fields_of(best)
    record["interval"] = _fields_of(best.interval) if best.interval else None
    record["of_cases"] = _fields_of(best.of_cases)
    return record


def study_rows(study: ThresholdStudy) -> list[Record]:
    """Flat rows for `to_csv`: one a case, structure and threshold; one for a case that failed."""
    rows = []
    for case in study.cases:
        record = case_record(case)
        origin = ("standard_name", "rasterized", "remarks", "spelled")
        facts = ("reference", "probability", *_SWEEP_FACTS, *origin)
        head = {name: record[name] for name in ("case", "structure", "status", "reason")}
        tail = {name: record[name] for name in facts}
        points = zip(record["thresholds"], record["flags"], *(record[name] for name in CURVES), strict=True)
        for values in list(points) or [(None,) * (2 + len(CURVES))]:
            rows.append({**head, **dict(zip(("threshold", "flag", *CURVES), values, strict=True)), **tail})
    return rows


def swept_rows(case: str, swept: Swept) -> list[Record]:
    """Flat rows for `to_csv` of one map: one a threshold, without a reference volume and expected Dice alone.

    Args:
        case: name of the case.
        swept: of `worker_requests`; its two parts were swept at the same thresholds.
    """
    expected, analysis = swept.expected, swept.analysis
    rows = []
    for index, threshold in enumerate(expected.thresholds):
        row: Record = {"case": case, "structure": expected.structure, "threshold": plain(float(threshold))}
        if analysis is None:
            row["volume_cc"] = plain(float(expected.volume_cc[index]))
        else:
            sweep = analysis.sweep
            row["flag"] = sweep.flags[index].value
            row |= {name: plain(float(getattr(sweep, name)[index])) for name in CURVES}
            row |= {name: plain(getattr(sweep, name)) for name in _SWEEP_FACTS}
        rows.append(row | {"expected_dice": plain(float(expected.expected_dice[index]))})
    return rows


_SWEEP_FACTS = ("tolerance_mm", "volume_reference_cc", "prominence", "resampled")


def _by_figure(values: Mapping[str, float]) -> Record:
    return {figure: plain(values.get(figure)) for figure in FIGURES}


def _fields_of(found: Any) -> Record:
    """Every field of a dataclass as JSON holds it."""
    return {f.name: plain(getattr(found, f.name)) for f in fields(found)}


def _rescaling_record(fit: Rescaling, after: Reliability) -> Record:
    return _fields_of(fit) | {"after": _fields_of(after)}
