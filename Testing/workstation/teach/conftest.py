"""A small phantom to teach with, and figures from the library without a process of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ContourQALib.phantom import pelvis
from ContourQALib.quality.verdict import Levels
from ContourQALib.worker_answers import Answers
from ContourQALib.workstation.teach.measuring import Measuring
from ContourQALib.workstation.teach.teaching_case import PHANTOM_MODEL, TeachingCase, reference_case

SIZE = (64, 64, 64)
"""In the plane half of the phantom's voxels; across it all slices, for errors that are counted in slices."""


@pytest.fixture(scope="session")
def case() -> TeachingCase:
    drawn = pelvis(SIZE)
    return reference_case("Phantom", drawn.image, drawn.reference, PHANTOM_MODEL)


@pytest.fixture(scope="session")
def measuring() -> Measuring:
    answers = Answers()

    async def ask(request: Any) -> Any:
        return answers.answer(request, lambda *_: None)

    return Measuring(ask, Levels())


@pytest.fixture(scope="session")
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine to its end."""
    return asyncio.run
