"""The command `contourqa-train recalibrate`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ContourQALib.commands.options import (
    ColorTableOption,
    Format,
    FormatOption,
    LabelsOption,
    MergeOption,
)

if TYPE_CHECKING:
    from rich.console import Console

    from contourqa_training.recalibrating import Recalibration


def recalibrate(
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="A bundled model, or a bundle's folder.")
    ],
    cases: Annotated[
        Path,
        typer.Option(
            "--cases",
            metavar="MANIFEST.csv",
            help="CSV with the columns case, image, contour, reference; patient, structure, probability "
            "where there are. Paths are relative to it.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="The new bundle; must not exist yet.")
    ],
    labels: LabelsOption = None,
    merge: MergeOption = None,
    color_table: ColorTableOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Adjust a model to local cases: its scores from 30 patients of a structure, its intervals from 50.

    The new bundle holds the same network; `contourqa assess --model FOLDER` uses it. Errors before and after
    are those on patients left out of the fit.
    """
    from contourqa_training.recalibrating import recalibrate as run
    from ContourQALib.commands.printing import print_result, progress, say
    from ContourQALib.formats.label_naming import LabelNaming
    from ContourQALib.quality.model import find_model

    naming = LabelNaming(labels, merge, color_table)
    with progress("Predicting") as report:
        made = run(find_model(model), cases, output, naming, report)
    print_result(
        form,
        table=lambda console: _print(console, made),
        document=_document(made),
        rows=list(_rows(made)),
    )
    say(f"Wrote the model {output}.")


def _document(made: Recalibration) -> dict[str, Any]:
    from contourqa_training.recalibrating import structure_record

    name, version = made.base
    return {
        "model": made.folder.name,
        "base": {"name": name, "version": version},
        "fingerprint": made.fingerprint,
        "unknown_rows": made.unknown,
        "structures": [{"structure": c.structure, **structure_record(c)} for c in made.structures],
    }


def _rows(made: Recalibration) -> Iterator[dict[str, Any]]:
    """One flat row a figure of a structure; one alone for a structure that was not adjusted."""
    for record in _document(made)["structures"]:
        figures = record.pop("figures")
        for figure, fit in (figures or {"": {}}).items():
            line = fit.get("line") or {}
            yield {
                **record,
                "figure": figure,
                "mae_before": fit.get("mae_before"),
                "mae_after": fit.get("mae_after"),
                "bias_before": fit.get("bias_before"),
                "bias_after": fit.get("bias_after"),
                "slope": line.get("slope"),
                "offset": line.get("offset"),
                "reason": fit.get("reason"),
            }


def _print(console: Console, made: Recalibration) -> None:
    from ContourQALib.report.tables import plain_table

    titles = {"dice": "Dice", "hd95_mm": "HD95 mm", "msd_mm": "MSD mm"}
    table = plain_table()
    table.add_column("Structure")
    for heading in ("Patients", "Contours"):
        table.add_column(heading, justify="right")
    table.add_column("Figure")
    for heading in ("MAE\nbefore", "MAE\nafter", "Bias\nbefore", "Bias\nafter"):
        table.add_column(heading, justify="right")
    table.add_column("Intervals")
    for change in made.structures:
        cells = change.structure, str(change.patients), str(change.contours)
        if not change.fits:
            table.add_row(*cells, "not adjusted", "", "", "", "", "as before")
        for figure, fit in change.fits.items():
            numbers = (
                f"{value:.3f}" for value in (fit.mae_before, fit.mae_after, fit.bias_before, fit.bias_after)
            )
            table.add_row(*cells, titles[figure], *numbers, "refused" if change.intervals_refused else "anew")
            cells = "", "", ""
    console.print(table)
    for note in _notes(made):
        console.print(note, markup=False, highlight=False, soft_wrap=True)


def _notes(made: Recalibration) -> Iterator[str]:
    for change in made.structures:
        if change.empty:
            yield f"{change.structure}: {change.empty} empty contours were left out."
        if change.adjustment_refused:
            yield f"Not adjusted: {change.adjustment_refused}"
        for figure, fit in change.fits.items():
            if fit.reason:
                yield f"{change.structure}, {figure}: {fit.reason}"
        if change.fits and change.intervals_refused:
            yield f"{change.structure}: {change.intervals_refused}"
    if made.unknown:
        yield f"{made.unknown} rows name a structure that the model does not know."
    yield "Errors before and after are of patients left out of the fit, each weighing the same."
