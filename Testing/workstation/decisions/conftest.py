"""Fixtures of the audit trail's tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ContourQALib.workstation.decisions.decision import Choice, Decision
from ContourQALib.workstation.decisions.decision_log import DecisionLog

NOBODY = 65534


@pytest.fixture
def decide() -> Callable[..., Decision]:
    """Makes decisions; every field can be said."""

    def make(**said: Any) -> Decision:
        facts: dict[str, Any] = {
            "case": "patient 7",
            "structure": "Bladder",
            "choice": Choice.ACCEPT,
            "reader": "Dr. Grün",
            "note": "",
            "contour_sha256": "c" * 64,
            "model": "pelvis",
            "model_version": "1.0",
            "verdict": "review",
            "dice": 0.1 + 0.2,
            "dice_low": 0.25,
            "dice_high": None,
            "score_hidden": False,
        }
        return Decision(**facts | said)

    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[DecisionLog]:
    with DecisionLog(path) as opened:
        yield opened


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that others may look into: pytest's own are closed to everybody else."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def without_privileges() -> Callable[[], AbstractContextManager[None]]:
    """A block that runs as somebody whom permissions hold back, also where the tests run as root."""

    @contextmanager
    def block() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)

    return block
