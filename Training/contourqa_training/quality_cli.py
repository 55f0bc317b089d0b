"""`contourqa-train quality`: a quality model from a contour library, or from a folder of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contourqa_training.options import RUNS, EpochsOption, ThreadsOption, WorkersOption, timed_echo
from ContourQALib.errors import SettingError


def quality(
    config: Annotated[
        str | None,
        typer.Option("--config", help="hippocampus-t1, contourqa ... or a TOML file."),
    ] = None,
    library: Annotated[
        Path | None,
        typer.Option("--library", metavar="FOLDER", help="Contours to learn from: contourqa-train contours."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FOLDER",
            help="One's own images/, labels/ and labels.csv, instead of --config and --library.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the run; runs/NAME by default."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Of the model of --data; clinic by default.")
    ] = None,
    modality: Annotated[
        str | None, typer.Option("--modality", help="CT or MR, of --data; told from the images by default.")
    ] = None,
    structure: Annotated[
        list[str] | None,
        typer.Option("--structure", help="Of --data, learn this one; may be repeated. All by default."),
    ] = None,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="With --data, write the plan to look at and change, and stop.")
    ] = False,
    epochs: EpochsOption = None,
    leave_out: Annotated[
        str | None,
        typer.Option("--leave-out", metavar="REGIME", help="Do not train on 8-bit, float or scaled images."),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate/--no-calibrate", help="Without: no intervals, novelty gate or baselines."),
    ] = True,
    threads: ThreadsOption = None,
    workers: WorkersOption = None,
) -> None:
    """Train a quality model, calibrate its intervals, and write it as a bundle with its baselines.

    With --data everything else comes first and last: a plan derived from the folder, segmentation networks
    trained out of fold, the contour library, and the report on the folder's test patients.
    Started again after a kill, the same command goes on.
    """
    of_data = {"--name": name, "--modality": modality, "--structure": structure, "--plan-only": plan_only}
    of_library = {"--config": config, "--library": library, "--leave-out": leave_out}
    wrong = [option for option, value in (of_data if data is None else of_library).items() if value]
    if data is not None:
        if wrong:
            raise SettingError(f"{wrong[0]} and --data exclude each other: remove one of them.")
        _own_data(data, output, (name, modality, tuple(structure or ()), epochs), plan_only, threads, workers)
        return
    if wrong:
        raise SettingError(f"{wrong[0]} is an option of --data; add --data FOLDER or remove it.")
    if config is None or library is None:
        raise SettingError("Name --config and --library, or a folder of your own with --data.")
    _from_library(config, library, output, epochs, leave_out, calibrate, threads)


def _own_data(
    data: Path,
    output: Path | None,
    asked: tuple[str | None, str | None, tuple[str, ...], int | None],
    plan_only: bool,
    threads: int | None,
    workers: int | None,
) -> None:
    from contourqa_training.own_data_run import Asked, OwnRun, plan_own_data
    from contourqa_training.training_queue import worker_count

    wanted = Asked(*asked)
    run = OwnRun(output or RUNS / (wanted.name or "clinic"))
    if plan_only:
        plan_own_data(data, run, wanted, timed_echo())
        typer.echo(f"Wrote the plan {run.plan}; the same command without --plan-only trains by it.", err=True)
        return
    from contourqa_training.own_data_training import train_own_data

    bundle = train_own_data(
        data, run, wanted, workers=workers or worker_count(), threads=threads, say=timed_echo()
    )
    typer.echo(f"Wrote the model {bundle} and its evaluation {run.evaluation}.", err=True)


def _from_library(
    config: str,
    library: Path,
    output: Path | None,
    epochs: int | None,
    leave_out: str | None,
    calibrate: bool,
    threads: int | None,
) -> None:
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
    if calibrate:
        finish_bundle(bundle, contours, timed_echo())
    typer.echo(f"Wrote the model {bundle}.", err=True)
