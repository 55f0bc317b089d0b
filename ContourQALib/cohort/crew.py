"""Crew: processes that measure rows side by side.

Processes and not threads, because reading takes most of the time and SimpleITK holds the interpreter's lock.
Each has a pipe of its own to the program that started it: when that is killed, the pipe ends, and so do they.
"""

from __future__ import annotations

import math
import multiprocessing
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import cast

from ContourQALib.cohort.measurement import ModelMeasurement, Read, RowMeasurement, RowReader
from ContourQALib.cohort.tasks import RowTask
from ContourQALib.errors import FormatError
from ContourQALib.metrics.definitions import Status

Batch = list[tuple[int, RowTask]]

ENDING_S = 5.0
"""Time that a process gets to end before it is ended."""


@dataclass(frozen=True)
class HowToMeasure:
    """What every process needs to know; it can be sent to another one.

    Attributes:
        read: reads a file.
        tolerance_mm: tolerance of surface Dice, mm.
    """

    read: Read
    tolerance_mm: float


def measured_alone(batches: Iterable[Batch], how: HowToMeasure) -> Iterator[tuple[int, RowMeasurement]]:
    """Number and measurement of every row, measured by this process one after the other."""
    reader = RowReader(how.read, how.tolerance_mm)
    for batch in batches:
        for number, task in batch:
            yield number, _measured(reader, task)


class Crew:
    """Processes that measure rows, ended when the block is left.

    Args:
        size: how many.
        how: what they measure with.
    """

    def __init__(self, size: int, how: HowToMeasure) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._members: dict[Connection, BaseProcess] = {}
        for _ in range(size):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_serve, args=(theirs, how), daemon=True)
            process.start()
            theirs.close()
            self._members[ours] = process

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection, process in self._members.items():
            if kind is not None:
                process.terminate()
            connection.close()
        for process in self._members.values():
            process.join(ENDING_S)
            if process.is_alive():
                process.kill()
                process.join()

    def measured(self, batches: Iterable[Batch]) -> Iterator[tuple[int, RowMeasurement]]:
        """Number and measurement of every row, in the order in which they are done.

        Raises:
            FormatError: a process broke off while it measured a row.
        """
        waiting = iter(batches)
        at_work: dict[Connection, Batch] = {}
        for connection in self._members:
            self._hand_out(connection, waiting, at_work)
        while at_work:
            for ready in wait(list(at_work)):
                connection = cast(Connection, ready)
                batch = at_work[connection]
                try:
                    number, measurement = connection.recv()
                except (EOFError, OSError) as error:
                    raise self._broken_off(connection, batch) from error
                yield number, measurement
                batch.pop(0)
                if not batch:
                    del at_work[connection]
                    self._hand_out(connection, waiting, at_work)

    def _hand_out(
        self, connection: Connection, waiting: Iterator[Batch], at_work: dict[Connection, Batch]
    ) -> None:
        batch = next(waiting, None)
        if batch is None:
            return
        at_work[connection] = list(batch)
        with suppress(OSError):  # whoever waits for the rows finds out that nobody is there
            connection.send(batch)

    def _broken_off(self, connection: Connection, batch: Sequence[tuple[int, RowTask]]) -> FormatError:
        process = self._members[connection]
        process.join(ENDING_S)
        row = batch[0][1].row
        return FormatError(
            f"The process that measured {row.structure} of case {row.case} broke off (exit code "
            f"{process.exitcode}), perhaps for want of memory or because of a damaged file; rows done before "
            "are kept, run the same command again with --workers 1."
        )


def _serve(connection: Connection, how: HowToMeasure) -> None:
    """Measure what comes through the pipe until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that started this one
    reader = RowReader(how.read, how.tolerance_mm)
    with suppress(EOFError, OSError):
        while True:
            for number, task in connection.recv():
                connection.send((number, _measured(reader, task)))


def _measured(reader: RowReader, task: RowTask) -> RowMeasurement:
    """The measurement of a row; a fault of ours fails this row and not the night's work."""
    try:
        return reader.measure(task)
    except Exception as error:
        reason = f"a fault of contourqa itself ({type(error).__name__}): {error}"
        if isinstance(error, MemoryError):
            reason = "there was not enough memory for its files; use fewer --workers"
        failed = ModelMeasurement(Status.FAILED, reason)
        return RowMeasurement(math.nan, (failed,) * len(task.tests), (None,) * (1 + len(task.tests)))
