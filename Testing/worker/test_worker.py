"""The worker answers as the library does, tells how far it is, and leaves nothing behind."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.metrics.comparison_set import ComparisonSettings, compare_with_reference
from ContourQALib.metrics.pairing import Source
from ContourQALib.quality.model import find_model
from ContourQALib.quality.predict import assess
from ContourQALib.quality.verdict import Levels
from ContourQALib.report.session_report import SessionReport, Snapshot
from ContourQALib.thresholds.analysis import analyze
from ContourQALib.thresholds.expected import expected_curve
from ContourQALib.worker import Done, Failed, Progress, Worker, WorkerError
from ContourQALib.worker_codec import encode
from ContourQALib.worker_requests import AssessRequest, CompareRequest, ReportRequest, SweepRequest
from worker_cases import BALL, FOGGY, GRID, MOVED, MR

PATIENCE_S = 60.0
"""How long a test waits for what takes a second or two: the machine may be busy."""

NOTHING = Contour(np.zeros_like(BALL.mask), GRID, "nothing")
COMPARING = CompareRequest(Source("reference", (BALL,)), (Source("other", (MOVED,)),))


def content(result) -> object:
    """A result by value, arrays bit by bit: dataclasses with arrays have no equality."""
    return encode(result, lambda a: {"bits": (a.dtype.str, a.shape, a.tobytes())})


def events_of(worker: Worker, job: int) -> list:
    """Polled as a timer does, until the job has ended."""
    events, until = [], time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        events += [event for event in worker.poll() if event.job == job]
        if events and not isinstance(events[-1], Progress):
            return events
        time.sleep(0.01)
    raise AssertionError(f"the job has not ended: {events}")


def test_an_assessment_is_what_the_library_says(worker, toy):
    asked = AssessRequest(MR, (BALL, NOTHING), str(toy), Levels(0.9, 0.2), (FOGGY,), (MOVED,))
    found = worker.wait(worker.submit(asked), PATIENCE_S)
    direct = assess(
        MR, (BALL, NOTHING), find_model(str(toy)), Levels(0.9, 0.2), probabilities=(FOGGY,), seconds=(MOVED,)
    )
    assert found.structures[0].error.probability.any()
    # 1e-5: the processes may share the work among different numbers of threads
    np.testing.assert_allclose(
        found.structures[0].error.probability, direct.structures[0].error.probability, atol=1e-5
    )
    assert found.structures[0].dice == pytest.approx(direct.structures[0].dice, abs=1e-5)
    assert found.structures[1:] == direct.structures[1:]
    assert (found.models, found.levels) == (direct.models, direct.levels)


def test_a_comparison_is_what_the_library_says(worker):
    asked = CompareRequest(
        Source("reference", (BALL, NOTHING)), (Source("other", (MOVED,)), Source("same", (BALL,)))
    )
    found = worker.wait(worker.submit(asked), PATIENCE_S)
    direct = compare_with_reference(asked.reference, asked.tests, ComparisonSettings(per_slice=True))
    assert content(found.comparisons) == content(direct.comparisons)
    assert found.unmatched == direct.unmatched


def test_a_sweep_is_what_the_library_says(worker):
    found = worker.wait(worker.submit(SweepRequest(FOGGY, BALL)), PATIENCE_S)
    assert content(found.analysis) == content(analyze(FOGGY, BALL))
    assert content(found.expected) == content(expected_curve(FOGGY))


def test_a_sweep_needs_no_reference(worker):
    found = worker.wait(worker.submit(SweepRequest(FOGGY, thresholds=(0.25, 0.5))), PATIENCE_S)
    assert found.analysis is None
    assert found.expected.thresholds.tolist() == [0.25, 0.5]


def test_a_report_is_written_from_what_the_worker_answered(worker, toy, tmp_path):
    assessed = worker.wait(worker.submit(AssessRequest(MR, (BALL,), str(toy))), PATIENCE_S)
    compared = worker.wait(worker.submit(COMPARING), PATIENCE_S)
    swept = worker.wait(worker.submit(SweepRequest(FOGGY, BALL)), PATIENCE_S)
    report = SessionReport(
        "One case",
        MR,
        assessed,
        (BALL,),
        compared.comparisons,
        sweeps=(swept.analysis,),
        snapshots=(Snapshot(b"\x89PNG\r\n\x1a\n", "Axial view"),),
        settings={"reject": 0.75},
    )
    page = worker.wait(worker.submit(ReportRequest(tmp_path / "report", report)), PATIENCE_S)
    assert page == tmp_path / "report" / "report.html"
    assert "One case" in page.read_text(encoding="utf-8")
    assert (tmp_path / "report" / "snapshot_01.png").read_bytes() == report.snapshots[0].png
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkerError, match="file"):
        worker.wait(worker.submit(ReportRequest(tmp_path / "file", report)), PATIENCE_S)


def test_progress_is_told_in_order_and_the_answer_comes_last(worker, toy):
    contours = tuple(replace(BALL, name=name) for name in ("ball", "cube", "liver"))
    events = events_of(worker, worker.submit(AssessRequest(MR, contours, str(toy))))
    assert [(e.done, e.total, e.what) for e in events[:-1]] == [
        (0, 3, "ball"),
        (1, 3, "cube"),
        (2, 3, "liver"),
    ]
    assert isinstance(events[-1], Done)


def test_jobs_are_done_in_their_order_and_wait_leaves_the_others_events(worker):
    first, second = worker.submit(COMPARING), worker.submit(COMPARING)
    told = []
    worker.wait(second, PATIENCE_S, lambda *what: told.append(what))
    assert told == [(0, 1, "ball")]
    assert [type(event) for event in worker.poll()] == [Progress, Done]
    with pytest.raises(WorkerError, match=f"no job {first}"):
        worker.wait(first)


def test_an_image_that_was_sent_is_not_written_again(worker, toy):
    folder = worker._held.arrays.folder
    image = Image(MR.values.copy(), GRID)
    worker.wait(worker.submit(AssessRequest(image, (BALL,), str(toy))), PATIENCE_S)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    worker.wait(worker.submit(AssessRequest(image, (BALL,), str(toy))), PATIENCE_S)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_submit_does_not_wait_for_a_large_image_to_be_written(worker):
    grid = Grid.for_shape((150, 512, 512))
    image = Image(np.zeros(grid.shape, np.int16), grid)  # 79 MB
    started = time.perf_counter()
    job = worker.submit(AssessRequest(image, ()))
    assert time.perf_counter() - started < 0.05  # milliseconds on an idle machine
    assert worker.wait(job, PATIENCE_S).structures == ()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (AssessRequest(MR, (BALL,), "no such model"), "There is no model 'no such model'"),
        (SweepRequest(FOGGY, thresholds=(0.5, 0.5)), "The thresholds must increase"),
        (SweepRequest(FOGGY, BALL, tolerance_mm=-1), "tolerance"),
        (
            CompareRequest(COMPARING.reference, (Source("elsewhere", (replace(BALL, name="liver"),)),)),
            "No structure was drawn by two sources",
        ),
        (AssessRequest(MR, (replace(BALL, grid=replace(GRID, origin=(900.0, 0, 0))),)), "ball"),
    ],
)
def test_bad_input_is_the_librarys_sentence_and_the_worker_goes_on(worker, asked, said):
    (*_, last) = events_of(worker, worker.submit(asked))
    assert isinstance(last, Failed)
    assert said in last.message
    pid = worker.pid
    worker.wait(worker.submit(COMPARING), PATIENCE_S)
    assert worker.pid == pid


@pytest.mark.parametrize(("device", "said"), [("cuda", "No GPU"), ("abacus", "no device 'abacus'")])
def test_a_device_that_is_not_there_is_a_sentence(worker, toy, device, said):
    import torch

    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    job = worker.submit(AssessRequest(MR, (BALL,), str(toy), device=device))
    with pytest.raises(WorkerError, match=said):
        worker.wait(job, PATIENCE_S)


def test_what_cannot_be_sent_is_told_and_nobody_waits_for_it(worker):
    with pytest.raises(WorkerError, match=r"cannot be sent .*TypeError"):
        worker.wait(worker.submit(object()), PATIENCE_S)
    with pytest.raises(WorkerError, match="no job 10000"):
        worker.wait(10000)


def test_a_model_of_a_folder_is_read_again_when_its_card_changes(toy):
    from ContourQALib.worker_answers import Answers

    answers = Answers()
    first = answers.model(str(toy))
    assert answers.model(str(toy)) is first
    os.utime(toy / "card.json", ns=(1, 1))
    assert answers.model(str(toy)) is not first


def test_closing_ends_the_process_and_removes_the_folder_at_once():
    worker = Worker()
    assert (worker.running, worker.pid) == (False, None)
    worker.wait(worker.submit(COMPARING), PATIENCE_S)
    pid, folder = worker.pid, worker._held.arrays.folder
    assert worker.running
    assert folder.is_dir()
    started = time.perf_counter()
    worker.close()
    worker.close()
    assert time.perf_counter() - started < 2
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not worker.running
    with pytest.raises(WorkerError, match="was closed"):
        worker.submit(COMPARING)


def test_a_resting_worker_has_no_process_and_answers_the_next_request():
    with Worker() as worker:
        assert worker.rest(), "there is nothing to end"
        worker.wait(worker.submit(COMPARING), PATIENCE_S)
        assert worker.rest()
        assert not worker.running
        job = worker.submit(COMPARING)
        assert not worker.rest(), "somebody waits for it"
        assert worker.wait(job, PATIENCE_S).comparisons[0].structure == "ball"


def test_a_worker_that_nobody_used_starts_and_leaves_nothing():
    with Worker() as worker:
        assert not worker.running
        assert worker.poll() == []
        worker.cancel(3)


def test_no_python_to_compute_with_is_a_sentence(tmp_path, monkeypatch):
    with Worker(str(tmp_path / "nothing")) as worker, pytest.raises(WorkerError, match="cannot be started"):
        worker.wait(worker.submit(COMPARING), PATIENCE_S)
    monkeypatch.setattr(sys, "executable", "/opt/Slicer/bin/SlicerApp-real")
    monkeypatch.setenv("PATH", str(tmp_path))
    with Worker() as worker, pytest.raises(WorkerError, match="PythonSlicer is not on the path"):
        worker.wait(worker.submit(COMPARING), PATIENCE_S)


def test_slicers_python_is_taken_inside_slicer(tmp_path, monkeypatch):
    from ContourQALib.worker_child import find_python

    assert find_python() == sys.executable
    script = tmp_path / "PythonSlicer"
    script.write_text("")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", "/opt/Slicer/bin/SlicerApp-real")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Path(find_python()) == script
