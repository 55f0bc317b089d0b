"""Applied thresholds as programs read them: the JSON document and flat rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from ContourQALib.report.provenance import Provenance, provenance_record
from ContourQALib.report.records import Record, plain
from ContourQALib.thresholds.applied import AppliedThreshold, Unapplied

NOTHING_AT_HALF = "0.5 selects nothing, of which there is no percentage"
NO_INTERVAL = "the recommendation has no interval"

APPLIED_DEFINITIONS = {
    "mask": "the voxels of probability P >= threshold, compared as float32, on the map's own grid",
    "status": "ok; empty: the threshold selects nothing; full: it selects the whole grid",
    "by": "the figure whose recommendation was taken",
    "threshold": "the best of that figure's mean over the validation cases",
    "interval": "where that threshold lies in a share (level) of the resamples of the validation cases",
    "volume_cc": "volume of the mask",
    "volume_at_half_cc": "volume of the voxels of P >= 0.5",
    "volume_at_interval_cc": "volume at the interval's lower and at its upper end",
    "volume_difference_percent": "100 (volume_cc - volume_at_half_cc) / volume_at_half_cc",
    "validation": "what the validation cases gave: how many, the figure's mean at the threshold and at 0.5, "
    "the median of what 0.5 costs",
}
"""What the words of the document mean."""


def applied_document(
    applied: Sequence[AppliedThreshold],
    figure: str,
    unmatched: Sequence[Unapplied] = (),
    provenance: Provenance | None = None,
) -> Record:
    """The document of `contourqa thresholds --apply`.

    Args:
        applied: every map that was cut.
        figure: the figure whose recommendations were taken.
        unmatched: maps without a recommendation, recommendations without a map.
        provenance: where the result comes from.
    """
    document: Record = {
        "by": figure,
        "applied": [applied_record(one) for one in applied],
        "unmatched": [{f.name: getattr(lone, f.name) for f in fields(Unapplied)} for lone in unmatched],
        "definitions": dict(APPLIED_DEFINITIONS),
    }
    if provenance is not None:
        document["provenance"] = provenance_record(provenance)
    return document


def applied_record(one: AppliedThreshold) -> Record:
    """One map that was cut; undefined numbers are null and `reasons` says why."""
    advice = one.recommendation
    reasons = {}
    if one.volume_at_half_cc == 0:
        reasons["volume_difference_percent"] = NOTHING_AT_HALF
    if advice.interval is None:
        reasons["volume_at_interval_cc"] = NO_INTERVAL
    return {
        "structure": one.structure,
        "probability": one.probability,
        "status": one.status.value,
        "threshold": advice.threshold,
        "interval": plain(advice.interval),
        "level": advice.level,
        "volume_cc": one.volume_cc,
        "volume_at_half_cc": one.volume_at_half_cc,
        "volume_at_interval_cc": plain(one.volume_at_interval_cc) if advice.interval else None,
        "volume_difference_percent": plain(one.volume_difference_percent),
        "validation": {
            "cases": advice.cases,
            "value": advice.value,
            "value_at_half": advice.value_at_half,
            "loss_at_half_percent": advice.loss_at_half_percent,
            "flag": advice.flag.value,
        },
        "reasons": reasons,
    }


def applied_rows(applied: Sequence[AppliedThreshold], figure: str) -> list[Record]:
    """Flat rows for `to_csv`, one a map: intervals as two columns."""
    rows = []
    for one in applied:
        row: Record = {}
        for name, value in applied_record(one).items():
            if name in ("interval", "volume_at_interval_cc"):
                stem, unit = (name.removesuffix("_cc"), "_cc") if name.endswith("_cc") else (name, "")
                row[f"{stem}_low{unit}"], row[f"{stem}_high{unit}"] = value or (None, None)
            elif name == "validation":
                row |= {f"validation_{key}": inner for key, inner in value.items()}
            elif name != "reasons":
                row[name] = value
            if name == "status":
                row["by"] = figure
        rows.append(row)
    return rows
