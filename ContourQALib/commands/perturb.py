"""`contourqa perturb`: a known error put into contours, and what it does to the true metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from ContourQALib.case import Contour, Image
from ContourQALib.commands.options import (
    ColorTableOption,
    Format,
    FormatOption,
    LabelsOption,
    MergeOption,
    NamesOption,
    SeriesOption,
    StructureOption,
)
from ContourQALib.commands.printing import print_result, say
from ContourQALib.commands.reading import CaseReading, contours_input
from ContourQALib.errors import OutputError, SettingError
from ContourQALib.formats.file_type import extension_of, stem_of
from ContourQALib.formats.images import write_image
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.label_text import parse_labels
from ContourQALib.formats.output import output_folder
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.metrics.compare import compare
from ContourQALib.names import select
from ContourQALib.perturbation import ERRORS, ContourError, find_error
from ContourQALib.perturbation import perturb as apply_error
from ContourQALib.report.provenance import Provenance
from ContourQALib.report.records import comparison_document, comparison_rows
from ContourQALib.report.tables import print_comparisons

SEGMENTATION = ".seg.nrrd"


def perturb(
    contours: Annotated[
        Path | None,
        typer.Option(
            "--contours", help="Label map, segmentation, RTSTRUCT or DICOM SEG to spoil; it stays as it is."
        ),
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(
            "--image",
            help="The image on whose grid an RTSTRUCT becomes voxels; else the one found beside it.",
        ),
    ] = None,
    series: SeriesOption = None,
    error: Annotated[str | None, typer.Option("--error", help="Which error; --list shows them.")] = None,
    severity: Annotated[
        float | None, typer.Option("--severity", help="How much, in the error's unit.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Segmentation (.seg.nrrd), label map (.nii.gz, .nrrd, .mha) or folder to write to.",
        ),
    ] = None,
    structure: StructureOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Which direction, place or end.")] = 0,
    labels: LabelsOption = None,
    merge: MergeOption = None,
    color_table: ColorTableOption = None,
    names: NamesOption = None,
    form: FormatOption = Format.TABLE,
    show_list: Annotated[bool, typer.Option("--list", help="Show the errors and do nothing else.")] = False,
) -> None:
    """Put a named error into contours and print the true metrics against the original.

    With --structure only the named structures are spoiled and measured; the others are written as they were.
    """
    if show_list:
        _print_errors(form)
        return
    if contours is None or error is None or severity is None:
        raise SettingError(
            "Name the file by --contours, and --error and --severity; --list shows the errors."
        )
    kind = find_error(error)
    naming = LabelNaming(labels, merge, color_table, names)
    naming.check_used([contours])
    reading = CaseReading(naming, series)
    drawn = reading.drawn(contours, image)
    wanted = [naming.structure(name) for name in structure or ()]
    chosen = select(drawn, wanted) if wanted else drawn
    spoiled = {id(c): apply_error(c, kind.name, severity, seed) for c in chosen}
    target = None
    if output is not None:
        target = _target(output, contours, kind)
        _write([spoiled.get(id(c), c) for c in drawn], target, labels)
        say(f"Wrote {target}.")
    # Without a file the spoiled contour goes by what was done to it.
    label = str(target or f"{kind.name} {severity:g}")
    comparisons = [
        compare(c, spoiled[id(c)], reference_label=str(contours), test_label=label) for c in chosen
    ]
    dose = {"error": kind.name, "severity": severity, "unit": kind.unit, "seed": seed}
    settings = {**dose, "structures": wanted, **naming.settings()}
    provenance = Provenance.of([contours_input(contours)], settings)
    print_result(
        form,
        table=lambda console: print_comparisons(console, comparisons),
        document={
            **dose,
            **comparison_document(comparisons, provenance=provenance, left_out=reading.left_out),
        },
        rows=[{**row, **dose} for row in comparison_rows(comparisons)],
    )


def _target(output: Path, contours: Path, kind: ContourError) -> Path:
    """The file to write: `output` itself, or in it as a folder a name that says what was done."""
    if extension_of(output) and not output.is_dir():
        target = output
    else:
        target = output_folder(output) / f"{stem_of(contours)}_{kind.name}{SEGMENTATION}"
    if target.exists() and target.samefile(contours):
        raise OutputError(f"{target} is the file to spoil; write to another one.")
    return target


def _write(contours: Sequence[Contour], target: Path, labels: str | None) -> None:
    if extension_of(target) == SEGMENTATION:
        write_segmentation(contours, target)
        return
    numbers = _numbers([c.name for c in contours], parse_labels(labels) if labels else {})
    values = np.zeros(contours[0].mask.shape, np.uint8 if max(numbers) < 256 else np.uint16)
    for contour, number in zip(contours, numbers, strict=True):
        if values[contour.mask].any():
            raise OutputError(
                f"{target} cannot hold {contour.name} because it overlaps another structure; "
                f"let the name end in {SEGMENTATION}."
            )
        values[contour.mask] = number
    write_image(Image(values, contours[0].grid), target)


def _numbers(names: Sequence[str], labels: Mapping[int, str]) -> list[int]:
    """A label for each name: the one it was read from where the name tells, else the next free one."""
    known = {name: number for number, name in labels.items()}
    known |= {name: int(match[1]) for name in names if (match := re.fullmatch(r"label_(\d+)", name))}
    free = (n for n in range(1, len(names) + len(known) + 1) if n not in known.values())
    return [known[name] if name in known else next(free) for name in names]


def _print_errors(form: Format) -> None:
    rows: list[dict[str, Any]] = [
        {
            "error": kind.name,
            "unit": kind.unit,
            "severities": list(kind.severities),
            "description": kind.description,
        }
        for kind in ERRORS.values()
    ]
    print_result(form, table=_print_error_table, document={"errors": rows}, rows=rows)


def _print_error_table(console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("Error", "Unit", "Typical severities", "What happens"):
        table.add_column(column)
    for kind in ERRORS.values():
        table.add_row(kind.name, kind.unit, " ".join(f"{s:g}" for s in kind.severities), kind.description)
    console.print(table)
