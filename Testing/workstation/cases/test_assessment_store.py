"""The store: what was found is known again as it was, until a file or a setting is another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.errors import FormatError, OutputError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.assessment import Assessment, ModelIdentity, Novelty, StructureAssessment
from ContourQALib.quality.error_map import ErrorMap, SuspiciousSlice
from ContourQALib.quality.verdict import Levels, Verdict
from ContourQALib.workstation.cases.assessment_store import JOURNAL_FILE, AssessmentStore
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.cases.case_files import CaseFiles
from files_on_disk import BALL, write
from workstation.cases.case_folders import empty_files, listed

LEVELS = Levels()
MODEL = ModelIdentity("net", "1.2.0", "MIT", "released")
ERROR = ErrorMap(np.zeros((2, 3, 4), np.float32), np.zeros((2, 3, 4), np.float32), Grid.for_shape((2, 3, 4)))
CTV = StructureAssessment(
    "CTV",
    Status.OK,
    0.83,
    Verdict.REVIEW,
    ("Dice may be as low as 0.61.",),
    Novelty(False, ("Voxel spacing is outside.",)),
    volume_cc=51.25,
    resampled=True,
    lost_cc=0.5,
    dice_interval=(0.61, 0.93),
    interval_level=0.9,
    interval_cases=34,
    dice_at_least=0.65,
    hd95_mm=4.5,
    hd95_interval_mm=(2.0, 9.0),
    slices=(SuspiciousSlice(7, 0.31), SuspiciousSlice(8, 0.2)),
    model="net",
    expected_dice=0.9,
    error=ERROR,
)
EMPTY = StructureAssessment(
    "Bowel", Status.EMPTY, None, Verdict.REJECT, ("It is empty.",), Novelty(None), 0.0, False, 0.0
)
FOUND = Assessment(MODEL, (CTV, EMPTY), 1.5, (MODEL,), LEVELS)


@pytest.fixture
def entry(tmp_path: Path) -> CaseEntry:
    """A case of empty files: nothing of them is read."""
    files = empty_files(tmp_path / "in", "ct.nrrd", "vendor.seg.nrrd", "reference.seg.nrrd")
    (case,) = listed(files).cases
    return case


def opened(tmp_path: Path, levels: Levels = LEVELS, model: str | None = None) -> AssessmentStore:
    return AssessmentStore(tmp_path / "results", levels, model)


def known_again(tmp_path: Path, entry: CaseEntry, **settings) -> Assessment | None:
    """What a store that is opened now knows."""
    store = opened(tmp_path, **settings)
    try:
        return store.known(entry)
    finally:
        store.close()


def kept(tmp_path: Path, entry: CaseEntry) -> Path:
    store = opened(tmp_path)
    store.keep(entry, FOUND)
    store.close()
    return tmp_path / "results" / JOURNAL_FILE


def test_a_file_whose_name_is_no_text_is_known_again(tmp_path: Path, entry: CaseEntry) -> None:
    drawn = StructureFile(tmp_path / "in" / os.fsdecode(b"M\xfcller.seg.nrrd"))
    named = replace(entry, contours=(drawn,))
    kept(tmp_path, named)
    assert known_again(tmp_path, named) == replace(FOUND, elapsed_s=0.0)


def test_the_whole_assessment_is_known_again_without_error_maps(tmp_path: Path, entry: CaseEntry) -> None:
    kept(tmp_path, entry)
    found = known_again(tmp_path, entry)
    assert found == replace(FOUND, elapsed_s=0.0)
    assert found is not None
    assert found.structures[0].error is None
    assert found.structures[0].slices == CTV.slices
    assert known_again(tmp_path, replace(entry, name="other")) is None


@pytest.mark.parametrize("name", ["ct.nrrd", "vendor.seg.nrrd", "reference.seg.nrrd"])
def test_a_file_that_changed_makes_it_unknown(tmp_path: Path, entry: CaseEntry, name: str) -> None:
    kept(tmp_path, entry)
    (tmp_path / "in" / name).write_bytes(b"more")
    assert known_again(tmp_path, entry) is None


def test_so_does_a_color_table_beside_it_and_another_structure(tmp_path: Path, entry: CaseEntry) -> None:
    kept(tmp_path, entry)
    meant = tuple(replace(file, structure="CTV") for file in entry.contours)
    assert known_again(tmp_path, replace(entry, contours=meant)) is None
    assert known_again(tmp_path, replace(entry, probabilities=meant)) is None
    (tmp_path / "in" / "vendor.ctbl").touch()
    assert known_again(tmp_path, entry) is None


def test_a_file_that_changed_while_it_was_assessed_makes_it_unknown(tmp_path: Path) -> None:
    image = write(tmp_path / "ct.nrrd", BALL)
    entry = CaseEntry("a", "a", image, (StructureFile(image),))
    files, store = CaseFiles(entry), opened(tmp_path)
    files.image()
    os.utime(image, ns=(1, 1))
    store.keep(entry, FOUND, files.states())
    assert store.known(entry) is None
    store.keep(entry, FOUND, CaseFiles(entry).states())
    assert store.known(entry) is not None
    store.close()


def test_the_last_one_counts(tmp_path: Path, entry: CaseEntry) -> None:
    kept(tmp_path, entry)
    store = opened(tmp_path)
    store.keep(entry, replace(FOUND, structures=(EMPTY,)))
    store.close()
    found = known_again(tmp_path, entry)
    assert found is not None
    assert found.structures == (EMPTY,)


def test_other_settings_begin_a_new_journal_and_keep_the_old_one(tmp_path: Path, entry: CaseEntry) -> None:
    before = kept(tmp_path, entry).read_bytes()
    assert known_again(tmp_path, entry, levels=Levels(0.9, 0.5)) is None
    assert known_again(tmp_path, entry, levels=Levels(0.9, 0.5), model="pelvis-phantom") is None
    folder = tmp_path / "results"
    assert sorted(path.name for path in folder.iterdir()) == [
        "assessments.before-1.journal",
        "assessments.before-2.journal",
        JOURNAL_FILE,
    ]
    assert (folder / "assessments.before-1.journal").read_bytes() == before


def test_another_model_for_one_case_makes_that_case_unknown(tmp_path: Path, entry: CaseEntry) -> None:
    kept(tmp_path, entry)
    folder, other = tmp_path / "results", replace(entry, name="other")
    store = AssessmentStore(folder, LEVELS, None, models={entry.name: "pelvis-phantom"})
    assert store.known(entry) is None
    for case in (entry, other):
        store.keep(case, FOUND)
    store.close()
    assert known_again(tmp_path, entry) is None
    assert known_again(tmp_path, other) is not None
    again = AssessmentStore.in_memory(LEVELS, models={entry.name: "pelvis-phantom"}, folder=folder)
    assert again.known(entry) is not None


@pytest.mark.parametrize("content", [b"something else\n", b'{"kind": "contourqa cohort journal"}\n', b"[]\n"])
def test_what_is_no_journal_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "results").mkdir()
    path = tmp_path / "results" / JOURNAL_FILE
    path.write_bytes(content)
    with pytest.raises(FormatError, match="damaged, or no journal of this workstation; move it away"):
        opened(tmp_path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line[: len(line) // 2],
        lambda line: b"\x00\xff\n",
        lambda line: b'{"case": "in"}\n',
        lambda line: json.dumps(json.loads(line) | {"result": {}}).encode() + b"\n",
    ],
    ids=["torn", "noise", "keys", "result"],
)
def test_a_damaged_line_is_one_case_unknown(tmp_path: Path, entry: CaseEntry, damage) -> None:
    path = kept(tmp_path, entry)
    head, line = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(head + damage(line))
    assert known_again(tmp_path, entry) is None
    kept(tmp_path, entry)
    assert known_again(tmp_path, entry) is not None


def test_a_folder_that_cannot_be_written_is_said_and_memory_does(tmp_path: Path, entry: CaseEntry) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(OutputError, match="cannot be a folder"):
        opened(tmp_path)
    store = AssessmentStore.in_memory(LEVELS)
    assert store.known(entry) is None
    store.keep(entry, FOUND)
    assert store.known(entry) == replace(FOUND, elapsed_s=0.0)
    assert store.path is None
    store.close()


def test_of_two_workstations_on_one_folder_the_second_reads_what_the_first_wrote(
    tmp_path: Path, entry: CaseEntry
) -> None:
    kept(tmp_path, entry)
    first, folder = opened(tmp_path), tmp_path / "results"
    with pytest.raises(OutputError, match="Another run is writing"):
        opened(tmp_path)
    before = (folder / JOURNAL_FILE).read_bytes()
    second = AssessmentStore.in_memory(LEVELS, folder=folder)
    assert second.known(entry) == first.known(entry) == replace(FOUND, elapsed_s=0.0)
    second.keep(entry, replace(FOUND, structures=(EMPTY,)))
    assert second.known(entry) != first.known(entry)
    assert (folder / JOURNAL_FILE).read_bytes() == before
    first.close()
    opened(tmp_path).close()


def test_of_other_settings_and_damaged_journals_nothing_is_taken_over(
    tmp_path: Path, entry: CaseEntry
) -> None:
    path = kept(tmp_path, entry)
    assert AssessmentStore.in_memory(Levels(0.9, 0.5), folder=path.parent).known(entry) is None
    for content in (b"", b"noise", path.read_bytes()[:-9]):
        path.write_bytes(content)
        assert AssessmentStore.in_memory(LEVELS, folder=path.parent).known(entry) is None
    assert AssessmentStore.in_memory(LEVELS, folder=tmp_path / "gone").known(entry) is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_on_a_full_disk_it_is_known_as_long_as_the_store_lives(tmp_path: Path, entry: CaseEntry) -> None:
    store = opened(tmp_path)
    assert store._journal is not None
    with open("/dev/full", "r+b", buffering=0) as full:
        store._journal._file = full
        with pytest.raises(OutputError, match="cannot be written"):
            store.keep(entry, FOUND)
    assert store.known(entry) is not None


KEEP_ON = """
import sys
from pathlib import Path
sys.path.insert(0, {testing!r})
from workstation.cases.test_assessment_store import FOUND, LEVELS
from ContourQALib.workstation.cases.assessment_store import AssessmentStore
from ContourQALib.workstation.cases.case_entry import CaseEntry
store = AssessmentStore(Path({folder!r}), LEVELS, None)
for number in range(1_000_000):
    store.keep(CaseEntry(f"case_{{number}}", "", None, ()), FOUND)
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_a_kill_costs_no_case_that_was_kept(tmp_path: Path) -> None:
    testing = Path(__file__).parents[2]
    code = KEEP_ON.format(testing=str(testing), folder=str(tmp_path / "results"))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=testing.parent)
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(20)]
    child.send_signal(signal.SIGKILL)
    said += child.stdout.readlines()
    child.wait()
    child.stdout.close()
    store = opened(tmp_path)
    assert all(store.known(CaseEntry(f"case_{n}", "", None, ())) is not None for n in range(len(said)))
    store.close()


def test_a_hundred_cases_are_listed_and_known_in_under_three_tenths_of_a_second(tmp_path: Path) -> None:
    for number in range(100):
        empty_files(tmp_path / "in" / f"case_{number:03}", "ct.nrrd", "vendor.seg.nrrd", "reference.seg.nrrd")
    store, organs = opened(tmp_path), tuple(replace(CTV, structure=f"organ_{n}") for n in range(6))
    for case in listed(tmp_path / "in").cases:
        store.keep(case, replace(FOUND, structures=organs))
    store.close()
    took = []
    for _ in range(3):
        store = opened(tmp_path)
        started = time.process_time()
        known = [store.known(case) for case in listed(tmp_path / "in").cases]
        took.append(time.process_time() - started)
        store.close()
        assert len(known) == 100
        assert None not in known
    assert min(took) < 0.3  # some 0.1 s; time of this process alone, since the machine has other work too
