"""Rows of a benchmark: what each tool cost, how that compares with ours, and whether its figures are ours."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from measuring import Cost

COLUMNS = ("organ", "tool", "wall s", "CPU s", "peak MB", "CPU / ours", "CPU / floor", "agrees in", "note")


@dataclass(frozen=True)
class Row:
    """One tool on one organ.

    Attributes:
        ratio: CPU time over that of ours (the compiled path, warm).
        floor_ratio: CPU time over that of reading the inputs once.
        agrees: whether the figures in `compared` are ours; None where none can be compared.
        compared: figures defined alike, with the largest difference that rounding explains.
        differences: the largest difference found in each of them.
        extrapolated_from: thresholds that were timed, where not all were.
        error: what the tool said where it broke off.
    """

    organ: str
    tool: str
    wall_s: float | None = None
    cpu_s: float | None = None
    peak_mb: float | None = None
    ratio: float | None = None
    floor_ratio: float | None = None
    agrees: bool | None = None
    compared: Mapping[str, float] = field(default_factory=dict)
    differences: Mapping[str, float] = field(default_factory=dict)
    extrapolated_from: int | None = None
    repeats: int | None = None
    note: str = ""
    error: str = ""


def row_of(organ: str, tool: str, cost: Cost, note: str = "") -> Row:
    """A row of what was measured."""
    return Row(organ, tool, cost.wall_s, cost.cpu_s, cost.peak_mb, repeats=cost.repeats, note=note)


def judged(
    row: Row,
    ours: Mapping[str, Sequence[float]],
    theirs: Mapping[str, Sequence[float | None]],
    compared: Mapping[str, float],
) -> Row:
    """The row with the largest differences of `theirs` from `ours`, and whether they are within `compared`.

    A difference is inf where one side is finite and the other is not; None in `theirs` is not compared.
    """
    found = {}
    for name in compared:
        pairs = [(a, b) for a, b in zip(ours[name], theirs[name], strict=True) if b is not None]
        if pairs:
            found[name] = max(_difference(a, b) for a, b in pairs)
    agrees = all(most <= compared[name] for name, most in found.items()) if found else None
    return replace(row, compared={name: compared[name] for name in found}, differences=found, agrees=agrees)


def with_ratios(rows: Sequence[Row], ours: Cost, floor: Cost) -> list[Row]:
    """The rows with their CPU time over that of ours and of the floor."""
    return [
        replace(row, ratio=row.cpu_s / ours.cpu_s, floor_ratio=row.cpu_s / floor.cpu_s) if row.cpu_s else row
        for row in rows
    ]


def show(rows: Sequence[Row], how: str) -> None:
    """Print the rows as `table`, `json` or `markdown`."""
    if how == "json":
        print(json.dumps([_plain(asdict(row)) for row in rows], indent=2))
        return
    cells = [COLUMNS, *(_cells(row) for row in rows)]
    if how == "markdown":
        print(
            "\n".join(
                "| " + " | ".join(line) + " |" for line in [cells[0], ("---",) * len(COLUMNS), *cells[1:]]
            )
        )
        return
    widths = [max(len(line[n]) for line in cells) for n in range(len(COLUMNS))]
    for line in cells:
        print("  ".join(_aligned(n, cell, widths[n]) for n, cell in enumerate(line)).rstrip())


def exit_code(rows: Sequence[Row]) -> int:
    """1, and a line on standard error for each, where a tool broke off or differs from ours; else 0."""
    broken = [row for row in rows if row.error]
    for row in broken:
        print(f"FAILURE on {row.organ}: {row.tool}: {row.error}", file=sys.stderr)
    wrong = [row for row in rows if row.agrees is False]
    for row in wrong:
        worst = ", ".join(
            f"{name} by {found:.3g} (allowed {row.compared[name]:g})"
            for name, found in row.differences.items()
            if not found <= row.compared[name]
        )
        print(f"DISAGREEMENT on {row.organ}: {row.tool} differs from ours in {worst}", file=sys.stderr)
    return 1 if wrong or broken else 0


def _difference(a: float, b: float) -> float:
    if math.isfinite(a) and math.isfinite(b):
        return abs(a - b)
    return math.inf if math.isfinite(a) or math.isfinite(b) else 0.0


def _cells(row: Row) -> tuple[str, ...]:
    agreement = {
        None: "",
        True: ", ".join(name.removesuffix("_mm") for name in row.compared),
        False: "DISAGREES",
    }[row.agrees]
    notes = [text for text in (row.note, "FAILED" if row.error else "") if text]
    if row.extrapolated_from:
        notes.append(f"extrapolated from {row.extrapolated_from} thresholds")
    numbers = (row.wall_s, row.cpu_s, row.peak_mb, row.ratio, row.floor_ratio)
    return row.organ, row.tool, *(_number(n) for n in numbers), agreement, "; ".join(notes)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _aligned(column: int, cell: str, width: int) -> str:
    return cell.rjust(width) if 2 <= column <= 6 else cell.ljust(width)


def _plain(row: dict[str, object]) -> dict[str, object]:
    """Numbers that JSON has: an infinite difference becomes null."""
    found = row["differences"]
    assert isinstance(found, dict)
    row["differences"] = {k: v if math.isfinite(v) else None for k, v in found.items()}
    return row
