"""TaskRunner: work in steps on the main thread, answers from the worker, and nothing after a cancel."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ContourQALib.errors import SettingError
from ContourQALib.worker_events import Failed
from slicer_module.fake_worker import CRASH, FakeWorker


@dataclass
class Question:
    """Stands for a request; its answer is what the test tells the worker."""

    text: str = "?"


@pytest.fixture
def runner(application, slot_errors):
    """A runner with a worker that answers questions with themselves, and its class's module loaded."""
    from slicer_module.conftest import MODULE

    application.load_module(MODULE)
    from ContourQAPanels.task_runner import TaskRunner

    made = TaskRunner(FakeWorker({"Question": lambda question: question.text}))
    yield made
    made.close()


@pytest.fixture
def heard():
    """What was called back, in order."""
    return []


@pytest.fixture
def run(runner, heard):
    """Start a task that records every call."""

    def start(work, **others):
        calls = {
            "done": lambda result: heard.append(("done", result)),
            "failed": lambda message: heard.append(("failed", message)),
            "cancelled": lambda: heard.append(("cancelled",)),
            "progress": lambda *how: heard.append(("progress", *how)),
        }
        return runner.run(work, **{**calls, **others})

    return start


def asking(text="?", steps=0, seen=None):
    for step in range(steps):
        if seen is not None:
            seen.append(step)
        yield
    return Question(text)


def test_the_answer_of_what_was_prepared_arrives(run, heard, wait_until):
    task = run(asking("hello", steps=3))
    assert task.active
    wait_until(lambda: heard)
    assert heard == [("done", "hello")]
    assert not task.active


def test_progress_is_passed_on(runner, run, heard, wait_until):
    runner.worker.steps = 2
    run(asking())
    wait_until(lambda: ("done", "?") in heard)
    assert heard[:2] == [("progress", 1, 2, "part 1"), ("progress", 2, 2, "part 2")]


def test_preparing_lets_the_event_loop_have_its_turn(run, heard, wait_until, stalls):
    import time

    def slow():
        for _ in range(12):
            time.sleep(0.02)
            yield
        return Question()

    with stalls:
        run(slow())
        wait_until(lambda: heard)
    assert stalls.longest_ms < 100


def test_a_refused_input_is_a_sentence(run, heard, runner, wait_until):
    def refused():
        yield
        raise SettingError("Choose a volume.")

    run(refused())
    wait_until(lambda: heard)
    assert heard == [("failed", "Choose a volume.")]
    assert runner.worker.requests == []


def test_a_fault_of_ours_is_a_sentence_too_and_is_logged(run, heard, wait_until, caplog):
    def broken():
        yield
        raise KeyError("secret")

    run(broken())
    wait_until(lambda: heard)
    ((kind, message),) = heard
    assert kind == "failed"
    assert "secret" not in message
    assert "KeyError" in caplog.text


def test_nothing_to_ask_is_done_with_nothing(run, heard, runner, wait_until):
    def nothing():
        yield
        return None

    run(nothing())
    wait_until(lambda: heard)
    assert heard == [("done", None)]
    assert runner.worker.requests == []


def test_a_failing_callback_becomes_a_failure_and_others_go_on(run, heard, wait_until):
    def refuse(result):
        raise SettingError("The table is gone.")

    run(asking("first"), done=refuse)
    run(asking("second"))
    wait_until(lambda: len(heard) == 2)
    assert heard == [("failed", "The table is gone."), ("done", "second")]


def test_cancelling_while_preparing_closes_the_preparation(run, heard, runner, wait_until):
    started, closed = [], []

    def careful():
        try:
            while True:
                started.append(True)
                yield
        finally:
            closed.append(True)

    task = run(careful())
    wait_until(lambda: started)
    assert runner.busy
    task.cancel()
    assert heard == [("cancelled",)]
    assert closed == [True]
    assert not runner.busy


def test_cancelling_what_computes_is_heard_at_once_and_once(run, heard, runner, wait_until):
    runner.worker.hold()
    task = run(asking())
    wait_until(lambda: runner.worker.requests)
    task.cancel()
    task.cancel()
    assert heard == [("cancelled",)]
    assert runner.worker.cancelled == [1]
    runner.worker.go_on()
    run(asking("next"))
    wait_until(lambda: ("done", "next") in heard)
    assert heard == [("cancelled",), ("done", "next")]


def test_an_answer_after_the_cancel_is_not_passed_on(run, heard, runner, wait_until, monkeypatch):
    runner.worker.hold()
    task = run(asking("late"))
    wait_until(lambda: runner.worker.requests)
    monkeypatch.setattr(runner.worker, "cancel", lambda job: None)  # it was too late
    task.cancel()
    runner.worker.go_on()
    run(asking("next"))
    wait_until(lambda: ("done", "next") in heard)
    assert ("done", "late") not in heard


def test_a_crash_fails_every_job(run, heard, runner, wait_until):
    runner.worker.hold()
    runner.worker.answers["Question"] = CRASH
    run(asking("one"))
    run(asking("two"))
    wait_until(lambda: len(runner.worker.requests) == 2)
    runner.worker.go_on()
    wait_until(lambda: len(heard) == 2)
    assert heard == [("failed", FakeWorker.CRASHED)] * 2


def test_a_worker_that_refuses_the_request_fails_the_task(run, heard, runner, wait_until, monkeypatch):
    def refuse(request):
        raise SettingError("The worker was closed.")

    monkeypatch.setattr(runner.worker, "submit", refuse)
    run(asking())
    wait_until(lambda: heard)
    assert heard == [("failed", "The worker was closed.")]


def test_a_worker_that_cannot_be_asked_does_not_break_the_event_loop(
    run, heard, runner, wait_until, monkeypatch, caplog
):
    polls = iter([RuntimeError("pipe"), [Failed(1, "It broke.")]])

    def poll():
        answer = next(polls)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(runner.worker, "poll", poll)
    run(asking())
    wait_until(lambda: heard)
    assert heard == [("failed", "It broke.")]
    assert "pipe" in caplog.text


def test_the_timer_runs_only_while_something_is_in_flight(run, heard, runner, wait_until):
    assert not runner._timer.active
    run(asking())
    assert runner._timer.active
    wait_until(lambda: heard and not runner._timer.active)


def test_closing_cancels_everything_and_ends_the_worker(run, heard, runner, wait_until):
    runner.worker.hold()
    run(asking())
    wait_until(lambda: runner.worker.requests)
    run(asking(steps=1000))
    runner.close()
    assert heard == [("cancelled",)] * 2
    assert runner.worker.closed
    assert not runner._timer.active


def test_another_worker_takes_over(run, heard, runner, wait_until):
    first, second = runner.worker, FakeWorker({"Question": "from the second"})
    runner.replaceWorker(second)
    run(asking())
    wait_until(lambda: heard)
    assert first.closed
    assert heard == [("done", "from the second")]


def test_a_worker_that_warms_up_is_looked_at_until_it_can_have_started(application):
    from ContourQAPanels import task_runner

    worker = FakeWorker({})
    runner = task_runner.TaskRunner(worker)
    runner.warmUp()
    runner.warmUp()
    assert worker.warmed == 1
    assert runner._timer.active  # else a host that holds Python's lock leaves the starting thread waiting
    runner._warmingUntil = 0.0
    runner._tick()
    assert not runner._timer.active
    runner.close()
