"""A worklist as a table in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ContourQALib.quality.verdict import Verdict
from ContourQALib.quality.worklist import Worklist
from ContourQALib.report.tables import REASONS_WIDTH, VERDICT_STYLE, plain_table, print_footnotes, print_wide
from ContourQALib.report.wording import (
    UNDEFINED,
    Footnotes,
    assessment_notes,
    cc_text,
    interval_text,
    model_text,
    slices_text,
)

FAILED = "NOT ASSESSED"


def print_worklist(console: Console, worklist: Worklist) -> None:
    """One row a contour, the greatest risk first; what could not be assessed stands above all."""
    table = plain_table()
    table.add_column("Case")
    table.add_column("Structure")
    table.add_column("Verdict", no_wrap=True)
    for header in ("Predicted\nDice", "HD95\nmm", "MSD\nmm", "Volume\ncc"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("Slices K\nto look at")
    table.add_column("Reasons", max_width=REASONS_WIDTH)
    footnotes = Footnotes()
    for entry in worklist.entries:
        s = entry.structure
        if s is None:
            failed = Text(FAILED, style=VERDICT_STYLE[Verdict.REJECT])
            blank = [Text(UNDEFINED)] * 5
            name = entry.case.structure or UNDEFINED
            table.add_row(Text(entry.case.case), Text(name), failed, *blank, Text(entry.case.reason or ""))
            continue
        marks = footnotes.marks(assessment_notes(s))
        table.add_row(
            Text(entry.case.case),
            Text(s.structure + (f" ({marks})" if marks else "")),
            Text(s.verdict.value.upper(), style=VERDICT_STYLE[s.verdict]),
            Text(interval_text(s.dice, s.dice_interval, ".2f")),
            Text(interval_text(s.hd95_mm, s.hd95_interval_mm, ".1f")),
            Text(interval_text(s.msd_mm, s.msd_interval_mm, ".1f")),
            Text(cc_text(s.volume_cc)),
            Text(slices_text(s)),
            Text("\n".join(s.reasons)),
        )
    print_wide(console, table)
    print_footnotes(console, footnotes)
    print_wide(console, Text(summary_text(worklist), style="dim"))
    for note in worklist.notes:
        print_wide(console, Text(note, style="bold yellow"))


def summary_text(worklist: Worklist) -> str:
    """How many contours have which verdict, and which models said so."""
    entries = worklist.entries
    counts = {v: sum(e.structure is not None and e.structure.verdict is v for e in entries) for v in Verdict}
    told = ", ".join(f"{counts[v]} {v.value}" for v in (Verdict.REJECT, Verdict.REVIEW, Verdict.ACCEPT))
    failed = f"; {len(worklist.failed)} not assessed" if worklist.failed else ""
    found = [case.assessment for case in worklist.cases if case.assessment]
    models = dict.fromkeys(model_text(m) for a in found for m in (a.models or (a.model,)))
    return f"{told} of {len(worklist.cases)} cases{failed}; predicted by {'; '.join(models)}"
