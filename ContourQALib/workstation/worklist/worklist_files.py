"""What can be had of a worklist as a file: its report and its table."""

from __future__ import annotations

from ContourQALib.quality.worklist import Worklist
from ContourQALib.workstation.settings import Settings

REPORT_NAME = "worklist.html"
TABLE_NAME = "worklist.csv"


def report_file(worklist: Worklist, settings: Settings) -> bytes:
    """The page of `contourqa assess --cases`, without pictures; takes some time, call it in a thread.

    Raises:
        FormatError: the manifest cannot be read any more.
        ModelError: the chosen model is gone.
    """
    from ContourQALib.quality.model import find_model
    from ContourQALib.report.html import page
    from ContourQALib.report.provenance import Provenance
    from ContourQALib.report.worklist_section import worklist_sections

    source = settings.source
    provenance = Provenance.of(
        [source] if source is not None and source.is_file() else [],
        {"accept": settings.levels.accept, "reject": settings.levels.reject},
        find_model(settings.model).identity if settings.model else None,
    )
    sections = worklist_sections(worklist, lambda _: b"", "")  # the cases name no pictures
    return page("Contour worklist", sections, provenance).encode()


def table_file(worklist: Worklist) -> bytes:
    """One row a contour, by risk, as `contourqa assess --cases` writes it."""
    from ContourQALib.report.spreadsheet import spreadsheet
    from ContourQALib.report.worklist_records import worklist_rows

    return spreadsheet(worklist_rows(worklist))
