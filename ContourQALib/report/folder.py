"""A report's folder: the page, the document, the tables and the overlays under their fixed names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.report.records import to_json


def write_report_folder(
    folder: str | PathLike[str],
    html: str,
    document: Mapping[str, Any],
    tables: Mapping[str, str],
    overlays: Mapping[str, Callable[[Path], None]] | None = None,
) -> Path:
    """Write report.html, report.json, the CSV tables and the overlays; each file whole or not at all.

    The page comes last: where it is new, everything it speaks of is.

    Args:
        folder: made where it is missing.
        html: the page.
        document: what report.json holds.
        tables: CSV texts by file name ("report.csv", "slices.csv").
        overlays: by file name ("differences.seg.nrrd"), what writes the overlay to the path it is given.

    Returns:
        The path of report.html.

    Raises:
        OutputError: the folder is a file or not writable, or the disk is full.
    """
    place = output_folder(folder)
    text = to_json(document)
    for name, write in (overlays or {}).items():
        with write_atomically(place / name) as temporary:
            write(temporary)
    for name, content in {**tables, "report.json": text, "report.html": html}.items():
        with write_atomically(place / name) as temporary:
            temporary.write_text(content, encoding="utf-8", newline="")
    return place / "report.html"
