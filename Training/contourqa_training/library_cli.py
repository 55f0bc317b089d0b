"""`contourqa-train contours`: a library of contours to learn quality from, and its contours as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contourqa_training.options import CACHE, RUNS, CacheOption, SlicesDataOption, WorkersOption, timed_echo

app = typer.Typer(
    help="Build a library of contours whose true quality is known.",
    invoke_without_command=True,
    subcommand_metavar="[export|keep|restore]",
)

SegmentersOption = Annotated[
    Path, typer.Option("--segmenters", metavar="FOLDER", help="Where the segmenters' runs lie, or go.")
]
SEGMENTERS = RUNS / "segmenters"


@app.callback()
def contours(
    context: typer.Context,
    config: Annotated[
        str, typer.Option("--config", help="contours-hippocampus, contours-headneck or a TOML file.")
    ] = "contours-hippocampus",
    data: SlicesDataOption = Path("../shared/data/hippocampus"),
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Of the library; runs/contours/NAME by default."
        ),
    ] = None,
    segmenters: SegmentersOption = SEGMENTERS,
    workers: WorkersOption = None,
    cache: CacheOption = CACHE,
) -> None:
    """Train segmentation networks out of fold, draw, spoil and measure every patient's contours.

    Started again after a kill, the same command goes on.
    """
    if context.invoked_subcommand is not None:
        return
    from contourqa_training.library_building import build_library
    from contourqa_training.library_config import read_library_config
    from contourqa_training.training_queue import worker_count

    settings = read_library_config(config)
    folder = output or RUNS / "contours" / settings.name
    build_library(
        settings,
        data,
        folder,
        runs=segmenters,
        cache=cache,
        workers=workers or worker_count(),
        say=timed_echo(),
    )
    typer.echo(f"Wrote the contour library {folder}.", err=True)


@app.command()
def export(
    library: Annotated[Path, typer.Option("--library", metavar="FOLDER", help="The library.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write.")],
    split: Annotated[str, typer.Option("--split", help="Whose contours; test is looked at once.")] = "test",
    stratum: Annotated[
        list[str] | None,
        typer.Option("--stratum", help="N, N-best, S, B, G, O or I; may be repeated. All of them."),
    ] = None,
    structure: Annotated[
        list[str] | None, typer.Option("--structure", help="Only this one; may be repeated. All of them.")
    ] = None,
    regime: Annotated[
        str, typer.Option("--regime", help="Only images of this regime: 8-bit, float or scaled.")
    ] = "",
) -> None:
    """Write contours as files with a manifest, for `contourqa-train evaluate` and `contourqa assess`."""
    from contourqa_training.library import ContourLibrary
    from contourqa_training.library_export import export_library

    opened = ContourLibrary.open(library)
    manifest = export_library(opened, output, split, stratum or (), structure or (), regime)
    typer.echo(f"Wrote {manifest}.", err=True)


@app.command()
def keep(
    library: Annotated[Path, typer.Option("--library", metavar="FOLDER", help="The library.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write, .npz.")],
    split: Annotated[str, typer.Option("--split", help="Whose contours.")] = "test",
) -> None:
    """Keep the natural contours of one split in a small file, so that a judgement can be repeated."""
    from contourqa_training.kept_contours import keep_contours
    from contourqa_training.library import ContourLibrary

    typer.echo(f"Wrote {keep_contours(ContourLibrary.open(library), split, output)}.", err=True)


@app.command()
def restore(
    kept: Annotated[Path, typer.Option("--kept", metavar="FILE", help="Written by contours keep.")],
    data: SlicesDataOption,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Of the library.")],
    workers: WorkersOption = None,
) -> None:
    """Build a library of kept contours and the data folder that they are of; no network is trained."""
    from contourqa_training.library_building import restore_library
    from contourqa_training.training_queue import worker_count

    restore_library(kept, data, output, workers=workers or worker_count(), say=timed_echo())
    typer.echo(f"Wrote the contour library {output}.", err=True)
