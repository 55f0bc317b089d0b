"""Rows as the page draws them."""

from __future__ import annotations

import json
from dataclasses import replace

from ContourQALib.quality.verdict import Levels
from ContourQALib.workstation.cases.known_cases import KnownCases
from ContourQALib.workstation.decisions.known_decisions import KnownDecisions
from ContourQALib.workstation.worklist.worklist_lines import WorklistQuery, WorklistView
from ContourQALib.workstation.worklist.worklist_rows import rows_of
from worklist_samples import assessment, decision, entry, found

RECTUM = found(
    "Rectum",
    "reject",
    0.6,
    low=0.5,
    reasons=("It leaks.", "It is rough."),
    slices=(7, 3, 5, 1),
    novel=("Thick.",),
)


def rows(known: KnownCases, decided: KnownDecisions | None = None, hidden: bool = False, **how) -> list[dict]:
    decided = decided or KnownDecisions()
    view = WorklistView(decided, lambda entry: hidden and entry.structure is not None)
    contours = how.get("contours", False)
    lines = view.lines(known.cases, WorklistQuery(contours=contours)).lines
    return rows_of(lines, view, decided, contours=contours, expanded=how.get("expanded", ()))


def known() -> KnownCases:
    cases = KnownCases([entry("a", "Ada"), entry("b"), entry("c", problem="c.nrrd is missing.")], Levels())
    cases.keep("a", assessment(found("Bladder"), RECTUM))
    return cases


def test_a_row_says_what_to_look_at_first_and_why():
    row = rows(known())[1]
    expected = {
        "kind": "case",
        "number": 0,
        "case": "a",
        "patient": "Ada",
        "structure": "Rectum",
        "more": 1,
        "mark": "reject",
        "word": "reject",
        "slices": "7, 3, 5 …",
        "dice": "0.60",
        "interval": "0.50–0.70",
        "why": "It leaks.",
        "all": "It leaks.\nIt is rough.",
        "novel": "Thick.",
        "decided": "0 of 2",
        "done": False,
        "opens": True,
    }
    assert {name: row[name] for name in expected} == expected
    assert (row["low"], row["at"], row["high"]) == (0.0, 20.0, 40.0), "a bar begins at 0.5"


def test_cases_that_failed_or_wait_have_a_row_without_figures():
    failed, _, waiting = rows(known())
    assert (failed["word"], failed["why"], failed["opens"]) == ("not assessed", "c.nrrd is missing.", False)
    assert (waiting["word"], waiting["opens"], waiting["decided"]) == ("waiting", True, "")
    assert failed["dice"] == waiting["dice"] == ""


def test_a_case_in_work_says_so():
    cases = known()
    cases.begin("b")
    assert rows(cases)[2]["word"] == "assessing"


def test_a_case_opens_to_its_contours_by_risk():
    shown = rows(known(), expanded={0})
    assert [(row["kind"], row["structure"]) for row in shown[1:4]] == [
        ("case", "Rectum"),
        ("below", "Rectum"),
        ("below", "Bladder"),
    ]
    assert len({row["key"] for row in shown}) == len(shown)


def test_decisions_are_shown_with_who_and_when():
    decided = KnownDecisions([decision("a", "Rectum", "reject"), decision("a", "Bladder")])
    case, rectum, _ = rows(known(), decided, expanded={0})[1:4]
    assert (case["decided"], case["done"]) == ("2 of 2", True)
    assert (rectum["decided"], rectum["who"]) == ("reject", "A. Reader, 2026-01-02 03:04 UTC")


def test_an_older_decision_that_is_read_later_does_not_count():
    newer = replace(decision("a", "Rectum", "reject"), number=2)
    decided = KnownDecisions([newer, replace(decision("a", "Rectum"), number=1)])
    assert decided.latest("a", "Rectum") == newer


def test_nothing_of_a_hidden_score_is_sent_to_the_browser():
    cases = known()
    for how in ({}, {"expanded": {0}}, {"contours": True}):
        sent = json.dumps(rows(cases, hidden=True, **how))
        for word in ("reject", "accept", "0.6", "leaks", "Thick", "7, 3"):
            assert word not in sent


def test_names_that_no_text_can_hold_are_sent_nevertheless():
    cases = KnownCases([entry("a\udcff")], Levels())
    cases.keep("a\udcff", assessment(found("B\udcff")))
    row = rows(cases)[0]
    json.dumps(row).encode()
    assert row["case"].encode("utf-8") == rb"a\udcff"


def test_a_patient_is_named_where_the_case_is_not():
    assert [row["patient"] for row in rows(known())] == ["", "Ada", ""]
