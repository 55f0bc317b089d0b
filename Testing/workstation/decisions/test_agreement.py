"""Agreement of readers with the model's verdict, counted by hand."""

from __future__ import annotations

import itertools

import pytest

from ContourQALib.quality.verdict import Verdict
from ContourQALib.workstation.decisions.agreement import Agreement, Tally
from ContourQALib.workstation.decisions.decision import Choice


@pytest.mark.parametrize(("verdict", "choice"), itertools.product(Verdict, Choice))
def test_each_pair_is_agreement_a_miss_or_a_false_alarm(decide, verdict, choice):
    tally = Tally.of([decide(verdict=verdict, choice=choice)])
    assert tally.counts == {(verdict, choice): 1}
    expected = {
        (True, True): (1, 0, 0),
        (True, False): (0, 1, 0),
        (False, True): (0, 0, 1),
        (False, False): (1, 0, 0),
    }[verdict == "accept", choice == "accept"]
    assert (tally.agreeing, tally.missed, tally.false_alarms) == expected
    assert tally.total == 1


def test_of_nothing_there_is_no_fraction():
    tally = Agreement.of([]).overall
    assert (tally.total, tally.agreeing, tally.agreeing_fraction) == (0, 0, None)


def test_tallies_by_reader_and_by_what_was_shown(decide):
    said = [  # reader, hidden, verdict, choice
        ("A", True, "accept", "accept"),
        ("A", True, "accept", "reject"),
        ("A", False, "review", "edit"),
        ("B", False, "review", "accept"),
        ("B", False, "accept", "accept"),
        ("B", True, "", "accept"),
    ]
    decisions = [
        decide(case=str(n), reader=reader, score_hidden=hidden, verdict=verdict, choice=choice)
        for n, (reader, hidden, verdict, choice) in enumerate(said)
    ]
    agreement = Agreement.of(decisions)
    assert agreement.readers == ("A", "B")
    assert (agreement.all_hidden.total, agreement.all_hidden.agreeing, agreement.all_hidden.missed) == (
        2,
        1,
        1,
    )
    assert agreement.all_hidden.without_verdict == 1
    assert (agreement.all_shown.total, agreement.all_shown.agreeing) == (3, 2)
    assert agreement.overall.agreeing_fraction == pytest.approx(3 / 5)
    assert agreement.of_reader("A").count(Verdict.REVIEW, Choice.EDIT) == 1
    assert agreement.of_reader("B").false_alarms == 1
    assert agreement.of_reader("C") == Tally()
    assert agreement.overall.total + agreement.overall.without_verdict == len(said)


def test_only_the_first_word_on_a_contour_counts(decide):
    first = decide(choice="reject", verdict="accept", score_hidden=True)
    swayed = decide(choice="accept", verdict="accept", score_hidden=False)
    other_reader = decide(choice="accept", verdict="accept", reader="B")
    after_editing = decide(choice="accept", verdict="accept", contour_sha256="e" * 64)
    agreement = Agreement.of([first, swayed, other_reader, after_editing])
    assert agreement.all_hidden.counts == {(Verdict.ACCEPT, Choice.REJECT): 1}
    assert agreement.all_shown.counts == {(Verdict.ACCEPT, Choice.ACCEPT): 2}
    assert agreement.overall.total == 3


def test_what_the_log_gives_back_is_counted_as_what_was_given(log, decide):
    made = [
        decide(case=str(n), verdict=v, choice=c)
        for n, (v, c) in enumerate(itertools.product(Verdict, Choice))
    ]
    for decision in made:
        log.append(decision)
    assert Agreement.of(log.all()) == Agreement.of(made)
    assert Agreement.of(made).overall.total == 9
