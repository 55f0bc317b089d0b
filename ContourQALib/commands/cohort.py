"""`contourqa cohort`: models compared over many patients, with the tests that say whether they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from ContourQALib import __version__
from ContourQALib.cohort.crew import HowToMeasure
from ContourQALib.cohort.gathering import Gathering
from ContourQALib.cohort.journal import Journal
from ContourQALib.cohort.run import measure_missing, take_over
from ContourQALib.cohort.summary import summarize
from ContourQALib.cohort.tasks import NEEDED, RowTask, models_of, tasks_of
from ContourQALib.commands.cohort_saving import print_cohort_result, save_cohort
from ContourQALib.commands.options import (
    ColorTableOption,
    Format,
    FormatOption,
    LabelsOption,
    MergeOption,
    NamesOption,
    OutputOption,
    StructureOption,
)
from ContourQALib.commands.printing import progress, say
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.manifest import read_manifest
from ContourQALib.formats.output import output_folder, remove_leftovers
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM, Status
from ContourQALib.metrics.surface import check_tolerance
from ContourQALib.report.cohort_overlays import check_shown
from ContourQALib.report.cohort_page import FIGURES, OVERLAYS
from ContourQALib.report.provenance import Provenance, hash_file

JOURNAL_FILE = "cohort.journal"
"""In the output folder: the rows that are done, from which the same command goes on."""

INTERRUPTED = 130


def cohort(
    manifest: Annotated[
        Path,
        typer.Argument(
            metavar="MANIFEST.csv",
            help="CSV with the columns case, structure, reference, one more for each model, named after it; "
            "dataset, patient, image where there are. Paths are relative to it.",
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", metavar="NAME", help="Only this model's column; repeat it for more, in their order."
        ),
    ] = None,
    structure: StructureOption = None,
    tolerance_mm: Annotated[
        float, typer.Option("--tolerance-mm", help="Tolerance of surface Dice, mm.")
    ] = DEFAULT_TOLERANCE_MM,
    labels: LabelsOption = None,
    merge: MergeOption = None,
    color_table: ColorTableOption = None,
    names: NamesOption = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Processes that measure; as many as there are processors by default."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Measure every row anew, whatever the folder's journal holds.")
    ] = False,
    show: Annotated[
        list[str] | None,
        typer.Option("--show", metavar="CASE", help="Show this case's contours in the report; repeatable."),
    ] = None,
    form: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Compare models with references over a cohort: means, and paired tests between the models.

    One row of the manifest is one structure of one case. A row that cannot be measured is listed with its
    reason and counted, and the others go on. With -o every row is written down as soon as it is done: after
    a kill the same command goes on from there, and ends with the same files.
    """
    check_tolerance(tolerance_mm)
    if workers is not None and workers < 1:
        raise SettingError(f"At least one process must measure, not {workers}; give --workers 1 or more.")
    if output is None and (show or fresh):
        raise SettingError(f"{'--show' if show else '--fresh'} is about a report's folder; name it by -o.")
    naming = LabelNaming(labels, merge, color_table, names)
    naming.check()
    listed = read_manifest(manifest, NEEDED).called(naming.structure)
    wanted = [naming.structure(name) for name in structure or ()]
    models = models_of(listed, model or ())
    tasks = tasks_of(listed, models, wanted)
    naming.check_used(Path(path) for task in tasks for path in (task.reference, *task.tests) if path)
    del listed  # paths of 10 000 rows take 16 MB
    check_shown([task.row.case for task in tasks], show or ())
    gathering = Gathering(tasks, models, tolerance_mm)
    how = HowToMeasure(naming.read, tolerance_mm)
    settings = {"tolerance_mm": tolerance_mm, "models": list(models), **naming.settings()}
    shaping = {**settings, "version": __version__}
    tables = {"color_table": color_table, "names": names}
    shaping |= {option: hash_file(table) for option, table in tables.items() if table}
    _measure(tasks, gathering, how, shaping, output, workers, fresh)
    results = gathering.results()
    if not any(status not in (Status.FAILED, Status.UNMATCHED) for row in results.statuses for status in row):
        first = next(iter(results.undefined()))
        raise FormatError(f"No row of {manifest} could be measured; the first: {first.reason}")
    summary = summarize(results)
    files = sum(1 for _ in gathering.files())
    inputs = [manifest, *filter(None, tables.values())]
    provenance = Provenance.of(inputs, settings | {"structures": wanted, "contour_files": files})
    if output is not None:
        save_cohort(output, results, summary, gathering.files, provenance, tasks, naming, show or ())
    print_cohort_result(form, results, summary, gathering.files, provenance)


def _measure(
    tasks: Sequence[RowTask],
    gathering: Gathering,
    how: HowToMeasure,
    shaping: Mapping[str, Any],
    output: Path | None,
    workers: int | None,
    fresh: bool,
) -> None:
    """Measure every row that the folder's journal does not hold; Ctrl-C says how far that came."""
    place = None if output is None else output_folder(output) / JOURNAL_FILE
    with Journal(place, shaping, fresh) if place else nullcontext() as journal:
        if journal is not None and output is not None:
            for folder in (output, output / FIGURES, output / OVERLAYS):
                remove_leftovers(folder)
            taken = take_over(tasks, journal, gathering)
            if taken:
                say(f"{taken} of {len(tasks)} rows were measured before and hold; {journal.path} has them.")
        try:
            with progress("Measuring") as report:
                measure_missing(tasks, gathering, how, journal=journal, workers=workers, report=report)
        except KeyboardInterrupt as stop:
            done = len(tasks) - len(gathering.missing())
            kept = "the same command goes on from there" if journal else "nothing is kept without -o FOLDER"
            say(f"Stopped after {done} of {len(tasks)} rows; {kept}.")
            raise typer.Exit(INTERRUPTED) from stop
