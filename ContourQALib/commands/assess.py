"""`contourqa assess`: the predicted quality of contours that have no reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ContourQALib.commands.assess_cases import assess_cases
from ContourQALib.commands.assess_one import CaseToAssess, assess_one
from ContourQALib.commands.fail_on import FailOnOption, leave
from ContourQALib.commands.how_to_assess import HowToAssess
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
    ProbabilityOption,
    RejectOption,
    SeriesOption,
    StructureOption,
)
from ContourQALib.commands.printing import say
from ContourQALib.commands.saving import check_folder
from ContourQALib.errors import SettingError
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.quality.verdict import Levels


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
    probability: ProbabilityOption = None,
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
    fail_on: FailOnOption = None,
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
    naming = LabelNaming(labels, merge, color_table, names)
    how = HowToAssess.of(naming, accept, reject, model, structure)
    if cases is not None:
        if image or contours or probability or series:
            raise SettingError(
                "--cases names images, series, contours and maps itself; leave out the others."
            )
        if dicom:
            raise SettingError("--dicom writes the results of one case; leave out --cases, or --dicom.")
        found, failed = assess_cases(cases, replace(how, second=second), form, output, fresh=fresh)
        leave(found, fail_on, failed)
        return
    if image is None or contours is None:
        raise SettingError("Name --image and --contours, or --cases for a manifest of many.")
    if fresh:
        raise SettingError("--fresh is about a manifest's folder; add --cases, or leave it out.")
    if dicom and output is None:
        raise SettingError("--dicom writes files; name their folder by -o.")
    if output is not None:
        check_folder(output)
    case = CaseToAssess(image, contours, series, probability or (), Path(second) if second else None)
    result, written = assess_one(case, how, form, output, dicom=dicom)
    if written:
        say(f"Wrote {', '.join(map(str, written))}.")
    leave([one.verdict for one in result.structures], fail_on)
