"""Results as tables in the terminal; in a pipe the same tables without color and never cut."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.observers import AgreementMatrix
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.verdict import Verdict
from ContourQALib.report.wording import (
    Footnotes,
    assessment_notes,
    cc_text,
    comparison_notes,
    dice_text,
    further_figures,
    interval_header,
    interval_text,
    mm_text,
    model_text,
    number,
    percent_text,
    short_labels,
    slices_text,
    tolerance_text,
    unmatched_text,
)

VERDICT_STYLE = {Verdict.ACCEPT: "bold green", Verdict.REVIEW: "bold yellow", Verdict.REJECT: "bold red"}
"""Colors of the verdicts; the word always stands beside the color."""

PIPE_WIDTH = 400
"""Columns allowed where nobody watches: a file or the next program has no edge to wrap at."""

REASONS_WIDTH = 52
"""Columns after which the reasons of a verdict go on in the next line."""


def print_comparisons(
    console: Console, comparisons: Sequence[Comparison], unmatched: Sequence[Unmatched] = ()
) -> None:
    """One row a pair, with footnotes for what is undefined, resampled, cut off or on the grid's edge."""
    if comparisons:
        labels = short_labels([s for c in comparisons for s in (c.reference, c.test)])
        several_references = len({c.reference for c in comparisons}) > 1
        several_tests = len({c.test for c in comparisons}) > 1
        table = plain_table()
        table.add_column("Structure")
        if several_references:
            table.add_column("Reference")
        if several_tests:
            table.add_column("Test")
        for header in (
            "Dice",
            "HD95\nmm",
            "MSD\nmm",
            f"Surface Dice\n{tolerance_text(comparisons)}",
            "Reference\ncc",
            "Test\ncc",
            "Volume\nerror %",
        ):
            table.add_column(header, justify="right", no_wrap=True)
        table.add_column("Notes")
        footnotes = Footnotes()
        for c in comparisons:
            cells = [c.structure]
            cells += [labels[c.reference]] if several_references else []
            cells += [labels[c.test]] if several_tests else []
            cells += [dice_text(c.dice), mm_text(c.hd95_mm), mm_text(c.msd_mm), dice_text(c.surface_dice)]
            cells += [cc_text(c.volume_reference_cc), cc_text(c.volume_test_cc)]
            cells += [percent_text(c.volume_error_percent), footnotes.marks(comparison_notes(c))]
            table.add_row(*map(Text, cells))
        print_wide(console, table)
        print_footnotes(console, footnotes)
    if unmatched:
        print_wide(console, Text(f"Without a partner: {unmatched_text(unmatched)}", style="yellow"))


def print_slices(console: Console, comparison: Comparison) -> None:
    """One row a slice of a pair that was compared slice by slice; K is zero-based."""
    print_title(console, f"{comparison.structure}: slice by slice, distances in the slice's plane")
    table = plain_table()
    headers = ("Slice K", "Dice", "HD\nmm", "HD95\nmm", "MSD\nmm", "Reference\nmm²", "Test\nmm²")
    for header in headers:
        table.add_column(header, justify="right")
    for s in comparison.slices or ():
        cells = [str(s.index), dice_text(s.dice), mm_text(s.hd_mm), mm_text(s.hd95_mm), mm_text(s.msd_mm)]
        cells += [f"{s.area_reference_mm2:.0f}", f"{s.area_test_mm2:.0f}"]
        table.add_row(*map(Text, cells))
    print_wide(console, table)


def print_matrix(console: Console, matrix: AgreementMatrix) -> None:
    """Agreement of every two observers: Dice above the diagonal, HD95 in mm below it."""
    labels = short_labels(matrix.observers)
    print_title(console, f"{matrix.structure}: Dice above the diagonal, HD95 in mm below it")
    table = plain_table()
    table.add_column("")
    for observer in matrix.observers:
        table.add_column(Text(labels[observer]), justify="right")
    for a, observer in enumerate(matrix.observers):
        cells = [
            "·" if a == b else dice_text(matrix.dice[a][b]) if b > a else mm_text(matrix.hd95_mm[a][b])
            for b in range(len(matrix.observers))
        ]
        table.add_row(*map(Text, [labels[observer], *cells]))
    print_wide(console, table)


def print_assessment(console: Console, assessment: Assessment) -> None:
    """One row a contour: verdict, predicted figures with their intervals, where to look, and the reasons."""
    structures = assessment.structures
    table = plain_table()
    table.add_column("Structure")
    table.add_column("Verdict", no_wrap=True)
    further = further_figures(structures)
    headers = ("Predicted\nDice", "HD95\nmm", "MSD\nmm", *(f"Dice by\n{name}" for name in further))
    for header in (*headers, "Volume\ncc"):
        table.add_column(header, justify="right", no_wrap=True)
    located = any(s.slices for s in structures)
    if located:
        table.add_column("Slices K\nto look at")
    table.add_column("Reasons", max_width=REASONS_WIDTH)
    footnotes = Footnotes()
    for s in structures:
        marks = footnotes.marks(assessment_notes(s))
        cells = [
            Text(s.structure + (f" ({marks})" if marks else "")),
            Text(s.verdict.value.upper(), style=VERDICT_STYLE[s.verdict]),
            Text(interval_text(s.dice, s.dice_interval, ".2f")),
            Text(interval_text(s.hd95_mm, s.hd95_interval_mm, ".1f")),
            Text(interval_text(s.msd_mm, s.msd_interval_mm, ".1f")),
            *(Text(number(getattr(s, field), ".2f")) for field in further.values()),
            Text(cc_text(s.volume_cc)),
            *([Text(slices_text(s))] if located else []),
            Text("\n".join(s.reasons)),
        ]
        table.add_row(*cells)
    print_wide(console, table)
    print_footnotes(console, footnotes)
    interval = interval_header(structures)
    brackets = f"; in brackets the {interval}" if interval else ""
    models = "; ".join(map(model_text, assessment.models or (assessment.model,)))
    print_wide(console, Text(f"Predicted by {models}{brackets}", style="dim"))
    for note in assessment.notes:
        print_wide(console, Text(note, style="bold yellow"))


def plain_table() -> Table:
    """A table without lines but the one below its headings."""
    return Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, header_style="bold"
    )


def print_title(console: Console, title: str) -> None:
    """A heading above a table, after an empty line."""
    # Not the table's own title: that one wraps at the table's width.
    console.print()
    print_wide(console, Text(title, style="bold"))


def print_footnotes(console: Console, footnotes: Footnotes) -> None:
    """The numbered notes below a table."""
    for mark, note in footnotes.lines():
        print_wide(console, Text(f"{mark}  {note}", style="dim"))


def print_wide(console: Console, content: Table | Text) -> None:
    """Print to a terminal as it is, and to a pipe without cutting anything off."""
    if console.is_terminal:
        console.print(content)
        return
    width = console.width
    console.width = PIPE_WIDTH
    try:
        console.print(content)
    finally:
        console.width = width
