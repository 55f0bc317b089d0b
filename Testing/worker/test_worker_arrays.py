"""Arrays as files: the same numbers on the other side, written once, gone when nobody holds them."""

from __future__ import annotations

import gc
import os
import stat

import numpy as np
import pytest

from ContourQALib.worker_arrays import INLINE_BYTES, SharedArrays, make_folder
from ContourQALib.worker_events import WorkerError

LARGE = np.arange(2 * INLINE_BYTES, dtype=np.int16).reshape(8, 32, 32)


@pytest.fixture
def sides(tmp_path) -> tuple[SharedArrays, SharedArrays]:
    return SharedArrays(tmp_path, "parent1"), SharedArrays(tmp_path, "child2")


@pytest.mark.parametrize(
    "array",
    [
        LARGE,
        LARGE[::-1, ::2],  # slices of a volume turned: no copy of the whole is made
        np.asfortranarray(LARGE),
        LARGE.T,
        LARGE > 3000,
        LARGE.astype(">f8"),
        LARGE.astype(np.float16),
        np.zeros((0, 3)),
        np.float32([1.5]),
        np.array(7),
    ],
)
def test_the_other_side_sees_the_same_numbers(sides, array):
    mine, theirs = sides
    found = theirs.take(mine.share(array))
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)


def test_an_array_is_written_once_while_it_lives_and_its_file_goes_with_it(sides, tmp_path):
    mine, theirs = sides
    array = LARGE.copy()
    assert mine.share(array) == mine.share(array)
    found = theirs.take(mine.share(array))
    assert len(list(tmp_path.iterdir())) == 1
    del array
    gc.collect()
    assert not list(tmp_path.iterdir())
    np.testing.assert_array_equal(found, LARGE)  # what is mapped stays


def test_another_array_at_the_address_of_a_dead_one_is_written(sides):
    mine, theirs = sides
    for value in range(20):  # numpy gives the same memory, and often the same id, again
        array = np.full(2 * INLINE_BYTES, value, np.uint8)
        np.testing.assert_array_equal(theirs.take(mine.share(array)), array)


def test_changes_of_a_taken_array_reach_nobody(sides):
    mine, theirs = sides
    array = LARGE.copy()
    found = theirs.take(mine.share(array))
    found[:] = 0
    np.testing.assert_array_equal(array, LARGE)
    np.testing.assert_array_equal(theirs.take(mine.share(array)), LARGE)


def test_a_result_that_was_given_away_leaves_no_file(sides, tmp_path):
    mine, theirs = sides
    record = theirs.give(LARGE.copy())  # it lives no longer than this line, the file does
    found = mine.take(record, away=True)
    np.testing.assert_array_equal(found, LARGE)
    del found
    assert not list(tmp_path.iterdir())


def test_the_files_of_a_dead_side_are_swept_out_and_no_others(sides, tmp_path):
    mine, theirs = sides
    array = LARGE.copy()
    kept = mine.share(array)["file"]
    theirs.give(LARGE.copy())
    mine.sweep_out("child2")
    assert [path.name for path in tmp_path.iterdir()] == [kept]


def test_small_arrays_need_no_file(sides, tmp_path):
    mine, theirs = sides
    small = np.linspace(0, 1, 101)
    np.testing.assert_array_equal(theirs.take(mine.share(small)), small)
    assert not list(tmp_path.iterdir())


def test_arrays_of_objects_are_refused_on_both_sides(sides):
    mine, theirs = sides
    with pytest.raises(TypeError, match="not carried"):
        mine.share(np.array([None, []], object))
    with pytest.raises(TypeError, match="not carried"):
        theirs.take({"dtype": "|O", "shape": [1], "inline": ""})


def test_a_file_name_does_not_lead_out_of_the_folder(sides, tmp_path):
    (tmp_path.parent / "secret").write_bytes(bytes(16))
    with pytest.raises(FileNotFoundError):
        sides[0].take({"dtype": "|u1", "shape": [16], "file": "../secret"})


def test_no_room_is_one_sentence(tmp_path):
    with pytest.raises(WorkerError, match=r"array of 0 MB cannot be written .* free memory or disk"):
        SharedArrays(tmp_path / "gone", "parent1").share(LARGE)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_folder_is_nobody_elses():
    folder = make_folder()
    try:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        folder.rmdir()


def test_a_memory_folder_without_room_is_passed_over(tmp_path, monkeypatch):
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setattr("ContourQALib.worker_arrays.MEMORY_FOLDER", tmp_path)
    monkeypatch.setattr("ContourQALib.worker_arrays.LEAST_FREE_BYTES", 2**80)
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    assert make_folder().parent == disk
