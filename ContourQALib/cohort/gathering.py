"""Gathering: measured rows put into their places, in whatever order they come."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from ContourQALib.cohort.measurement import RowMeasurement
from ContourQALib.cohort.results import MEASURED, PLACED, CohortResults
from ContourQALib.cohort.tasks import RowTask
from ContourQALib.metrics.definitions import Status

_STATUSES = tuple(Status)
_CODES = {status: code for code, status in enumerate(_STATUSES)}
_SHA256_BYTES = 32


class Gathering:
    """Results of a cohort as they arrive: a few hundred bytes a row, whatever was read.

    Args:
        tasks: the rows, in the order that results will have.
        models: one for each of a task's tests.
        tolerance_mm: tolerance of surface Dice, mm.
    """

    def __init__(self, tasks: Sequence[RowTask], models: Sequence[str], tolerance_mm: float) -> None:
        shape = len(tasks), len(models)
        self._tasks = tasks
        self._models = tuple(models)
        self._tolerance_mm = tolerance_mm
        self._measured = np.zeros(len(tasks), bool)
        self._values = np.full((len(MEASURED), *shape), np.nan)
        self._placed = np.full((len(PLACED), *shape), np.nan)
        self._reference_cc = np.full(len(tasks), np.nan)
        self._codes = np.zeros(shape, np.uint8)
        self._reasons: dict[tuple[int, int], str] = {}
        self._rasterized: dict[tuple[int, int], str] = {}
        self._sha256 = np.zeros((shape[0], 1 + shape[1], _SHA256_BYTES), np.uint8)

    def put(self, number: int, measurement: RowMeasurement) -> None:
        """Take in a row; one that was there before is replaced."""
        self._measured[number] = True
        self._reference_cc[number] = measurement.volume_reference_cc
        for place, model in enumerate(measurement.models):
            self._values[:, number, place] = model.values
            self._placed[:, number, place] = model.placed
            self._codes[number, place] = _CODES[model.status]
            self._reasons.pop((number, place), None)
            if model.reason is not None:
                self._reasons[number, place] = sys.intern(model.reason)  # thousands of rows have the same one
        for place in range(1 + len(measurement.models)):
            self._rasterized.pop((number, place), None)
        self._rasterized |= {
            (number, place): how for place, how in enumerate(measurement.rasterized) if how is not None
        }
        self._sha256[number] = 0
        for place, stamp in enumerate(measurement.stamps):
            if stamp is not None:
                self._sha256[number, place] = np.frombuffer(bytes.fromhex(stamp.sha256), np.uint8)

    def missing(self) -> list[int]:
        """Numbers of the rows that are still to be measured."""
        return [int(number) for number in np.flatnonzero(~self._measured)]

    def results(self) -> CohortResults:
        """The results; rows that are missing are nan and must not be there."""
        shared: dict[bytes, tuple[Status, ...]] = {}
        statuses = []
        for codes in self._codes:
            key = codes.tobytes()
            if key not in shared:
                shared[key] = tuple(_STATUSES[code] for code in codes)
            statuses.append(shared[key])
        return CohortResults(
            models=self._models,
            rows=tuple(task.row for task in self._tasks),
            values=dict(zip(MEASURED, self._values, strict=True)),
            volume_reference_cc=self._reference_cc,
            statuses=tuple(statuses),
            reasons=dict(sorted(self._reasons.items())),
            tolerance_mm=self._tolerance_mm,
            placed=dict(zip(PLACED, self._placed, strict=True)),
            rasterized=dict(sorted(self._rasterized.items())),
        )

    def files(self) -> Iterator[tuple[str, str]]:
        """Path and SHA-256 of every file that was read, each once, in the order of the rows."""
        told: set[str] = set()
        for number, task in enumerate(self._tasks):
            for place, path in enumerate((task.reference, *task.tests)):
                sha256 = self._sha256[number, place]
                if path is not None and path not in told and sha256.any():
                    told.add(path)
                    yield path, sha256.tobytes().hex()
