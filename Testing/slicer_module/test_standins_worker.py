"""The worker that computes nothing."""

from __future__ import annotations

import pytest

from ContourQALib.worker_events import Cancelled, Done, Failed, Progress
from slicer_module.fake_worker import CRASH, FakeWorker


class Ask:
    """A request."""


def test_an_answer_comes_after_its_steps():
    worker = FakeWorker({"Ask": 42}, steps=2)
    job = worker.submit(Ask())
    events = [event for _ in range(4) for event in worker.poll()]
    assert events == [Progress(job, 1, 2, "part 1"), Progress(job, 2, 2, "part 2"), events[2]]
    assert isinstance(events[2], Done)
    assert events[2].result == 42


@pytest.mark.parametrize(
    ("answer", "message"), [(ValueError("No model."), "No model."), (CRASH, FakeWorker.CRASHED)]
)
def test_failures_are_told(answer, message):
    worker = FakeWorker({"Ask": answer})
    job = worker.submit(Ask())
    assert worker.poll() == [Failed(job, message)]


def test_a_held_job_can_be_cancelled_and_the_next_one_goes_on():
    worker = FakeWorker({"Ask": lambda request: type(request).__name__})
    first, second = worker.submit(Ask()), worker.submit(Ask())
    worker.hold()
    assert worker.poll() == []
    worker.cancel(first)
    worker.cancel(first)
    assert worker.poll() == [Cancelled(first)]
    worker.go_on()
    (done,) = worker.poll()
    assert (done.job, done.result) == (second, "Ask")
    assert worker.cancelled == [first]


def test_an_unexpected_request_is_an_error_of_the_test():
    with pytest.raises(AssertionError, match="no answer to Ask"):
        FakeWorker({}).submit(Ask())
