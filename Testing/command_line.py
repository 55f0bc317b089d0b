"""Arguments of the command line, short to write in tests, and what a run of it gives."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from ContourQALib.cli import app, guarded


@dataclass(frozen=True)
class Outcome:
    """Exit code, standard output and standard error of one run."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code in (0, 3), self.err
        return json.loads(self.out)


Command = Callable[..., Outcome]
JSON = ("--format", "json")


def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line in this process: arguments in, exit code and both outputs out."""

    def command(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["contourqa", *map(str, arguments)])
        capsys.readouterr()
        code = guarded(_built())
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return command


@cache
def _built() -> Callable[[], object]:
    """The program's commands: typer takes a sixteenth of a second to put them together."""
    return get_command(app)


def comparing(reference: Path, *tests: Path) -> tuple[object, ...]:
    return ("compare", "--reference", reference, *(part for test in tests for part in ("--test", test)))


def assessing(image: Path, contours: Path) -> tuple[object, ...]:
    return ("assess", "--image", image, "--contours", contours)


def one_sentence(outcome: Outcome, *says: str) -> None:
    """Exit code 2 and one sentence with these parts, nothing else."""
    assert outcome.code == 2, (outcome.code, outcome.out, outcome.err)
    assert outcome.out == ""
    text = outcome.err.strip()
    assert "Traceback" not in text
    assert "\n" not in text, text
    assert text.endswith((".", "?")), text
    for part in says:
        assert part in text, text
