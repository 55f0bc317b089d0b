"""`contourqa assess`: the predicted quality of contours that have no reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ContourQALib.case import Contour, Image
from ContourQALib.commands.assess_cases import HowToAssess, assess_cases
from ContourQALib.commands.assess_dicom import save_assessment_dicom
from ContourQALib.commands.assess_saving import save_assessment
from ContourQALib.commands.options import (
    AcceptOption,
    ColorTableOption,
    Format,
    FormatOption,
    LabelsOption,
    MergeOption,
    ModelOption,
    NamesOption,
    OutputOption,
    RejectOption,
    SeriesOption,
    StructureOption,
)
from ContourQALib.commands.printing import print_result, progress, say
from ContourQALib.commands.reading import (
    CaseReading,
    contours_input,
    image_input,
    match_map_files,
)
from ContourQALib.commands.saving import check_folder
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.formats.canvas import Canvas
from ContourQALib.formats.dicom.segment_item import segment_label
from ContourQALib.formats.dicom.source_series import SourceSeries, source_series
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.probability import read_probability
from ContourQALib.names import match, select
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
    image: Annotated[
        Path | None,
        typer.Option("--image", help="The image the contours were drawn on: a file, or a folder of DICOM."),
    ] = None,
    contours: Annotated[
        Path | None,
        typer.Option("--contours", help="Label map, segmentation, RTSTRUCT or DICOM SEG to assess."),
    ] = None,
    series: SeriesOption = None,
    cases: Annotated[
        Path | None,
        typer.Option(
            "--cases",
            metavar="MANIFEST.csv",
            help="Many cases instead: CSV with the columns case, image, contour; structure, patient, "
            "probability where there are.",
        ),
    ] = None,
    structure: StructureOption = None,
    model: ModelOption = None,
    probability: Annotated[
        list[str] | None,
        typer.Option(
            "--probability",
            metavar="[NAME=]PATH",
            help="Probability map that a contour was cut from, found by its file's name or NAME; repeatable.",
        ),
    ] = None,
    second: Annotated[
        str | None,
        typer.Option(
            "--second",
            metavar="PATH",
            help="A second segmentation of the same structures; with --cases the column that names them.",
        ),
    ] = None,
    accept: AcceptOption = Levels.accept,
    reject: RejectOption = Levels.reject,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            "--fail-on",
            help="Exit with 3 when a verdict is this, or worse; a case that cannot be read is worse.",
        ),
    ] = None,
    dicom: Annotated[
        bool,
        typer.Option(
            "--dicom",
            help="With -o and a DICOM image: also write a structured report and segmentations (SR, SEG).",
        ),
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="With --cases: assess every case anew, whatever the folder holds.")
    ] = False,
    labels: LabelsOption = None,
    merge: MergeOption = None,
    color_table: ColorTableOption = None,
    names: NamesOption = None,
    form: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Say which contours to check and why, without a reference.

    Mask-only rules come first (empty, cut off, in pieces, impossible volume), then the model that knows the
    structure in this kind of image, if there is one; the result says which answered. With --cases many
    cases make one list, the greatest risk first; with -o as well, a killed run goes on where it was.
    """
    levels = Levels(accept, reject)
    chosen = find_model(model) if model is not None else None
    naming = LabelNaming(labels, merge, color_table, names)
    wanted = tuple(map(naming.structure, structure or ()))
    if cases is not None:
        if image or contours or probability or series:
            raise SettingError(
                "--cases names images, series, contours and maps itself; leave out the others."
            )
        if dicom:
            raise SettingError("--dicom writes the results of one case; leave out --cases, or --dicom.")
        how = HowToAssess(naming, levels, chosen, wanted, second)
        found, failed = assess_cases(cases, how, form, output, fresh=fresh)
        _leave(found, fail_on, failed)
        return
    if image is None or contours is None:
        raise SettingError("Name --image and --contours, or --cases for a manifest of many.")
    if fresh:
        raise SettingError("--fresh is about a manifest's folder; add --cases, or leave it out.")
    if dicom and output is None:
        raise SettingError("--dicom writes files; name their folder by -o.")
    if output is not None:
        check_folder(output)
    reading = CaseReading(naming, series)
    shown = reading.image(image, [contours])
    source = _source(image, shown) if dicom else None
    drawn = reading.contours(contours, Canvas.of(shown))
    if wanted:
        drawn = select(drawn, wanted)
    if source is not None:
        for contour in drawn:
            segment_label(contour.name)  # a name that DICOM cannot hold is told before anything is written
    named = match_map_files(probability or (), [contour.name for contour in drawn], contours, naming)
    maps = [read_probability(one.path, name, one.segment) for one, name in named]
    others = _seconds(Path(second), reading, Canvas.of(shown), drawn) if second is not None else ()
    with progress("Assessing") as report:
        result = assess_contours(
            shown, drawn, chosen, levels, probabilities=maps, seconds=others, progress=report
        )
    settings = {"accept": accept, "reject": reject, "structures": list(wanted), **naming.settings()}
    further = [*(one.path for one, _ in named), *([Path(second)] if second else [])]
    inputs = [image_input(image, shown), *map(contours_input, [contours, *further])]
    provenance = Provenance.of(inputs, settings, result.model)
    document = assessment_document(result, provenance, reading.left_out)
    if output is not None:
        save_assessment(output, result, shown, drawn, provenance, document)
        if source is not None:
            written = save_assessment_dicom(output, result, shown, drawn, source, contours)
            say(f"Wrote {', '.join(map(str, written))}.")
    print_result(
        form,
        table=lambda console: print_assessment(console, result),
        document=document,
        rows=assessment_rows(result),
    )
    _leave([one.verdict for one in result.structures], fail_on)


def _source(path: Path, image: Image) -> SourceSeries:
    """The headers of the series that the image is.

    Raises:
        SettingError: the image is no DICOM.
    """
    if image.series is None:
        raise SettingError(f"{path} is no DICOM, so that --dicom has no patient and study to write of.")
    return source_series(path, image.series.series_uid)


def _seconds(
    path: Path, reading: CaseReading, canvas: Canvas, drawn: Sequence[Contour]
) -> tuple[Contour, ...]:
    """The contours of the second segmentation.

    Raises:
        StructureError: none is of a structure that is assessed.
    """
    others = reading.contours(path, canvas)
    found = match([contour.name for contour in drawn], [other.name for other in others])
    if not found.pairs:
        ours, theirs = (", ".join(one.name for one in side) for side in (drawn, others))
        raise StructureError(
            f"{path} holds no structure that is assessed ({ours}) but {theirs}; name its labels by --labels."
        )
    if found.unmatched_reference:
        say(f"{path} has no second contour of {', '.join(found.unmatched_reference)}.")
    return others


def _leave(verdicts: Iterable[Verdict], fail_on: FailOn | None, failed: bool = False) -> None:
    """Leave with `FOUND` where something is as bad as --fail-on says, or worse."""
    if fail_on is None:
        return
    bad = {Verdict.REJECT} if fail_on is FailOn.REJECT else {Verdict.REJECT, Verdict.REVIEW}
    if failed or any(verdict in bad for verdict in verdicts):
        raise typer.Exit(FOUND)
