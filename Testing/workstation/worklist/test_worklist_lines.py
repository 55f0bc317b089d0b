"""The lines of the worklist: order, filters, search, and what stays hidden."""

from __future__ import annotations

import pytest

from ContourQALib.quality.verdict import Levels
from ContourQALib.quality.worklist import WorklistEntry
from ContourQALib.workstation.cases.known_cases import KnownCases
from ContourQALib.workstation.decisions.known_decisions import KnownDecisions
from ContourQALib.workstation.worklist.worklist_lines import (
    Line,
    Mark,
    WorklistLines,
    WorklistQuery,
    WorklistView,
    structures_of,
)
from worklist_samples import assessment, decision, entry, found


@pytest.fixture
def known() -> KnownCases:
    """Six cases: one bad, one doubtful, one good, one broken, one that fails when read, one that waits."""
    names = [entry("case 10", "Ada"), entry("case 2", "Bea"), entry("case 1", "Ada")]
    broken = entry("case 3", problem="case 3.nrrd does not exist; check the path.")
    cases = KnownCases([*names, broken, entry("case 4"), entry("case 5")], Levels())
    cases.keep("case 10", assessment(found("Bladder"), found("Rectum", "accept", 0.85, low=0.78)))
    cases.keep(
        "case 2",
        assessment(found("Bladder", "review", 0.77), found("rectum", "reject", 0.5, reasons=("It leaks.",))),
    )
    cases.keep("case 1", assessment(found("Bladder", "review", 0.9, low=0.7)))
    cases.fail("case 4", "case 4.seg.nrrd is damaged; export it again.")
    return cases


def nothing_hidden(_entry: WorklistEntry) -> bool:
    return False


def all_hidden(entry: WorklistEntry) -> bool:
    return entry.structure is not None


def seen(
    known: KnownCases, decided: KnownDecisions | None = None, hides=nothing_hidden, **query
) -> WorklistLines:
    return WorklistView(decided or KnownDecisions(), hides).lines(known.cases, WorklistQuery(**query))


def names(found: WorklistLines) -> list[str]:
    return [line.case.name for line in found.lines]


def contours(found: WorklistLines) -> list[tuple[str, str]]:
    return [(line.case.name, line.structure) for line in found.lines]


BY_RISK = ["case 3", "case 4", "case 2", "case 1", "case 10", "case 5"]


def test_cases_stand_by_the_risk_of_their_riskiest_contour(known):
    shown = seen(known)
    assert names(shown) == BY_RISK == list(known.by_risk)
    assert [line.structure for line in shown.lines] == ["", "", "rectum", "Bladder", "Rectum", ""]


def test_contours_stand_by_risk_and_what_waits_has_none(known):
    entries = [e for e in known.worklist.entries if e.structure]
    shown = contours(seen(known, contours=True))
    assert shown == [
        ("case 3", ""),
        ("case 4", ""),
        *((e.case.case, e.structure.structure) for e in entries),
    ]


def test_counts_are_of_all_lines_whatever_is_asked_for(known):
    expected = {Mark.FAILED: 2, Mark.REJECT: 1, Mark.REVIEW: 1, Mark.ACCEPT: 1, Mark.WAITING: 1}
    for query in ({}, {"mark": "reject"}, {"search": "no such word"}):
        assert dict(seen(known, **query).counts) == expected
    assert dict(seen(known, contours=True).counts) == {
        Mark.FAILED: 2,
        Mark.REJECT: 1,
        Mark.REVIEW: 2,
        Mark.ACCEPT: 2,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"mark": "reject"}, ["case 2"]),
        ({"mark": "failed"}, ["case 3", "case 4"]),
        ({"mark": "waiting"}, ["case 5"]),
        ({"search": "ADA"}, ["case 1", "case 10"]),
        ({"search": "ada rect"}, ["case 10"]),
        ({"search": "leaks"}, ["case 2"]),
        ({"search": "damaged"}, ["case 4"]),
        ({"search": "nothing like this"}, []),
        ({"structure": "Rectum"}, ["case 2", "case 10"]),
        ({"structure": "Rectum", "mark": "accept"}, ["case 10"]),
        ({"search": "case", "mark": "review"}, ["case 1"]),
    ],
)
def test_filters_and_search(known, query, expected):
    assert names(seen(known, **query)) == expected


def test_a_structure_is_found_in_any_spelling_and_alone_decides_the_order(known):
    shown = seen(known, structure="Bladder")
    assert [(line.case.name, line.structure, line.contours) for line in shown.lines] == [
        ("case 1", "Bladder", 1),
        ("case 2", "Bladder", 1),
        ("case 10", "Bladder", 1),
    ]
    assert dict(shown.counts) == {Mark.REVIEW: 2, Mark.ACCEPT: 1}
    assert structures_of(known.cases) == ("Bladder", "Rectum")


@pytest.mark.parametrize(
    ("sort", "descending", "expected"),
    [
        ("case", False, ["case 1", "case 2", "case 3", "case 4", "case 5", "case 10"]),
        ("case", True, ["case 10", "case 5", "case 4", "case 3", "case 2", "case 1"]),
        ("dice", False, ["case 2", "case 10", "case 1", "case 3", "case 4", "case 5"]),
        ("dice", True, ["case 1", "case 10", "case 2", "case 3", "case 4", "case 5"]),
        ("verdict", True, ["case 10", "case 1", "case 2", "case 3", "case 4", "case 5"]),
        ("no such column", False, BY_RISK),
    ],
)
def test_columns_sort_and_what_has_no_value_stays_last(known, sort, descending, expected):
    assert names(seen(known, sort=sort, descending=descending)) == expected


def test_decisions_are_counted_and_the_rest_can_be_asked_for(known):
    decided = KnownDecisions([decision("case 2", "Bladder"), decision("case 2", "rectum", "reject")])
    decided.add(decision("case 1", "Bladder"))
    by_name = {line.case.name: line for line in seen(known, decided).lines}
    assert (by_name["case 2"].decided, by_name["case 2"].contours) == (2, 2)
    assert by_name["case 10"].undecided
    shown = seen(known, decided, undecided=True)
    assert names(shown) == ["case 10"]
    assert shown.undecided == 1
    assert contours(seen(known, decided, contours=True, undecided=True)) == [
        ("case 10", "Rectum"),
        ("case 10", "Bladder"),
    ]


def test_while_scores_are_hidden_nothing_of_them_is_told(known):
    shown = seen(known, hides=all_hidden)
    assert shown.hidden
    assert names(shown) == [case.name for case in known.cases], "the order would tell"
    for line in shown.lines[:3]:
        assert (line.mark, line.found, line.structure) == (Mark.HIDDEN, None, "")
    assert dict(shown.counts) == {Mark.HIDDEN: 3, Mark.FAILED: 2, Mark.WAITING: 1}
    assert names(seen(known, hides=all_hidden, mark="reject")) == []
    assert names(seen(known, hides=all_hidden, search="leaks")) == []
    for sort in ("dice", "verdict"):
        hidden = names(seen(known, hides=all_hidden, sort=sort, descending=True))
        assert [name for name in hidden if name in ("case 10", "case 2", "case 1")] == [
            "case 10",
            "case 2",
            "case 1",
        ]


def test_hidden_contours_stand_as_their_files_hold_them(known):
    shown = contours(seen(known, hides=all_hidden, contours=True))
    assert shown[:5] == [
        ("case 10", "Bladder"),
        ("case 10", "Rectum"),
        ("case 2", "Bladder"),
        ("case 2", "rectum"),
        ("case 1", "Bladder"),
    ]


def test_a_decided_contour_shows_its_score_among_hidden_ones(known):
    def hides(entry: WorklistEntry) -> bool:
        return all_hidden(entry) and (entry.case.case, entry.structure.structure) != ("case 2", "Bladder")

    line = next(one for one in seen(known, hides=hides).lines if one.case.name == "case 2")
    assert (line.structure, line.mark) == ("Bladder", Mark.REVIEW), "of the rejected one nothing is told"
    below: tuple[Line, ...] = WorklistView(KnownDecisions(), hides).contour_lines(known.case("case 2"))
    assert [(one.structure, one.mark) for one in below] == [
        ("Bladder", Mark.REVIEW),
        ("rectum", Mark.HIDDEN),
    ]
