"""Journal: the rows of a cohort that are done, on disk as they are done, so that a kill costs none of them.

One line of JSON a row. What was measured holds as long as the row names the same files and these are as they
were read; a line that a kill tore off is no line.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from ContourQALib.cohort.measurement import FileStamp, ModelMeasurement, RowMeasurement, state_of
from ContourQALib.cohort.tasks import RowTask
from ContourQALib.errors import FormatError, OutputError, SettingError
from ContourQALib.formats.output import write_atomically
from ContourQALib.metrics.definitions import Status
from ContourQALib.names import normalize

KIND = "contourqa cohort journal"
FORMAT = 1

SYNCED_EVERY_S = 1.0
"""A line outlives a killed program at once, and a power cut after this time."""

INFINITE = "inf"
"""A distance to nothing, which JSON has no number for; what is undefined is null."""

Key = tuple[str, str]

_OPENED = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)  # without it Windows changes line ends


class Journal:
    """The journal of one folder, open for one run.

    Args:
        path: the file; made where it is missing.
        settings: what the figures depend on beside the files, by name; values that JSON can hold.
        fresh: forget what is there.

    Raises:
        SettingError: what is there was measured with other settings.
        FormatError: what is there is no journal.
        OutputError: it cannot be written, or another run has it open.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], fresh: bool = False) -> None:
        self.path = path
        self._header = {"kind": KIND, "format": FORMAT, "settings": dict(settings)}
        self._places: dict[Key, tuple[int, int]] = {}
        self._synced = time.monotonic()
        try:
            # made where it is missing, and never emptied before the lock says that nobody else has it
            self._file: BinaryIO = os.fdopen(os.open(path, _OPENED, 0o666), "r+b")
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            _lock(self._file, path)
            if fresh:
                self._file.truncate(0)
            self._end = self._read_places()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def done(self, tasks: Sequence[RowTask]) -> Iterator[tuple[int, RowMeasurement]]:
        """Number and measurement of every task that was measured and whose files are as they were.

        Rows that failed are not among them: what hindered them may be gone.
        """
        for number, task in enumerate(tasks):
            line = self._line(_key(task))
            if line is None:
                continue
            paths = (task.reference, *task.tests)
            try:
                record = json.loads(line)
                measurement = _measurement(record)
                if paths != (record["reference"], *record["tests"]) or measurement.failed:
                    continue
            except (KeyError, TypeError, ValueError):  # damaged by something else than a kill
                continue
            if all(map(_as_it_was, paths, measurement.stamps)):
                yield number, measurement

    def add(self, task: RowTask, measurement: RowMeasurement) -> None:
        """Write a row down.

        Raises:
            OutputError: the disk is full or gone.
        """
        line = _line(task, measurement)
        try:
            self._file.seek(self._end)
            self._file.write(line)
            self._file.flush()
            if time.monotonic() - self._synced > SYNCED_EVERY_S:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise self._unwritable(error) from error
        self._places[_key(task)] = (self._end, len(line))
        self._end += len(line)

    def finish(self, tasks: Sequence[RowTask]) -> None:
        """Put the rows into the tasks' order, the last line of each; rows of other manifests follow.

        Raises:
            OutputError: it cannot be written.
        """
        keys = dict.fromkeys(_key(task) for task in tasks)
        others = [key for key in self._places if key not in keys]
        with write_atomically(self.path) as temporary, temporary.open("wb") as file:
            file.write(_bytes(self._header))
            for key in (*keys, *sorted(others)):
                line = self._line(key)
                if line is not None:
                    file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _line(self, key: Key) -> bytes | None:
        place = self._places.get(key)
        if place is None:
            return None
        self._file.seek(place[0])
        return self._file.read(place[1])

    def _read_places(self) -> int:
        """Find the lines, begin an empty file, and return where the next line goes: a torn one is cut off."""
        end = 0
        for number, line in enumerate(self._file):
            if not line.endswith(b"\n"):
                break
            record = _parsed(line)
            if number == 0:
                self._check_header(record)
            elif record is not None and "case" in record:
                self._places[record["case"], normalize(record["structure"])] = (end, len(line))
            end += len(line)
        if end == 0:
            header = _bytes(self._header)
            self._file.seek(0)
            self._file.write(header)
            end = len(header)
        self._file.truncate(end)
        self._file.flush()
        return end

    def _check_header(self, found: Mapping[str, Any] | None) -> None:
        if found is None or found.get("kind") != KIND or found.get("format") != FORMAT:
            raise FormatError(
                f"{self.path} is no journal of a cohort; choose another folder, or --fresh to write over it."
            )
        there, ours = found["settings"], json.loads(json.dumps(self._header["settings"]))
        differing = [name for name in {**there, **ours} if there.get(name) != ours.get(name)]
        if differing:
            raise SettingError(
                f"{self.path} was measured with another {', '.join(differing)}; choose another folder, or "
                "--fresh to begin anew."
            )

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self.path} cannot be written ({error.strerror or error}); rows written before are kept, "
            "and the same command goes on from them."
        )


def _lock(file: BinaryIO, path: Path) -> None:
    """Keep other runs out until the file is closed, by a kill too.

    Raises:
        OutputError: another run has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows, where two runs in one folder are the user's own care
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(
            f"Another run is writing to {path.parent}; wait for it, or choose another folder."
        ) from error
    except OSError:
        return  # a network folder without locks


def _as_it_was(path: str | None, stamp: FileStamp | None) -> bool:
    if path is None or stamp is None:
        return path is None and stamp is None
    return state_of(path) == stamp.state


def _key(task: RowTask) -> Key:
    return task.row.case, normalize(task.row.structure)


def _line(task: RowTask, measurement: RowMeasurement) -> bytes:
    return _bytes(
        {
            "case": task.row.case,
            "structure": task.row.structure,
            "reference": task.reference,
            "tests": task.tests,
            "stamps": [stamp and [stamp.sha256, stamp.state] for stamp in measurement.stamps],
            "volume_reference_cc": _number(measurement.volume_reference_cc),
            "models": [
                [
                    model.status.value,
                    model.reason,
                    *(list(map(_number, part)) for part in (model.values, model.placed)),
                ]
                for model in measurement.models
            ],
        }
    )


def _measurement(record: Mapping[str, Any]) -> RowMeasurement:
    return RowMeasurement(
        _value(record["volume_reference_cc"]),
        tuple(
            ModelMeasurement(Status(status), reason, tuple(map(_value, values)), tuple(map(_value, placed)))
            for status, reason, values, placed in record["models"]
        ),
        tuple(stamp and FileStamp(*stamp) for stamp in record["stamps"]),
    )


def _bytes(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, allow_nan=False, ensure_ascii=False) + "\n").encode()


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The record of a line, or None where the line is damaged."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _number(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else INFINITE


def _value(number: float | str | None) -> float:
    if number is None:
        return math.nan
    return math.inf if number == INFINITE else float(number)
