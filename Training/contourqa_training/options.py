"""Options that several commands of `contourqa-train` share."""

from __future__ import annotations

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
