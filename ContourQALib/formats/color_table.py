"""Color tables: names and colors of a label map's labels, kept in a text file beside it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.file_type import check_readable, stem_of

Color = tuple[float, float, float]

SUFFIXES = (".ctbl", "_ColorTable.ctbl", ".labels.csv", ".label", ".csv", ".txt")
"""What may follow a label file's stem: a color table of Slicer or as it exports one, ITK-SNAP labels."""

OF_ANYTHING = (".csv", ".txt")
"""Files of these names may hold anything, and are left alone when they are no color table."""

UNNAMED = {"", "(none)", "none"}

ITK_SNAP_LINE = re.compile(r'(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})\s+\S+\s+\d+\s+\d+\s+"(.*)"')
SLICER_LINE = re.compile(r"(\d{1,9})\s+(.*?)\s+(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})(?:\s+(\d{1,9}))?")


@dataclass(frozen=True)
class ColorEntry:
    """Name of a label as the table spells it, and its color with red, green, blue in [0, 1]."""

    name: str
    color: Color


def read_color_table(path: str | PathLike[str]) -> dict[int, ColorEntry]:
    """Entries by label from a Slicer color table (.ctbl, .txt, .csv) or an ITK-SNAP label description.

    Slicer writes `label name red green blue alpha`, in newer versions a CSV file with a LabelValue column,
    and ITK-SNAP `label red green blue alpha visible mesh "name"`, with colors from 0 to 255. Label 0, the
    background, and labels without a name are left out.

    Raises:
        FormatError: missing, or a line of neither form.
    """
    path = check_readable(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not a color table; give a text file.") from error
    rows = _csv_rows(path, lines) if "LabelValue" in "".join(lines[:1]) else _text_rows(path, lines)
    entries = {
        label: ColorEntry(name, (red / 255, green / 255, blue / 255))
        for label, name, (red, green, blue) in rows
        if label > 0 and name.lower() not in UNNAMED
    }
    if not entries:
        raise FormatError(f"{path} names no label; write lines such as: 1 bladder 255 200 0 255.")
    return entries


def _text_rows(path: Path, lines: list[str]) -> Iterator[tuple[int, str, Color]]:
    """Label, name and color (0 to 255) of each line."""
    for line in map(str.strip, lines):
        if not line or line.startswith("#"):
            continue
        if match := ITK_SNAP_LINE.fullmatch(line):
            label, *rgb, name = match.groups()
        elif match := SLICER_LINE.fullmatch(line):
            label, name, *rgb = match.groups()[:5]
        else:
            raise FormatError(
                f'{path} is not a color table because of the line "{line[:60]}";'
                " write: label name red green blue 255."
            )
        red, green, blue = (float(min(int(value), 255)) for value in rgb)
        yield int(label), name.strip(), (red, green, blue)


def _csv_rows(path: Path, lines: list[str]) -> Iterator[tuple[int, str, Color]]:
    """Label, name and color (0 to 255) of each row of Slicer's CSV color table."""
    try:
        for row in csv.DictReader(lines):
            red, green, blue = (min(max(float(row[f"Color_{c}"]), 0.0), 255.0) for c in "RGB")
            yield int(row["LabelValue"]), row["Name"].strip(), (red, green, blue)
    except (KeyError, TypeError, ValueError, AttributeError, csv.Error) as error:
        raise FormatError(
            f"{path} is a color table that cannot be understood; export it again from Slicer."
        ) from error


def color_table_beside(path: str | PathLike[str]) -> dict[int, ColorEntry]:
    """Entries of the color table of the same stem beside a label file, or none.

    Raises:
        FormatError: a .ctbl, .label or labels.csv file beside it is damaged.
    """
    path = Path(path)
    for suffix in SUFFIXES:
        table = path.with_name(stem_of(path) + suffix)
        if not table.is_file():
            continue
        try:
            return read_color_table(table)
        except FormatError:
            if suffix not in OF_ANYTHING:
                raise
    return {}
