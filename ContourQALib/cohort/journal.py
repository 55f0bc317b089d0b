"""Journal: the rows of a cohort that are done, on disk as they are done, so that a kill costs none of them.

What was measured holds as long as the row names the same files and these are as they were read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ContourQALib.cohort.file_stamp import FileStamp, state_of
from ContourQALib.cohort.line_journal import LineJournal
from ContourQALib.cohort.measurement import ModelMeasurement, RowMeasurement
from ContourQALib.cohort.tasks import RowTask
from ContourQALib.metrics.definitions import Status

INFINITE = "inf"
"""A distance to nothing, which JSON has no number for; what is undefined is null."""


class Journal(LineJournal):
    """The journal of a cohort's folder, open for one run; see `LineJournal` for the errors.

    Args:
        path: the file; made where it is missing.
        settings: what the figures depend on beside the files, by name; values that JSON can hold.
        fresh: forget what is there.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], fresh: bool = False) -> None:
        super().__init__(path, "cohort", settings, fresh)

    def done(self, tasks: Sequence[RowTask]) -> Iterator[tuple[int, RowMeasurement]]:
        """Number and measurement of every task that was measured and whose files are as they were.

        Rows that failed are not among them: what hindered them may be gone.
        """
        for number, task in enumerate(tasks):
            record = self.record(task.row.case, task.row.structure)
            if record is None:
                continue
            paths = (task.reference, *task.tests)
            try:
                measurement = _measurement(record)
                if paths != (record["reference"], *record["tests"]) or measurement.failed:
                    continue
            except (KeyError, TypeError, ValueError):  # damaged by something else than a kill
                continue
            if all(map(as_it_was, paths, measurement.stamps)):
                yield number, measurement

    def add(self, task: RowTask, measurement: RowMeasurement) -> None:
        """Write a row down.

        Raises:
            OutputError: the disk is full or gone.
        """
        self.write(_record(task, measurement))

    def finish(self, tasks: Sequence[RowTask]) -> None:
        """Put the rows into the tasks' order, the last line of each; rows of other manifests follow.

        Raises:
            OutputError: it cannot be written.
        """
        self.order((task.row.case, task.row.structure) for task in tasks)


def as_it_was(path: str | None, stamp: FileStamp | None) -> bool:
    """Whether a file is as it was when its stamp was taken; no file has no stamp."""
    if path is None or stamp is None:
        return path is None and stamp is None
    return state_of(path) == stamp.state


def _record(task: RowTask, measurement: RowMeasurement) -> dict[str, Any]:
    return {
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
        **({"rasterized": measurement.rasterized} if any(measurement.rasterized) else {}),
    }


def _measurement(record: Mapping[str, Any]) -> RowMeasurement:
    return RowMeasurement(
        _value(record["volume_reference_cc"]),
        tuple(
            ModelMeasurement(Status(status), reason, tuple(map(_value, values)), tuple(map(_value, placed)))
            for status, reason, values, placed in record["models"]
        ),
        tuple(stamp and FileStamp(*stamp) for stamp in record["stamps"]),
        tuple(record.get("rasterized", ())),
    )


def _number(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else INFINITE


def _value(number: float | str | None) -> float:
    if number is None:
        return math.nan
    return math.inf if number == INFINITE else float(number)
