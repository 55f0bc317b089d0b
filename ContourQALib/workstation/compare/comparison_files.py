"""The comparison as files, and as the table of all figures."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any

from ContourQALib.metrics.compare import Comparison
from ContourQALib.mrml.tables import COMPARISON_FIGURES
from ContourQALib.names import normalize
from ContourQALib.report.records import comparison_rows, slice_rows
from ContourQALib.report.spreadsheet import spreadsheet
from ContourQALib.report.wording import figure_text, number, percent_text
from ContourQALib.workstation.compare.case_comparison import CaseComparison
from ContourQALib.workstation.compare.figure_rows import MINUS

TABLE_NAME, SLICES_NAME = "comparison.csv", "comparison_slices.csv"

EDITED = "{} (edited)"
"""How contours are called in files that a reader has changed since their file was read."""


def table_file(result: CaseComparison, reviewed: str, edited: frozenset[str]) -> bytes:
    """Every figure of every pair as CSV, and what found no partner.

    Args:
        result: what was compared.
        reviewed: name of the contours under review.
        edited: which of them were changed, normalized.
    """
    return spreadsheet(comparison_rows(_named(result, reviewed, edited), result.unmatched))


def slices_file(result: CaseComparison, reviewed: str, edited: frozenset[str]) -> bytes:
    """Every pair slice by slice as CSV; arguments as of `table_file`."""
    return spreadsheet(slice_rows(_named(result, reviewed, edited)))


def all_figures(result: CaseComparison, tests: Container[str]) -> list[dict[str, Any]]:
    """Every figure of the pairs of some tests, structure by structure, as the page shows them."""
    return [
        {
            "structure": one.structure,
            "test": one.test,
            "cells": [_text(field, getattr(one, field)) for field, _, _, _ in COMPARISON_FIGURES],
        }
        for structure in result.structures
        for one in result.of(structure)
        if one.test in tests
    ]


def _named(result: CaseComparison, reviewed: str, edited: frozenset[str]) -> list[Comparison]:
    """The comparisons, with edited contours called so: they are not those of the file any more."""

    def name(source: str, structure: str) -> str:
        return EDITED.format(source) if source == reviewed and normalize(structure) in edited else source

    return [
        replace(one, reference=name(one.reference, one.structure), test=name(one.test, one.structure))
        for one in result.comparisons
    ]


def _text(field: str, value: float) -> str:
    if field == "specificity":
        return number(value, ".5f")  # all but the largest organs have 0.99…
    text = percent_text(value) if field.endswith("_percent") else figure_text(field, value)
    return text.replace("-", MINUS)
