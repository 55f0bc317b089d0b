"""CaseAssessor: asks the computing process for assessments of the open case, and keeps the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ContourQALib.errors import OutputError
from ContourQALib.quality.assessment import Assessment, StructureAssessment
from ContourQALib.workstation.cases.case_request import case_request
from ContourQALib.workstation.open_case import OpenCase

if TYPE_CHECKING:
    from ContourQALib.workstation.session import Session


class CaseAssessor:
    """Assesses contours as they are in the scene, with their error maps.

    An answer of a contour that was changed meanwhile is dropped; whoever changed it asks again.

    Args:
        session: what the pages share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._asked: dict[asyncio.Task[Any], frozenset[str]] = {}

    def ask(self, case: OpenCase, structures: tuple[str, ...]) -> None:
        """Assess structures; what was asked of the same ones before is cancelled."""
        wanted = frozenset(structures)
        for task, asked in self._asked.items():
            if asked <= wanted:
                task.cancel()
        task = self._session.start(self._assess(case, structures))
        self._asked[task] = wanted
        task.add_done_callback(lambda done: self._asked.pop(done, None))

    def cancel(self) -> None:
        """The case closes."""
        for task in self._asked:
            task.cancel()

    async def _assess(self, case: OpenCase, structures: tuple[str, ...]) -> None:
        session = self._session
        contours = tuple(case.contour(name) for name in structures)
        model = session.settings.model_of(case.entry.name)
        asked_at = {name: case.changes[name] for name in structures}
        case.awaited.update(structures)
        with session.state:
            session.assessing(case)
        try:
            request, missing = await asyncio.to_thread(
                case_request,
                case.files,
                case.image,
                contours,
                model,
                session.settings.levels,
                session.settings.second,
            )
            if missing:
                session.tell(" ".join(missing), "warning")
            found = await session.tasks.ask(request)
        except BaseException:
            case.awaited.subtract(structures)
            if case is session.case:
                with session.state:
                    session.assessing(case)
            raise
        case.awaited.subtract(structures)
        if case is not session.case:
            return
        current = [one for one in found.structures if asked_at[one.structure] == case.changes[one.structure]]
        case.known_at |= {one.structure: asked_at[one.structure] for one in current}
        case.assessment = _merged(case, found, current)
        if not case.edited and not any(map(case.is_outdated, case.structures)):
            self._keep(case)
        with session.state:
            session.assessed(case)
            session.worklist_changed()

    def _keep(self, case: OpenCase) -> None:
        """Write an assessment down; where that fails it stays known as long as the server runs."""
        assert case.assessment is not None
        try:
            self._session.store.keep(case.entry, case.assessment, case.files.states())
        except OutputError as error:
            self._session.tell(str(error), "warning")


def _merged(case: OpenCase, found: Assessment, current: Sequence[StructureAssessment]) -> Assessment:
    """What was known of a case, with what was found anew."""
    before = case.assessment
    known = {one.structure: one for one in (before.structures if before else ())}
    known |= {one.structure: one for one in current}
    models = {model.name: model for model in (*(before.models if before else ()), *found.models)}
    is_part = len(found.structures) < len(case.structures)
    return replace(
        found,
        model=before.model if before is not None and is_part else found.model,
        models=tuple(models.values()),
        structures=tuple(known[name] for name in case.structures if name in known),
    )
