"""Applied thresholds as a table in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from ContourQALib.report.applied_wording import applied_cells, applied_headers, unapplied_text
from ContourQALib.report.tables import plain_table, print_footnotes, print_wide
from ContourQALib.report.wording import Footnotes
from ContourQALib.thresholds.applied import AppliedThreshold, Unapplied


def print_applied(
    console: Console, applied: Sequence[AppliedThreshold], figure: str, unmatched: Sequence[Unapplied] = ()
) -> None:
    """One row a map, with footnotes for what is undefined or no contour, and what found no partner."""
    table = plain_table()
    for n, (first, second) in enumerate(applied_headers(applied, figure)):
        table.add_column(f"{first}\n{second}", justify="right" if n > 1 else "left", no_wrap=n > 1)
    table.add_column("Notes")
    notes = Footnotes()
    for row in applied_cells(applied):
        table.add_row(*map(Text, (*row.cells, notes.marks(row.notes))))
    print_wide(console, table)
    print_footnotes(console, notes)
    if unmatched:
        print_wide(console, Text(f"Without a partner: {unapplied_text(unmatched)}", style="yellow"))
