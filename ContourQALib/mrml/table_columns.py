"""TableColumn: a typed column of a table node with its title, unit and tool tip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ContourQALib.report.wording import cc_text, dice_text, mm_text, percent_text

if TYPE_CHECKING:
    import vtk
    from slicer import vtkMRMLTableNode

Kind = Literal["number", "index", "text"]


@dataclass(frozen=True)
class TableColumn:
    """One column.

    Attributes:
        name: the field's name, as in our JSON and CSV: "hd95_mm".
        title: what heads the column.
        values: one a row. Of a "number" None and what is not finite are undefined and become nan: a column of
            doubles has no other blank; of a "text" None is "".
        kind: "number" (double), "index" (int) or "text" (string).
        unit: shown behind the title, after a comma.
        description: the tool tip, a sentence.
    """

    name: str
    title: str
    values: Sequence[float | int | str | None]
    kind: Kind = "number"
    unit: str = ""
    description: str = ""


def fill(node: vtkMRMLTableNode, columns: Sequence[TableColumn]) -> None:
    """Replace everything in a table node by these columns; observers are told once.

    The arrays are made before the node is touched, so that a value of a wrong type leaves it as it was.
    """
    import vtk

    arrays = [_array(column) for column in columns]
    table = vtk.vtkTable()
    for array in arrays:
        table.AddColumn(array)
    was_modifying = node.StartModify()
    try:
        node.SetAndObserveSchema(None)
        node.SetAndObserveTable(table)
        node.SetUseColumnTitleAsColumnHeader(True)
        node.SetLocked(True)
        for column in columns:
            node.SetColumnTitle(column.name, column.title)
            if column.unit:
                node.SetColumnUnitLabel(column.name, column.unit)
            if column.description:
                node.SetColumnDescription(column.name, column.description)
    finally:
        node.EndModify(was_modifying)


def titles(node: vtkMRMLTableNode) -> list[str]:
    """The heading of every column with its unit: "HD95, mm"."""
    shown = []
    for index in range(node.GetNumberOfColumns()):
        name = node.GetColumnName(index)
        unit = node.GetColumnUnitLabel(name)
        shown.append((node.GetColumnTitle(name) or name) + (f", {unit}" if unit else ""))
    return shown


def texts(node: vtkMRMLTableNode) -> list[list[str]]:
    """Every row as a reader should see it: rounded as everywhere else, "" for what is undefined.

    For views of one's own; Slicer's table view shows the bare numbers, and "nan" for undefined ones.
    """
    table, columns = node.GetTable(), node.GetNumberOfColumns()
    names = [node.GetColumnName(column) for column in range(columns)]
    return [
        [cell_text(names[column], table.GetValue(row, column)) for column in range(columns)]
        for row in range(node.GetNumberOfRows())
    ]


def cell_text(name: str, value: vtk.vtkVariant) -> str:
    """A cell of the column `name` as a reader should see it, "" for what is undefined."""
    if value.IsString():
        return str(value.ToString())
    if value.IsInt():
        return str(value.ToInt())
    number = value.ToDouble()
    if not math.isfinite(number):
        return ""
    form = {"mm": mm_text, "cc": cc_text, "percent": percent_text, "mm2": "{:.0f}".format}.get(
        name.rpartition("_")[2], dice_text
    )
    return form(number)


def _array(column: TableColumn) -> vtk.vtkAbstractArray:
    import vtk

    array = {"number": vtk.vtkDoubleArray, "index": vtk.vtkIntArray, "text": vtk.vtkStringArray}[
        column.kind
    ]()
    array.SetName(column.name)
    array.SetNumberOfValues(len(column.values))
    for row, value in enumerate(column.values):
        if column.kind == "text":
            array.SetValue(row, "" if value is None else str(value))
        elif column.kind == "index":
            array.SetValue(row, int(value))  # type: ignore[arg-type]  # an index is never None
        else:
            number = math.nan if value is None else float(value)
            array.SetValue(row, number if math.isfinite(number) else math.nan)
    return array
