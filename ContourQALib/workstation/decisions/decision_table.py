"""The table of decisions: its columns, the guards that keep rows as they are, and the chain of hashes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from ContourQALib.workstation.decisions.decision import Decision
from ContourQALib.workstation.decisions.errors import DecisionError

SCHEMA_VERSION = 1

APPLICATION_ID = 0x43514144
"""Marks an SQLite file as ours ("CQAD"), so that another program's database is not written into."""

FIRST = "0" * 64
"""Stands for the hash before the first row."""

FIELDS = tuple(field.name for field in fields(Decision))
COLUMNS = (*FIELDS, "previous_sha256")

_TABLE = """
CREATE TABLE decisions (
    number INTEGER PRIMARY KEY,
    decided_at TEXT NOT NULL,
    "case" TEXT NOT NULL,
    structure TEXT NOT NULL,
    choice TEXT NOT NULL CHECK (choice IN ('accept', 'edit', 'reject')),
    reader TEXT NOT NULL,
    note TEXT NOT NULL,
    contour_sha256 TEXT NOT NULL,
    image_sha256 TEXT NOT NULL,
    model TEXT NOT NULL,
    model_version TEXT NOT NULL,
    verdict TEXT NOT NULL,
    dice REAL,
    dice_low REAL,
    dice_high REAL,
    score_hidden INTEGER NOT NULL CHECK (score_hidden IN (0, 1)),
    edited_file TEXT NOT NULL,
    previous_sha256 TEXT NOT NULL,
    sha256 TEXT NOT NULL
)
"""

_GUARDS = (
    """
CREATE TRIGGER decisions_are_not_changed BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'a decision is kept as it was made'); END
""",
    """
CREATE TRIGGER decisions_are_not_deleted BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'a decision is kept as it was made'); END
""",
    # INSERT OR REPLACE deletes without asking the trigger above
    """
CREATE TRIGGER decisions_are_appended BEFORE INSERT ON decisions
WHEN NEW.number IS NOT (SELECT COALESCE(MAX(number), 0) + 1 FROM decisions)
  OR NEW.previous_sha256 IS NOT
     COALESCE((SELECT sha256 FROM decisions ORDER BY number DESC LIMIT 1), '{first}')
BEGIN SELECT RAISE(ABORT, 'a decision follows the one before it'); END
""".replace("{first}", FIRST),
)

_INDEX = 'CREATE INDEX decisions_of_structure ON decisions ("case", structure)'

SCHEMA = tuple(statement.strip() for statement in (_TABLE, *_GUARDS, _INDEX))

_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
INSERT = f"INSERT INTO decisions ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"
SELECT = f"SELECT {_NAMES} FROM decisions"


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """See that a database is ours and of this version, and make the table in an empty one.

    Raises:
        DecisionError: another program's database, or a newer version's.
        sqlite3.Error: it cannot be read, or is empty and cannot be written.
    """
    if _is_empty(connection):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _is_empty(connection):  # another viewer may have made the table since
                for statement in SCHEMA:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise DecisionError(f"{path} is another program's database; choose another results folder.")
    version = _pragma(connection, "user_version")
    if version != SCHEMA_VERSION:
        raise DecisionError(
            f"{path} was written by another version of ContourQA (format {version}, here {SCHEMA_VERSION}); "
            "use that version, or choose another results folder."
        )


def row_of(decision: Decision, previous_sha256: str) -> tuple[Decision, tuple[Any, ...]]:
    """The decision with its hash, and its row in the order of `COLUMNS`."""
    values = {name: _stored(getattr(decision, name)) for name in FIELDS} | {
        "previous_sha256": previous_sha256
    }
    values["sha256"] = row_hash(values)
    sealed = Decision(**{name: values[name] for name in FIELDS})
    return sealed, tuple(values[name] for name in COLUMNS)


def decision_of(row: tuple[Any, ...]) -> Decision:
    """The decision of a row in the order of `COLUMNS`.

    Raises:
        ValueError: a choice that does not exist; only a row that was tampered with has one.
        TypeError: a value of another type than was written, likewise.
    """
    return Decision(*row[: len(FIELDS)])


def row_hash(values: Mapping[str, Any]) -> str:
    """SHA-256 of a row by column, the hash of the row before it among them, its own left out.

    It is that of the row as JSON: keys sorted, no spaces, UTF-8, so that any language can check it.
    """
    content = {name: value for name, value in values.items() if name != "sha256"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def first_fault(connection: sqlite3.Connection, path: Path) -> str | None:
    """The sentence that says what does not fit in a table; None where everything does.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    (damage,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if damage != "ok":
        return f"{path} is damaged ({' '.join(damage.split())}); restore it from a copy."
    found = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    if found != set(SCHEMA):
        return f"{path} has lost a guard against changes or was altered otherwise; its rows may be another's."
    previous = FIRST
    for expected, row in enumerate(connection.execute(f"{SELECT} ORDER BY number"), 1):
        values = dict(zip(COLUMNS, row, strict=True))
        if values["number"] != expected:
            return f"Decision {expected} of {path} is missing; it was deleted after it was made."
        if values["previous_sha256"] != previous:
            return (
                f"Decision {expected} of {path} does not follow the one before it; one of them was replaced."
            )
        if values["sha256"] != row_hash(values):
            return f"Decision {expected} of {path} is not as it was made; it was changed afterwards."
        previous = values["sha256"]
    return None


def _stored(value: Any) -> Any:
    """A field as SQLite gives it back: the hash of what is read must be that of what was written."""
    if isinstance(value, bool):
        return int(value)
    return str(value) if isinstance(value, str) else value


def _is_empty(connection: sqlite3.Connection) -> bool:
    count = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
    return bool(count == 0 and _pragma(connection, "user_version") == 0)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
