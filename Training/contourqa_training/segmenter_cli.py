"""The commands `contourqa-train segmenter` and `contourqa-train segmenter predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contourqa_training.options import (
    CACHE,
    OPENKBP,
    RUNS,
    CacheOption,
    EpochsOption,
    ResumeOption,
    SkipBadOption,
    SlicesDataOption,
    ThreadsOption,
)
from ContourQALib.errors import SettingError

if TYPE_CHECKING:
    from contourqa_training.segmenter_config import SegmenterConfig

app = typer.Typer(
    help="Train a segmentation network, or predict probability maps with one.",
    no_args_is_help=True,
    invoke_without_command=True,
)


@app.callback()
def segmenter(
    context: typer.Context,
    config: Annotated[
        str | None,
        typer.Option("--config", help="bice, bice-two-cores, geng, hippocampus-slices ... or a TOML file."),
    ] = None,
    data: SlicesDataOption = OPENKBP,
    structure: Annotated[
        list[str] | None,
        typer.Option("--structure", help="Only this structure; may be repeated. All of them by default."),
    ] = None,
    multi_label: Annotated[
        bool | None,
        typer.Option(
            "--multi-label/--single-organ", help="One model for all structures, or one for each (the paper)."
        ),
    ] = None,
    dice_weight: Annotated[
        float | None,
        typer.Option("--dice-weight", help="Lambda of eq. 5, 0 to 1; instead of the configuration's."),
    ] = None,
    fold: Annotated[
        str | None, typer.Option("--fold", metavar="K/N", help="Hold out fold K of N, to be predicted later.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Folder of the run, or of the runs of several models; runs/NAME by default.",
        ),
    ] = None,
    epochs: EpochsOption = None,
    resume: ResumeOption = False,
    skip_bad: SkipBadOption = False,
    cache: CacheOption = CACHE,
    threads: ThreadsOption = None,
) -> None:
    """Train segmenters (Bice 2021, Geng 2024); the run folder holds checkpoints, curves and the model."""
    if context.invoked_subcommand:
        return
    if config is None:
        raise typer.BadParameter(
            "name a configuration: bice, bice-two-cores, geng or a TOML file", param_hint="--config"
        )
    from contourqa_training.patients import Fold
    from contourqa_training.segmenter import train_segmenter
    from contourqa_training.segmenter_config import read_segmenter_config
    from contourqa_training.segmenter_data import SegmenterData

    settings = _changed(read_segmenter_config(config), multi_label, dice_weight, epochs)
    asked = settings.for_structures(structure or ())
    held_out = Fold.parse(fold) if fold else None
    runs = _runs(asked, output, held_out)

    def load(what: SegmenterConfig) -> SegmenterData:
        return SegmenterData.load(data, what, held_out, cache=cache, skip_bad=skip_bad, progress=True)

    # Slices around organs are others for each model; all slices are the same, and read once.
    shared = None if settings.slices.around_organs else load(settings)
    learned = [(shared or load(one)).for_structures(one.model.structures) for one in runs.values()]
    for mine in learned:
        mine.check()  # of all, before any is trained
    for number, (mine, (run, one)) in enumerate(zip(learned, runs.items(), strict=True), 1):
        for note in mine.notes():
            typer.echo(note, err=True)
        if len(runs) > 1:
            typer.echo(f"{number}/{len(runs)} {run.name}", err=True)
        model = train_segmenter(one, mine, run, resume=resume, threads=threads)
        typer.echo(f"Wrote the segmenter {model}.", err=True)


@app.command()
def predict(
    model: Annotated[
        list[Path],
        typer.Option(
            "--model", metavar="RUN", help="Folder of a finished run; repeat it for organs or folds."
        ),
    ],
    data: SlicesDataOption = OPENKBP,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            help="Whose patients: held-out, train or choose of the model, calibrate or test of its split. "
            "By default the held-out ones of a fold (out of fold), else those who choose.",
        ),
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option("--case", help="This patient instead; may be repeated.")
    ] = None,
    stage: Annotated[
        int | None, typer.Option("--stage", help="The weights after so many epochs, not the stored model.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write.")] = RUNS
    / "maps",
    skip_bad: SkipBadOption = False,
) -> None:
    """Write probability maps on the images' grids, and a manifest for `contourqa thresholds --cases`."""
    from contourqa_training.segmenter_model import open_segmenter
    from contourqa_training.segmenter_predict import predict_cases

    if split and case:
        raise SettingError("Give --split or --case, not both.")
    models = [open_segmenter(folder) for folder in model]
    made = predict_cases(
        models,
        data,
        output,
        which=split,
        names=case or (),
        stage=stage,
        skip_bad=skip_bad,
        report=lambda what: typer.echo(what, err=True),
    )
    for structure, patients in made.absent.items():
        typer.echo(f"{structure} is not contoured in {len(patients)}: {', '.join(patients)}.", err=True)
    if made.skipped:
        typer.echo(f"Left out {len(made.skipped)} patients: {' '.join(made.skipped.values())}", err=True)
    typer.echo(f"Wrote {len(made.rows)} maps and {made.manifest}.", err=True)


@app.command()
def contour(
    model: Annotated[
        list[str],
        typer.Option(
            "--model", metavar="NAME=RUN", help="Folder of a finished run, and its column's name; repeat it."
        ),
    ],
    data: SlicesDataOption = OPENKBP,
    case: Annotated[
        list[str] | None,
        typer.Option("--case", help="Contour this patient; may be repeated. All of the folder by default."),
    ] = None,
    dataset: Annotated[str, typer.Option("--dataset", help="What the manifest calls these patients.")] = "",
    in_plane_mm: Annotated[
        list[str] | None,
        typer.Option(
            "--in-plane-mm",
            metavar="NAME=MM",
            help="Show this segmenter pixels of this size, that of the images it learned from; repeat it.",
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write.")] = RUNS
    / "contours",
    skip_bad: SkipBadOption = False,
) -> None:
    """Draw contours with several segmenters, and a manifest for `contourqa cohort` to compare them by."""
    from contourqa_training.segmentation_cases import find_cases
    from contourqa_training.segmenter_contours import draw_contours
    from contourqa_training.segmenter_model import open_segmenter

    models = dict(_named(text) for text in model)
    if len(models) < len(model):
        raise SettingError("Give each segmenter a name of its own, as --model VPM=runs/VPM.")
    structures = open_segmenter(next(iter(models.values()))).config.model.structures
    patients = case or [one.name for one in find_cases(data, structures)]
    made = draw_contours(
        models,
        data,
        {dataset: patients},
        output,
        in_plane_mm=dict(_pixels(text) for text in in_plane_mm or ()),
        skip_bad=skip_bad,
        report=lambda what: typer.echo(what, err=True),
    )
    for structure, missing in made.absent.items():
        if missing:
            typer.echo(f"{structure} is not contoured in {len(missing)}: {', '.join(missing)}.", err=True)
    if made.skipped:
        typer.echo(f"Left out {len(made.skipped)} patients: {' '.join(made.skipped.values())}", err=True)
    typer.echo(f"Wrote {made.manifest}, {made.rows} rows.", err=True)


def _pixels(text: str) -> tuple[str, float]:
    """Name and size of NAME=MM."""
    name, _, size = text.partition("=")
    try:
        return name, float(size)
    except ValueError as error:
        raise SettingError(f'--in-plane-mm "{text}" must be NAME=MM, such as VPM=3.6.') from error


def _named(text: str) -> tuple[str, Path]:
    """Name and folder of NAME=RUN; a folder alone is called as it is."""
    name, equals, folder = text.partition("=")
    return (name, Path(folder)) if equals else (Path(text).name, Path(text))


def _changed(
    config: SegmenterConfig, multi_label: bool | None, dice_weight: float | None, epochs: int | None
) -> SegmenterConfig:
    """The configuration with what the command line says instead."""
    from dataclasses import replace

    model, training = config.model, config.training
    if multi_label is not None:
        model = replace(model, multi_label=multi_label)
    if dice_weight is not None:
        training = replace(training, dice_weight=dice_weight)
    if epochs is not None:
        training = replace(training, epochs=epochs)
    return replace(config, model=model, training=training)


def _runs(asked: SegmenterConfig, output: Path | None, fold: object) -> dict[Path, SegmenterConfig]:
    """The models to train, by the folder of their run."""
    names = asked.model.structures
    folder = output or RUNS / (asked.model.name + (f"-fold-{fold}".replace("/", "-of-") if fold else ""))
    if asked.model.multi_label or (len(names) == 1 and output):
        return {folder: asked}
    return {folder / name: asked.for_structures([name]) for name in names}
