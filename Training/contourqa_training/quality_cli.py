"""`contourqa-train quality`: a quality model from a contour library, or from a folder of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contourqa_training.options import RUNS, EpochsOption, ThreadsOption, timed_echo
from ContourQALib.errors import SettingError


def quality(
    config: Annotated[
        str, typer.Option("--config", help="hippocampus-t1, headneck-ct, pelvis-phantom or a TOML file.")
    ],
    library: Annotated[
        Path,
        typer.Option("--library", metavar="FOLDER", help="Contours to learn from: contourqa-train contours."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the run; runs/NAME by default."),
    ] = None,
    epochs: EpochsOption = None,
    leave_out: Annotated[
        str | None,
        typer.Option("--leave-out", metavar="REGIME", help="Do not train on 8-bit, float or scaled images."),
    ] = None,
    threads: ThreadsOption = None,
) -> None:
    """Train a quality model, calibrate its intervals, and write it as a bundle with its baselines.

    Started again after a kill, the same command goes on.
    """
    from contourqa_training.error_config import read_error_config
    from contourqa_training.error_finishing import finish_bundle
    from contourqa_training.error_training import train_error_model, with_training
    from contourqa_training.library import ContourLibrary

    settings = with_training(read_error_config(config), epochs=epochs, leave_out=leave_out)
    run = output or RUNS / settings.model.name
    contours = ContourLibrary.open(library)
    if not contours.of_split("calibrate"):
        raise SettingError(f"{library} has no calibration patients; build it with a split that has.")
    bundle = train_error_model(settings, contours, run, threads=threads)
    finish_bundle(bundle, contours, timed_echo())
    typer.echo(f"Wrote the model {bundle}.", err=True)
