"""DecisionLog: the audit trail, to which decisions are appended and from which none is taken away."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ContourQALib.workstation.decisions.decision import Decision, storable
from ContourQALib.workstation.decisions.decision_table import (
    FIRST,
    INSERT,
    SELECT,
    decision_of,
    first_fault,
    prepare,
    row_of,
)
from ContourQALib.workstation.decisions.errors import DecisionError

PRAGMAS = (
    "journal_mode = DELETE",  # a write-ahead log does not work on network folders
    "synchronous = EXTRA",  # as FULL, and the journal's removal is on disk too before a commit returns
    "fullfsync = ON",  # macOS: otherwise the disk's own cache may still hold what was synced
)


class DecisionLog:
    """The decisions of one results folder, in an SQLite file that several viewers may have open.

    A decision whose `append` has returned outlives a kill and a power cut; one whose `append` raised is not
    there, and may be appended again. Calls from several threads take turns. A call waits for other viewers
    for at most `timeout_s`: from an event loop, call `append` in a thread.

    Args:
        path: the file; made, with its folder, where it is missing. One that cannot be written is read.
        timeout_s: how long to wait for another viewer, s.

    Raises:
        DecisionError: it cannot be made or read, is damaged, in use, another program's or a newer version's.
    """

    def __init__(self, path: Path, timeout_s: float = 2.0) -> None:
        self.path = path
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and number of the file that is open
        self._for_reading = False  # SQLite has opened it so, and stays with it
        self._closed = False
        with self._connected():
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def read_only(self) -> bool:
        """Whether file or folder is not to be written, so that `append` would raise."""
        effective = os.access in os.supports_effective_ids
        places = (self.path, self.path.absolute().parent)
        return not all(os.access(place, os.W_OK, effective_ids=effective) for place in places)

    def append(self, decision: Decision) -> Decision:
        """Write a decision down; it is on disk when this returns.

        Returns:
            The decision with its number, time and hash.

        Raises:
            DecisionError: the file is read-only, in use, damaged or gone, or the disk is full. The decision
                is not there then; append it again.
        """
        with self._connected() as connection, _transaction(connection):
            last = connection.execute(
                "SELECT number, sha256 FROM decisions ORDER BY number DESC LIMIT 1"
            ).fetchone()
            number, previous = last or (0, FIRST)
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            sealed, row = row_of(replace(decision, number=number + 1, decided_at=now), previous)
            connection.execute(INSERT, row)
        return sealed

    def latest(self, case: str, structure: str) -> Decision | None:
        """The last decision on a structure of a case; None where there is none.

        Raises:
            DecisionError: the file cannot be read.
        """
        found = self._read(
            'WHERE "case" = ? AND structure = ? ORDER BY number DESC LIMIT 1',
            storable(case),
            storable(structure),
        )
        return found[0] if found else None

    def of_case(self, case: str) -> tuple[Decision, ...]:
        """All decisions on a case, in the order they were made; errors as in `latest`."""
        return self._read('WHERE "case" = ? ORDER BY number', storable(case))

    def all(self) -> tuple[Decision, ...]:
        """All decisions, in the order they were made; errors as in `latest`."""
        return self._read("ORDER BY number")

    def verify(self) -> str | None:
        """The sentence that says which row is not as it was made; None where all are.

        Rows cut off at the end leave no trace in what remains: for that, compare the last number and hash
        with a CSV that was exported earlier.

        Raises:
            DecisionError: the file cannot be read.
        """
        with self._connected() as connection:
            return first_fault(connection, self.path)

    def close(self) -> None:
        """Let go of the file; nothing can be read or appended afterwards."""
        with self._lock:
            self._closed = True
            self._let_go()

    def _read(self, clause: str, *values: str) -> tuple[Decision, ...]:
        with self._connected() as connection:
            rows = connection.execute(f"{SELECT} {clause}", values).fetchall()
        try:
            return tuple(decision_of(row) for row in rows)
        except (TypeError, ValueError) as error:
            raise DecisionError(
                f"{self.path} holds a decision that cannot be understood; restore it from a copy."
            ) from error

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """The open file; after an error it is opened anew, since a network folder may have come back."""
        with self._lock:
            try:
                yield self._current()
            except (sqlite3.Error, OSError) as error:
                self._let_go()
                raise _explained(self.path, error) from error

    def _current(self) -> sqlite3.Connection:
        if self._closed:
            raise DecisionError(f"{self.path} was closed; start the workstation again.")
        there = _number_of(self.path)
        if self._file is not None and there is None:
            # SQLite would go on writing into a file without a name, and everything would be lost at the end
            self._let_go()
            raise DecisionError(
                f"{self.path} was moved or deleted while it was open; put it back, or start again without it."
            )
        writable_again = self._for_reading and not self.read_only
        if self._connection is None or there != self._file or writable_again:
            self._let_go()
            self._for_reading = there is not None and self.read_only
            self._connection = self._opened()
            self._file = _number_of(self.path)
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            prepare(connection, self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything or nothing, with no other viewer in between."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _number_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _explained(path: Path, error: Exception) -> DecisionError:
    code: Any = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF  # the rest says where it happened
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return DecisionError(f"{path} is in use by another program; try again.")
    if primary == sqlite3.SQLITE_FULL:
        return DecisionError(
            f"{path} cannot be written because the disk is full; free some space and try again."
        )
    if primary in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return DecisionError(
            f"{path} is damaged or no file of decisions; restore it from a copy, or choose another results "
            "folder."
        )
    if primary in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM} or isinstance(
        error, PermissionError | FileExistsError | NotADirectoryError
    ):
        return DecisionError(
            f"{path} cannot be opened or written; make it and its folder writable, or choose another results "
            "folder."
        )
    reason = getattr(error, "strerror", None) or error
    return DecisionError(f"{path} cannot be read or written ({reason}); see to the disk and try again.")
