"""Cancel, kill, crash, noise: the worker says so within a second, goes on, and leaves no orphan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from ContourQALib.metrics.pairing import Source
from ContourQALib.report.session_report import SessionReport, Snapshot
from ContourQALib.worker import Cancelled, Done, Failed, Worker, WorkerError
from ContourQALib.worker_events import CancelledError
from ContourQALib.worker_requests import CompareRequest, ReportRequest
from worker_cases import BALL, MOVED, endless

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")

PATIENCE_S = 60.0
"""How long a test waits for what takes a second or two: the machine may be busy."""

SOON_S = 1.0
"""How soon a cancelled or killed job must be over."""

QUICK = CompareRequest(Source("reference", (BALL,)), (Source("other", (MOVED,)),))


@pytest.fixture
def light(monkeypatch):
    """A child that starts now computes without numba, which takes longer to load than `QUICK` to compute."""
    monkeypatch.setenv("CONTOURQA_NUMBA", "0")


def until(holds, seconds: float = PATIENCE_S) -> float:
    """Seconds until something holds."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds
        time.sleep(0.005)
    return time.monotonic() - started


def computing(worker: Worker) -> int:
    """An endless job, when the child is at it."""
    job = worker.submit(endless())
    until(lambda: any(event.job == job and event.done == 1 for event in worker.poll()))
    return job


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_job_that_ignores_cancel_is_over_within_a_second_and_the_rest_is_done(worker):
    stuck = computing(worker)
    pid, waiting = worker.pid, [worker.submit(QUICK), worker.submit(QUICK)]
    worker.cancel(stuck)
    told = []
    assert until(lambda: told.extend(worker.poll()) or Cancelled(stuck) in told) < SOON_S
    assert ended(pid)
    assert worker.wait(waiting[1], PATIENCE_S).comparisons[0].structure == "ball"
    assert any(isinstance(event, Done) and event.job == waiting[0] for event in [*told, *worker.poll()])
    assert worker.pid not in (pid, None)


def test_a_job_that_listens_is_cancelled_and_its_process_stays(worker):
    worker.wait(worker.submit(QUICK), PATIENCE_S)
    many = tuple(Source(f"other {number}", (MOVED,)) for number in range(2000))  # milliseconds each
    pid, job = worker.pid, worker.submit(CompareRequest(QUICK.reference, many))
    told = []
    until(lambda: told.extend(worker.poll()) or any(event.done == 3 for event in told))
    worker.cancel(job)
    worker.cancel(job)
    told.clear()
    assert until(lambda: told.extend(worker.poll()) or Cancelled(job) in told) < SOON_S
    worker.wait(worker.submit(QUICK), PATIENCE_S)
    assert worker.pid == pid
    assert [event for event in worker.poll() if event.job == job] == []


def test_queued_jobs_are_cancelled_at_once_and_never_done(worker):
    stuck, queued, kept = computing(worker), worker.submit(QUICK), worker.submit(QUICK)
    until(lambda: worker._jobs[kept].child is not None)
    worker.cancel(queued)
    assert worker.poll() == [Cancelled(queued)]
    worker.cancel(stuck)
    with pytest.raises(CancelledError):
        worker.wait(stuck, SOON_S)
    worker.wait(kept, PATIENCE_S)
    assert worker.poll() == [] or all(event.job == kept for event in worker.poll())
    worker.cancel(kept)  # it has ended
    assert worker.poll() == []


def test_a_job_can_be_cancelled_before_it_is_sent(light):
    with Worker() as worker:
        job = worker.submit(QUICK)
        worker.cancel(job)
        with pytest.raises(CancelledError):
            worker.wait(job, PATIENCE_S)
        worker.wait(worker.submit(QUICK), PATIENCE_S)


def test_a_killed_child_fails_its_jobs_within_a_second_and_the_next_starts_another(worker):
    jobs = [computing(worker), worker.submit(QUICK)]
    until(lambda: worker._jobs[jobs[1]].child is not None)
    os.kill(worker.pid, signal.SIGKILL)
    told = []
    assert until(lambda: told.extend(worker.poll()) or len(told) == 2) < SOON_S
    assert [(type(event), event.job) for event in told] == [(Failed, job) for job in jobs]
    assert "ended unexpectedly (SIGKILL, perhaps for lack of memory)" in told[0].message
    worker.wait(worker.submit(QUICK), PATIENCE_S)


def test_a_child_killed_while_it_rests_is_replaced_silently(worker):
    worker.wait(worker.submit(QUICK), PATIENCE_S)
    pid = worker.pid
    os.kill(pid, signal.SIGKILL)
    worker.wait(worker.submit(QUICK), PATIENCE_S)
    assert worker.pid != pid


def test_a_stopped_child_can_still_be_cancelled(worker):
    worker.wait(worker.submit(QUICK), PATIENCE_S)
    os.kill(worker.pid, signal.SIGSTOP)
    job = worker.submit(QUICK)
    until(lambda: worker._jobs[job].child is not None)
    worker.cancel(job)
    with pytest.raises(CancelledError):
        worker.wait(job, SOON_S)


def test_a_child_that_does_not_read_keeps_nobody_waiting(light):
    large = SessionReport("a", snapshots=(Snapshot(bytes(2**20), "more than a pipe holds"),))
    with Worker() as worker:
        worker.wait(worker.submit(QUICK), PATIENCE_S)
        os.kill(worker.pid, signal.SIGSTOP)
        job = worker.submit(ReportRequest(Path("nowhere"), large))
        until(lambda: worker._jobs[job].child is not None)
        worker.cancel(job)
        with pytest.raises(CancelledError):
            worker.wait(job, SOON_S)
        worker.wait(worker.submit(QUICK), PATIENCE_S)
        os.kill(worker.pid, signal.SIGSTOP)
        job = worker.submit(ReportRequest(Path("nowhere"), large))
        until(lambda: worker._jobs[job].child is not None)
        started = time.monotonic()
        worker.close()
        assert time.monotonic() - started < 3


def test_wait_gives_up_and_the_job_goes_on(worker):
    job = computing(worker)
    with pytest.raises(WorkerError, match=f"job {job} is not done after 0.1 s"):
        worker.wait(job, 0.1)
    worker.cancel(job)
    with pytest.raises(CancelledError):
        worker.wait(job, SOON_S)


@pytest.fixture
def odd(light, tmp_path, monkeypatch):
    """A worker whose child runs some lines of the test's before anything else."""

    def start(lines: str) -> Worker:
        (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(lines))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return Worker()

    return start


WRAPPED = """
    import os, sys
    import ContourQALib.worker_answers as answers
    def around(work):
        before = answers.Answers.answer
        answers.Answers.answer = lambda self, *rest: work(lambda: before(self, *rest))
"""


def test_what_libraries_print_or_read_does_not_break_the_protocol(odd):
    lines = """
    def loud(go):
        print("printed", flush=True)
        os.write(1, b"written\\n" * 30000)  # more than a pipe holds
        assert sys.stdin.read() == ""
        return go()
    around(loud)
    """
    with odd(WRAPPED + lines) as worker:
        assert worker.wait(worker.submit(QUICK), PATIENCE_S).comparisons
        until(lambda: worker.log_tail.endswith("written\n"))
        assert len(worker.log_tail) <= 2**16


def test_errors_are_sentences_and_the_log_holds_no_text_of_them(odd):
    lines = """
    errors = iter([
        KeyError("Muster" + "mann"),
        MemoryError(),
        type("OutOfMemoryError", (RuntimeError,), {})(),
        ModuleNotFoundError(name="torch"),
    ])
    def broken(go):
        raise next(errors)
    around(broken)
    """
    said = [
        r"failed unexpectedly \(KeyError\); details",
        "too little memory",
        "too little memory",
        "package torch",
    ]
    with odd(WRAPPED + lines) as worker:
        for sentence in said:
            with pytest.raises(WorkerError, match=sentence) as told:
                worker.wait(worker.submit(QUICK), PATIENCE_S)
            assert "Mustermann" not in str(told.value)
        assert "in broken" in worker.log_tail
        assert "Mustermann" not in worker.log_tail


def test_a_crash_in_compiled_code_is_told_and_not_waited_for(odd):
    with odd(WRAPPED + "\n    around(lambda go: os.abort())\n") as worker:
        with pytest.raises(WorkerError, match=r"ended unexpectedly \(SIGABRT\)"):
            worker.wait(worker.submit(QUICK), PATIENCE_S)
        assert "Fatal Python error" in worker.log_tail


def test_a_child_that_cannot_even_start_is_told(odd):
    said = r"ended unexpectedly \(exit code 7\)"
    with odd("import os; os._exit(7)") as worker, pytest.raises(WorkerError, match=said):
        worker.wait(worker.submit(QUICK), PATIENCE_S)


PARENT = """
import sys, time
sys.path.insert(0, {testing!r})
from worker_cases import endless
from ContourQALib.worker import Worker
worker = Worker()
job = worker.submit(endless())
while not any(event.done == 1 for event in worker.poll()):
    time.sleep(0.01)
print(worker.pid, worker._held.arrays.folder, flush=True)
{then}
"""


@pytest.mark.parametrize("then", ["time.sleep(60)", "raise ValueError"])
def test_no_child_and_no_folder_outlive_the_parent(then):
    testing = str(Path(__file__).resolve().parents[1])
    code = PARENT.format(testing=testing, then=then)
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        pid, folder = parent.stdout.readline().decode().split()
        if "sleep" in then:
            parent.kill()
        until(lambda: ended(int(pid)), 5)
        until(lambda: not Path(folder).exists(), 5)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()


def test_a_worker_that_is_forgotten_ends(light):
    def used() -> tuple[int, Path]:
        worker = Worker()
        worker.wait(worker.submit(QUICK), PATIENCE_S)
        return worker.pid, worker._held.arrays.folder

    pid, folder = used()
    until(lambda: ended(pid) and not folder.exists(), 5)
