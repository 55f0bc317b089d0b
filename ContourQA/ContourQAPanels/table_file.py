"""The table of a comparison as CSV files, with the numbers as they were computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ContourQALib.formats.output import write_atomically
from ContourQALib.mrml.errors import SceneError
from ContourQALib.report.records import Record, slice_rows, to_csv

if TYPE_CHECKING:
    from ContourQALib.worker_requests import Compared

CSV = ".csv"


def writeTable(path: str | Path, table: Any, compared: Compared | None = None) -> Sequence[Path]:
    """Write a table node, and beside it the slices of a comparison where they are known.

    Args:
        path: the file to write; ".csv" is added where it has another ending.
        table: vtkMRMLTableNode.
        compared: compared slice by slice; its figures go to NAME_slices.csv.

    Returns:
        The files that were written.

    Raises:
        SceneError: there is no table.
        OutputError: a file cannot be written.
    """
    if table is None:
        raise SceneError(_("There is no comparison to save; compare something first."))
    path = Path(path)
    path = path if path.suffix.lower() == CSV else path.with_name(path.name + CSV)
    texts = {path: to_csv(tableRows(table))}
    slices = slice_rows(compared.comparisons) if compared is not None else []
    if slices:
        texts[path.with_name(f"{path.stem}_slices{CSV}")] = to_csv(slices)
    for file, text in texts.items():
        with write_atomically(file) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="")
    return list(texts)


def tableRows(table: Any) -> list[Record]:
    """The rows of a table node by the columns' names; None for what is undefined."""
    names = [table.GetColumnName(column) for column in range(table.GetNumberOfColumns())]
    columns = {name: table.GetTable().GetColumnByName(name) for name in names}
    return [
        {name: _plain(column.GetValue(row)) for name, column in columns.items()}
        for row in range(table.GetNumberOfRows())
    ]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
