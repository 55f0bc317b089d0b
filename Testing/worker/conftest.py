"""One computing process for all tests that need none of their own, and a model for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bundles import write_error_bundle
from ContourQALib.worker import Worker


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_error_bundle(tmp_path_factory.mktemp("worker") / "toy")


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    with Worker() as started:
        yield started
