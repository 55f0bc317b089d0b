"""`contourqa pacs query`: which studies an archive holds, and which series a study has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from ContourQALib.commands.options import Format, FormatOption
from ContourQALib.commands.printing import print_result, say
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.records import SeriesRecord, StudyRecord
from ContourQALib.pacs.searching import StudyFilter, check_uid, find_series, find_studies
from ContourQALib.report.tables import PIPE_WIDTH, plain_table

IDENTIFYING = {"patient_name", "description"}
"""What is shown only to who asks for it: names, and what was typed freely, which often holds names."""

STUDY_COLUMNS = {
    "study_date": "date",
    "patient_id": "patient ID",
    "patient_name": "name",
    "modalities": "modalities",
    "series_count": "series",
    "instance_count": "files",
    "description": "description",
    "study_uid": "study UID",
}
SERIES_COLUMNS = {
    "number": "number",
    "modality": "modality",
    "instance_count": "files",
    "description": "description",
    "series_uid": "series UID",
}
"""Columns of a table with their headings; UIDs, there to be copied, stand where lines are broken."""


def query(
    context: typer.Context,
    patient_id: Annotated[
        str,
        typer.Option("--patient-id", metavar="ID", help="Studies of this patient; * stands for any letters."),
    ] = "",
    study_date: Annotated[
        str, typer.Option("--study-date", metavar="DATE", help="20240131, or a range: 20240101-20240131.")
    ] = "",
    modality: Annotated[
        str, typer.Option("--modality", metavar="CT", help="Studies with a series of this kind.")
    ] = "",
    study: Annotated[
        str, typer.Option("--study", metavar="UID", help="The series of this study instead of studies.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many studies.")] = 50,
    show_names: Annotated[
        bool, typer.Option("--show-names", help="Show patients' names and descriptions too.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """List the studies of an archive, or with --study the series of one.

    Studies are told by patient ID, date and UID; names and descriptions only with --show-names.
    """
    archive: Archive = context.obj.open()
    if study:
        _show("series", find_series(archive, check_uid(study, "--study")), show_names, form)
        return
    wanted = StudyFilter(patient_id=patient_id, study_date=study_date, modality=modality)
    found = find_studies(archive, wanted, limit + 1)
    _show("studies", found[:limit], show_names, form)
    if len(found) > limit:
        say(f"There are more than {limit}; look closer by --patient-id or --study-date, or raise --limit.")


def _show(what: str, records: Sequence[StudyRecord | SeriesRecord], names: bool, form: Format) -> None:
    rows = [_row(record, names) for record in records]
    columns = SERIES_COLUMNS if what == "series" else STUDY_COLUMNS
    print_result(
        form,
        table=lambda console: _table(console, what, columns, rows),
        document={what: rows},
        rows=[{key: _cell(value) for key, value in row.items()} for row in rows],
    )


def _row(record: StudyRecord | SeriesRecord, names: bool) -> dict[str, Any]:
    return {key: value for key, value in asdict(record).items() if names or key not in IDENTIFYING}


def _cell(value: Any) -> Any:
    """Several modalities in one cell."""
    return " ".join(value) if isinstance(value, tuple) else value


def _table(
    console: Console, what: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]
) -> None:
    if not rows:
        console.print(f"No {what}.")
        return
    shown = [key for key in columns if key in rows[0]]
    table = plain_table()
    for key in shown:
        table.add_column(columns[key], no_wrap=True)
    for row in rows:
        # plain text: brackets in a description are no markup
        table.add_row(*(Text("–" if row[key] is None else str(_cell(row[key]))) for key in shown))
    console.width = PIPE_WIDTH  # a terminal that is narrower goes on in the next line, and cuts no UID short
    console.print(table)
