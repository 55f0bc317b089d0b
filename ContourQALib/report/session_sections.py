"""The sections of a session's page: decisions, assessment, comparison, definitions, thresholds, snapshots."""

from __future__ import annotations

from collections.abc import Callable

from ContourQALib.report.assessment_section import assessment_section
from ContourQALib.report.canvas import Picture
from ContourQALib.report.html import Section, definitions_section, figure
from ContourQALib.report.reader_decision import decision_section
from ContourQALib.report.sections import comparison_section
from ContourQALib.report.session_report import SessionReport
from ContourQALib.report.threshold_section import study_sections
from ContourQALib.thresholds.cases import ThresholdCase, ThresholdStudy

CASE = "this case"
"""A session has one case; its name may be the patient's and is not put on the page."""


def sections_of(
    report: SessionReport, progress: Callable[[int, int, str], None] | None = None
) -> list[Section]:
    """Every part that the report has, in the order of the page.

    Args:
        report: what to show.
        progress: told before each part: how many are done, how many there are, the next one's name.

    Raises:
        GeometryError: a contour lies wholly outside the image or reference that it is drawn on.
    """
    parts: list[tuple[str, Callable[[SessionReport], list[Section]]]] = []
    if report.decisions:
        parts.append(("Decisions", lambda report: [decision_section(report.decisions)]))
    if report.assessment is not None:
        parts.append(("Assessment", _assessment))
    if report.comparisons or report.unmatched:
        parts.append(("Comparison", _comparison))
    if report.sweeps:
        parts.append(("Thresholds", _thresholds))
    if report.snapshots:
        parts.append(("Views", _views))
    sections: list[Section] = []
    for done, (name, make) in enumerate(parts):
        if progress:
            progress(done, len(parts), name)
        sections += make(report)
    return sections


def study_of(report: SessionReport) -> ThresholdStudy:
    """The sweeps as the cases of a study, which have tables and sections."""
    cases = [
        ThresholdCase(
            CASE, a.sweep.structure, a.sweep.reference, a.sweep.probability, a.sweep.status, a.sweep.reason, a
        )
        for a in report.sweeps
    ]
    return ThresholdStudy(tuple(cases), {})


def _views(report: SessionReport) -> list[Section]:
    shots = "".join(figure(Picture(shot.png, shot.caption, shot.caption)) for shot in report.snapshots)
    return [Section("Views", f'<div class="shots">{shots}</div>')]


def _assessment(report: SessionReport) -> list[Section]:
    assert report.assessment is not None
    return [assessment_section(report.assessment, report.image, report.contours)]


def _comparison(report: SessionReport) -> list[Section]:
    found = comparison_section(
        report.comparisons, report.pairs, image=report.image, unmatched=report.unmatched
    )
    return [found, definitions_section()]


def _thresholds(report: SessionReport) -> list[Section]:
    return study_sections(study_of(report), lambda case: report.image)
