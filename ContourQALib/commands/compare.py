"""`contourqa compare`: contours against a reference, against each other, or against their consensus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ContourQALib.commands.options import (
    ColorTableOption,
    Format,
    FormatOption,
    LabelsOption,
    MergeOption,
    NamesOption,
    OutputOption,
    SeriesOption,
    StructureOption,
)
from ContourQALib.commands.printing import print_result, progress
from ContourQALib.commands.reading import CaseReading, contours_input, image_input
from ContourQALib.commands.saving import save_comparison
from ContourQALib.errors import SettingError
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.metrics.comparison_set import (
    ComparisonSet,
    ComparisonSettings,
    compare_observers,
    compare_with_consensus,
    compare_with_reference,
)
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM
from ContourQALib.metrics.observers import Consensus
from ContourQALib.metrics.pairing import Source
from ContourQALib.report.provenance import Provenance
from ContourQALib.report.records import comparison_document, comparison_rows, slice_rows
from ContourQALib.report.tables import print_comparisons, print_matrix, print_slices


def compare(
    test: Annotated[list[Path], typer.Option("--test", help="Contours to judge; give it again for more.")],
    reference: Annotated[
        Path | None,
        typer.Option("--reference", help="Contours held to be right, on the grid that counts."),
    ] = None,
    structure: StructureOption = None,
    tolerance_mm: Annotated[
        float, typer.Option("--tolerance-mm", help="Tolerance of surface Dice, mm.")
    ] = DEFAULT_TOLERANCE_MM,
    per_slice: Annotated[
        bool, typer.Option("--per-slice", help="Also slice by slice, with distances in the plane.")
    ] = False,
    pairwise: Annotated[bool, typer.Option("--pairwise", help="Compare every two observers.")] = False,
    consensus: Annotated[
        Consensus | None, typer.Option("--consensus", help="Compare every observer with their consensus.")
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(
            "--image",
            help="Image to show under the outlines of the report; an RTSTRUCT becomes voxels on its grid, "
            "unless the reference is of voxels itself.",
        ),
    ] = None,
    series: SeriesOption = None,
    labels: LabelsOption = None,
    merge: MergeOption = None,
    color_table: ColorTableOption = None,
    names: NamesOption = None,
    form: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Compare contours by the field's exact definitions: overlap, distances, volumes.

    Structures are matched by name, whatever their case, spaces, hyphens and underscores; what finds no
    partner is listed. With --pairwise or --consensus every file, the reference too, is an observer.
    """
    if pairwise and consensus:
        raise SettingError("--pairwise and --consensus exclude each other; choose one.")
    if reference is None and not (pairwise or consensus):
        raise SettingError("Name what to compare with by --reference, or use --pairwise or --consensus.")
    naming = LabelNaming(labels, merge, color_table, names)
    files = [*([reference] if reference else []), *test]
    naming.check_used(files)
    reading = CaseReading(naming, series)
    shown = reading.image(image, files) if image else None
    read = reading.sources(files, shown, reference=reference is not None)
    sources = [Source(str(path), read[path]) for path in files]
    wanted = [naming.structure(name) for name in structure or ()]
    with progress("Comparing") as report:
        how = ComparisonSettings(tuple(wanted), tolerance_mm, per_slice, report)
        if pairwise:
            result = compare_observers(sources, how)
        elif consensus:
            result = compare_with_consensus(sources, consensus, how)
        else:
            result = compare_with_reference(sources[0], sources[1:], how)
    settings = {
        "tolerance_mm": tolerance_mm,
        "structures": list(wanted),
        "consensus": consensus.value if consensus else None,
        "pairwise": pairwise,
        **naming.settings(),
    }
    inputs = [*map(contours_input, files), *([image_input(image, shown)] if image and shown else [])]
    provenance = Provenance.of(inputs, settings)
    document = comparison_document(
        result.comparisons, result.unmatched, result.matrices, provenance, reading.left_out
    )
    if output is not None:
        save_comparison(output, result, provenance, shown, document)
    print_result(
        form,
        table=lambda console: _print_tables(console, result),
        document=document,
        rows=slice_rows(result.comparisons)
        if per_slice
        else comparison_rows(result.comparisons, result.unmatched),
    )


def _print_tables(console: Console, result: ComparisonSet) -> None:
    print_comparisons(console, result.comparisons, result.unmatched)
    for comparison in result.comparisons:
        if comparison.slices is not None:
            print_slices(console, comparison)
    for matrix in result.matrices:
        print_matrix(console, matrix)
