"""A host whose event loop holds Python's lock, like 3D Slicer: threads run only while Python code does."""

from __future__ import annotations

import ctypes
import os
import time

import pytest

from ContourQALib.metrics.pairing import Source
from ContourQALib.worker import Cancelled, Done, Progress, Worker
from ContourQALib.worker_requests import CompareRequest
from worker_cases import BALL, MOVED, endless

pytestmark = pytest.mark.skipif(os.name == "nt", reason="usleep is the C library's")

TICK_US = 20_000
"""The module's timer looks at the worker so often."""

PATIENCE_S = 60.0


def last_event(worker: Worker, job: int) -> object:
    """The job's last event, from an event loop that gives Python a turn at each tick alone."""
    loop = ctypes.PyDLL(None)  # unlike CDLL, calls keep the lock
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        loop.usleep(TICK_US)
        for event in worker.poll():
            if event.job == job and not isinstance(event, Progress):
                return event
    raise AssertionError("the worker's threads never had their turn")


def test_a_new_process_answers_and_is_quick_the_second_time():
    request = CompareRequest(Source("reference", (BALL,)), (Source("other", (MOVED,)),))
    with Worker() as worker:
        assert isinstance(last_event(worker, worker.submit(request)), Done)
        started = time.monotonic()
        assert isinstance(last_event(worker, worker.submit(request)), Done)
        # a few ticks: each thread has a turn at each, and the answer goes through three
        assert time.monotonic() - started < 1.0


def test_what_ignores_cancel_is_killed_and_the_next_job_done(worker):
    job = worker.submit(endless())
    end = time.monotonic() + PATIENCE_S
    while not any(event.job == job for event in worker.poll()) and time.monotonic() < end:
        ctypes.PyDLL(None).usleep(TICK_US)
    worker.cancel(job)
    assert isinstance(last_event(worker, job), Cancelled)
    following = worker.submit(CompareRequest(Source("reference", (BALL,)), (Source("other", (MOVED,)),)))
    assert isinstance(last_event(worker, following), Done)
