"""The page of a cohort with its pictures, its table 2 and its overlays, written into a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from os import PathLike
from pathlib import Path

from ContourQALib.cohort.results import CohortResults
from ContourQALib.cohort.summary import CohortSummary
from ContourQALib.errors import ContourQAError, OutputError
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.report.canvas import Picture
from ContourQALib.report.cohort_charts import distribution_picture
from ContourQALib.report.cohort_overlays import (
    Choice,
    ContoursOf,
    choose_cases,
    file_stem,
    overlay_picture,
    write_overlay,
)
from ContourQALib.report.cohort_panels import Panel, in_pictures, panels_of
from ContourQALib.report.cohort_sections import (
    differences_section,
    further_section,
    overview_section,
    paper_tables,
    table_section,
    undefined_section,
)
from ContourQALib.report.cohort_table2 import table_rows
from ContourQALib.report.cohort_volumes import volume_picture
from ContourQALib.report.html import Section, definitions_section, figure, page
from ContourQALib.report.provenance import Provenance
from ContourQALib.report.records import to_csv

FIGURES, OVERLAYS = "figures", "overlays"
"""Folders of the pictures and of the segmentations, beside the page."""

TABLE_FILE, PAGE_FILE = "table2.csv", "report.html"

CHART_BYTES, OVERLAY_BYTES = 4_000_000, 2_500_000
"""Pictures of structures and of cases that the page holds: base64 makes four bytes of three, and a page
beyond 10 MB opens slowly. The folders hold all."""

STRUCTURES_NOTE = "<p>Distributions and volumes as in figures 5 and 4 of Geng 2024.</p>"
CASES_NOTE = f"<p>The contours of each case are also in the folder {OVERLAYS}, for 3D Slicer.</p>"

Tell = Callable[[int, int, str], None]
"""Told before each picture is drawn: how many are done, how many there are, which."""


class Album:
    """Writes pictures as files and puts as many of them into the page as it has room for."""

    def __init__(self, folder: Path, room_bytes: int, taken: set[str]) -> None:
        self._folder, self._room, self._taken = output_folder(folder), room_bytes, taken
        self.left_out = 0

    def add(self, kind: str, parts: Sequence[str], picture: Picture) -> str:
        """Write a picture under a name of these parts; its HTML, or "" when the page is full.

        Raises:
            OutputError: the file cannot be written.
        """
        with write_atomically(self._folder / f"{file_stem(kind, parts, self._taken)}.png") as temporary:
            temporary.write_bytes(picture.png)
        self._room -= len(picture.png)
        if self._room < 0:
            self.left_out += 1
            return ""
        return figure(picture)

    def note(self) -> str:
        """Where the pictures are that the page had no room for."""
        if not self.left_out:
            return ""
        return f'<p class="warning">{self.left_out} further pictures are in the folder {FIGURES}.</p>'


def write_cohort_report(
    folder: str | PathLike[str],
    results: CohortResults,
    summary: CohortSummary,
    provenance: Provenance,
    contours_of: ContoursOf,
    show: Sequence[str] = (),
    tell: Tell | None = None,
) -> Path:
    """Write report.html, table2.csv, figures/*.png and overlays/*.seg.nrrd; equal results give equal bytes.

    The page comes last: where it is new, everything it shows is. It carries no date.

    Args:
        folder: made where it is missing.
        results: every row.
        summary: of the results.
        provenance: where they come from; its inputs are listed one by one, so name the manifest alone.
        contours_of: opens the files of a row again; asked for each case that is shown.
        show: cases to show instead of those that changed most, least and in between.
        tell: told of the progress.

    Returns:
        The path of report.html.

    Raises:
        SettingError: there is no case of a name in `show`.
        OutputError: the folder is a file or not writable, or the disk is full.
    """
    choices = choose_cases(results, show)
    panels = panels_of(results, summary)
    total = len(panels) + len(choices)
    place = output_folder(folder)
    taken: set[str] = set()
    sections = [overview_section(results, summary), table_section(results, summary)]
    album = Album(place / FIGURES, CHART_BYTES, taken)
    body = ""
    for done, (structure, members) in enumerate(panels.items()):
        if tell:
            tell(done, total, structure)
        body += _structure(structure, members, album)
    sections.append(Section("Structure by structure", STRUCTURES_NOTE + album.note() + body))
    differences = differences_section(results, summary)
    sections += [differences] if differences else []
    sections.append(further_section(results, summary))
    album = Album(place / FIGURES, OVERLAY_BYTES, taken)
    files: set[str] = set()
    body = ""
    for done, choice in enumerate(choices, len(panels)):
        if tell:
            tell(done, total, results.rows[choice.row].case)
        body += _case(choice, results, contours_of, album, place / OVERLAYS, files)
    note = CASES_NOTE if choices else "<p>No case has a Dice of every model that could be shown.</p>"
    sections.append(Section("Cases", note + album.note() + body))
    sections += [undefined_section(results), definitions_section()]
    table = to_csv(table_rows(paper_tables(results, summary)))
    html = page("Cohort", sections, provenance)
    for name, text in ((TABLE_FILE, table), (PAGE_FILE, html)):
        with write_atomically(place / name) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="")
    return place / PAGE_FILE


def _structure(structure: str, panels: Sequence[Panel], album: Album) -> str:
    """Distributions and volumes of one structure, as many datasets to a picture as it holds."""
    several = len(panels) > 1
    body = ""
    for part in in_pictures(panels):
        body += album.add(
            "distributions", [structure], distribution_picture(structure, part, several=several)
        )
    for part in in_pictures(panels):
        body += album.add("volumes", [structure], volume_picture(structure, part, several=several))
    return f"<article><h3>{escape(structure)}</h3>{body}</article>" if body else ""


def _case(
    choice: Choice,
    results: CohortResults,
    contours_of: ContoursOf,
    album: Album,
    folder: Path,
    files: set[str],
) -> str:
    """One shown row: its picture, and its contours as a segmentation; a sentence where it cannot be shown."""
    row = results.rows[choice.row]
    named = [name for name in (row.dataset, row.case, row.structure) if name]
    heading = f'<h3>{escape(", ".join(named))} <span class="score">{escape(choice.why)}</span></h3>'
    try:
        shown = contours_of(choice.row)
        body = album.add("overlay", named, overlay_picture(shown, results.models))
        path = output_folder(folder) / f"{file_stem('overlay', named, files)}.seg.nrrd"
        write_overlay(shown, row.structure, results.models, path)
    except OutputError:
        raise
    except ContourQAError as error:
        return f'<article>{heading}<p class="warning">Cannot be shown: {escape(str(error))}</p></article>'
    return f"<article>{heading}{body}</article>" if body else ""
