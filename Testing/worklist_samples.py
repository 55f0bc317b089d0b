"""Cases of a worklist with made-up assessments, for tests that need no model."""

from __future__ import annotations

from pathlib import Path

from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.assessment import Assessment, ModelIdentity, Novelty, StructureAssessment
from ContourQALib.quality.error_map import SuspiciousSlice
from ContourQALib.quality.verdict import Verdict
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.decisions.decision import Choice, Decision

MODEL = ModelIdentity("toy", "1", "Apache-2.0", "released")


def entry(name: str, patient: str = "", problem: str | None = None) -> CaseEntry:
    """A case whose files nobody opens."""
    image = Path(f"{name}.nrrd")
    contours = (StructureFile(Path(f"{name}.seg.nrrd")),)
    return CaseEntry(name, patient or name, image, contours, problem=problem)


def found(
    structure: str,
    verdict: str = "accept",
    dice: float | None = 0.9,
    *,
    low: float | None = None,
    reasons: tuple[str, ...] = (),
    slices: tuple[int, ...] = (),
    novel: tuple[str, ...] = (),
) -> StructureAssessment:
    """One contour's assessment."""
    return StructureAssessment(
        structure=structure,
        status=Status.OK,
        dice=dice,
        verdict=Verdict(verdict),
        reasons=reasons,
        novelty=Novelty(not novel, novel),
        volume_cc=10.0,
        resampled=False,
        lost_cc=0.0,
        dice_interval=None if low is None or dice is None else (low, min(1.0, 2 * dice - low)),
        interval_level=None if low is None else 0.9,
        slices=tuple(SuspiciousSlice(k, 1.0) for k in slices) or None,
        model=MODEL.name,
    )


def assessment(*structures: StructureAssessment) -> Assessment:
    """A case's assessment."""
    return Assessment(MODEL, structures, 0.0, (MODEL,))


def decision(
    case: str, structure: str, choice: str = "accept", *, verdict: str = "accept", hidden: bool = False
) -> Decision:
    """A reader's decision."""
    return Decision(
        case=case,
        structure=structure,
        choice=Choice(choice),
        reader="A. Reader",
        note="",
        contour_sha256="0" * 64,
        model="toy",
        model_version="1",
        verdict=verdict,
        dice=0.9,
        dice_low=None,
        dice_high=None,
        score_hidden=hidden,
        decided_at="2026-01-02T03:04:05.678+00:00",
    )
