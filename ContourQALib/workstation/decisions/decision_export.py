"""Decisions as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from ContourQALib.workstation.decisions.decision import Decision


def decisions_file(decisions: Iterable[Decision]) -> bytes:
    """Decisions as CSV: a header with the names of Decision's fields, one row each; see `spreadsheet`.

    What is None is an empty cell, a bool `true` or `false`, a number has all its digits.
    """
    from ContourQALib.report.spreadsheet import spreadsheet

    names = [field.name for field in fields(Decision)]
    return spreadsheet([{name: getattr(one, name) for name in names} for one in decisions], names)
