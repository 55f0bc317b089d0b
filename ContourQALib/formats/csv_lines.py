"""The lines of a table that a user wrote: CSV with commas, in UTF-8."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ContourQALib.errors import FormatError

Line = tuple[int, list[str]]
"""Number of a line, from one, and its cells without the blanks around them."""


@contextmanager
def csv_lines(path: Path, what: str) -> Iterator[Iterator[Line]]:
    """Open a table and give its lines that are not blank; a byte order mark does no harm.

    Args:
        path: the file.
        what: what errors call it, such as "manifest".

    Raises:
        FormatError: missing, a folder, not permitted to be read, no UTF-8, or no CSV (the line is named).
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield _lines(path, csv.reader(file, strict=True))
    except IsADirectoryError as error:
        raise FormatError(f"{path} is a folder; name the {what} (CSV) in it.") from error
    except PermissionError as error:
        raise FormatError(f"{path} cannot be opened; ask for permission to read it.") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not a text in UTF-8; save the {what} as CSV UTF-8.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        raise FormatError(f"{path} does not exist; check the path of the {what}.") from error


def _lines(path: Path, reader: Any) -> Iterator[Line]:
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield reader.line_num, stripped
    except csv.Error as error:
        raise FormatError(
            f"{path} cannot be read as CSV in line {max(reader.line_num, 1)} ({error}); export it again."
        ) from error
