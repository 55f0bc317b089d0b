"""Rows of the table: what a comparison says of each structure, as plain values for the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ContourQALib.metrics.better import badness, best, gain
from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.definitions import DEFINITIONS, Status
from ContourQALib.names import normalize
from ContourQALib.report.wording import comparison_notes, dice_text, mm_text, number, percent_text
from ContourQALib.workstation.compare.case_comparison import CaseComparison
from ContourQALib.workstation.compare.case_source import CaseSource, Kind

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class FigureColumn:
    """A column of figures.

    Attributes:
        field: of `Comparison`.
        title: what heads it.
        unit: below the title.
        digits: decimal places.
        text: makes a value readable.
    """

    field: str
    title: str
    unit: str
    digits: int
    text: Callable[[float | None], str]

    @property
    def meaning(self) -> str:
        """The figure's definition."""
        return DEFINITIONS[self.field]


COLUMNS = (
    FigureColumn("dice", "Dice", "", 3, dice_text),
    FigureColumn("hd95_mm", "HD95", "mm", 2, mm_text),
    FigureColumn("msd_mm", "MSD", "mm", 2, mm_text),
    FigureColumn("surface_dice", "Surf. Dice", "", 3, dice_text),
    FigureColumn("volume_error_percent", "Volume", "%", 1, percent_text),
)


@dataclass(frozen=True)
class TableSettings:
    """How the table is arranged.

    Attributes:
        tests: the sources that are shown, in their order.
        differences: whether each is followed by its difference to the first.
        text: structures are shown whose name holds this, in any case; "" shows all.
        sort: "structure", a field of `COLUMNS`, or "" for the reference's order.
        descending: the other way round; of a figure the best come first then, else the worst.
    """

    tests: tuple[CaseSource, ...]
    differences: bool = False
    text: str = ""
    sort: str = ""
    descending: bool = False


def table_rows(
    result: CaseComparison,
    how: TableSettings,
    reference: CaseSource,
    predicted: Mapping[tuple[str, str], str],
    edited: frozenset[str] = frozenset(),
) -> list[dict[str, Any]]:
    """The table, structure by structure.

    Args:
        result: what was compared.
        how: the arrangement.
        reference: whose contours the others are measured against; where it is held to be right, the best
            figures are marked.
        predicted: what is told beside Dice, by (structure, test).
        edited: structures whose contours under review were changed, normalized.
    """
    wanted = how.text.strip().casefold()
    names = [name for name in result.structures if wanted in name.casefold()]
    groups = []
    for name in _sorted(result, names, how):
        rows = _rows(result, name, how, reference, predicted)
        notes = sum(1 for row in rows if row["kind"] == "figures" and row["note"])
        groups.append(
            {
                "structure": name,
                "edited": normalize(name) in edited,
                "span": len(rows) + notes,
                "rows": rows,
            }
        )
    return groups


def _sorted(result: CaseComparison, names: Sequence[str], how: TableSettings) -> list[str]:
    if not how.sort:
        return list(names)
    if how.sort == "structure":
        return sorted(names, key=str.casefold, reverse=how.descending)
    shown = {source.name for source in how.tests}

    def worst(name: str) -> float:
        found = [getattr(one, how.sort) for one in result.of(name) if one.test in shown]
        bad = [badness(how.sort, value) if math.isfinite(value) else math.inf for value in found]
        return max(bad, default=math.inf)

    return sorted(names, key=worst, reverse=not how.descending)


def _rows(
    result: CaseComparison,
    structure: str,
    how: TableSettings,
    reference: CaseSource,
    predicted: Mapping[tuple[str, str], str],
) -> list[dict[str, Any]]:
    found = [result.find(structure, source.name) for source in how.tests]
    compared = [one for one in found if one is not None]
    marked = _marked(compared) if reference.kind is Kind.REFERENCE else set()
    rows: list[dict[str, Any]] = []
    first: tuple[CaseSource, Comparison] | None = None
    for source, one in zip(how.tests, found, strict=True):
        if one is None:
            rows.append(_row(source, note=missing_text(result, structure, source.name, reference.name)))
            continue
        cells = [
            {
                "text": column.text(getattr(one, column.field)).replace("-", MINUS),
                "best": (column.field, one.test) in marked,
            }
            for column in COLUMNS
        ]
        rows.append(_row(source, cells, predicted.get((structure, one.test), ""), *_notes(one)))
        if how.differences and first is not None:
            rows.append(_difference_row(*first, source, one))
        first = first or (source, one)
    return rows


def _marked(compared: Sequence[Comparison]) -> set[tuple[str, str]]:
    """(field, test) of the best figures of a structure."""
    return {
        (column.field, compared[n].test)
        for column in COLUMNS
        for n in best(column.field, [getattr(one, column.field) for one in compared], column.digits)
    }


def _row(
    source: CaseSource,
    cells: Sequence[dict[str, Any]] = (),
    predicted: str = "",
    note: str = "",
    hint: str = "",
) -> dict[str, Any]:
    return {
        "kind": "figures" if cells else "missing",
        "source": source.name,
        "title": source.title,
        "color": source.look.color,
        "cells": list(cells),
        "predicted": predicted,
        "note": note,
        "hint": hint,
    }


def _difference_row(
    first_source: CaseSource, first: Comparison, source: CaseSource, second: Comparison
) -> dict[str, Any]:
    cells = []
    for column in COLUMNS:
        one, other = getattr(first, column.field), getattr(second, column.field)
        text = number(other - one, f"+z.{column.digits}f")
        better = gain(column.field, one, other)
        changed = math.isfinite(better) and float(text) != 0
        tone = ("better" if better > 0 else "worse" if better < 0 else "") if changed else ""
        cells.append({"text": text.replace("-", MINUS), "tone": tone})
    name = f"{source.name} {MINUS} {first_source.name}"
    return {
        "kind": "difference",
        "source": f"{source.name}-{first_source.name}",
        "title": name,
        "cells": cells,
    }


def _notes(one: Comparison) -> tuple[str, str]:
    """What must be said below the figures, and what may be asked for."""
    notes = comparison_notes(one)
    if one.status is Status.OK:
        return "", ". ".join(notes)
    return notes[0] + ".", ". ".join(notes[1:])


def missing_text(result: CaseComparison, structure: str, test: str, reference: str) -> str:
    """Why a source has no figures of a structure, a sentence."""
    same = normalize(structure)
    if any(name == test and normalize(one) == same for name, one in result.outside):
        return f"Elsewhere in space than {reference}: another patient, or a missing transform?"
    lone = [one for one in result.unmatched if normalize(one.structure) == same]
    if any(one.source == test for one in lone):
        return f"{reference} has no contour of this name."
    return f"{test} has no contour of this name."
