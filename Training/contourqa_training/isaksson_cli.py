"""The commands of the study of Isaksson 2022: the whole of it, and its boosted trees alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contourqa_training.options import (
    CACHE,
    RUNS,
    CacheOption,
    EpochsOption,
    ResultsOption,
    RunsOption,
    ThreadsOption,
    timed_echo,
)

HIPPOCAMPUS_LIBRARY = RUNS / "contours" / "hippocampus"


def study_isaksson(
    config: Annotated[
        str, typer.Option("--config", help="two-cores, quick, paper, or a TOML file.")
    ] = "two-cores",
    library: Annotated[
        Path,
        typer.Option("--library", metavar="FOLDER", help="Library of contours, by contourqa-train contours."),
    ] = HIPPOCAMPUS_LIBRARY,
    variables: Annotated[
        Path | None,
        typer.Option(
            "--variables", help="CSV of clinical variables for the boosted trees, with a column patient."
        ),
    ] = None,
    epochs: EpochsOption = None,
    runs: RunsOption = None,
    output: ResultsOption = None,
    threads: ThreadsOption = None,
    cache: CacheOption = CACHE,
) -> None:
    """Isaksson 2022: the quality network and its baselines, from training to figures; it resumes."""
    from contourqa_training.isaksson.config import read_isaksson_config
    from contourqa_training.isaksson.study import run_study
    from contourqa_training.study_output import Places

    study = read_isaksson_config(config)
    if epochs is not None:
        study = study.of_epochs(epochs)
    folder = runs or RUNS / study.study.name
    places = Places(library, folder, cache, output or folder / "results")
    run_study(study, places, variables=variables, threads=threads, say=timed_echo())
    typer.echo(f"Wrote {places.output}.", err=True)


def baseline(
    table: Annotated[
        Path,
        typer.Option("--table", help="CSV with the columns patient and dice; all others are variables."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write tables and figures.")
    ],
    config: Annotated[
        str, typer.Option("--config", help="two-cores, quick, paper, or a TOML file.")
    ] = "two-cores",
    variables: Annotated[
        Path | None, typer.Option("--variables", help="CSV of further variables, with a column patient.")
    ] = None,
) -> None:
    """Predict Dice from case variables alone: CatBoost searched by Optuna (Isaksson 2022)."""
    from contourqa_training.isaksson.baseline import run_baseline, write_baseline
    from contourqa_training.isaksson.config import read_isaksson_config
    from contourqa_training.isaksson.variables import read_table

    cases = read_table(table)
    if variables is not None:
        cases = cases.joined(variables)
    settings = read_isaksson_config(config).study
    write_baseline(run_baseline(cases, settings, timed_echo()), output)
    typer.echo(f"Wrote {output}.", err=True)
