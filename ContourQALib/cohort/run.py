"""A cohort measured: the journal's rows are taken over, the others measured side by side and written down."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from ContourQALib.cohort.crew import Batch, Crew, HowToMeasure, measured_alone
from ContourQALib.cohort.gathering import Gathering
from ContourQALib.cohort.journal import Journal
from ContourQALib.cohort.measurement import RowMeasurement
from ContourQALib.cohort.tasks import RowTask, batches

WORTH_A_PROCESS = 8
"""Rows below which starting processes takes longer than they save."""

Report = Callable[[int, int, str], None]
"""Called with how many rows are done, how many there are, and what was done last."""


def take_over(tasks: Sequence[RowTask], journal: Journal, gathering: Gathering) -> int:
    """Put what the journal holds into its place; how many rows that were."""
    taken = 0
    for number, measurement in journal.done(tasks):
        gathering.put(number, measurement)
        taken += 1
    return taken


def measure_missing(
    tasks: Sequence[RowTask],
    gathering: Gathering,
    how: HowToMeasure,
    *,
    journal: Journal | None = None,
    workers: int | None = None,
    report: Report,
) -> None:
    """Measure every row that is missing, and write it down as soon as it is done.

    Args:
        tasks: all rows.
        gathering: where results go.
        how: what rows are measured with.
        journal: where they are written down, if anywhere; put into the rows' order at the end.
        workers: processes; 1 for this one alone, None for as many as there are processors.
        report: told after each row.

    Raises:
        FormatError: a process broke off.
        OutputError: the journal cannot be written.
    """
    missing = gathering.missing()
    done = len(tasks) - len(missing)
    report(done, len(tasks), "")
    for number, measurement in _measured(tasks, missing, how, workers):
        gathering.put(number, measurement)
        if journal is not None:
            journal.add(tasks[number], measurement)
        done += 1
        report(done, len(tasks), f"{tasks[number].row.case} {tasks[number].row.structure}")
    if journal is not None:
        journal.finish(tasks)


def _measured(
    tasks: Sequence[RowTask], missing: Sequence[int], how: HowToMeasure, workers: int | None
) -> Iterator[tuple[int, RowMeasurement]]:
    parts: Iterator[Batch] = (
        [(number, tasks[number]) for number in together] for together in batches(tasks, missing)
    )
    size = processors() if workers is None else workers
    if workers is None and len(missing) < WORTH_A_PROCESS:
        size = 1
    size = min(size, len(missing))
    if size <= 1:
        yield from measured_alone(parts, how)
        return
    with Crew(size, how) as crew:
        yield from crew.measured(parts)


def processors() -> int:
    """Processors that this program may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
