"""The audit trail under kill -9: whatever was acknowledged is there, and nothing is half there."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys

import pytest

from ContourQALib.workstation.decisions.decision_log import DecisionLog
from ContourQALib.workstation.decisions.decision_table import INSERT, row_of

APPEND_FOREVER = """
import sys, time
from pathlib import Path
from ContourQALib.workstation.decisions.decision import Decision
from ContourQALib.workstation.decisions.decision_log import DecisionLog
log = DecisionLog(Path(sys.argv[1]), timeout_s=20)
for n in range(int(sys.argv[3])):
    made = log.append(Decision("case", "CTV", "accept", sys.argv[2], f"{n} " + "x" * 3000, "c" * 64,
                               "model", "1", "accept", 0.9, 0.8, 0.95, False))
    print(made.number, made.sha256, flush=True)
    time.sleep(0.002)  # SQLite lets the one that comes first go on for as long as it does not pause
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")


def start(path, reader: str, count: int = 10**6) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", APPEND_FOREVER, str(path), reader, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_what_was_acknowledged_is_there_after_each_kill(path):
    chance = random.Random(8)
    acknowledged: dict[int, str] = {}
    for round_ in range(4):
        children = [start(path, f"reader {round_}.{n}") for n in range(2)]
        try:
            for child in children:
                for _ in range(chance.randint(3, 12)):
                    child.stdout.readline()
        finally:
            for child in children:
                child.send_signal(signal.SIGKILL)
            printed = [child.communicate()[0] for child in children]
        for text in printed:
            # a line that the kill tore off was not yet read by anybody as an acknowledgment
            for line in text.splitlines(keepends=True):
                if line.endswith("\n"):
                    number, digest = line.split()
                    acknowledged[int(number)] = digest
        with DecisionLog(path) as log:
            found = {decision.number: decision.sha256 for decision in log.all()}
            assert log.verify() is None
        assert acknowledged.items() <= found.items()
        assert list(found) == list(range(1, len(found) + 1))
    assert len({d.reader for d in DecisionLog(path).all()}) == 8


def test_two_viewers_at_once_lose_nothing(path):
    children = [start(path, reader, 40) for reader in ("one", "two")]
    printed = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    numbers = sorted(int(line.split()[0]) for text in printed for line in text.splitlines())
    assert numbers == list(range(1, 81))
    with DecisionLog(path) as log:
        readers = [decision.reader for decision in log.all()]
        assert (readers.count("one"), readers.count("two")) == (40, 40)
        assert log.verify() is None


def test_a_kill_in_the_middle_of_writing_pages_is_undone(path, decide):
    with DecisionLog(path) as log:
        kept = tuple(log.append(decide(note=str(n))) for n in range(3))
    child = os.fork()
    if child == 0:  # dies with half of a transaction's pages in the file
        raw = sqlite3.connect(path, isolation_level=None)
        raw.execute("PRAGMA cache_size = 1")
        raw.execute("BEGIN IMMEDIATE")
        previous = kept[-1].sha256
        for number in range(4, 40):
            sealed, row = row_of(decide(note="x" * 8000, number=number), previous)
            raw.execute(INSERT, row)
            previous = sealed.sha256
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    journal = path.with_name(f"{path.name}-journal")
    assert journal.stat().st_size > 0
    assert b"x" * 4000 in path.read_bytes()
    with DecisionLog(path) as log:
        assert log.all() == kept
        assert log.verify() is None
        assert log.append(decide()).number == 4
    assert not journal.exists()
