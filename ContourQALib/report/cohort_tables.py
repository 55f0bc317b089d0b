"""A cohort in the terminal: models' figures by dataset and structure, the tests, and what is undefined."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ContourQALib.cohort.results import CohortResults
from ContourQALib.cohort.signed_rank import LEVEL
from ContourQALib.cohort.summary import CohortSummary, FigureSummary, GroupSummary, ModelDifference
from ContourQALib.report.cohort_wording import (
    notes_on_test,
    p_text,
    placed_texts,
    spread_text,
    value_text,
)
from ContourQALib.report.tables import plain_table, print_footnotes, print_title, print_wide
from ContourQALib.report.wording import Footnotes

COLUMNS = {
    "dice": "Dice",
    "hd95_pooled_mm": "HD95 pooled\nmm",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "volume_cc": "Volume\ncc",
    "volume_error_percent": "Volume\nerror %",
}
"""Figures that are shown, with their headings."""

TITLES = {
    name: heading.replace("\n", " ").removesuffix(" mm").removesuffix(" cc")
    for name, heading in COLUMNS.items()
}

MOST_UNDEFINED = 40
"""Undefined cases that are listed; all stand in undefined.csv and in JSON."""

SIGNIFICANT_STYLE = "bold"


def print_cohort(console: Console, results: CohortResults, summary: CohortSummary) -> None:
    """Mean ± sd of every model with the p values between models, and every undefined case with its reason."""
    table = plain_table()
    datasets = any(group.dataset for group in summary.groups)
    for heading in (*(("Dataset",) if datasets else ()), "Structure", "Cases", "Model"):
        table.add_column(heading, no_wrap=True)
    for heading in COLUMNS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Notes")
    footnotes = Footnotes()
    for group in summary.groups:
        head = [*([group.dataset] if datasets else []), group.structure, str(group.cases)]
        _add_group(table, group, head, footnotes)
        table.add_section()
    print_wide(console, table)
    print_footnotes(console, footnotes)
    if len(results.models) > 1:
        explained = (
            "Mean ± sd over the cases that have a value. p: Wilcoxon signed-rank test, two-sided, bold below "
            f"{LEVEL:g}. {summary.family}"
        )
        print_wide(console, Text(explained, style="dim"))
    for text in placed_texts(results):
        print_wide(console, Text(text, style="yellow"))
    _print_undefined(console, results)


def _add_group(table: Table, group: GroupSummary, head: Sequence[str], footnotes: Footnotes) -> None:
    """A group's rows: the reference's volume, each model, and two rows of p values for every two models."""
    blank = [""] * len(head)
    volume = group.reference_volume_cc
    first = ["" if name != "volume_cc" else _mean_text(name, volume) for name in COLUMNS]
    notes = [f"{volume.undefined} of {group.cases} references unreadable"] if volume.undefined else []
    if group.repeated and group.differences:
        notes.append(
            f"{group.repeated} cases are of patients with another case; tests take all as independent"
        )
    table.add_row(*map(Text, [*head, "reference", *first, footnotes.marks(notes)]))
    for model, figures in group.figures.items():
        cells = [_mean_text(name, figures[name]) for name in COLUMNS]
        notes = [
            f"{TITLES[name]}: {figures[name].undefined} of {group.cases} undefined, left out of the mean"
            for name in COLUMNS
            if figures[name].undefined
        ]
        table.add_row(*map(Text, [*blank, model, *cells, footnotes.marks(notes)]))
    for first_model, second_model in dict.fromkeys((d.first, d.second) for d in group.differences):
        pair = {d.figure: d for d in group.differences if (d.first, d.second) == (first_model, second_model)}
        tests = [pair[name] for name in COLUMNS]
        who = f"{second_model} - {first_model}"
        notes = [f"{TITLES[d.figure]}: {note}" for d in tests for note in notes_on_test(d.compared)]
        marks = Text(footnotes.marks(_joined(notes)))
        table.add_row(*map(Text, [*blank, f"p {who}"]), *map(_p_cell, tests), marks, style="dim")
        corrected = [_p_cell(d, corrected=True) for d in tests]
        table.add_row(*map(Text, [*blank, "p (Holm)"]), *corrected, Text(""), style="dim")


def _joined(notes: Sequence[str]) -> list[str]:
    """Notes that say the same of several figures as one: "Dice, Sensitivity: 5 of 6 pairs"."""
    figures: dict[str, list[str]] = {}
    for note in notes:
        figure, _, said = note.partition(": ")
        figures.setdefault(said, []).append(figure)
    return [f"{', '.join(of)}: {said}" for said, of in figures.items()]


def _mean_text(figure: str, summary: FigureSummary) -> str:
    mean = value_text(figure, summary.mean)
    return f"{mean} ± {spread_text(figure, summary.sd)}" if summary.n > 1 else mean


def _p_cell(difference: ModelDifference, corrected: bool = False) -> Text:
    p = difference.p_holm if corrected else difference.compared.test.p
    return Text(p_text(p), style=SIGNIFICANT_STYLE if p < LEVEL else "")


def _print_undefined(console: Console, results: CohortResults) -> None:
    count = sum(1 for _ in results.undefined())
    if not count:
        return
    print_title(console, f"Undefined ({count})")
    for found in islice(results.undefined(), MOST_UNDEFINED):
        row = results.rows[found.row]
        dataset = f"{row.dataset} " if row.dataset else ""
        said = f"{dataset}{row.case} {row.structure}, {found.model}: {found.status.value}; {found.reason}"
        print_wide(console, Text(said))
    if count > MOST_UNDEFINED:
        print_wide(console, Text(f"and {count - MOST_UNDEFINED} more in undefined.csv (-o) and JSON"))
