"""The journal: what was written is read again exactly, and nothing that no longer holds is taken over."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

from cohort_folders import box, small_cohort, write_mask
from ContourQALib.cohort.crew import HowToMeasure
from ContourQALib.cohort.gathering import Gathering
from ContourQALib.cohort.journal import Journal
from ContourQALib.cohort.results import MEASURED
from ContourQALib.cohort.run import measure_missing, take_over
from ContourQALib.cohort.tasks import NEEDED, RowTask, models_of, tasks_of
from ContourQALib.errors import FormatError, OutputError, SettingError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.manifest import read_manifest

SETTINGS = {"tolerance_mm": 2.0, "models": ["VPM", "LFT"]}
HOW = HowToMeasure(read_contours, 2.0)


def tasks_in(folder: Path, cases: int) -> list[RowTask]:
    listed = read_manifest(small_cohort(folder, cases), NEEDED)
    return tasks_of(listed, models_of(listed))


def gathering(tasks: list[RowTask]) -> Gathering:
    return Gathering(tasks, ("VPM", "LFT"), 2.0)


class StopError(Exception):
    """Ends a run as a kill would: between two rows."""


def run(tasks: list[RowTask], path: Path, stop_after: int | None = None, workers: int = 1) -> Gathering:
    """Measure with a journal; ends after `stop_after` rows of this run."""
    found = gathering(tasks)
    with Journal(path, SETTINGS) as journal:
        taken = take_over(tasks, journal, found)

        def report(done: int, total: int, what: str) -> None:
            if stop_after is not None and done - taken == stop_after:
                raise StopError

        measure_missing(tasks, found, HOW, journal=journal, workers=workers, report=report)
    return found


def taken_over(tasks: list[RowTask], path: Path) -> list[int]:
    with Journal(path, SETTINGS) as journal:
        return [number for number, _ in journal.done(tasks)]


def test_figures_come_back_bit_for_bit(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path, 12)
    write_mask(Path(str(tasks[3].tests[0])), box(0, 0))  # a missed organ: infinite distances
    first = run(tasks, tmp_path / "j").results()
    again = gathering(tasks)
    with Journal(tmp_path / "j", SETTINGS) as journal:
        assert take_over(tasks, journal, again) == 12
    second = again.results()
    for figure in MEASURED:
        np.testing.assert_array_equal(first.values[figure], second.values[figure])
    assert math.isinf(second.values["hd_mm"][3, 0])
    assert first.statuses == second.statuses
    assert dict(first.reasons) == dict(second.reasons)
    np.testing.assert_array_equal(first.volume_reference_cc, second.volume_reference_cc)
    for name, values in first.placed.items():
        np.testing.assert_array_equal(values, second.placed[name])


@pytest.mark.parametrize("stops", [[5], [0, 3, 1], [11]])
def test_stopped_and_started_again_it_measures_every_row_once_and_ends_alike(
    tmp_path: Path, stops: list[int]
) -> None:
    tasks = tasks_in(tmp_path, 12)
    whole = run(tasks, tmp_path / "whole")
    for after in stops:
        with pytest.raises(StopError):
            run(tasks, tmp_path / "parts", stop_after=after)
    lines = (tmp_path / "parts").read_bytes().splitlines()
    assert len(lines) == 1 + sum(stops)
    run(tasks, tmp_path / "parts")
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()
    assert whole.missing() == []


def test_several_processes_end_with_the_same_journal_as_one(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path, 9)
    alone, together = run(tasks, tmp_path / "1"), run(tasks, tmp_path / "2", workers=2)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    for figure in MEASURED:
        np.testing.assert_array_equal(alone.results().values[figure], together.results().values[figure])


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_torn_line_is_no_line(tmp_path: Path, cut: int) -> None:
    tasks, path = tasks_in(tmp_path, 4), tmp_path / "j"
    run(tasks, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert taken_over(tasks, path) == [0, 1, 2]
    run(tasks, path)
    assert path.read_bytes() == whole


def test_a_damaged_line_costs_its_row_alone(tmp_path: Path) -> None:
    tasks, path = tasks_in(tmp_path, 4), tmp_path / "j"
    run(tasks, path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"models"', b'"modles"')
    lines[3] = b"\x00" * 20 + b"\n"
    path.write_bytes(b"".join(lines))
    assert taken_over(tasks, path) == [0, 3]


def test_a_row_whose_files_changed_is_measured_again(tmp_path: Path) -> None:
    tasks, path = tasks_in(tmp_path, 4), tmp_path / "j"
    before = run(tasks, path).results()
    write_mask(Path(tasks[1].reference), box(2, 4))
    touched = Path(str(tasks[2].tests[1]))
    os.utime(touched, ns=(0, touched.stat().st_mtime_ns + 1))
    assert taken_over(tasks, path) == [0, 3]
    after = run(tasks, path).results()
    assert after.values["dice"][1, 0] != before.values["dice"][1, 0]
    assert (after.values["dice"][2] == before.values["dice"][2]).all()
    assert taken_over(tasks, path) == [0, 1, 2, 3]


def test_a_row_that_failed_is_tried_again(tmp_path: Path) -> None:
    tasks, path = tasks_in(tmp_path, 3), tmp_path / "j"
    lost = Path(str(tasks[1].tests[0]))
    kept = lost.read_bytes()
    lost.unlink()
    run(tasks, path)
    assert taken_over(tasks, path) == [0, 2]
    lost.write_bytes(kept)
    assert not np.isnan(run(tasks, path).results().values["dice"]).any()


def test_rows_follow_their_names_when_the_manifest_is_edited(tmp_path: Path) -> None:
    tasks, path = tasks_in(tmp_path, 6), tmp_path / "j"
    run(tasks[:4], path)
    edited = [tasks[5], tasks[2], tasks[0]]
    assert taken_over(edited, path) == [1, 2]
    run(edited, path)
    assert taken_over(tasks, path) == [0, 1, 2, 3, 5]  # and those left out are not lost


def test_other_settings_are_refused_and_fresh_begins_anew(tmp_path: Path) -> None:
    tasks, path = tasks_in(tmp_path, 2), tmp_path / "j"
    run(tasks, path)
    with pytest.raises(SettingError, match=r"with another tolerance_mm; .* --fresh"):
        Journal(path, SETTINGS | {"tolerance_mm": 1.0})
    with pytest.raises(SettingError, match="merge"):
        Journal(path, SETTINGS | {"merge": "CTV"})
    assert taken_over(tasks, path) == [0, 1]
    with Journal(path, SETTINGS | {"tolerance_mm": 1.0}, fresh=True) as journal:
        assert list(journal.done(tasks)) == []


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_text("case,structure\n")
    with pytest.raises(FormatError, match="no journal of a cohort"):
        Journal(path, SETTINGS)
    assert path.read_text() == "case,structure\n"
    with pytest.raises(OutputError, match="cannot be written"):
        Journal(tmp_path / "nowhere" / "j", SETTINGS)


def test_two_runs_do_not_write_into_one_folder(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    tasks, path = tasks_in(tmp_path, 2), tmp_path / "j"
    run(tasks, path)
    written = path.read_bytes()
    with Journal(path, SETTINGS), pytest.raises(OutputError, match="Another run is writing"):
        Journal(path, SETTINGS, fresh=True)
    assert path.read_bytes() == written
    assert taken_over(tasks, path) == [0, 1]
