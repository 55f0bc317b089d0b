"""Fixtures that every layer's tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Two networks that each take every core wait for each other and need five times the processor time.
    # Read when torch is loaded, here and in the processes that tests start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]


def data_folder() -> Path:
    return Path(os.environ.get("CONTOURQA_DATA", ROOT.parent / "shared" / "data"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector off what collecting makes, which lives to the end: half the time of that.

    Afterwards a `gc.collect()` of a test goes through what tests have made, not through a million objects.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if data_folder().is_dir():
        return
    for item in items:
        if "realdata" in item.keywords:
            item.add_marker(pytest.mark.skip(reason=f"no data folder at {data_folder()}"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data; only for tests marked `realdata`."""
    return data_folder()
