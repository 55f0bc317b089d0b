"""Where a command's words go: the result to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from ContourQALib.commands.options import Format
from ContourQALib.report.records import to_csv, to_json
from ContourQALib.report.tables import PIPE_WIDTH


def print_result(
    form: Format,
    *,
    table: Callable[[Console], None],
    document: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Print one result in the form asked for.

    Args:
        form: table, JSON or CSV.
        table: prints the result for people.
        document: the result as JSON holds it.
        rows: the result as flat rows.
    """
    if form is Format.TABLE:
        # A pipe has no width of its own, and eighty columns break most tables.
        table(Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH))
    else:
        sys.stdout.write(to_json(document) if form is Format.JSON else to_csv(rows))


def say(message: str) -> None:
    """A message beside the result."""
    Console(stderr=True).print(message, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def progress(description: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on standard error while the block runs; silent where nobody watches.

    Yields:
        Report(done, total, what) to call as the work goes on.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(description)

        def report(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{description} {what}")

        yield report
