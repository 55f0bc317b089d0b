"""Table 2 of Geng 2024: each structure a block of models and p values, figures split by dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from ContourQALib.cohort.paired import PairedComparison
from ContourQALib.cohort.signed_rank import LEVEL
from ContourQALib.cohort.summary import CohortSummary, FigureSummary, GroupSummary, ModelDifference
from ContourQALib.report.cohort_wording import (
    cases_text,
    notes_on_test,
    p_text,
    spread_text,
    stars,
    value_text,
)
from ContourQALib.report.html import NUMBER, footnotes
from ContourQALib.report.records import Record
from ContourQALib.report.wording import UNDEFINED, Footnotes

MOST_DATASETS = 2
"""Datasets beside each other, as in the paper; further ones stand in a table of their own."""

HEADERS = {
    "dice": ("DSC", ""),
    "hd95_pooled_mm": ("95HD", "mm"),
    "sensitivity": ("Sensitivity", ""),
    "specificity": ("Specificity", ""),
    "volume_cc": ("Volume", "cc"),
    "volume_error_percent": ("Volume error", "%"),
    "hd95_mm": ("95HD, larger direction", "mm"),
    "hd95_slicerrt_mm": ("95HD as SlicerRT", "mm"),
    "msd_mm": ("MSD", "mm"),
    "surface_dice": ("Surface Dice", ""),
}
"""Headings and units by figure."""

PAPER = ("dice", "hd95_pooled_mm", "sensitivity", "specificity")
"""The figures of the paper's table."""

VOLUMES = ("volume_cc", "volume_error_percent")
FURTHER = ("hd95_mm", "hd95_slicerrt_mm", "msd_mm", "surface_dice")
"""The figures of the two tables beside it."""


@dataclass(frozen=True)
class Cell:
    """What a cell says, the notes it needs, and whether it is a p below the level of significance."""

    text: str
    notes: tuple[str, ...] = ()
    significant: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a block; `statistic` for p values, which stand apart from the models."""

    title: str
    cells: tuple[Cell, ...]
    statistic: bool = False


@dataclass(frozen=True)
class PaperTable:
    """A table with a block of rows for each structure, its columns every figure for every dataset.

    Attributes:
        columns: (figure, dataset) of each column.
        blocks: rows by structure.
    """

    columns: tuple[tuple[str, str], ...]
    blocks: tuple[tuple[str, tuple[Row, ...]], ...]


def paper_table(
    summary: CohortSummary, models: Sequence[str], datasets: Sequence[str], figures: Sequence[str] = PAPER
) -> PaperTable:
    """Mean and sd of every model, and p values of each pair with the first model.

    Args:
        summary: of the cohort.
        models: in their order.
        datasets: to show beside each other.
        figures: of `HEADERS`.
    """
    columns = tuple((figure, dataset) for figure in figures for dataset in datasets)
    found = {(group.structure, group.dataset): group for group in summary.groups}
    blocks = []
    for structure in dict.fromkeys(group.structure for group in summary.groups if group.dataset in datasets):
        groups = {dataset: found.get((structure, dataset)) for dataset in datasets}
        placed = [(figure, groups[dataset]) for figure, dataset in columns]
        blocks.append((structure, tuple(_rows(placed, models, figures))))
    return PaperTable(columns, tuple(blocks))


def _rows(
    columns: Sequence[tuple[str, GroupSummary | None]], models: Sequence[str], figures: Sequence[str]
) -> Iterator[Row]:
    if "volume_cc" in figures:
        cells = [
            _mean(group.reference_volume_cc, figure, group.cases)
            if group and figure == "volume_cc"
            else Cell(UNDEFINED if group is None else "")
            for figure, group in columns
        ]
        yield Row("reference", tuple(cells))
    for model in models:
        cells = [
            _mean(group.figures[model][figure], figure, group.cases) if group else _nobody()
            for figure, group in columns
        ]
        yield Row(model, tuple(cells))
    for second in models[1:]:
        pair = "" if len(models) == 2 else f", {second} and {models[0]}"
        tested = [_difference(group, figure, models[0], second) for figure, group in columns]
        if any(tested):
            yield Row(f"p{pair}", tuple(_p_cell(d) for d in tested), statistic=True)
        if any(d and not math.isnan(d.p_holm) for d in tested):
            yield Row(f"p (Holm){pair}", tuple(_holm_cell(d) for d in tested), statistic=True)
    if "volume_cc" in figures:
        for model in models:
            against = [
                group.volume_against_reference[model] if group and figure == "volume_cc" else None
                for figure, group in columns
            ]
            cells = [Cell("") if found is None else _p_of(found) for found in against]
            yield Row(f"p, {model} and reference", tuple(cells), statistic=True)


def _difference(group: GroupSummary | None, figure: str, first: str, second: str) -> ModelDifference | None:
    if group is None:
        return None
    pairs = (d for d in group.differences if (d.figure, d.first, d.second) == (figure, first, second))
    return next(pairs, None)


def _mean(summary: FigureSummary, figure: str, cases: int) -> Cell:
    if not summary.n:
        return Cell(UNDEFINED, (f"Undefined in all of {cases_text(cases)}",))
    mean, sd = value_text(figure, summary.mean), spread_text(figure, summary.sd)
    notes = []
    if summary.undefined:
        notes.append(f"Mean of {summary.n} of {cases_text(cases)}; {summary.undefined} undefined")
    if summary.n == 1:
        notes.append("One value has no standard deviation")
    return Cell(f"{mean} ± {sd}", tuple(notes))


def _nobody() -> Cell:
    return Cell(UNDEFINED, ("This dataset has no case of the structure",))


def _p_cell(difference: ModelDifference | None) -> Cell:
    return Cell("") if difference is None else _p_of(difference.compared)


def _p_of(compared: PairedComparison) -> Cell:
    """A p as it came from the test: it is not marked, for no correction has been made."""
    return Cell(p_text(compared.test.p), tuple(notes_on_test(compared)))


def _holm_cell(difference: ModelDifference | None) -> Cell:
    p = math.nan if difference is None else difference.p_holm
    if difference is None or (math.isnan(p) and not math.isnan(difference.compared.test.p)):
        return Cell("")
    return Cell(f"{p_text(p)} {stars(p)}".rstrip(), (), p < LEVEL)


def table_html(table: PaperTable, caption: str) -> str:
    """The table with two lines of headings, a block a structure, and its notes below."""
    notes = Footnotes()
    groups: dict[str, list[str]] = {}
    for figure, dataset in table.columns:
        groups.setdefault(figure, []).append(dataset)
    split = any(dataset for _, dataset in table.columns) or len(table.columns) > len(groups)
    first = "".join(_heading(figure, len(datasets)) for figure, datasets in groups.items())
    second = "".join(
        f'<th scope="col" class="{NUMBER}">{escape(dataset)}</th>' for _, dataset in table.columns
    )
    rows = f'<tr><th scope="col"{" rowspan=2" if split else ""}></th>{first}</tr>'
    rows += f"<tr>{second}</tr>" if split else ""
    bodies = "".join(_block(name, rows_, notes, len(table.columns)) for name, rows_ in table.blocks)
    return (
        f'<div class="scroll"><table class="blocks"><caption>{escape(caption)}</caption>'
        f"<thead>{rows}</thead>{bodies}</table></div>{footnotes(notes)}"
    )


def _heading(figure: str, span: int) -> str:
    title, unit = HEADERS[figure]
    told = f' <span class="unit">{escape(unit)}</span>' if unit else ""
    return f'<th scope="colgroup" colspan="{span}" class="{NUMBER}">{escape(title)}{told}</th>'


def _block(structure: str, rows: Sequence[Row], notes: Footnotes, columns: int) -> str:
    head = f'<tr><th scope="rowgroup" colspan="{columns + 1}">{escape(structure)}</th></tr>'
    body = "".join(
        f"<tr{_class(row)}>"
        + f'<th scope="row">{escape(row.title)}</th>'
        + "".join(_cell_html(cell, notes) for cell in row.cells)
        + "</tr>"
        for row in rows
    )
    return f"<tbody>{head}{body}</tbody>"


def _class(row: Row) -> str:
    return ' class="statistic"' if row.statistic else ""


def _cell_html(cell: Cell, notes: Footnotes) -> str:
    text = escape(cell.text)
    text = f"<strong>{text}</strong>" if cell.significant else text
    marks = notes.marks(cell.notes)
    return f'<td class="{NUMBER}">{text}' + (f"<sup>{marks}</sup>" if marks else "") + "</td>"


def table_rows(tables: Sequence[PaperTable]) -> list[Record]:
    """The tables as flat rows for `to_csv`: a column for each figure and dataset, the notes in words."""
    rows: dict[tuple[str, str], Record] = {}
    columns = [_column(*column) for table in tables for column in table.columns]
    for table in tables:
        for structure, members in table.blocks:
            for row in members:
                names = {"structure": structure, "row": row.title}
                record = rows.setdefault((structure, row.title), {**names, **dict.fromkeys(columns, "")})
                for column, cell in zip(table.columns, row.cells, strict=True):
                    told = f" ({'; '.join(cell.notes)})" if cell.notes else ""
                    record[_column(*column)] = cell.text + told
    return list(rows.values())


def _column(figure: str, dataset: str) -> str:
    return f"{figure} {dataset}".strip()
