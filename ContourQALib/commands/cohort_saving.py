"""What `contourqa cohort` gives out: a folder with the report and its tables, or text on standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from ContourQALib.cohort.measurement import RowReader
from ContourQALib.cohort.results import CohortResults
from ContourQALib.cohort.summary import CohortSummary
from ContourQALib.cohort.tasks import RowTask
from ContourQALib.commands.options import Format
from ContourQALib.commands.printing import progress, say
from ContourQALib.commands.reading import readable_image
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.report.cohort_overlays import ShownCase
from ContourQALib.report.cohort_page import write_cohort_report
from ContourQALib.report.cohort_records import (
    RESULT_COLUMNS,
    SUMMARY_COLUMNS,
    TEST_COLUMNS,
    UNDEFINED_COLUMNS,
    cohort_document,
    csv_chunks,
    json_chunks,
    result_rows,
    summary_rows,
    test_rows,
    undefined_rows,
)
from ContourQALib.report.cohort_tables import print_cohort
from ContourQALib.report.provenance import Provenance
from ContourQALib.report.tables import PIPE_WIDTH

Files = Callable[[], Iterator[tuple[str, str]]]
"""Path and SHA-256 of every contour file."""


def save_cohort(
    folder: Path,
    results: CohortResults,
    summary: CohortSummary,
    files: Files,
    provenance: Provenance,
    tasks: Sequence[RowTask],
    naming: LabelNaming,
    show: Sequence[str],
) -> None:
    """Write a cohort's report, tables and pictures.

    Args:
        folder: where to.
        results: every row.
        summary: of the results.
        files: the contour files that were read.
        provenance: where the result comes from.
        tasks: the rows, whose files are opened again for those that are shown.
        naming: how their labels are named.
        show: cases to show; where empty the report chooses.

    Raises:
        OutputError: the folder cannot be written.
    """
    reader = RowReader(naming.read, results.tolerance_mm)

    def contours_of(row: int) -> ShownCase:
        reference, tests = reader.contours(tasks[row])
        drawn = {
            model: contour
            for model, contour in zip(results.models, tests, strict=True)
            if contour is not None
        }
        task = tasks[row]
        image = readable_image(task.image, task.series or None, [task.reference])
        return ShownCase(image, reference, drawn)

    place = output_folder(folder)
    texts = {
        "report.csv": csv_chunks(result_rows(results), RESULT_COLUMNS),
        "summary.csv": csv_chunks(summary_rows(summary), SUMMARY_COLUMNS),
        "tests.csv": csv_chunks(test_rows(summary), TEST_COLUMNS),
        "undefined.csv": csv_chunks(undefined_rows(results), UNDEFINED_COLUMNS),
        "report.json": json_chunks(cohort_document(results, summary, files(), provenance)),
    }
    for name, chunks in texts.items():
        with (
            write_atomically(place / name) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            file.writelines(chunks)
    with progress("Drawing") as tell:
        report = write_cohort_report(folder, results, summary, provenance, contours_of, show, tell)
    say(f"Wrote {report}.")


def print_cohort_result(
    form: Format, results: CohortResults, summary: CohortSummary, files: Files, provenance: Provenance
) -> None:
    """Print a cohort in the form asked for; CSV has one row for each model in each row of the manifest."""
    if form is Format.TABLE:
        print_cohort(Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH), results, summary)
    elif form is Format.JSON:
        sys.stdout.writelines(json_chunks(cohort_document(results, summary, files(), provenance)))
    else:
        sys.stdout.writelines(csv_chunks(result_rows(results), RESULT_COLUMNS))
