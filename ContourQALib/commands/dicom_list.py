"""`contourqa dicom list`: series, structure sets and segmentations of a folder, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ContourQALib.commands.options import Format, FormatOption, NamesOption
from ContourQALib.commands.printing import print_result
from ContourQALib.errors import ContourQAError
from ContourQALib.formats.dicom.contour_header import read_contour_header
from ContourQALib.formats.dicom.folder import DicomFolder, LeftOut, scan
from ContourQALib.formats.dicom.image_series import ImageSeries
from ContourQALib.formats.dicom.segmentation_file import open_segmentation
from ContourQALib.formats.dicom.structure_set import read_structure_set
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.report.records import Record
from ContourQALib.report.tables import plain_table, print_title, print_wide
from ContourQALib.report.wording import UNDEFINED
from ContourQALib.vocabulary import standard_name

COLUMNS = (
    "what",
    "file",
    "structure",
    "standard_name",
    "contours",
    "number",
    "modality",
    "images",
    "description",
    "series_uid",
    "study_uid",
    "reason",
)
"""Of a row that stands for a series, a structure, or something left out."""


@dataclass(frozen=True)
class _Listing:
    """What was found, as records."""

    series: list[Record]
    files: list[Record]
    left_out: list[LeftOut]
    patients: int


def list_files(
    path: Annotated[Path, typer.Argument(help="Folder of any nesting, or a file, for those beside it.")],
    names: NamesOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List the image series, structure sets and segmentations of a folder, and the files that are left out.

    Structures stand with the TG-263 name that they are matched by. Series descriptions, which may hold
    anything, are shown here and nowhere else.
    """
    naming = LabelNaming(names=names)
    naming.check()
    found = _look(scan(path), naming)
    print_result(
        form,
        table=lambda console: _print(console, found),
        document={
            "path": str(path),
            "patients": found.patients,
            "series": found.series,
            "contours": found.files,
            "left_out": [{"file": str(one.path), "reason": one.reason} for one in found.left_out],
        },
        rows=_rows(found),
    )


def _look(folder: DicomFolder, naming: LabelNaming) -> _Listing:
    left_out = list(folder.left_out)
    files: list[Record] = []
    for file in (*folder.structure_sets, *folder.segmentations):
        try:
            record = _structure_set(file) if file in folder.structure_sets else _segmentation(file)
            files.append(record)
        except ContourQAError as error:
            left_out.append(LeftOut(file, str(error)))
    for structure in (structure for record in files for structure in record["structures"]):
        name = structure["structure"]
        known = standard_name(naming.structure(name))
        structure["standard_name"] = naming.official_name(name) or known
    patients = {one.instances[0].patient for one in folder.series}
    return _Listing([_series(one) for one in folder.series], files, left_out, len(patients))


def _series(series: ImageSeries) -> Record:
    return {
        "number": series.number,
        "modality": series.modality,
        "images": series.image_count,
        "description": series.description,
        "series_uid": series.series_uid,
        "study_uid": series.study_uid,
        "frame_uid": series.frame_uid,
    }


def _structure_set(file: Path) -> Record:
    found = read_structure_set(file)
    return {
        "file": str(file),
        "kind": "RTSTRUCT",
        "series_uids": list(found.series_uids),
        "structures": [
            {"structure": one.name, "standard_name": None, "contours": len(one.contours)}
            for one in found.structures
        ],
        "left_out": [{"structure": one.name, "reason": one.reason} for one in found.left_out],
    }


def _segmentation(file: Path) -> Record:
    found = open_segmentation(file)
    return {
        "file": str(file),
        "kind": f"SEG {found.kind.lower()}",
        "series_uids": list(read_contour_header(file).series_uids),
        "structures": [
            {"structure": one.name, "standard_name": None, "contours": None} for one in found.segments
        ],
        "left_out": [],
    }


def _rows(found: _Listing) -> list[Record]:
    """One flat row for each series, structure, region left out, and file left out."""
    empty: Record = dict.fromkeys(COLUMNS)
    rows: list[Record] = []
    for series in found.series:
        rows.append(empty | {"what": "series"} | {k: v for k, v in series.items() if k in empty})
    for record in found.files:
        where = {"file": record["file"], "series_uid": record["series_uids"]}
        rows += [empty | {"what": record["kind"]} | where | one for one in record["structures"]]
        rows += [empty | {"what": "left out"} | where | one for one in record["left_out"]]
    rows += [empty | {"what": "left out", "file": one.path, "reason": one.reason} for one in found.left_out]
    return rows


def _print(console: Console, found: _Listing) -> None:
    if found.patients > 1:
        print_wide(console, Text(f"Files of {found.patients} patients.", style="yellow"))
    if found.series:
        _print_table(
            console,
            "Image series",
            ("Number", "Modality", "Images", "Description", "Series UID"),
            [
                [_text(one[key]) for key in ("number", "modality", "images", "description", "series_uid")]
                for one in found.series
            ],
        )
    for record in found.files:
        structures = record["structures"]
        headings, keys = ["Structure", "TG-263"], ["structure", "standard_name"]
        if any(one["contours"] is not None for one in structures):
            headings, keys = [*headings, "Contours"], [*keys, "contours"]
        rows = [[_text(one[key]) for key in keys] for one in structures]
        _print_table(console, f"{record['kind']} {record['file']}", headings, rows)
        drawn_on = ", ".join(record["series_uids"]) or "no series"
        print_wide(console, Text(f"refers to {drawn_on}", style="dim"))
        for line in _left_out_lines(record["left_out"]):
            print_wide(console, Text(line, style="dim"))
    if found.left_out:
        print_title(console, "Left out")
        for file in found.left_out:
            reason = file.reason.removeprefix(f"{file.path} ")
            print_wide(console, Text(f"{file.path} {reason}"))
    if not (found.series or found.files):
        print_wide(console, Text("No image series and no contours."))


def _left_out_lines(left_out: Sequence[Record]) -> Iterator[str]:
    for one in left_out:
        yield f"left out: {one['structure']} ({one['reason']})"


def _print_table(
    console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    print_title(console, title)
    table = plain_table()
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*map(Text, row))
    print_wide(console, table)


def _text(value: object) -> str:
    return UNDEFINED if value is None else str(value)
