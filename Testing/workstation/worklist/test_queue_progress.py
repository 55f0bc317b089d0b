"""How far the queue is, in words."""

from __future__ import annotations

import pytest

from ContourQALib.workstation.worklist.queue_progress import QueueProgress, QueueState, duration_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "a few seconds"),
        (11, "about 20 s"),
        (59, "about 60 s"),
        (61, "about 2 min"),
        (3599, "about 60 min"),
        (5400, "about 1.5 h"),
    ],
)
def test_durations_are_rounded_up_as_people_say_them(seconds, text):
    assert duration_text(seconds) == text


def test_the_time_left_is_that_of_the_cases_left():
    running = QueueProgress(QueueState.RUNNING, 12, 100, 2, case_s=2.0)
    assert running.left_s == 176
    assert running.text == "12 of 100 cases done, 2 not assessed, about 3 min left"


def test_nothing_is_promised_before_a_case_is_done_or_while_nothing_goes_on():
    assert QueueProgress(QueueState.RUNNING, 0, 100).text == "0 of 100 cases done"
    assert QueueProgress(QueueState.PAUSED, 1, 100, case_s=2.0).text == "1 of 100 cases done"
    assert QueueProgress(QueueState.DONE, 1, 1, case_s=2.0).text == "1 of 1 case done"
