"""A worklist as programs read it: one JSON document, flat rows, and single cases that can be read again.

Equal inputs give equal bytes: nothing here tells a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.assessment import (
    Assessment,
    ModelIdentity,
    Novelty,
    StructureAssessment,
)
from ContourQALib.quality.error_map import SuspiciousSlice
from ContourQALib.quality.verdict import Levels, Verdict
from ContourQALib.quality.worklist import AssessedCase, CaseFile, Worklist
from ContourQALib.report.provenance import Provenance, model_record, provenance_record
from ContourQALib.report.records import Record, structure_record, structure_row
from ContourQALib.vocabulary import standard_name

PAIRS = ("dice_interval", "hd95_interval_mm", "msd_interval_mm")
"""Fields of a contour that hold two bounds."""


def worklist_document(worklist: Worklist, provenance: Provenance | None = None) -> Record:
    """The document of `contourqa assess --cases`: cases by risk, each with its assessment."""
    document: Record = {
        "cases": [case_record(case) for case in worklist.by_risk],
        "worklist": [
            {"case": entry.case.case, "structure": _structure(entry.case, entry.structure)}
            for entry in worklist.entries
        ],
        "failed": len(worklist.failed),
        "levels": {"accept": worklist.levels.accept, "reject": worklist.levels.reject},
        "notes": list(worklist.notes),
    }
    if provenance is not None:
        document["provenance"] = provenance_record(provenance)
    return document


def worklist_rows(worklist: Worklist) -> list[Record]:
    """One flat row a contour for `to_csv`, by risk; a case that could not be assessed has its reason."""
    rows: list[Record] = []
    columns: dict[str, None] = dict.fromkeys(structure_row(NOTHING))
    for entry in worklist.entries:
        row: Record = {"case": entry.case.case, "patient": entry.case.patient}
        found = structure_row(entry.structure) if entry.structure else dict.fromkeys(columns)
        row |= found
        if entry.structure is None:
            row |= {"structure": entry.case.structure, "status": Status.FAILED.value}
        row["reason"] = entry.case.reason
        assessment = entry.case.assessment
        model = assessment.identity_of(entry.structure) if assessment and entry.structure else None
        row["model_version"] = model.version if model else None
        row["notes"] = [model.note] if model and model.note else []
        rows.append(row)
    return rows


def case_record(case: AssessedCase) -> Record:
    """One case; its assessment's fields are null or empty where it could not be assessed."""
    found = case.assessment
    return {
        "case": case.case,
        "patient": case.patient,
        "structure": case.structure,
        "status": Status.FAILED.value if found is None else Status.OK.value,
        "reason": case.reason,
        "model": model_record(found.model) if found else None,
        "models": [model_record(model) for model in found.models] if found else [],
        "structures": [structure_record(s) for s in found.structures] if found else [],
        "notes": list(found.notes) if found else [],
        "files": [{"role": file.role, "path": file.path, "sha256": file.sha256} for file in case.files],
        "pictures": dict(case.pictures),
    }


def case_of(record: Mapping[str, Any], levels: Levels) -> AssessedCase:
    """The case that `case_record` wrote; error maps and times are not among it.

    Raises:
        KeyError, TypeError, ValueError: the record is damaged.
    """
    assessment = None
    if record["status"] != Status.FAILED.value:
        assessment = Assessment(
            _model(record["model"]),
            tuple(map(_structure_of, record["structures"])),
            0.0,
            tuple(map(_model, record["models"])),
            levels,
        )
    return AssessedCase(
        record["case"],
        record["patient"],
        record["structure"],
        assessment,
        record["reason"],
        tuple(CaseFile(file["role"], file["path"], file["sha256"]) for file in record["files"]),
        tuple(record["pictures"].items()),
    )


def _structure(case: AssessedCase, structure: StructureAssessment | None) -> str:
    return case.structure if structure is None else structure.structure


def _model(record: Mapping[str, Any]) -> ModelIdentity:
    return ModelIdentity(**record)


def _structure_of(record: Mapping[str, Any]) -> StructureAssessment:
    values = dict(record)
    if values.get("standard_name") == standard_name(values["structure"]):  # no user's table said it
        values["standard_name"] = None
    for name in PAIRS:
        if values[name] is not None:
            values[name] = tuple(values[name])
    values["status"], values["verdict"] = Status(values["status"]), Verdict(values["verdict"])
    values["reasons"] = tuple(values["reasons"])
    novelty = values["novelty"]
    values["novelty"] = Novelty(novelty["inside_training_range"], tuple(novelty["reasons"]))
    if values["slices"] is not None:
        values["slices"] = tuple(SuspiciousSlice(**one) for one in values["slices"])
    return StructureAssessment(**values)


NOTHING = StructureAssessment(
    structure="",
    status=Status.FAILED,
    dice=None,
    verdict=Verdict.REVIEW,
    reasons=(),
    novelty=Novelty(None),
    volume_cc=0.0,
    resampled=False,
    lost_cc=0.0,
)
"""Names the columns of a row where no contour was assessed."""
