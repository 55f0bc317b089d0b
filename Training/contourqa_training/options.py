"""What several commands of `contourqa-train` share: options, and how they tell of progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

OPENKBP = Path("../shared/data/openkbp")
RUNS = Path("runs")
CACHE = RUNS / "cache"

SlicesDataOption = Annotated[
    Path, typer.Option("--data", help="Folder of data; Training/README.md says in which layouts.")
]
EpochsOption = Annotated[int | None, typer.Option("--epochs", help="Instead of the configuration's.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")]
ThreadsOption = Annotated[int | None, typer.Option("--threads", help="Threads of torch.")]
SkipBadOption = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out patients whose files cannot be used.")
]
CacheOption = Annotated[
    Path, typer.Option("--cache", metavar="FOLDER", help="Where slices are kept for the next run.")
]
RunsOption = Annotated[
    Path | None,
    typer.Option("--runs", metavar="FOLDER", help="Runs of the models, kept; runs/NAME by default."),
]
ResultsOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FOLDER", help="Of the results; RUNS/results by default."),
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", help="Models trained side by side; one a core by default.")
]


def timed_echo() -> Callable[[str], None]:
    """Prints lines on standard error with the minutes since now."""
    started = time.monotonic()

    def say(what: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - started), 60)
        typer.echo(f"{minutes:3d}:{seconds:02d}  {what}", err=True)

    return say
