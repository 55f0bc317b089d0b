"""Tables as files that people open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from ContourQALib.report.records import cell

ENCODING = "utf-8-sig"
"""With the mark by which spreadsheets recognize UTF-8."""

MARK = "'"

DEFUSED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", MARK)
"""A text that begins with one of these could be run as a formula, or is marked already."""


def spreadsheet(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> bytes:
    """Rows as CSV by RFC 4180: a header, one row each, CRLF, UTF-8 with its mark.

    Cells are those of `records.to_csv`. A text that a spreadsheet would take for a formula is given an
    apostrophe in front, and so is one that begins with an apostrophe: to read a text as it was, take one
    leading apostrophe away. Names of structures and files come from outside, and may be anything.

    Args:
        rows: mappings with the same keys.
        columns: the columns in their order; those of the first row where empty.
    """
    names = list(columns or (rows[0] if rows else ()))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_defused(cell(row[name])) for name in names] for row in rows)
    return text.getvalue().encode(ENCODING)


def _defused(value: Any) -> Any:
    return MARK + value if isinstance(value, str) and value.startswith(DEFUSED) else value
