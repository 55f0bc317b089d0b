"""The audit trail where it cannot be written or read: one sentence, nothing lost, and the next try works."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import time

import pytest

from ContourQALib.workstation.decisions.decision_log import DecisionLog
from ContourQALib.workstation.decisions.errors import DecisionError


def refused(path, action, says: str) -> None:
    with pytest.raises(DecisionError) as raised:
        action()
    text = str(raised.value)
    assert str(path) in text
    assert says in text
    assert "\n" not in text
    assert "patient" not in text.replace(str(path), "")


def many(path, decide, count: int = 3) -> None:
    with DecisionLog(path) as log:
        for n in range(count):
            log.append(decide(note=str(n)))


def test_a_folder_is_made_where_it_is_missing(tmp_path):
    path = tmp_path / "a" / "b?#%20" / "decisions.sqlite"
    DecisionLog(path).close()
    assert path.is_file()


@pytest.mark.parametrize("below", ["", "sub"])
def test_a_folder_that_is_a_file(tmp_path, below):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / below / "decisions.sqlite"
    refused(path, lambda: DecisionLog(path), "choose another results folder")


def test_a_path_that_is_a_folder(tmp_path):
    refused(tmp_path, lambda: DecisionLog(tmp_path), "choose another results folder")


@pytest.mark.parametrize("what", ["text", "cut", "overwritten"])
def test_a_damaged_file(path, decide, what):
    many(path, decide, 40)
    whole = path.read_bytes()
    damaged = {
        "text": b"this is a letter, not a database\n" * 100,
        "cut": whole[: len(whole) // 2],
        "overwritten": whole[:4096] + b"\xff" * (len(whole) - 4096),
    }
    path.write_bytes(damaged[what])

    def use() -> None:
        with DecisionLog(path) as log:
            log.append(decide())
            log.all()

    refused(path, use, "damaged")
    if what == "text":
        assert path.read_bytes() == damaged[what]


def test_a_changed_byte_in_the_middle_shows(path, decide):
    many(path, decide, 40)
    whole = path.read_bytes()
    place = whole.rindex(b"pelvis")
    path.write_bytes(whole[:place] + b"Pelvis" + whole[place + 6 :])
    with DecisionLog(path) as log:
        assert re.match(r"Decision \d+ of .* changed afterwards", log.verify() or "")


@pytest.mark.parametrize(("app", "version"), [(0, 0), (0, 1), (7, 1)])
def test_another_programs_database_is_left_alone(path, app, version):
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE decisions (theirs)")
        raw.execute(f"PRAGMA application_id = {app}")
        raw.execute(f"PRAGMA user_version = {version}")
    raw.close()
    before = path.read_bytes()
    refused(path, lambda: DecisionLog(path), "another program's")
    assert path.read_bytes() == before


def test_a_newer_version_is_refused(path, decide):
    many(path, decide)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 2")
    raw.close()
    refused(path, lambda: DecisionLog(path), "format 2, here 1")


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_file_that_another_program_has_locked(path, decide, lock):
    with DecisionLog(path, timeout_s=0.1) as log:
        log.append(decide())
        raw = sqlite3.connect(path, isolation_level=None)
        raw.execute(f"BEGIN {lock}")
        started = time.monotonic()
        refused(path, lambda: log.append(decide(note="again")), "in use")
        assert time.monotonic() - started < 2
        raw.execute("ROLLBACK")
        raw.close()
        assert log.append(decide(note="again")).number == 2
        assert log.verify() is None


def test_a_file_that_is_locked_when_it_is_opened(path, decide):
    many(path, decide)
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("BEGIN EXCLUSIVE")
    refused(path, lambda: DecisionLog(path, timeout_s=0.1), "in use")
    raw.close()


@pytest.mark.parametrize("closed", ["file", "folder", "both"])
def test_a_read_only_place_shows_what_is_there_and_takes_nothing(
    shared_folder, without_privileges, decide, closed
):
    path = shared_folder / "decisions.sqlite"
    many(path, decide)
    path.chmod(0o644 if closed == "folder" else 0o444)
    if os.geteuid() == 0:
        os.chown(path, 65534, -1)
        os.chown(shared_folder, 65534, -1)
    shared_folder.chmod(0o755 if closed == "file" else 0o555)
    with without_privileges(), DecisionLog(path) as log:
        assert log.read_only
        assert [d.note for d in log.all()] == ["0", "1", "2"]
        assert log.verify() is None
        refused(path, lambda: log.append(decide()), "make it and its folder writable")
        assert len(log.all()) == 3
        shared_folder.chmod(0o755)
        path.chmod(0o644)
        assert not log.read_only
        assert log.append(decide()).number == 4


def test_a_read_only_folder_without_decisions(shared_folder, without_privileges):
    path = shared_folder / "decisions.sqlite"
    shared_folder.chmod(0o555)
    with without_privileges():
        refused(path, lambda: DecisionLog(path), "make it and its folder writable")


def test_a_full_disk_loses_nothing(log, path, decide):
    log.append(decide())
    # SQLite's own limit answers as a full disk does
    (pages,) = log._connection.execute("PRAGMA page_count").fetchone()
    log._connection.execute(f"PRAGMA max_page_count = {pages}")
    refused(path, lambda: log.append(decide(note="x" * 50_000)), "disk is full")
    assert len(log.all()) == 1
    assert log.append(decide(note="x" * 50_000)).number == 2
    assert log.verify() is None


def test_a_disk_that_is_really_full_loses_nothing(tmp_path, decide):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "none", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        path = folder / "decisions.sqlite"
        with DecisionLog(path) as log:
            kept = []
            with pytest.raises(DecisionError) as raised:  # noqa: PT012 the disk says when
                for n in range(500):
                    kept.append(log.append(decide(note=f"{n} {'x' * 500}")))
            assert "disk is full" in str(raised.value)
            assert 10 < len(kept) < 200
            assert log.all() == tuple(kept)
            assert log.verify() is None
            subprocess.run(["mount", "-o", "remount,size=400k", str(folder)], check=True)
            assert log.append(decide()).number == len(kept) + 1
            assert log.verify() is None
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_file_that_is_deleted_while_open_is_not_written_into_nowhere(log, path, decide):
    log.append(decide())
    away = path.with_name("moved.sqlite")
    path.rename(away)
    refused(path, lambda: log.append(decide()), "moved or deleted")
    refused(path, log.all, "moved or deleted")
    assert not path.exists()
    away.rename(path)
    assert log.append(decide()).number == 2


def test_a_file_that_is_restored_from_a_copy_while_open_is_the_one_that_counts(log, path, decide):
    log.append(decide(note="kept"))
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    log.append(decide(note="later"))
    os.replace(copy, path)
    assert [d.note for d in log.all()] == ["kept"]
    assert log.append(decide(note="new")).number == 2


def test_a_closed_log_says_so(log, path, decide):
    log.close()
    log.close()
    refused(path, lambda: log.append(decide()), "closed")


def test_nothing_lies_beside_the_file(log, path, decide):
    log.append(decide())
    assert os.listdir(path.parent) == [path.name]
