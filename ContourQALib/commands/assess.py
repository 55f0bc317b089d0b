"""`contourqa assess`: the predicted quality of contours that have no reference."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ContourQALib.commands.options import (
    ColorTableOption,
    Format,
    FormatOption,
    LabelsOption,
    MergeOption,
    OutputOption,
    StructureOption,
)
from ContourQALib.commands.printing import print_result, progress
from ContourQALib.commands.reading import LabelNaming
from ContourQALib.commands.saving import save_assessment
from ContourQALib.formats.images import read_image
from ContourQALib.names import select
from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.model import find_model
from ContourQALib.quality.predict import assess as assess_contours
from ContourQALib.quality.verdict import Levels, Verdict
from ContourQALib.report.provenance import Provenance
from ContourQALib.report.records import assessment_document, assessment_rows
from ContourQALib.report.tables import print_assessment

FOUND = 3
"""Exit code when what --fail-on names was found."""


class FailOn(StrEnum):
    """The mildest verdict that makes the command fail."""

    REVIEW = "review"
    REJECT = "reject"


def assess(
    image: Annotated[Path, typer.Option("--image", help="The image the contours were drawn on.")],
    contours: Annotated[Path, typer.Option("--contours", help="Label map or segmentation to assess.")],
    structure: StructureOption = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Bundled model by name, or a model's folder; else chosen by structure."),
    ] = None,
    accept: Annotated[
        float, typer.Option("--accept", help="Dice at or above this is acceptable.")
    ] = Levels.accept,
    reject: Annotated[float, typer.Option("--reject", help="Dice below this is not.")] = Levels.reject,
    fail_on: Annotated[
        FailOn | None, typer.Option("--fail-on", help="Exit with 3 when a verdict is this, or worse.")
    ] = None,
    labels: LabelsOption = None,
    merge: MergeOption = None,
    color_table: ColorTableOption = None,
    form: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Say which contours to check and why, without a reference.

    Mask-only rules come first (empty, cut off, in pieces, impossible volume), then the model that knows the
    structure in this kind of image, if there is one; the result says which answered.
    """
    levels = Levels(accept, reject)
    chosen = find_model(model) if model is not None else None
    naming = LabelNaming(labels, merge, color_table)
    shown = read_image(image)
    drawn = naming.read(contours)
    if structure:
        drawn = select(drawn, structure)
    with progress("Assessing") as report:
        result = assess_contours(shown, drawn, chosen, levels, progress=report)
    settings = {"accept": accept, "reject": reject, "structures": list(structure or ()), **naming.settings()}
    provenance = Provenance.of([image, contours], settings, result.model)
    if output is not None:
        save_assessment(output, result, shown, drawn, provenance)
    print_result(
        form,
        table=lambda console: print_assessment(console, result),
        document=assessment_document(result, provenance),
        rows=assessment_rows(result),
    )
    if fail_on is not None and _found(result, fail_on):
        raise typer.Exit(FOUND)


def _found(result: Assessment, fail_on: FailOn) -> bool:
    bad = {Verdict.REJECT} if fail_on is FailOn.REJECT else {Verdict.REJECT, Verdict.REVIEW}
    return any(structure.verdict in bad for structure in result.structures)
