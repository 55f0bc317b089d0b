"""`contourqa dicom report`: what a structured report of ContourQA says, as `contourqa assess` printed it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ContourQALib.commands.options import Format, FormatOption
from ContourQALib.commands.printing import print_result
from ContourQALib.report.records import assessment_document, assessment_rows
from ContourQALib.report.structured.assessment_record import AssessmentRecord, read_assessment_sr
from ContourQALib.report.tables import print_assessment


def report(
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A structured report that ContourQA wrote.", show_default=False),
    ],
    form: FormatOption = Format.TABLE,
) -> None:
    """Show the assessment that a DICOM structured report holds."""
    record = read_assessment_sr(path)
    print_result(
        form,
        table=lambda console: print_assessment(console, record.assessment),
        document=assessment_document(record.assessment) | {"report": _report_record(record)},
        rows=assessment_rows(record.assessment),
    )


def _report_record(record: AssessmentRecord) -> dict[str, Any]:
    """Which document it was and what it refers to, as JSON holds it."""
    assessed = record.assessed
    return {
        "instance_uid": record.instance_uid,
        "study_uid": record.study_uid,
        "image_series_uid": record.series_uid,
        "segmentation_uid": assessed.segmentation.instance_uid,
        "structure_set_uid": assessed.structure_set and assessed.structure_set.instance_uid,
        "error_maps_uid": assessed.error_maps and assessed.error_maps.instance_uid,
        "segments": [one.segment for one in assessed.contours],
        "rois": [one.roi for one in assessed.contours],
        "program": "contourqa",
        "version": record.program_version,
        "comments": list(record.comments),
    }
