"""The command `contourqa-train`: training, splits and studies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contourqa_training.evaluate_cli import evaluate
from contourqa_training.finetune_cli import finetune
from contourqa_training.isaksson_cli import baseline, study_isaksson
from contourqa_training.library_cli import app as library_app
from contourqa_training.options import (
    CACHE,
    OPENKBP,
    RUNS,
    CacheOption,
    ResultsOption,
    RunsOption,
    SkipBadOption,
    SlicesDataOption,
    WorkersOption,
    timed_echo,
)
from contourqa_training.quality_cli import quality
from contourqa_training.recalibrate_cli import recalibrate
from contourqa_training.segmenter_cli import app as segmenter_app
from ContourQALib.cli import run

if TYPE_CHECKING:
    from contourqa_training.study_output import Places

app = typer.Typer(
    name="contourqa-train",
    help="Train and measure the models of ContourQA.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
study_app = typer.Typer(
    help="Run an experiment end to end and write its tables and figures.", no_args_is_help=True
)
app.add_typer(study_app, name="study")
app.add_typer(segmenter_app, name="segmenter")
study_app.command("isaksson")(study_isaksson)
app.add_typer(library_app, name="contours")
app.command()(baseline)
app.command()(finetune)
app.command()(quality)
app.command()(recalibrate)
app.command()(evaluate)


@study_app.command("bice")
def study_bice(
    config: Annotated[
        str, typer.Option("--config", help="two-cores, quick, paper, or a TOML file.")
    ] = "two-cores",
    data: SlicesDataOption = OPENKBP,
    runs: RunsOption = None,
    output: ResultsOption = None,
    split: Annotated[str, typer.Option("--split", help="Whom to judge; test is looked at once.")] = "test",
    workers: WorkersOption = None,
    skip_bad: SkipBadOption = False,
    cache: CacheOption = CACHE,
) -> None:
    """Bice 2021: thresholds of probability maps, from training to figures; started again, it goes on."""
    from contourqa_training.bice.config import read_bice_config
    from contourqa_training.bice.study import run_study

    study = read_bice_config(config)
    places = _places(study.name, data, runs, cache, output)
    run_study(
        study,
        places,
        split=split,
        workers=workers,
        skip_bad=skip_bad,
        say=timed_echo(),
    )
    typer.echo(f"Wrote {places.output}.", err=True)


@study_app.command("geng")
def study_geng(
    config: Annotated[
        str, typer.Option("--config", help="two-cores, quick, paper, or a TOML file.")
    ] = "two-cores",
    data: SlicesDataOption = OPENKBP,
    runs: RunsOption = None,
    output: ResultsOption = None,
    workers: WorkersOption = None,
    skip_bad: SkipBadOption = False,
    cache: CacheOption = CACHE,
) -> None:
    """Geng 2024: a vendor's model against locally fine-tuned ones, from training to figures."""
    from contourqa_training.geng.config import read_geng_config
    from contourqa_training.geng.study import run_study

    study = read_geng_config(config)
    places = _places(study.study.name, data, runs, cache, output)
    run_study(study, places, workers=workers, skip_bad=skip_bad, say=timed_echo())
    typer.echo(f"Wrote {places.output}.", err=True)


@app.command()
def splits(
    data: Annotated[Path, typer.Option("--data", help="Folder with hippocampus/ and openkbp/.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write the CSV files.")
    ],
) -> None:
    """Draw the committed patient splits again; the same data gives the same files."""
    from contourqa_training.split_files import write_splits

    for path in write_splits(data, output):
        typer.echo(f"Wrote {path}.", err=True)


def _places(name: str, data: Path, runs: Path | None, cache: Path, output: Path | None) -> Places:
    """Where a study of this name lies: in runs/NAME and its folder results, unless something else is said."""
    from contourqa_training.study_output import Places

    folder = runs or RUNS / name
    return Places(data, folder, cache, output or folder / "results")


def main() -> None:
    """Run the command line; an error is one sentence on standard error."""
    sys.exit(run(app))
