"""The audit trail: what is appended comes back, stays as it was, and any change shows."""

from __future__ import annotations

import re
import sqlite3
import threading
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from ContourQALib.workstation.decisions.decision import Choice, Decision
from ContourQALib.workstation.decisions.decision_export import decisions_file
from ContourQALib.workstation.decisions.decision_log import DecisionLog
from ContourQALib.workstation.decisions.decision_table import COLUMNS, FIELDS

GUARDS = ("decisions_are_not_changed", "decisions_are_not_deleted", "decisions_are_appended")


def tamper(path, *statements: str) -> None:
    """As somebody would who has the file and SQLite: guards are dropped first and put back afterwards."""
    with sqlite3.connect(path) as raw:
        guards = [raw.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)) for name in GUARDS]
        sql = [guard.fetchone()[0] for guard in guards]
        for name in GUARDS:
            raw.execute(f"DROP TRIGGER {name}")
        for statement in (*statements, *sql):
            raw.execute(statement)
    raw.close()


def test_a_decision_comes_back_as_it_was_made(log, decide):
    made = decide(
        choice=Choice.EDIT,
        note='two\nlines, "quoted", ü, 骨盆, nul \0 and 🙂',
        edited_file="x.edited-1.seg.nrrd",
        image_sha256="a" * 64,
        score_hidden=True,
    )
    before = datetime.now(UTC)
    kept = log.append(made)
    assert kept == replace(made, number=1, decided_at=kept.decided_at, sha256=kept.sha256)
    assert log.all() == (kept,)
    assert before - timedelta(milliseconds=1) <= datetime.fromisoformat(kept.decided_at) <= datetime.now(UTC)
    assert re.fullmatch(r"[0-9a-f]{64}", kept.sha256)


def test_the_table_has_a_column_for_each_field_and_one_for_the_chain(log, path):
    log.close()
    raw = sqlite3.connect(path)
    columns = {row[1] for row in raw.execute("PRAGMA table_info(decisions)")}
    raw.close()
    assert columns == set(COLUMNS) == {field.name for field in fields(Decision)} | {"previous_sha256"}
    assert tuple(field.name for field in fields(Decision)) == FIELDS


def test_numbers_have_no_gap_and_decisions_keep_their_order(log, decide):
    made = [log.append(decide(note=str(n))) for n in range(5)]
    assert [d.number for d in made] == [1, 2, 3, 4, 5]
    assert log.all() == tuple(made)
    assert log.verify() is None


def test_the_latest_of_a_structure_and_all_of_a_case(log, decide):
    first = log.append(decide(choice=Choice.REJECT))
    rectum = log.append(decide(structure="Rectum"))
    other = log.append(decide(case="patient 8"))
    second = log.append(decide())
    assert log.latest("patient 7", "Bladder") == second
    assert log.latest("patient 7", "Rectum") == rectum
    assert log.latest("patient 7", "bladder") is None
    assert log.of_case("patient 7") == (first, rectum, second)
    assert log.of_case("patient 8") == (other,)
    assert log.of_case("' OR 1 --") == ()


def test_numbers_that_are_none_or_no_number(log, decide):
    import numpy as np

    kept = log.append(decide(dice=float("nan"), dice_low=np.float32(0.1), dice_high=1))
    assert (kept.dice, kept.dice_low, kept.dice_high) == (None, float(np.float32(0.1)), 1.0)
    assert log.all() == (kept,)
    assert log.verify() is None


def test_a_name_with_bytes_that_are_no_text_can_be_decided_on(log, decide):
    name = b"P\xe4tient".decode("utf-8", "surrogateescape")
    kept = log.append(decide(case=name))
    assert log.latest(name, "Bladder") == kept
    assert log.of_case(name) == (kept,)
    assert log.verify() is None


def test_a_choice_that_does_not_exist_is_no_decision(decide):
    with pytest.raises(ValueError, match="maybe"):
        decide(choice="maybe")


def test_it_is_there_when_opened_again(log, path, decide):
    kept = log.append(decide())
    log.close()
    with DecisionLog(path) as again:
        assert again.all() == (kept,)
        assert again.append(decide()).number == 2
        assert again.verify() is None


def test_commits_reach_the_disk_before_they_return(log, path, decide):
    """A power cut cannot be tried here; that SQLite was told to withstand one can, whatever the file says."""
    log.close()
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    raw.close()
    with DecisionLog(path) as again:
        again.append(decide())
        asked = [
            again._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        ]
    assert asked == ["delete", 3]  # 3 is EXTRA


def test_two_viewers_see_each_other(log, path, decide):
    with DecisionLog(path) as other:
        first = log.append(decide())
        assert other.latest("patient 7", "Bladder") == first
        second = other.append(decide())
        assert log.all() == (first, second)
        assert log.verify() is None


def test_threads_take_turns(log, decide):
    def append_some() -> None:
        for _ in range(10):
            log.append(decide())

    threads = [threading.Thread(target=append_some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [d.number for d in log.all()] == list(range(1, 41))
    assert log.verify() is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decisions SET choice = 'reject' WHERE number = 1",
        "DELETE FROM decisions WHERE number = 2",
        "DELETE FROM decisions",
        "INSERT OR REPLACE INTO decisions SELECT * FROM decisions WHERE number = 1",
        "REPLACE INTO decisions SELECT * FROM decisions WHERE number = 2",
        'INSERT INTO decisions SELECT 4, decided_at, "case", structure, choice, reader, note, '
        "contour_sha256, image_sha256, model, model_version, verdict, dice, dice_low, dice_high, "
        "score_hidden, edited_file, previous_sha256, sha256 FROM decisions WHERE number = 2",
    ],
)
def test_the_database_itself_refuses_changes(log, path, decide, statement):
    made = tuple(log.append(decide(note=str(n))) for n in range(2))
    raw = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="a decision"):
        raw.execute(statement)
    raw.close()
    assert log.all() == made


TAMPERED = {
    "a word": ("UPDATE decisions SET note = 'fine' WHERE number = 2", "Decision 2 .* changed"),
    "a score": ("UPDATE decisions SET dice = dice + 1e-12 WHERE number = 3", "Decision 3 .* changed"),
    "a number that was none": (
        "UPDATE decisions SET dice_high = 1 WHERE number = 1",
        "Decision 1 .* changed",
    ),
    "bytes for text": ("UPDATE decisions SET note = x'ff' WHERE number = 1", "Decision 1 .* changed"),
    "a row taken out": ("DELETE FROM decisions WHERE number = 2", "Decision 2 .* missing"),
    "the first row taken out": ("DELETE FROM decisions WHERE number = 1", "Decision 1 .* missing"),
    "a hash": (f"UPDATE decisions SET sha256 = '{'0' * 64}' WHERE number = 2", "Decision 2 .* changed"),
    "a link": (
        f"UPDATE decisions SET previous_sha256 = '{'1' * 64}' WHERE number = 3",
        "Decision 3 .* does not follow",
    ),
    "two rows in each other's place": (
        "UPDATE decisions SET number = CASE number WHEN 1 THEN 12 WHEN 2 THEN 11 ELSE 13 END",
        "Decision 1 .* missing",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_shows(log, path, decide, what):
    for n in range(3):
        log.append(decide(note=str(n)))
    assert log.verify() is None
    statement, says = TAMPERED[what]
    tamper(path, statement)
    assert re.match(says, log.verify() or "")


def test_a_row_that_was_forged_with_its_hash_shows_at_the_next(log, path, decide, tmp_path):
    for note in ("one", "two", "three"):
        log.append(decide(note=note))
    with DecisionLog(tmp_path / "other.sqlite") as other:
        other.append(decide(note="one"))
        forged = other.append(decide(note="forged"))
    log.close()
    raw = sqlite3.connect(tmp_path / "other.sqlite")
    (previous,) = raw.execute("SELECT previous_sha256 FROM decisions WHERE number = 2").fetchone()
    raw.close()
    tamper(
        path,
        f"UPDATE decisions SET note = 'forged', decided_at = '{forged.decided_at}', "
        f"previous_sha256 = '{previous}', sha256 = '{forged.sha256}' WHERE number = 2",
    )
    with DecisionLog(path) as again:
        assert "Decision 2" in (again.verify() or "")


def test_a_guard_that_is_missing_shows(log, path, decide):
    log.append(decide())
    raw = sqlite3.connect(path)
    raw.execute("DROP TRIGGER decisions_are_not_deleted")
    raw.commit()
    raw.close()
    assert "guard" in (log.verify() or "")


def test_rows_cut_off_at_the_end_show_against_an_earlier_export(log, path, decide):
    made = [log.append(decide(note=str(n))) for n in range(3)]
    exported = decisions_file(log.all()).decode()
    tamper(path, "DELETE FROM decisions WHERE number = 3")
    assert log.verify() is None  # what is left is whole
    assert made[-1].sha256 in exported
    assert made[-1].sha256 not in decisions_file(log.all()).decode()


def test_the_hash_of_a_row_can_be_checked_with_what_documents_say(log, path, decide):
    """An independent reading of Docs/decisions/workstation-decisions.md, without code of ours."""
    import hashlib
    import json

    log.append(decide(note="für später"))
    log.append(decide(score_hidden=True))
    raw = sqlite3.connect(path)
    raw.row_factory = sqlite3.Row
    rows = [dict(row) for row in raw.execute("SELECT * FROM decisions ORDER BY number")]
    raw.close()
    previous = "0" * 64
    for row in rows:
        expected = row.pop("sha256")
        assert row["previous_sha256"] == previous
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert previous == expected
