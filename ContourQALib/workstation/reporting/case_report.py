"""CaseReport: what is known of the open case, as the request for one page."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ContourQALib.case import Contour
from ContourQALib.metrics.pairing import Source
from ContourQALib.report.reader_decision import ReaderDecision
from ContourQALib.report.session_report import SessionReport, Snapshot
from ContourQALib.worker_events import Progress
from ContourQALib.worker_requests import Compared, CompareRequest, ReportRequest
from ContourQALib.workstation.decisions.decision import Decision
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.reporting.view_pictures import pictures_of
from ContourQALib.workstation.session import Session

TITLE = "Contour review"
"""Without the case's name, which may be the patient's."""

UNDER_REVIEW = "under review"


@dataclass(frozen=True)
class Wanted:
    """Which contours the report may speak of.

    Attributes:
        shown: structures whose score may be seen and is that of the contour as it is now.
        hidden: structures that the reader has to decide on before the score is shown.
        outdated: structures that were changed after what is known of them.
    """

    shown: tuple[str, ...]
    hidden: tuple[str, ...]
    outdated: tuple[str, ...]

    @classmethod
    def of(cls, session: Session, case: OpenCase) -> Wanted:
        """What holds now."""
        hides = session.call_first.hides
        known = [one.structure for one in case.assessment.structures] if case.assessment else []
        hidden = tuple(name for name in known if hides(case.entry.name, name))
        outdated = tuple(name for name in known if name not in hidden and case.is_outdated(name))
        shown = tuple(name for name in known if name not in {*hidden, *outdated})
        return cls(shown, hidden, outdated)


async def case_report(
    session: Session, case: OpenCase, progress: Callable[[Progress], None] | None = None
) -> str:
    """Make the report of a case as one page of HTML with everything in it.

    Args:
        session: what the pages share.
        case: the open case.
        progress: called with every step of the comparison and of the report.

    Raises:
        SettingError: nothing is known of the case yet.
        WorkerError, ContourQAError: the computing process refused or failed.
    """
    report = await gathered(session, case, progress)
    with tempfile.TemporaryDirectory(prefix="contourqa-report-") as folder:
        page: Path = await session.tasks.ask(ReportRequest(Path(folder) / "report", report), progress)
        return await asyncio.to_thread(page.read_text, encoding="utf-8")


async def gathered(
    session: Session, case: OpenCase, progress: Callable[[Progress], None] | None = None
) -> SessionReport:
    """Gather decisions, assessment, comparison with the reference, and the four views.

    What the reader may not see yet is left out, and the page says so; so is what is known of a contour that
    was changed since. Arguments and errors are those of `case_report`.
    """
    wanted = Wanted.of(session, case)
    contours = {name: case.contour(name) for name in case.structures}
    pictures = pictures_of(session.views) if not wanted.hidden else []
    decisions = await asyncio.to_thread(session.decisions.of_case, case.entry.name)
    compared = await _compared(session, case, contours, progress) if not wanted.hidden else None
    found = case.assessment.structures if case.assessment else ()
    kept = tuple(one for one in found if one.structure in wanted.shown)
    return SessionReport(
        TITLE,
        case.image,
        replace(case.assessment, structures=kept) if case.assessment and kept else None,
        tuple(contours[one.structure] for one in kept),
        compared.comparisons if compared else (),
        compared.unmatched if compared else (),
        snapshots=tuple(Snapshot(png, caption) for caption, png in pictures),
        settings=_settings(session, case, wanted),
        decisions=tuple(_reported(one) for one in decisions),
    )


async def _compared(
    session: Session,
    case: OpenCase,
    contours: dict[str, Contour],
    progress: Callable[[Progress], None] | None,
) -> Compared | None:
    """Contours under review and every model's against the reference; None without one."""
    files = case.files
    reference = await asyncio.to_thread(files.reference)
    if not reference:
        return None
    models = await asyncio.to_thread(files.models)
    tests = [Source(case.entry.assessed or UNDER_REVIEW, tuple(contours.values()))]
    tests += [Source(name, tuple(drawn)) for name, drawn in models.items()]
    asked = CompareRequest(Source("reference", reference), tuple(tests))
    compared: Compared = await session.tasks.ask(asked, progress)
    return compared


def _settings(session: Session, case: OpenCase, wanted: Wanted) -> dict[str, Any]:
    levels = session.settings.levels
    settings: dict[str, Any] = {"accept_level": levels.accept, "reject_level": levels.reject}
    told = {
        "edited": tuple(sorted(case.edited)),
        "changed_since_assessed": wanted.outdated,
        "score_hidden_until_decided": wanted.hidden,
    }
    return settings | {name: list(names) for name, names in told.items() if names}


def _reported(decision: Decision) -> ReaderDecision:
    return ReaderDecision(
        decision.structure,
        decision.choice.value,
        decision.reader,
        decision.decided_at,
        decision.verdict,
        decision.score_hidden,
        decision.edited_file,
        decision.note,
    )
