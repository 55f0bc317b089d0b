"""Decisions as CSV: everything comes back through a reader, and no spreadsheet runs a note."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.workstation.decisions.agreement import Agreement
from ContourQALib.workstation.decisions.decision import Choice, Decision
from ContourQALib.workstation.decisions.decision_export import decisions_file

NAMES = [field.name for field in fields(Decision)]
FORMULAS = ["=1+1", "+49 30", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", '=HYPERLINK("x")', "'quoted'"]


def made(note: str = "", **said) -> Decision:
    facts = {"case": "1", "structure": "CTV", "choice": "accept", "reader": "r", "contour_sha256": "c"}
    facts |= {"model": "", "model_version": "", "verdict": "", "dice": None, "dice_low": None}
    return Decision(**facts | {"note": note, "dice_high": None, "score_hidden": False} | said)


def read(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def as_it_was(cell: str) -> str:
    return cell.removeprefix("'")


def test_the_columns_are_the_fields_also_without_decisions():
    assert decisions_file([]).decode("utf-8-sig") == ",".join(NAMES) + "\r\n"


def test_values_are_spelled_out(decide):
    (row,) = read(decisions_file([decide(choice=Choice.EDIT, score_hidden=True, number=3, note='a, "b"\nc')]))
    assert row["choice"] == "edit"
    assert row["score_hidden"] == "true"
    assert (row["dice"], row["dice_low"], row["dice_high"]) == ("0.30000000000000004", "0.25", "")
    assert float(row["dice"]) == 0.1 + 0.2
    assert row["number"] == "3"
    assert row["note"] == 'a, "b"\nc'


def test_lines_and_quotes_are_those_of_the_standard():
    text = decisions_file([made('say "no", then\r\nyes')]).decode("utf-8-sig")
    header, row = text[: text.index("\r\n")], text[text.index("\r\n") + 2 :]
    assert header == ",".join(NAMES)
    assert '"say ""no"", then\r\nyes"' in row
    assert row.endswith("\r\n")


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("field", ["note", "reader", "case", "structure", "edited_file"])
def test_no_cell_begins_as_a_formula(field, text):
    (row,) = read(decisions_file([made(**{field: text})]))
    assert row[field] == "'" + text


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_every_note_comes_back(note):
    (row,) = read(decisions_file([made(note)]))
    assert as_it_was(row["note"]) == note


@pytest.mark.parametrize("note", [*FORMULAS, "", "plain", "it's", "''", "ü 骨 🙂"])
def test_one_apostrophe_less_is_the_text_as_it_was(note):
    (row,) = read(decisions_file([made(note)]))
    assert as_it_was(row["note"]) == note


def test_a_file_of_it_is_marked_as_utf8():
    file = decisions_file([made("für ü")])
    assert file.startswith(b"\xef\xbb\xbfcase,")
    assert read(file)[0]["note"] == "für ü"


def test_the_log_exports_what_it_holds(log, decide):
    kept = [log.append(decide(note=str(n))) for n in range(3)]
    assert [row["sha256"] for row in read(decisions_file(log.all()))] == [d.sha256 for d in kept]


def test_agreement_of_first_call_and_verdict_is_computable_from_the_file(log, decide):
    for reader, choice, verdict, hidden in [
        ("A", "accept", "accept", True),
        ("A", "reject", "accept", True),
        ("=B", "accept", "reject", False),
    ]:
        log.append(
            decide(reader=reader, choice=choice, verdict=verdict, score_hidden=hidden, case=choice + reader)
        )
    rows = [row for row in read(decisions_file(log.all())) if row["score_hidden"] == "true"]
    agreement = Agreement.of(log.all())
    same = sum(row["choice"] == row["verdict"] for row in rows)
    assert (same, len(rows)) == (agreement.all_hidden.agreeing, agreement.all_hidden.total) == (1, 2)
