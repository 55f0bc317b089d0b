"""A session's report as files: one page, one document, a table for each part, and the snapshots."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from functools import partial
from os import PathLike
from pathlib import Path

from ContourQALib.formats.output import output_folder
from ContourQALib.report.folder import write_report_folder
from ContourQALib.report.html import page
from ContourQALib.report.provenance import Provenance, provenance_record
from ContourQALib.report.reader_decision import decision_rows
from ContourQALib.report.records import (
    Record,
    assessment_document,
    assessment_rows,
    comparison_document,
    comparison_rows,
    slice_rows,
    to_csv,
)
from ContourQALib.report.session_inputs import inputs_of
from ContourQALib.report.session_report import SessionReport
from ContourQALib.report.session_sections import sections_of, study_of
from ContourQALib.report.threshold_records import study_document, study_rows

Progress = Callable[[int, int, str], None]
"""Told before each part: how many are done, how many there are, and the next one's name."""

ASSESSMENT_FILE, COMPARISON_FILE = "report.csv", "comparison.csv"
SLICES_FILE, THRESHOLDS_FILE = "slices.csv", "thresholds.csv"

OURS = re.compile(r"(report|comparison|slices|thresholds)\.csv|snapshot_\d{2,}\.png")
"""Names of the files that one report has and the next one may lack."""


def write_session_report(
    folder: str | PathLike[str], report: SessionReport, progress: Progress | None = None
) -> Path:
    """Write a session's report; each file whole or not at all, the page last.

    The files are report.html, report.json, report.csv (the assessment), comparison.csv, slices.csv,
    thresholds.csv and snapshot_01.png ...; those of parts that the report lacks are not written, and those
    that an earlier report of a session left in the folder are removed: tables of two reports side by side
    would be taken for one.

    Args:
        folder: made where it is missing.
        report: what to write.
        progress: told before each part.

    Returns:
        The path of report.html.

    Raises:
        OutputError: the folder is a file or not writable, or the disk is full.
        GeometryError: a contour lies wholly outside the image or reference that it is drawn on.
    """
    folder = Path(folder)
    # Drawing takes long: whether the folder can be written is found out before, without making it.
    output_folder(next(place for place in (folder, *folder.absolute().parents) if place.exists()))
    model = report.assessment.model if report.assessment else None
    provenance = Provenance(inputs_of(report), dict(report.settings), model)
    sections = sections_of(report, progress)
    html = page(report.title, sections, provenance, generated=date.today().isoformat())
    tables = _tables(report)
    pictures = {f"snapshot_{n:02d}.png": shot.png for n, shot in enumerate(report.snapshots, 1)}
    document = _document(report, provenance, list(pictures), [*tables, *pictures])
    before = _files_of_earlier(folder)
    written = write_report_folder(
        folder, html, document, tables, {name: partial(_put, png) for name, png in pictures.items()}
    )
    for name in before - {*tables, *pictures}:
        with suppress(OSError):
            (folder / name).unlink()
    return written


def _put(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _tables(report: SessionReport) -> Mapping[str, str]:
    tables = {}
    if report.assessment is not None:
        tables[ASSESSMENT_FILE] = to_csv(assessment_rows(report.assessment))
    if report.comparisons or report.unmatched:
        tables[COMPARISON_FILE] = to_csv(comparison_rows(report.comparisons, report.unmatched))
    if any(comparison.slices is not None for comparison in report.comparisons):
        tables[SLICES_FILE] = to_csv(slice_rows(report.comparisons))
    if report.sweeps:
        tables[THRESHOLDS_FILE] = to_csv(study_rows(study_of(report)))
    return tables


def _document(report: SessionReport, provenance: Provenance, pictures: list[str], files: list[str]) -> Record:
    compared = report.comparisons or report.unmatched
    return {
        "title": report.title,
        "assessment": assessment_document(report.assessment) if report.assessment else None,
        "comparison": comparison_document(report.comparisons, report.unmatched) if compared else None,
        "thresholds": study_document(study_of(report)) if report.sweeps else None,
        "decisions": decision_rows(report.decisions),
        "snapshots": [
            {"file": name, "caption": shot.caption}
            for name, shot in zip(pictures, report.snapshots, strict=True)
        ],
        "files": files,
        "provenance": provenance_record(provenance),
    }


def _files_of_earlier(folder: Path) -> set[str]:
    """The tables and pictures that the session's report in this folder says it wrote; none without one."""
    try:
        found = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    names = found.get("files", []) if isinstance(found, dict) else []
    return {name for name in names if isinstance(name, str) and OURS.fullmatch(name)}
