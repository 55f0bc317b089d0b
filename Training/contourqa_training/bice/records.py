"""Records: the findings as JSON values and as rows of tables; what is undefined is null or an empty field."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from contourqa_training.bice.findings import Correlation, Finding, Findings, MonteCarlo
from contourqa_training.study_output import Row
from ContourQALib.thresholds.pooled_losses import LossSpread, PooledLosses
from ContourQALib.thresholds.sensitivity import FIGURES

PAPER = {
    "loss_at_half_percent": {"dice": 13.5, "msd_mm": 12.3, "hd_mm": 2.1},
    "perturbation_loss_percent": {
        "0.01": {"msd_mm": 5.1, "hd_mm": 5.0},
        "0.02": {"msd_mm": 5.7, "hd_mm": 6.4},
        "0.05": {"dice": 11.8, "msd_mm": 7.1, "hd_mm": 7.2},
    },
}
"""The paper's medians over its structures and test patients; those of Dice at 0.01 and 0.02 are lost in the
text that we have."""


def findings_document(findings: Findings) -> dict[str, Any]:
    """All findings as plain JSON values."""
    families = {"single-organ, lambda 0": findings.papers(), "multi-label": findings.multi_label()}
    document = {
        "summary": {name: _summary(members) for name, members in families.items() if members},
        "paper": PAPER,
        "findings": [_finding(f) for f in findings.findings],
        "monte_carlo": [_monte_carlo(m) for m in findings.monte_carlo],
        "prominence": [asdict(c) for c in findings.correlations],
    }
    plain: dict[str, Any] = _plain(document)
    return plain


def tables(findings: Findings) -> dict[str, list[Row]]:
    """Rows by the name of their table; a table without rows is left out."""
    made = {
        "thresholds": list(_threshold_rows(findings)),
        "losses": list(_loss_rows(findings)),
        "curves": list(_curve_rows(findings)),
        "cases": list(_case_rows(findings)),
        "calibration": list(_calibration_rows(findings)),
        "transfer": list(_transfer_rows(findings)),
        "monte_carlo": list(_monte_carlo_rows(findings)),
        "prominence": list(_prominence_rows(findings)),
    }
    return {name: [_blank(row) for row in rows] for name, rows in made.items() if rows}


def _summary(findings: Sequence[Finding]) -> Row:
    """Medians over all structures and patients judged, as the paper gives them."""

    def medians(of: Sequence[Mapping[str, LossSpread]]) -> Row:
        found = {}
        for figure in FIGURES:
            values = np.concatenate([spreads[figure].per_case for spreads in of])
            defined = values[np.isfinite(values)]
            found[figure] = {
                "median": float(np.median(defined)) if defined.size else math.nan,
                "median_absolute": float(np.median(np.abs(defined))) if defined.size else math.nan,
                "n": int(defined.size),
                "undefined": int(values.size - defined.size),
            }
        return found

    distances = findings[0].losses.perturbation_loss_percent
    return {
        "structures": [f.structure for f in findings],
        "loss_at_half_percent": medians([f.losses.loss_at_half_percent for f in findings]),
        "perturbation_loss_percent": {
            f"{d:.2f}": medians([f.losses.perturbation_loss_percent[d] for f in findings]) for d in distances
        },
    }


def _finding(finding: Finding) -> Row:
    validation = finding.validation
    return {
        **_name(finding),
        "prominence": finding.prominence,
        "patients": {"validation": len(validation.cases), "judged": len(finding.judged)},
        "optimum": {f: asdict(best) if best else None for f, best in validation.optimum.items()},
        "judged_at_optimum": {f: asdict(m) for f, m in finding.at_optimum.items()},
        "judged_at_half": {f: asdict(m) for f, m in finding.at_half.items()},
        "losses": _losses(finding.losses),
        "recalibrated": {
            name: {
                **asdict(r.rescaling),
                "ece_before": r.ece_before,
                "ece_after": r.ece_after,
                "optimum_threshold": r.optimum_threshold,
                "losses": _losses(r.losses),
            }
            for name, r in finding.recalibrated.items()
        },
        "transfer": [asdict(row) for row in finding.transfer.rows] if finding.transfer else [],
    }


def _losses(losses: PooledLosses) -> Row:
    return {
        "loss_at_half_percent": {f: _spread(s) for f, s in losses.loss_at_half_percent.items()},
        "perturbation_loss_percent": {
            f"{d:.2f}": {f: _spread(s) for f, s in spreads.items()}
            for d, spreads in losses.perturbation_loss_percent.items()
        },
        "reasons": dict(losses.reasons),
    }


def _spread(spread: LossSpread) -> Row:
    return {
        "median": spread.median,
        "lower_quartile": spread.lower_quartile,
        "upper_quartile": spread.upper_quartile,
        "n": spread.defined,
        "undefined": spread.undefined,
    }


def _monte_carlo(found: MonteCarlo) -> Row:
    best = np.array(found.optimum)
    return {
        "structure": found.structure,
        "draws": len(best),
        "held_out_patients": list(found.patients),
        "optimum_threshold": list(found.optimum),
        "optimum_mean": float(best.mean()),
        "optimum_sd": float(best.std(ddof=1)),
        "widest_standard_error_of_dice": float(np.nanmax(found.curves["dice"].standard_error)),
    }


def _threshold_rows(findings: Findings) -> Iterator[Row]:
    for finding in findings.findings:
        for figure in FIGURES:
            best = finding.validation.optimum[figure]
            if best is None:
                continue
            at, half = finding.at_optimum[figure], finding.at_half[figure]
            yield {
                **_name(finding),
                "figure": figure,
                "threshold": best.threshold,
                "interval_low": best.interval.low if best.interval else math.nan,
                "interval_high": best.interval.high if best.interval else math.nan,
                "validation_patients": len(finding.validation.cases),
                "validation_mean": best.value,
                "judged_patients": len(finding.judged),
                "judged_mean": at.mean,
                "judged_sd": at.sd,
                "judged_undefined": at.undefined,
                "judged_mean_at_half": half.mean,
                "judged_sd_at_half": half.sd,
                "judged_undefined_at_half": half.undefined,
            }


def _loss_rows(findings: Findings) -> Iterator[Row]:
    for finding in findings.findings:
        kinds = {"as it is": finding.losses, **{n: r.losses for n, r in finding.recalibrated.items()}}
        for maps, losses in kinds.items():
            groups = {"0.5": losses.loss_at_half_percent}
            groups |= {f"optimum +-{d:.2f}": s for d, s in losses.perturbation_loss_percent.items()}
            for at, spreads in groups.items():
                for figure, spread in spreads.items():
                    yield {**_name(finding), "maps": maps, "at": at, "figure": figure, **_spread(spread)}


def _curve_rows(findings: Findings) -> Iterator[Row]:
    """Mean curves of the validation patients."""
    for finding in findings.findings:
        validation = finding.validation
        for index, threshold in enumerate(validation.thresholds):
            row: Row = {**_name(finding), "threshold": float(threshold)}
            for figure in FIGURES:
                curve = validation.curves[figure]
                row[figure] = float(curve.mean[index])
                row[f"{figure}_standard_error"] = float(curve.standard_error[index])
                row[f"{figure}_undefined"] = int(curve.undefined[index])
            yield row


def _case_rows(findings: Findings) -> Iterator[Row]:
    """Losses of every patient judged."""
    for finding in findings.findings:
        half = finding.losses.loss_at_half_percent
        for index, patient in enumerate(finding.judged):
            row: Row = {**_name(finding), "patient": patient}
            for figure in FIGURES:
                row[f"{figure}_loss_at_half_percent"] = float(half[figure].per_case[index])
                for distance, spreads in finding.losses.perturbation_loss_percent.items():
                    row[f"{figure}_loss_at_{distance:.2f}_percent"] = float(spreads[figure].per_case[index])
            yield row


def _calibration_rows(findings: Findings) -> Iterator[Row]:
    for finding in findings.findings:
        for name, found in finding.recalibrated.items():
            yield {
                **_name(finding),
                "fit": name,
                "temperature": found.rescaling.temperature,
                "bias": found.rescaling.bias,
                "ece_before": found.ece_before,
                "ece_after": found.ece_after,
                "optimum_threshold": found.optimum_threshold,
                "dice_loss_at_half_percent": found.losses.loss_at_half_percent["dice"].median,
                "dice_loss_at_0.05_percent": found.losses.perturbation_loss_percent[0.05]["dice"].median,
            }


def _transfer_rows(findings: Findings) -> Iterator[Row]:
    for finding in findings.findings:
        for row in finding.transfer.rows if finding.transfer else ():
            yield {**_name(finding), **asdict(row)}


def _monte_carlo_rows(findings: Findings) -> Iterator[Row]:
    for found in findings.monte_carlo:
        for index, threshold in enumerate(found.thresholds):
            row: Row = {"structure": found.structure, "threshold": float(threshold)}
            for figure in FIGURES:
                row[figure] = float(found.curves[figure].mean[index])
                row[f"{figure}_standard_error"] = float(found.curves[figure].standard_error[index])
            yield row


def _prominence_rows(findings: Findings) -> Iterator[Row]:
    for found in findings.correlations:
        yield from (
            {"models": found.models, "structure": structure, "prominence": share, "threshold": best}
            for structure, share, best in _points(found)
        )


def _points(found: Correlation) -> Iterator[tuple[str, float, float]]:
    yield from zip(found.structures, found.prominence, found.optimum, strict=True)


def _name(finding: Finding) -> Row:
    return {"model": finding.model, "structure": finding.structure, "dice_weight": finding.dice_weight}


def _plain(value: Any) -> Any:
    """JSON's own types; numbers that are none become null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


def _blank(row: Row) -> Row:
    return {
        name: (f"{value:.6g}" if math.isfinite(value) else "") if isinstance(value, float) else value
        for name, value in row.items()
    }
