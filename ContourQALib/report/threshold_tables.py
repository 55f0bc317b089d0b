"""Threshold studies as tables in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from ContourQALib.metrics.definitions import Status
from ContourQALib.report.tables import plain_table, print_footnotes, print_title, print_wide
from ContourQALib.report.threshold_wording import (
    CASE_HEADERS,
    POOLED_HEADERS,
    case_notes,
    figure_rows,
    pooled_rows,
    prominence_text,
    unpaired_text,
)
from ContourQALib.report.wording import Footnotes
from ContourQALib.thresholds.cases import ThresholdCase, ThresholdStudy


def print_study(console: Console, study: ThresholdStudy) -> None:
    """Every case's best thresholds and losses, then the pooled recommendations."""
    _print_cases(console, study.cases)
    if study.pooled:
        _print_pooled(console, study)
    if study.unmatched:
        print_wide(console, Text(f"Without a partner: {unpaired_text(study.unmatched)}", style="yellow"))


def _print_cases(console: Console, cases: Sequence[ThresholdCase]) -> None:
    table = plain_table()
    table.add_column("Case")
    table.add_column("Structure")
    for first, second in CASE_HEADERS:
        table.add_column(f"{first}\n{second}", justify="left" if first == "Figure" else "right", no_wrap=True)
    table.add_column("Prominence", justify="right", no_wrap=True)
    table.add_column("Notes")
    notes = Footnotes()
    for case in cases:
        if case.analysis is None:
            cells = [case.case, case.structure, Status.FAILED.value, *[""] * len(CASE_HEADERS)]
            table.add_row(*map(Text, cells), Text(notes.marks(case_notes(case))))
            continue
        share = prominence_text(case.analysis.sweep.prominence)
        for n, row in enumerate(figure_rows(case.analysis)):
            # The case stands in the first of its rows alone, with what is to be known of it as a whole.
            names = ("", "", "") if n else (case.case, case.structure, share)
            marks = notes.marks([*([] if n else case_notes(case)), *row.notes])
            table.add_row(*map(Text, (*names[:2], *row.cells, names[2], marks)))
    print_wide(console, table)
    print_footnotes(console, notes)


def _print_pooled(console: Console, study: ThresholdStudy) -> None:
    print_title(console, "Recommended thresholds: the best of the mean over cases")
    table = plain_table()
    table.add_column("Structure")
    for first, second in POOLED_HEADERS:
        table.add_column(f"{first}\n{second}", justify="left" if first == "Figure" else "right", no_wrap=True)
    table.add_column("Notes")
    notes = Footnotes()
    for name, pooled in study.pooled.items():
        for n, row in enumerate(pooled_rows(pooled)):
            table.add_row(*map(Text, ("" if n else name, *row.cells, notes.marks(row.notes))))
    print_wide(console, table)
    print_footnotes(console, notes)
