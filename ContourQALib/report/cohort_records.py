"""A cohort as programs read it: a JSON document and flat rows, piece by piece however many there are."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import islice
from typing import Any

from ContourQALib.cohort.paired import PairedComparison
from ContourQALib.cohort.results import MEASURED, PLACED, CohortResults
from ContourQALib.cohort.summary import CohortSummary, FigureSummary, GroupSummary
from ContourQALib.metrics.definitions import DEFINITIONS
from ContourQALib.report.provenance import Provenance, provenance_record
from ContourQALib.report.records import Record, plain, to_csv

REFERENCE = "reference"
"""Stands where a model would, for the reference's own volume; no model can have this name in a manifest."""

AT_ONCE = 500
"""Rows turned into text together."""

RESULT_COLUMNS = (
    "dataset",
    "case",
    "patient",
    "structure",
    "model",
    "status",
    "reason",
    "volume_reference_cc",
    *MEASURED,
    "tolerance_mm",
    *PLACED,
    "rasterized_reference",
    "rasterized",
)
SUMMARY_COLUMNS = ("dataset", "structure", "model", "figure", "n", "undefined", "mean", "sd", "median")
TEST_COLUMNS = (
    "dataset",
    "structure",
    "figure",
    "first",
    "second",
    "pairs",
    "undefined",
    "zeros",
    "mean_difference",
    "sd_difference",
    "interval_low",
    "interval_high",
    "median_difference",
    "p",
    "method",
    "p_holm",
    "effect",
    "reason",
)
UNDEFINED_COLUMNS = ("dataset", "case", "patient", "structure", "model", "status", "reason")


def result_rows(results: CohortResults) -> Iterator[Record]:
    """One row for each model in each row of the manifest: report.csv."""
    for number, row in enumerate(results.rows):
        for place, model in enumerate(results.models):
            named = {f.name: getattr(row, f.name) for f in fields(row)}
            yield {
                **named,
                "model": model,
                **_figures(results, number, place),
                "volume_reference_cc": plain(results.volume_reference_cc[number]),
                "tolerance_mm": results.tolerance_mm,
                "rasterized_reference": results.rasterized.get((number, 0)),
            }


def summary_rows(summary: CohortSummary) -> Iterator[Record]:
    """Mean, sd and median of each figure of each model in each group, and of the reference's volume."""
    for group in summary.groups:
        where = {"dataset": group.dataset, "structure": group.structure}
        volume = _summary(group.reference_volume_cc)
        yield where | {"model": REFERENCE, "figure": "volume_cc"} | volume
        for model, figures in group.figures.items():
            for figure, found in figures.items():
                yield where | {"model": model, "figure": figure} | _summary(found)


def test_rows(summary: CohortSummary) -> Iterator[Record]:
    """Every test: two models in a figure, and each model's volume against the reference's."""
    for group in summary.groups:
        where = {"dataset": group.dataset, "structure": group.structure}
        for test in _tests(group):
            low, high = test.pop("interval") or (None, None)
            row = where | test | {"interval_low": low, "interval_high": high}
            yield {name: row[name] for name in TEST_COLUMNS}


def undefined_rows(results: CohortResults) -> Iterator[Record]:
    """Every model in every row of which at least one figure is undefined, and why."""
    for found in results.undefined():
        row = results.rows[found.row]
        yield {
            "dataset": row.dataset,
            "case": row.case,
            "patient": row.patient,
            "structure": row.structure,
            "model": found.model,
            "status": found.status.value,
            "reason": found.reason,
        }


def cohort_document(
    results: CohortResults,
    summary: CohortSummary,
    files: Iterable[tuple[str, str]],
    provenance: Provenance,
) -> Record:
    """The document of `contourqa cohort`, for `json_chunks`: what is long is an iterator.

    Args:
        results: every row.
        summary: of the results.
        files: path and SHA-256 of every contour file that was read.
        provenance: where the result comes from; its inputs are the manifest and other files of the command.
    """
    return {
        "models": list(results.models),
        "groups": [_group(group) for group in summary.groups],
        "family": summary.family,
        "undefined": undefined_rows(results),
        "rows": _rows(results),
        "tolerance_mm": results.tolerance_mm,
        "definitions": dict(DEFINITIONS),
        "files": ({"path": path, "sha256": sha256} for path, sha256 in files),
        "provenance": provenance_record(provenance),
    }


def json_chunks(document: Mapping[str, Any]) -> Iterator[str]:
    """A document as strict JSON text, piece by piece; the records of an iterator stand in one line each."""
    opening = "{\n"
    for name, value in document.items():
        yield f"{opening}  {_json(name)}: "
        if isinstance(value, Iterator):
            yield from _list_chunks(value)
        else:
            yield _json(value, indent=2).replace("\n", "\n  ")
        opening = ",\n"
    yield "\n}\n"


def csv_chunks(rows: Iterable[Record], columns: Sequence[str]) -> Iterator[str]:
    """Flat rows as CSV text, piece by piece, with a header even where there is no row."""
    yield to_csv([dict.fromkeys(columns)]).partition("\n")[0] + "\n"
    left = iter(rows)
    while several := [{name: row[name] for name in columns} for row in islice(left, AT_ONCE)]:
        yield to_csv(several).partition("\n")[2]


def _list_chunks(records: Iterator[Any]) -> Iterator[str]:
    separator = "[\n    "
    for record in records:
        yield separator + _json(record)
        separator = ",\n    "
    yield "[]" if separator.startswith("[") else "\n  ]"


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, allow_nan=False, ensure_ascii=False)


def _rows(results: CohortResults) -> Iterator[Record]:
    for number, row in enumerate(results.rows):
        yield {
            **{f.name: getattr(row, f.name) for f in fields(row)},
            "volume_reference_cc": plain(results.volume_reference_cc[number]),
            "rasterized_reference": results.rasterized.get((number, 0)),
            "models": {model: _figures(results, number, place) for place, model in enumerate(results.models)},
        }


def _figures(results: CohortResults, row: int, model: int) -> Record:
    placed = {name: float(results.placed[name][row, model]) for name in PLACED if name in results.placed}
    return {
        "status": results.statuses[row][model].value,
        "reason": results.reasons.get((row, model)),
        **{figure: plain(float(results.values[figure][row, model])) for figure in MEASURED},
        **{name: _placed(name, placed.get(name)) for name in PLACED},
        "rasterized": results.rasterized.get((row, model + 1)),
    }


def _placed(name: str, value: float | None) -> bool | float | None:
    """A volume, or yes or no, or None where nothing was compared."""
    if value is None or math.isnan(value):
        return None
    return value if name.endswith("_cc") else bool(value)


def _group(group: GroupSummary) -> Record:
    return {
        "dataset": group.dataset,
        "structure": group.structure,
        "cases": group.cases,
        "repeated_patients": group.repeated,
        "reference_volume_cc": _summary(group.reference_volume_cc),
        "models": {
            model: {figure: _summary(found) for figure, found in figures.items()}
            for model, figures in group.figures.items()
        },
        "tests": list(_tests(group)),
    }


def _tests(group: GroupSummary) -> Iterator[Record]:
    for difference in group.differences:
        yield {
            "figure": difference.figure,
            "first": difference.first,
            "second": difference.second,
            **_compared(difference.compared),
            "p_holm": plain(difference.p_holm),
        }
    for model, compared in group.volume_against_reference.items():
        yield {
            "figure": "volume_cc",
            "first": REFERENCE,
            "second": model,
            **_compared(compared),
            "p_holm": None,
        }


def _compared(compared: PairedComparison) -> Record:
    test = compared.test
    return {
        "pairs": compared.pairs,
        "undefined": compared.undefined,
        "zeros": test.zeros,
        "mean_difference": plain(compared.mean_difference),
        "sd_difference": plain(compared.sd_difference),
        "interval": plain(compared.interval),
        "median_difference": plain(compared.median_difference),
        "p": plain(test.p),
        "method": test.method,
        "effect": plain(test.effect),
        "reason": test.reason,
    }


def _summary(summary: FigureSummary) -> Record:
    return {f.name: plain(getattr(summary, f.name)) for f in fields(summary)}
