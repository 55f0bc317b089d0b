"""Options that several commands share, spelled and explained once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


FormatOption = Annotated[
    Format,
    typer.Option("--format", help="How to print the result; JSON and CSV go to standard output alone."),
]
SeriesOption = Annotated[
    str | None,
    typer.Option(
        "--series",
        metavar="NUMBER|UID",
        help="Which DICOM series of several is the image: its number, its UID or the end of it; else the one "
        "that the contours refer to.",
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FOLDER", help="Also write report.html, .json, .csv and overlays here."
    ),
]
StructureOption = Annotated[
    list[str] | None,
    typer.Option("--structure", metavar="NAME", help="Only this structure; give the option again for more."),
]
LabelsOption = Annotated[
    str | None, typer.Option("--labels", metavar="1=NAME,2=NAME", help="Names of the labels in label files.")
]
MergeOption = Annotated[
    str | None, typer.Option("--merge", metavar="NAME", help="Take all labels as one structure of this name.")
]
NamesOption = Annotated[
    Path | None,
    typer.Option(
        "--names",
        metavar="TABLE.csv",
        help="Your own names of structures: CSV with the columns standard and variants, and tg263 if you "
        "like; TG-263 and common variants of it are known.",
    ),
]
ColorTableOption = Annotated[
    Path | None, typer.Option("--color-table", help="Color table (.ctbl, .txt) that names the labels.")
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", help="Bundled model by name, or a model's folder; else chosen by structure."),
]
AcceptOption = Annotated[float, typer.Option("--accept", help="Dice at or above this is acceptable.")]
RejectOption = Annotated[float, typer.Option("--reject", help="Dice below this is not.")]
ProbabilityOption = Annotated[
    list[str] | None,
    typer.Option(
        "--probability",
        metavar="[NAME=]PATH",
        help="Probability map that a contour was cut from, found by its file's name or NAME; repeatable.",
    ),
]
