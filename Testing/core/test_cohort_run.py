"""Measuring side by side: results do not depend on who measured them, and what breaks off is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cohort_folders import break_off, small_cohort
from ContourQALib.case import Contour
from ContourQALib.cohort.crew import Crew, HowToMeasure, measured_alone
from ContourQALib.cohort.gathering import Gathering
from ContourQALib.cohort.results import MEASURED
from ContourQALib.cohort.run import measure_missing
from ContourQALib.cohort.tasks import NEEDED, RowTask, models_of, tasks_of
from ContourQALib.errors import FormatError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.manifest import read_manifest
from ContourQALib.metrics.definitions import Status


@pytest.fixture
def tasks(tmp_path: Path) -> list[RowTask]:
    listed = read_manifest(small_cohort(tmp_path, 5), NEEDED)
    return tasks_of(listed, models_of(listed))


def test_results_stand_in_the_tasks_order_whatever_order_rows_are_done_in(tasks: list[RowTask]) -> None:
    models = ("VPM", "LFT")
    found = dict(measured_alone([list(enumerate(tasks))], HowToMeasure(read_contours, 2.0)))
    forward, backward = Gathering(tasks, models, 2.0), Gathering(tasks, models, 2.0)
    for number in range(5):
        forward.put(number, found[number])
        assert forward.missing() == list(range(number + 1, 5))
        backward.put(4 - number, found[4 - number])
    for figure in MEASURED:
        np.testing.assert_array_equal(forward.results().values[figure], backward.results().values[figure])
    assert list(forward.files()) == list(backward.files())
    assert [path for path, _ in forward.files()][:3] == [tasks[0].reference, *tasks[0].tests]
    assert all(len(sha256) == 64 for _, sha256 in forward.files())


def test_progress_counts_every_row(tasks: list[RowTask]) -> None:
    told: list[tuple[int, int]] = []
    found = Gathering(tasks, ("VPM", "LFT"), 2.0)
    measure_missing(
        tasks,
        found,
        HowToMeasure(read_contours, 2.0),
        report=lambda done, total, what: told.append((done, total)),
    )
    assert told == [(done, 5) for done in range(6)]


def test_a_process_that_breaks_off_names_the_row_it_was_at(tasks: list[RowTask]) -> None:
    with (
        pytest.raises(FormatError, match=r"CTV of case case_00000 broke off \(exit code 9\)"),
        Crew(1, HowToMeasure(break_off, 2.0)) as crew,
    ):
        list(crew.measured([list(enumerate(tasks))]))


def test_a_fault_of_ours_fails_its_row_and_the_others_go_on(tasks: list[RowTask]) -> None:
    def faulty(path: Path, **how: Any) -> tuple[Contour, ...]:
        if path.name == "reference_00001.nrrd":
            raise ZeroDivisionError("a fault")
        return read_contours(path, **how)

    found = dict(measured_alone([list(enumerate(tasks))], HowToMeasure(faulty, 2.0)))
    assert [row.failed for row in found.values()] == [False, True, False, False, False]
    assert found[1].models[0].status is Status.FAILED
    assert "ZeroDivisionError" in str(found[1].models[0].reason)
