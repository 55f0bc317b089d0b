"""Decisions as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from ContourQALib.workstation.decisions.agreement import Agreement
from ContourQALib.workstation.decisions.decision import Decision

ENCODING = "utf-8-sig"
"""How to write the text into a file: with the mark by which spreadsheets recognize UTF-8."""

MARK = "'"

DEFUSED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", MARK)
"""A text that begins with one of these could be run as a formula, or is marked already."""


def to_csv(decisions: Sequence[Decision]) -> str:
    """Decisions as CSV by RFC 4180: a header with the names of Decision's fields, one row each, CRLF.

    What is None is an empty cell, a bool `true` or `false`, a number has all its digits. A text that a
    spreadsheet would take for a formula is given an apostrophe in front, and so is one that begins with an
    apostrophe: to read a text as it was, take one leading apostrophe away.
    """
    names = [field.name for field in fields(Decision)]
    return _text(names, ([getattr(decision, name) for name in names] for decision in decisions))


def agreement_to_csv(agreement: Agreement) -> str:
    """Counts of verdict and choice by reader as CSV, one row a combination; otherwise as `to_csv`."""
    rows = agreement.rows()
    return _text(list(Agreement.COLUMNS), ([row[name] for name in Agreement.COLUMNS] for row in rows))


def _text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(DEFUSED):
        return MARK + value
    return value  # the writer makes None an empty cell
