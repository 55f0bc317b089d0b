"""Results as programs read them: JSON documents with fixed field names, and flat CSV tables.

An undefined number (nan or infinite in Python) is null, never omitted, and `reason` or `reasons` says why;
indices are zero-based K; nothing here carries a time stamp.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from ContourQALib.formats.left_out import LeftOutStructure
from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.definitions import DEFINITIONS, Status
from ContourQALib.metrics.observers import AgreementMatrix
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.metrics.slices import SliceComparison
from ContourQALib.quality.assessment import Assessment, StructureAssessment
from ContourQALib.report.provenance import Provenance, model_record, provenance_record
from ContourQALib.vocabulary import standard_name

Record = dict[str, Any]


def comparison_record(comparison: Comparison) -> Record:
    """One comparison; `slices` only where it was compared slice by slice."""
    record = {f.name: plain(getattr(comparison, f.name)) for f in fields(Comparison) if f.name != "slices"}
    record["reason"] = comparison.undefined_reason
    record["standard_name"] = comparison.standard_name or standard_name(comparison.structure)
    if comparison.slices is not None:
        record["slices"] = [_slice_record(row) for row in comparison.slices]
    return record


def comparison_document(
    comparisons: Sequence[Comparison],
    unmatched: Sequence[Unmatched] = (),
    matrices: Sequence[AgreementMatrix] = (),
    provenance: Provenance | None = None,
    left_out: Sequence[LeftOutStructure] = (),
) -> Record:
    """The document of `contourqa compare`.

    Args:
        comparisons: every pair that was compared.
        unmatched: structures that found no partner.
        matrices: agreement of all observers with each other, one a structure; `matrix` only when given.
        provenance: where the result comes from.
        left_out: regions that a file names and does not contour.
    """
    document: Record = {
        "pairs": [comparison_record(c) for c in comparisons],
        "unmatched": [_unmatched_record(u) for u in unmatched],
        "left_out": [_left_out_record(one) for one in left_out],
        "definitions": dict(DEFINITIONS),
    }
    if matrices:
        document["matrix"] = [_matrix_record(m) for m in matrices]
    if provenance is not None:
        document["provenance"] = provenance_record(provenance)
    return document


def assessment_document(
    assessment: Assessment,
    provenance: Provenance | None = None,
    left_out: Sequence[LeftOutStructure] = (),
) -> Record:
    """The document of `contourqa assess` for one image; `left_out` as for `comparison_document`."""
    document: Record = {
        "model": model_record(assessment.model),
        "models": [model_record(model) for model in assessment.models],
        "structures": [structure_record(s) for s in assessment.structures],
        "left_out": [_left_out_record(one) for one in left_out],
        "levels": {"accept": assessment.levels.accept, "reject": assessment.levels.reject},
        "notes": list(assessment.notes),
        "elapsed_s": plain(assessment.elapsed_s),
    }
    if provenance is not None:
        document["provenance"] = provenance_record(provenance)
    return document


def structure_record(structure: StructureAssessment) -> Record:
    """One assessed contour; what its model does not predict is null."""
    slices = structure.slices
    return {
        "structure": structure.structure,
        "status": structure.status.value,
        "dice": plain(structure.dice),
        "dice_interval": plain(structure.dice_interval),
        "interval_level": plain(structure.interval_level),
        "interval_cases": plain(structure.interval_cases),
        "interval_reason": structure.interval_reason,
        "dice_at_least": plain(structure.dice_at_least),
        "hd95_mm": plain(structure.hd95_mm),
        "hd95_interval_mm": plain(structure.hd95_interval_mm),
        "msd_mm": plain(structure.msd_mm),
        "msd_interval_mm": plain(structure.msd_interval_mm),
        "verdict": structure.verdict.value,
        "reasons": list(structure.reasons),
        "slices": None
        if slices is None
        else [{"index": int(s.index), "error_volume_cc": plain(s.error_volume_cc)} for s in slices],
        "novelty": {
            "inside_training_range": structure.novelty.inside_training_range,
            "reasons": list(structure.novelty.reasons),
        },
        "volume_cc": plain(structure.volume_cc),
        "resampled": bool(structure.resampled),
        "lost_cc": plain(structure.lost_cc),
        "model": structure.model,
        "expected_dice": plain(structure.expected_dice),
        "agreement_dice": plain(structure.agreement_dice),
        "standard_name": structure.standard_name or standard_name(structure.structure),
        "rasterized": structure.rasterized,
        "remarks": structure.remarks,
        "spelled": structure.spelled,
        "volume_polygons_cc": plain(structure.volume_polygons_cc),
    }


def to_json(document: Mapping[str, Any]) -> str:
    """A document as strict JSON text: two-space indents, UTF-8 as it is, no NaN or Infinity."""
    return json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def comparison_rows(comparisons: Iterable[Comparison], unmatched: Iterable[Unmatched] = ()) -> list[Record]:
    """One flat row a pair for `to_csv`, and one with status `unmatched` for what found no partner."""
    columns = [f.name for f in fields(Comparison) if f.name != "slices"]
    rows = [{k: v for k, v in comparison_record(c).items() if k != "slices"} for c in comparisons]
    for lone in unmatched:
        row: Record = dict.fromkeys(columns)
        other = "test" if lone.side == "reference" else "reference"
        row |= {"structure": lone.structure, lone.side: lone.source, "status": Status.UNMATCHED.value}
        row["reason"] = f"no {other} contour has this name"
        row["standard_name"] = standard_name(lone.structure)
        rows.append(row)
    return rows


def slice_rows(comparisons: Iterable[Comparison]) -> list[Record]:
    """Long format for `to_csv`: one row a slice of every pair that was compared slice by slice."""
    return [
        {"structure": c.structure, "reference": c.reference, "test": c.test} | _slice_record(row)
        for c in comparisons
        for row in c.slices or ()
    ]


def matrix_rows(matrices: Iterable[AgreementMatrix]) -> list[Record]:
    """Long format for `to_csv`: one row for every two observers of a structure."""
    return [
        {
            "structure": m.structure,
            "observer": m.observers[a],
            "other_observer": m.observers[b],
            "dice": plain(m.dice[a][b]),
            "hd95_mm": plain(m.hd95_mm[a][b]),
            "msd_mm": plain(m.msd_mm[a][b]),
        }
        for m in matrices
        for a in range(len(m.observers))
        for b in range(a + 1, len(m.observers))
    ]


def assessment_rows(assessment: Assessment) -> list[Record]:
    """One flat row a contour for `to_csv`: intervals as two columns, the model beside each figure."""
    rows = []
    for structure in assessment.structures:
        row = structure_row(structure)
        model = assessment.identity_of(structure)
        row["model_version"] = model.version if model else None
        row["notes"] = [model.note] if model and model.note else []
        rows.append(row)
    return rows


def structure_row(structure: StructureAssessment) -> Record:
    """One assessed contour as a flat row: intervals as two columns, slices by their indices alone."""
    row: Record = {}
    for name, value in structure_record(structure).items():
        if name in ("dice_interval", "hd95_interval_mm", "msd_interval_mm"):
            row[f"{name}_low"], row[f"{name}_high"] = value or (None, None)
        elif name == "slices":
            row["slices"] = value and [s["index"] for s in value]
        elif name == "novelty":
            row["inside_training_range"] = value["inside_training_range"]
            row["novelty_reasons"] = value["reasons"]
        else:
            row[name] = value
    return row


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Flat rows as CSV text with a header; an undefined cell is empty, a list is joined by "; ".

    Args:
        rows: mappings with the same keys, which are the columns in their order; no rows give no text.
    """
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def cell(value: Any) -> Any:
    """A value as a cell of a table: an undefined one is empty, a list is joined by "; "."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "; ".join(str(v) for v in value)
    return value


def _unmatched_record(unmatched: Unmatched) -> Record:
    return {f.name: plain(getattr(unmatched, f.name)) for f in fields(Unmatched)}


def _left_out_record(left_out: LeftOutStructure) -> Record:
    return {f.name: plain(getattr(left_out, f.name)) for f in fields(LeftOutStructure)}


def _slice_record(row: SliceComparison) -> Record:
    return {f.name: plain(getattr(row, f.name)) for f in fields(SliceComparison)}


def _matrix_record(matrix: AgreementMatrix) -> Record:
    return {f.name: plain(getattr(matrix, f.name)) for f in fields(AgreementMatrix)}


def plain(value: Any) -> Any:
    """A value that JSON can hold: undefined numbers null, statuses their word, numpy's values Python's."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
