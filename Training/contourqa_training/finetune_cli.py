"""The command `contourqa-train finetune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contourqa_training.options import (
    CACHE,
    RUNS,
    CacheOption,
    EpochsOption,
    SkipBadOption,
    SlicesDataOption,
    WorkersOption,
    timed_echo,
)


def finetune(
    start: Annotated[
        Path, typer.Option("--from", metavar="RUN", help="Finished run of the segmenter to start from.")
    ],
    data: SlicesDataOption,
    config: Annotated[
        str, typer.Option("--config", help="finetune (the paper), finetune-two-cores, or a TOML file.")
    ] = "finetune",
    structure: Annotated[
        list[str] | None,
        typer.Option(
            "--structure", help="Learn this one; may be repeated. Those of the segmenter by default."
        ),
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option("--case", help="Learn from this patient; may be repeated. All by default."),
    ] = None,
    fold: Annotated[
        list[int] | None,
        typer.Option("--fold", help="Train this fold only; may be repeated. All by default."),
    ] = None,
    epochs: EpochsOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Folder of runs and model; runs/NAME by default."
        ),
    ] = None,
    workers: WorkersOption = None,
    skip_bad: SkipBadOption = False,
    cache: CacheOption = CACHE,
) -> None:
    """Fine-tune a segmenter on a clinic's own patients (Geng 2024); started again, it goes on."""
    from dataclasses import replace

    from contourqa_training.finetuning import finetune as run
    from contourqa_training.finetuning import read_finetune_config
    from contourqa_training.segmenter_model import open_segmenter

    settings = read_finetune_config(config)
    if fold:
        settings = replace(settings, finetune=replace(settings.finetune, only=tuple(fold)))
    if epochs is not None:
        settings = replace(settings, training=replace(settings.training, epochs=epochs))
    made = run(
        settings,
        open_segmenter(start),
        data,
        output or RUNS / settings.finetune.name,
        structures=structure or (),
        patients=case or (),
        cache=cache,
        skip_bad=skip_bad,
        workers=workers,
        say=timed_echo(),
    )
    for number, loss in made.losses.items():
        typer.echo(f"fold {number}: cross-validation loss {loss:.5f}", err=True)
    typer.echo(f"Wrote {made.folder}, the model of fold {made.fold}.", err=True)
