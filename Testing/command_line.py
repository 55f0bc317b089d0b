"""Arguments of the command line, short to write in tests, and what a run of it gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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


def comparing(reference: Path, *tests: Path) -> tuple[object, ...]:
    return ("compare", "--reference", reference, *(part for test in tests for part in ("--test", test)))


def assessing(image: Path, contours: Path) -> tuple[object, ...]:
    return ("assess", "--image", image, "--contours", contours)
