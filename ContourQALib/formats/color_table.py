"""Color tables: names and colors of a label map's labels, kept in a text file beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.file_type import check_readable, stem_of

Color = tuple[float, float, float]

SUFFIXES = (".ctbl", "_ColorTable.ctbl", ".label", ".txt")
"""What may follow a label file's stem: a color table of Slicer or as it exports one, ITK-SNAP labels."""

UNNAMED = {"", "(none)", "none"}

ITK_SNAP_LINE = re.compile(r'(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+\S+\s+\d+\s+\d+\s+"(.*)"')
SLICER_LINE = re.compile(r"(\d+)\s+(.*?)\s+(\d+)\s+(\d+)\s+(\d+)(?:\s+(\d+))?")


@dataclass(frozen=True)
class ColorEntry:
    """Name of a label as the table spells it, and its color with red, green, blue in [0, 1]."""

    name: str
    color: Color


def read_color_table(path: str | PathLike[str]) -> dict[int, ColorEntry]:
    """Entries by label from a Slicer color table (.ctbl, .txt) or an ITK-SNAP label description.

    Slicer writes `label name red green blue alpha` and ITK-SNAP
    `label red green blue alpha visible mesh "name"`, with colors from 0 to 255. Label 0, the background, and
    labels without a name are left out.

    Raises:
        FormatError: missing, or a line of neither form.
    """
    path = check_readable(path)
    entries: dict[int, ColorEntry] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not a color table; give a text file.") from error
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
        red, green, blue = (min(int(value), 255) / 255 for value in rgb)
        if int(label) > 0 and name.strip().lower() not in UNNAMED:
            entries[int(label)] = ColorEntry(name.strip(), (red, green, blue))
    if not entries:
        raise FormatError(f"{path} names no label; write lines such as: 1 bladder 255 200 0 255.")
    return entries


def color_table_beside(path: str | PathLike[str]) -> dict[int, ColorEntry]:
    """Entries of the color table of the same stem beside a label file, or none.

    A .txt of that stem may be any note: it is left alone when it is not a color table.

    Raises:
        FormatError: a .ctbl or .label file beside it is damaged.
    """
    path = Path(path)
    for suffix in SUFFIXES:
        table = path.with_name(stem_of(path) + suffix)
        if not table.is_file():
            continue
        try:
            return read_color_table(table)
        except FormatError:
            if suffix != ".txt":
                raise
    return {}
