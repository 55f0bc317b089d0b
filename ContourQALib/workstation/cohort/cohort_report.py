"""CohortReport: what `contourqa cohort` wrote down of many cases, read back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ContourQALib.errors import FormatError

REPORT_FILE, PAGE_FILE = "report.json", "report.html"

METRICS = {
    "dice": "Dice",
    "hd95_mm": "HD95, mm",
    "msd_mm": "MSD, mm",
    "surface_dice": "Surface Dice",
    "sensitivity": "Sensitivity",
    "precision": "Precision",
    "volume_error_percent": "Volume error, %",
}
"""Figures of a report that the page shows, and their titles."""


@dataclass(frozen=True)
class CohortRow:
    """One structure of one case with every model's figures.

    Attributes:
        dataset, case, structure: which.
        figures: by model, its figures by field; None for one that is undefined.
        statuses: by model, what became of it: "ok", "test_empty", "failed" ...
        reasons: by model, why a figure is undefined; "" where nothing is said.
    """

    dataset: str
    case: str
    structure: str
    figures: Mapping[str, Mapping[str, float | None]]
    statuses: Mapping[str, str]
    reasons: Mapping[str, str]

    def value(self, model: str, metric: str) -> float | None:
        """A figure of a model; None where it is undefined."""
        return self.figures[model].get(metric)


@dataclass(frozen=True)
class CohortTest:
    """One paired test between two models, as the report holds it; see `cohort.paired`."""

    dataset: str
    structure: str
    figure: str
    first: str
    second: str
    pairs: int
    mean_difference: float | None
    interval: tuple[float, float] | None
    p: float | None
    p_holm: float | None
    reason: str


@dataclass(frozen=True)
class CohortGroup:
    """Means of one structure in one dataset: by model and figure (n, undefined, mean, sd, median)."""

    dataset: str
    structure: str
    figures: Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class CohortReport:
    """A whole report.

    Attributes:
        folder: where it lies.
        models: in the report's order; the first is what the others are held against.
        rows: one a structure of a case.
        groups: means.
        tests: between two models; those against the reference's volume are left out.
    """

    folder: Path
    models: tuple[str, ...]
    rows: tuple[CohortRow, ...]
    groups: tuple[CohortGroup, ...]
    tests: tuple[CohortTest, ...]

    @property
    def structures(self) -> tuple[str, ...]:
        """Every structure, in the report's order."""
        return tuple(dict.fromkeys(row.structure for row in self.rows))

    @property
    def datasets(self) -> tuple[str, ...]:
        """Every dataset, in the report's order."""
        return tuple(dict.fromkeys(row.dataset for row in self.rows))

    @property
    def page(self) -> Path | None:
        """The report as a page; None where the folder has none."""
        path = self.folder / PAGE_FILE
        return path if path.is_file() else None

    def chosen(self, dataset: str, structure: str) -> Iterator[CohortRow]:
        """Rows of a dataset and a structure, "" for all of either."""
        for row in self.rows:
            if (not dataset or row.dataset == dataset) and (not structure or row.structure == structure):
                yield row


def read_cohort_report(folder: Path) -> CohortReport:
    """Read the folder that `contourqa cohort -o` wrote.

    Raises:
        FormatError: there is no report in it, or it is damaged or another program's.
    """
    path = folder / REPORT_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        models = tuple(str(name) for name in document["models"])
        rows = tuple(_row(row, models) for row in document["rows"])
        groups = tuple(
            CohortGroup(str(group["dataset"]), str(group["structure"]), group["models"])
            for group in document["groups"]
        )
        tests = tuple(
            _test(group, test)
            for group in document["groups"]
            for test in group["tests"]
            if test["first"] in models and test["second"] in models
        )
    except FileNotFoundError as error:
        raise FormatError(
            f"{folder} holds no {REPORT_FILE}; name a folder that contourqa cohort -o wrote."
        ) from error
    except OSError as error:
        raise FormatError(f"{path} cannot be read; ask for permission to read it.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{path} is not a report of contourqa cohort; make it again.") from error
    if not rows or not models:
        raise FormatError(f"{path} holds no case; make the report again.")
    return CohortReport(folder, models, rows, groups, tests)


def _row(row: Mapping[str, Any], models: tuple[str, ...]) -> CohortRow:
    of = {model: row["models"][model] for model in models}
    return CohortRow(
        str(row["dataset"]),
        str(row["case"]),
        str(row["structure"]),
        {model: {metric: _number(found.get(metric)) for metric in METRICS} for model, found in of.items()},
        {model: str(found["status"]) for model, found in of.items()},
        {model: str(found.get("reason") or "") for model, found in of.items()},
    )


def _test(group: Mapping[str, Any], test: Mapping[str, Any]) -> CohortTest:
    interval = test.get("interval")
    return CohortTest(
        str(group["dataset"]),
        str(group["structure"]),
        str(test["figure"]),
        str(test["first"]),
        str(test["second"]),
        int(test["pairs"]),
        _number(test["mean_difference"]),
        (float(interval[0]), float(interval[1])) if interval and None not in interval else None,
        _number(test["p"]),
        _number(test["p_holm"]),
        str(test.get("reason") or ""),
    )


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(float(value)) else float(value)
