"""LineJournal: records on disk as they are made, so that a kill costs none of them.

One line of JSON a record, the first says what the others are; a line that a kill tore off is no line.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from ContourQALib.errors import FormatError, OutputError, SettingError
from ContourQALib.formats.output import write_atomically
from ContourQALib.names import normalize

FORMAT = 1

SYNCED_EVERY_S = 1.0
"""A line outlives a killed program at once, and a power cut after this time."""

Key = tuple[str, str]
"""Case and normalized structure: what a record is found by."""

_OPENED = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)  # without it Windows changes line ends


class LineJournal:
    """The journal of one folder, open for one run.

    Args:
        path: the file; made where it is missing.
        kind: what it is a journal of, "cohort": another kind's is not taken over.
        settings: what the records depend on beside the files, by name; values that JSON can hold.
        fresh: forget what is there.

    Raises:
        SettingError: what is there was made with other settings.
        FormatError: what is there is no such journal.
        OutputError: it cannot be written, or another run has it open.
    """

    def __init__(self, path: Path, kind: str, settings: Mapping[str, Any], fresh: bool = False) -> None:
        self.path = path
        self._kind = kind
        self._header = _header(kind, settings)
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another run have the journal."""
        self._file.close()

    def record(self, case: str, structure: str) -> dict[str, Any] | None:
        """The last record of a case's structure; None where there is none, or a damaged one."""
        line = self._line((case, normalize(structure)))
        return None if line is None else parsed(line)

    def write(self, record: Mapping[str, Any]) -> None:
        """Write a record down; its "case" and "structure" say what it is found by.

        Raises:
            OutputError: the disk is full or gone.
        """
        line = encoded(record)
        try:
            self._file.seek(self._end)
            self._file.write(line)
            self._file.flush()
            if time.monotonic() - self._synced > SYNCED_EVERY_S:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise self._unwritable(error) from error
        self._places[record["case"], normalize(record["structure"])] = (self._end, len(line))
        self._end += len(line)

    def order(self, keys: Iterable[tuple[str, str]]) -> None:
        """Put the last record of each case and structure into this order; others follow.

        Raises:
            OutputError: it cannot be written.
        """
        wanted = dict.fromkeys((case, normalize(structure)) for case, structure in keys)
        others = [key for key in self._places if key not in wanted]
        with write_atomically(self.path) as temporary, temporary.open("wb") as file:
            file.write(encoded(self._header))
            for key in (*wanted, *sorted(others)):
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
            record = parsed(line)
            if number == 0:
                self._check_header(record)
            elif record is not None and {"case", "structure"} <= record.keys():
                self._places[record["case"], normalize(record["structure"])] = (end, len(line))
            end += len(line)
        if end == 0:
            header = encoded(self._header)
            self._file.seek(0)
            self._file.write(header)
            end = len(header)
        self._file.truncate(end)
        self._file.flush()
        return end

    def _check_header(self, found: Mapping[str, Any] | None) -> None:
        ours = self._header
        if found is None or any(found.get(name) != ours[name] for name in ("kind", "format")):
            raise FormatError(
                f"{self.path} is no journal of a {self._kind}; choose another folder, or --fresh to write "
                "over it."
            )
        there, here = found.get("settings", {}), json.loads(json.dumps(ours["settings"]))
        differing = [name for name in {**there, **here} if there.get(name) != here.get(name)]
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


def look_at(path: Path, kind: str, settings: Mapping[str, Any]) -> dict[Key, dict[str, Any]]:
    """The last record of each key that a journal holds now, though another run may be writing it.

    Args:
        path: the journal; nothing is written to it.
        kind: as `LineJournal` takes it.
        settings: likewise; a journal that was made with others holds nothing, and neither does a damaged one.
    """
    try:
        header, *lines = path.read_bytes().splitlines(keepends=True)
    except (OSError, ValueError):  # ValueError: it is empty
        return {}
    if parsed(header) != parsed(encoded(_header(kind, settings))):
        return {}
    records = (parsed(line) for line in lines if line.endswith(b"\n"))
    return {
        (record["case"], normalize(record["structure"])): record
        for record in records
        if record is not None and {"case", "structure"} <= record.keys()
    }


def _header(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": f"contourqa {kind} journal", "format": FORMAT, "settings": dict(settings)}


def encoded(record: Mapping[str, Any]) -> bytes:
    """A record as a line."""
    return (json.dumps(record, allow_nan=False, ensure_ascii=False) + "\n").encode()


def parsed(line: bytes) -> dict[str, Any] | None:
    """The record of a line, or None where the line is damaged."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
