"""The document of an evaluation: every stratum, never pooled, as JSON and as flat rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contourqa_training.evaluation.baselines import MEDIAN, Baselines
from contourqa_training.evaluation.bootstrap import DRAWS
from contourqa_training.evaluation.contours import EvaluatedContour
from contourqa_training.evaluation.coverage import intervals_record
from contourqa_training.evaluation.judging import Group, group_of
from contourqa_training.evaluation.left_out import baseline_predictions
from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.calibration import Calibration

DIGITS = 6
"""Digits after the point: the figures stay the same on every machine, the last bits do not."""

MACRO = ("mae", "skill", "pearson", "spearman")
"""Figures averaged over structures, so that no structure's level passes for insight."""


def groups_of(
    contours: Sequence[EvaluatedContour], bundle: Baselines | None, draws: int = DRAWS
) -> dict[str, tuple[Group, str]]:
    """Each stratum's group, and what its baselines were fitted to.

    Contours that are empty like their reference have no figure: they are left out.
    """
    found = {}
    for stratum in dict.fromkeys(contour.stratum for contour in contours):
        members = [c for c in contours if c.stratum == stratum and c.status is not Status.BOTH_EMPTY]
        if members:
            fitted, source = baseline_predictions(members, stratum, bundle)
            found[stratum] = group_of(members, fitted, MEDIAN, draws), source
    return found


def stratum_record(group: Group, source: str, calibration: Calibration | None, empty: int) -> dict[str, Any]:
    """One stratum: its contours together and, where there are several, each structure by itself.

    Args:
        group: the stratum.
        source: what its baselines were fitted to.
        calibration: of the bundle.
        empty: contours left out for being empty like their reference.
    """
    names = list(dict.fromkeys(contour.structure for contour in group.contours))
    record: dict[str, Any] = {
        "contours": len(group.contours),
        "patients": group.draws.patients,
        "both_empty": empty,
        "structures": {},
        "baselines_fitted_to": source,
        "together": _group_record(group, calibration),
    }
    if len(names) > 1:
        record["structures"] = {name: _group_record(group.of(name), calibration) for name in names}
        record["mean_over_structures"] = _macro(record["structures"])
    return record


def _group_record(group: Group, calibration: Calibration | None) -> dict[str, Any]:
    return {
        "contours": len(group.contours),
        "patients": group.draws.patients,
        "predictors": group.predictors(),
        "differences": group.differences(),
        "intervals": intervals_record(group.contours, calibration, group.constants, group.draws),
        "localization": group.localization(),
        "monotony": group.monotony(),
    }


def _macro(structures: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Plain means over structures of the figures in `MACRO`, by predictor and figure."""
    found: dict[str, Any] = {}
    for record in structures.values():
        for predictor, figures in record["predictors"].items():
            for figure, values in figures.items():
                place = found.setdefault(predictor, {}).setdefault(figure, {name: [] for name in MACRO})
                for name in MACRO:
                    place[name].append(values.get(name, math.nan))
    return {
        predictor: {
            figure: {name: float(np.mean(values)) for name, values in record.items()}
            for figure, record in figures.items()
        }
        for predictor, figures in found.items()
    }


def settings_record(seconds: Sequence[str], ablations: Sequence[str], draws: int) -> dict[str, Any]:
    """What shaped the figures, for provenance."""
    return {"bootstrap_draws": draws, "seconds": list(seconds), "ablations": list(map(str, ablations))}


def plain(value: Any) -> Any:
    """A record as JSON holds it: numbers rounded, what is undefined null."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (float, np.floating)):
        return round(float(value), DIGITS) if math.isfinite(value) else None
    return value


def flat_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row for each stratum, group, predictor and figure; columns are the figures."""
    rows: list[dict[str, Any]] = []
    for stratum, record in document["strata"].items():
        groups = {"together": record["together"], **record["structures"]}
        for group, content in groups.items():
            for predictor, figures in content["predictors"].items():
                for figure, values in figures.items():
                    row = {"stratum": stratum, "group": group, "predictor": predictor, "figure": figure}
                    for name, value in values.items():
                        if isinstance(value, list):
                            stem = name.removesuffix("_interval")
                            row |= {f"{stem}_low": value[0], f"{stem}_high": value[1]}
                        else:
                            row[name] = value
                    difference = content["differences"].get(predictor, {}).get(figure, {})
                    row["model_mae_better_by"] = difference.get("mae")
                    low, high = difference.get("mae_interval") or (None, None)
                    row |= {"model_mae_better_by_low": low, "model_mae_better_by_high": high}
                    rows.append(row)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return [{name: row.get(name) for name in columns} for row in rows]


def contour_rows(contours: Sequence[EvaluatedContour]) -> list[dict[str, Any]]:
    """Every contour with its true and predicted figures, from which all else follows."""
    names = list(dict.fromkeys(name for contour in contours for name in contour.predicted))
    rows = []
    for contour in contours:
        row: dict[str, Any] = {
            "case": contour.case,
            "patient": contour.patient,
            "structure": contour.structure,
            "stratum": contour.stratum,
            "status": contour.status.value,
            "passes_rules": contour.passes,
        }
        row |= {f"true_{figure}": plain(value) for figure, value in contour.true.items()}
        for name in names:
            for figure, value in contour.predicted.get(name, {}).items():
                row[f"{name} {figure}"] = plain(value)
        rows.append(row)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return [{name: row.get(name) for name in columns} for row in rows]
