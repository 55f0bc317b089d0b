"""Measuring: true and predicted quality of spoiled contours, as the computing process gives them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ContourQALib.case import Contour
from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.comparison_setup import ComparisonSetup, prepared
from ContourQALib.metrics.pairing import Source
from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.verdict import Levels
from ContourQALib.worker_requests import AssessRequest, CompareRequest
from ContourQALib.workstation.teach.teaching_case import TeachingCase

Ask = Callable[[Any], Awaitable[Any]]
"""Sends a request of `worker_requests` and waits for its answer, as `Tasks.ask` does."""

REFERENCE = "reference"


class Measuring:
    """Asks for figures; computes none itself.

    Args:
        ask: sends requests.
        levels: accept and reject levels of Dice.
    """

    def __init__(self, ask: Ask, levels: Levels) -> None:
        self._ask = ask
        self.levels = levels

    async def truths(
        self, case: TeachingCase, structure: str, contours: Sequence[Contour]
    ) -> tuple[Comparison, ...]:
        """How contours of one structure agree with the reference, in their order.

        Raises:
            StructureError: the case has no such structure.
            WorkerError: the computing process failed.
        """
        setup = await asyncio.to_thread(_prepared, case, structure, contours)
        answer = await self._ask(CompareRequest(setup.reference, setup.tests, per_slice=False))
        found = {one.test: one for one in setup.restored(answer.comparisons)}
        return tuple(found[str(number)] for number in range(len(contours)))

    async def predictions(self, case: TeachingCase, contours: Sequence[Contour]) -> Assessment:
        """What is predicted of contours without the reference, in their order.

        Raises:
            WorkerError: the computing process failed.
        """
        found: Assessment = await self._ask(
            AssessRequest(case.image, tuple(contours), case.model, self.levels)
        )
        return found


def _prepared(case: TeachingCase, structure: str, contours: Sequence[Contour]) -> ComparisonSetup:
    reference = Source(REFERENCE, (case.contour(structure),))
    tests = [Source(str(number), (contour,)) for number, contour in enumerate(contours)]
    return prepared(reference, tests, case.image.grid)
