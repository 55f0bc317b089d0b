"""What readers decided, as it is known in memory."""

from __future__ import annotations

from ContourQALib.workstation.decisions.known_decisions import KnownDecisions


def test_the_latest_is_that_of_the_greatest_number_in_whatever_order_they_come(decide):
    older, newer = decide(choice="accept", number=1), decide(choice="reject", number=2)
    known = KnownDecisions([newer, older])
    assert known.history(older.case, older.structure) == (newer, older)
    assert known.latest(older.case, older.structure) == newer
    assert known.latest(older.case, "none") is None


def test_the_same_decisions_read_again_are_no_news(decide):
    known = KnownDecisions([decide(number=1)])
    heard: list[bool] = []
    hear = lambda: heard.append(True)  # noqa: E731 - one that is kept, since signals hold methods weakly
    known.changed.connect(hear)
    known.add(decide(number=1))
    assert not heard
    known.add(decide(number=2))
    assert heard


def test_names_that_no_file_can_hold_are_found(decide):
    known = KnownDecisions([decide(case="a\udcff", structure="b\udcff", reader="c\udcff")])
    assert known.latest("a\udcff", "b\udcff") is not None
    assert known.count("a\udcff", ["b\udcff", "other"]) == 1
    assert known.has_decided("c\udcff", "a\udcff", "b\udcff")
    assert not known.has_decided("d", "a\udcff", "b\udcff")
