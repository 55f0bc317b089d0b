"""Manifests in: a CSV that lists the cases of a cohort, the one format of every command that takes many.

Known columns are case, patient, structure, stratum, dataset, series (text) and image, reference, contour,
probability (paths); any other column holds the contours of the model it is named after (VPM, LFT). Paths are
relative to the CSV, and each is a file or a folder of DICOM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.csv_lines import Line, csv_lines
from ContourQALib.names import normalize

TEXTS = ("case", "patient", "structure", "stratum", "dataset", "series")
"""Known columns whose cells are words."""

FILES = ("image", "reference", "contour", "probability")
"""Known columns whose cells are paths."""

CASE = "case"
"""The column without which nobody could tell the rows of a result apart."""


@dataclass(frozen=True)
class ManifestRow:
    """One row: one structure of one case.

    Attributes:
        line: line of the file that the row ends in, from 1 for the header.
        case: name of the case.
        patient: whose case it is; the case's own name where nothing is said.
        structure, stratum, dataset, series: what the cells say; "" for an empty cell or a column that is
            missing. The series is which DICOM series of several is the image (see `images.read_image`).
        files: path by column of `FILES`; without the empty cells.
        models: path of a model's contours by the model's name; without the empty cells.
    """

    line: int
    case: str
    patient: str
    structure: str
    stratum: str
    dataset: str
    series: str
    files: Mapping[str, Path]
    models: Mapping[str, Path]


@dataclass(frozen=True)
class Manifest:
    """The rows of a manifest, in the order of the file.

    Attributes:
        path: the file, as the user named it.
        models: the models whose contours have a column.
        rows: at least one.
    """

    path: Path
    models: tuple[str, ...]
    rows: tuple[ManifestRow, ...]

    def called(self, structure: Callable[[str], str]) -> Manifest:
        """The same with structures called by another name each, such as `LabelNaming.structure` gives."""
        called = {row.structure: structure(row.structure) for row in self.rows if row.structure}
        rows = (replace(row, structure=called.get(row.structure, "")) for row in self.rows)
        return replace(self, rows=tuple(rows))


def read_manifest(path: str | PathLike[str], needs: Sequence[str] = ()) -> Manifest:
    """Read a manifest; that the files it names exist is left to whoever opens them.

    Args:
        path: CSV with commas, UTF-8 (a byte order mark does no harm), one header line.
        needs: columns that must be there with no cell empty, beside "case".

    Raises:
        FormatError: missing, not readable as CSV, columns or cells that are needed and missing, columns that
            are there twice, rows of another length, or a structure of a case that is there twice. The text
            names the line.

    Example:
        rows = read_manifest("cohort.csv", needs=("structure", "reference", "probability")).rows
    """
    path = Path(path)
    with csv_lines(path, "manifest") as lines:
        return _read(path, lines, dict.fromkeys((CASE, *needs)))


def _read(path: Path, lines: Iterator[Line], needs: Mapping[str, None]) -> Manifest:
    header = next(lines, None)
    if header is None:
        raise FormatError(f"{path} is empty; a manifest begins with a line of column names.")
    columns = _columns(path, header[1], needs)
    rows: list[ManifestRow] = []
    seen: dict[tuple[str, str], int] = {}
    for line, cells in lines:
        row = _row(path, columns, line, cells, needs)
        key = (row.case, normalize(row.structure))
        if key in seen:
            what = f"structure {row.structure} of case {row.case}" if row.structure else f"case {row.case}"
            raise FormatError(
                f"{path} lists {what} twice, in lines {seen[key]} and {line}; remove or rename one of them."
            )
        seen[key] = line
        rows.append(row)
    if not rows:
        raise FormatError(f"{path} lists no case below its header; add a row for each.")
    known = {*TEXTS, *FILES, ""}
    return Manifest(path, tuple(name for name in columns if name not in known), tuple(rows))


def _columns(path: Path, header: Sequence[str], needs: Mapping[str, None]) -> list[str]:
    """The header's names, known ones as they are spelled here, "" for a column without a name."""
    known = {name: name for name in (*TEXTS, *FILES)}
    columns = [known.get(name.casefold(), name) for name in header]
    named = [name for name in columns if name]
    missing = [name for name in needs if name not in named]
    if missing:
        there = ", ".join(named)
        separated = next((sign for sign in (";", "\t") if len(header) == 1 and sign in header[0]), None)
        if separated:
            raise FormatError(f"{path} is not separated by commas; save the manifest as CSV with commas.")
        raise FormatError(f"{path} has no column {' and no column '.join(missing)}; its columns are {there}.")
    folded = [name.casefold() for name in named]
    twice = next((name for name in named if folded.count(name.casefold()) > 1), None)
    if twice:
        raise FormatError(f"{path} has the column {twice} twice; remove or rename one of them.")
    return columns


def _row(
    path: Path, columns: Sequence[str], line: int, cells: list[str], needs: Mapping[str, None]
) -> ManifestRow:
    if len(cells) != len(columns):
        raise FormatError(
            f"{path} has {len(cells)} cells in line {line} but {len(columns)} columns; "
            "write every cell, and put quotes around one that holds a comma."
        )
    by_column = dict(zip(columns, cells, strict=True))
    if any(cell and not name for name, cell in zip(columns, cells, strict=True)):
        raise FormatError(f"{path} has a cell in line {line} whose column has no name; name the column.")
    empty = next((name for name in needs if not by_column[name]), None)
    if empty:
        raise FormatError(f"{path} has an empty cell in line {line}, column {empty}; fill it in.")
    texts = {name: by_column.get(name, "") for name in TEXTS}
    texts["patient"] = texts["patient"] or texts[CASE]
    paths = {
        name: path.parent / cell for name, cell in by_column.items() if cell and name and name not in TEXTS
    }
    return ManifestRow(
        line=line,
        **texts,
        files={name: where for name, where in paths.items() if name in FILES},
        models={name: where for name, where in paths.items() if name not in FILES},
    )
