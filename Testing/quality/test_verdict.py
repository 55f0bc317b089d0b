"""The verdict: DESIGN's rule, case by case."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ContourQALib.errors import SettingError
from ContourQALib.quality.verdict import Levels, Verdict, decide

FINE = {"failed_rules": False, "inside_training_range": True}


@pytest.mark.parametrize(
    ("dice", "facts", "expected"),
    [
        (0.90, FINE, Verdict.ACCEPT),
        (0.80, FINE, Verdict.ACCEPT),
        (0.79, FINE, Verdict.REVIEW),
        (0.75, FINE, Verdict.REVIEW),
        (0.74, FINE, Verdict.REJECT),
        (math.nan, FINE, Verdict.REJECT),
        (0.95, FINE | {"failed_rules": True}, Verdict.REJECT),
        (0.95, FINE | {"inside_training_range": False}, Verdict.REVIEW),
        (0.95, FINE | {"interval_low": 0.74}, Verdict.REVIEW),
        (0.95, FINE | {"interval_low": 0.76}, Verdict.ACCEPT),
        (None, FINE, Verdict.REVIEW),
        (None, FINE | {"failed_rules": True}, Verdict.REJECT),
    ],
)
def test_verdict(dice, facts, expected):
    assert decide(dice, Levels(), **facts) is expected


@given(dice=st.floats(0, 1), low=st.floats(0, 1), levels=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_better_score_never_gives_a_worse_verdict(dice, low, levels):
    order = [Verdict.REJECT, Verdict.REVIEW, Verdict.ACCEPT]
    chosen = Levels(max(levels), min(levels))
    worse, better = sorted((dice, low))
    assert order.index(decide(worse, chosen, **FINE)) <= order.index(decide(better, chosen, **FINE))


@pytest.mark.parametrize(("accept", "reject"), [(0.7, 0.8), (1.1, 0.5), (0.8, -0.1), (math.nan, 0.5)])
def test_impossible_levels_are_refused(accept, reject):
    with pytest.raises(SettingError, match="level"):
        Levels(accept, reject)
