"""What `-o FOLDER` writes: the report for people, the same as JSON and CSV, and overlays for a viewer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from ContourQALib.case import Contour, Image
from ContourQALib.commands.printing import progress, say
from ContourQALib.commands.threshold_overlays import optimum_overlays
from ContourQALib.formats.output import output_folder
from ContourQALib.formats.recommendation import RECOMMENDED_FILE, write_recommendation
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import error_maps
from ContourQALib.metrics.comparison_set import ComparedPair, ComparisonSet
from ContourQALib.report.folder import write_report_folder
from ContourQALib.report.html import Section, definitions_section, page
from ContourQALib.report.provenance import Provenance
from ContourQALib.report.records import (
    comparison_rows,
    slice_rows,
    to_csv,
)
from ContourQALib.report.sections import comparison_section
from ContourQALib.report.threshold_articles import ImageOf
from ContourQALib.report.threshold_records import recommended, study_document, study_rows
from ContourQALib.report.threshold_section import study_sections
from ContourQALib.report.wording import short_labels
from ContourQALib.thresholds.applied import AppliedThreshold
from ContourQALib.thresholds.cases import ThresholdCase, ThresholdStudy

OVER_COLOR = (0.90, 0.62, 0.0)
MISSED_COLOR = (0.34, 0.71, 0.91)
"""Orange and sky blue: told apart by every kind of color vision, and neither is a contour's own color."""


def check_folder(folder: Path) -> None:
    """Find out before the work, and without making the folder, whether it can be written.

    Raises:
        OutputError: it cannot.
    """
    output_folder(next(place for place in (folder, *folder.absolute().parents) if place.exists()))


def save_comparison(
    folder: Path,
    result: ComparisonSet,
    provenance: Provenance,
    image: Image | None,
    document: Mapping[str, Any],
) -> None:
    """Write a comparison's report, tables, over- and under-contoured voxels and consensus.

    Args:
        folder: where to.
        result: every pair.
        provenance: where the result comes from.
        image: shown below the outlines.
        document: the result as `comparison_document` gives it.

    Raises:
        OutputError: the folder cannot be written.
    """
    section = comparison_section(
        result.comparisons,
        [(pair.reference, pair.test) for pair in result.pairs],
        image=image,
        unmatched=result.unmatched,
        matrices=result.matrices,
    )
    html = page("Contour comparison", [section, definitions_section()], provenance, generated=today())
    tables = {"report.csv": to_csv(comparison_rows(result.comparisons, result.unmatched))}
    if any(comparison.slices is not None for comparison in result.comparisons):
        tables["slices.csv"] = to_csv(slice_rows(result.comparisons))
    wrong = [segment for pair in result.pairs for segment in differences(pair)]
    overlays = _segmentations("differences", wrong) | _segmentations("consensus", result.consensus)
    _write(folder, html, document, tables, overlays)


def save_study(
    folder: Path,
    result: ThresholdStudy,
    image_of: ImageOf,
    patient_of: Callable[[ThresholdCase], str],
    provenance: Provenance,
) -> None:
    """Write a threshold study's report, curves, contours at 0.5 and at the Dice optimum, and recommendations.

    Args:
        folder: where to.
        result: with the contours kept.
        image_of: the image of a case, read when it is needed.
        patient_of: cases of one patient and grid share an overlay.
        provenance: where the result comes from.

    Raises:
        OutputError: the folder cannot be written.
    """
    with progress("Drawing") as tell:
        sections = [*study_sections(result, image_of, tell), definitions_section()]
    html = page("Probability thresholds", sections, provenance, generated=today())
    advice = recommended(result, provenance)
    files = optimum_overlays(result, patient_of)
    if advice.structures:
        files[RECOMMENDED_FILE] = lambda path: write_recommendation(advice, path)
    report = write_report_folder(
        folder,
        html,
        study_document(result, provenance),
        {"report.csv": to_csv(study_rows(result))},
        files,
    )
    say(f"Wrote {report}.")
    if advice.structures:
        say(f"Wrote {folder / RECOMMENDED_FILE}: use it on maps without a reference by --apply.")


def save_applied(
    folder: Path,
    sections: Sequence[Section],
    document: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    applied: Sequence[AppliedThreshold],
    provenance: Provenance,
) -> None:
    """Write the report, tables and contours of applied thresholds, those of one grid in one segmentation.

    Raises:
        OutputError: the folder cannot be written.
    """
    times = Counter(one.structure for one in applied)
    names = short_labels([one.probability for one in applied])
    groups: dict[Grid, list[AppliedThreshold]] = {}
    for one in applied:
        groups.setdefault(one.grid, []).append(one)

    def name_of(one: AppliedThreshold) -> str:
        return one.structure if times[one.structure] == 1 else f"{one.structure} {names[one.probability]}"

    def writer(members: Sequence[AppliedThreshold]) -> Callable[[Path], None]:
        # Whole grids are made while a file is written: those of many maps would not fit in memory together.
        return lambda path: write_segmentation(
            [replace(one.contour.on(one.grid), name=name_of(one)) for one in members], path
        )

    html = page("Recommended thresholds", sections, provenance, generated=today())
    overlays = {_numbered("contours", n): writer(members) for n, members in enumerate(groups.values(), 1)}
    report = write_report_folder(folder, html, document, {"report.csv": to_csv(rows)}, overlays)
    say(f"Wrote {report}.")


def differences(pair: ComparedPair) -> tuple[Contour, Contour]:
    """Over-contoured and missed voxels of a pair as two segments on the reference's grid."""
    over, missed = error_maps(pair.reference, pair.test)
    grid, name = pair.reference.grid, f"{pair.comparison.structure} {Path(pair.comparison.test).name}"
    return (
        Contour(over, grid, f"{name} over", OVER_COLOR),
        Contour(missed, grid, f"{name} missed", MISSED_COLOR),
    )


def today() -> str:
    """The date in a report's head; its tables carry none, so that equal inputs give equal tables."""
    return date.today().isoformat()


def _segmentations(stem: str, contours: Sequence[Contour]) -> dict[str, list[Contour]]:
    """The contours by file name, those on one grid together: a segmentation file has one grid."""
    groups: dict[Grid, list[Contour]] = {}
    for contour in contours:
        groups.setdefault(contour.grid, []).append(contour)
    return {_numbered(stem, number): members for number, members in enumerate(groups.values(), 1)}


def _numbered(stem: str, number: int) -> str:
    return f"{stem}.seg.nrrd" if number == 1 else f"{stem}_{number}.seg.nrrd"


def _write(
    folder: Path,
    html: str,
    document: Mapping[str, Any],
    tables: Mapping[str, str],
    overlays: Mapping[str, Sequence[Contour]],
) -> None:
    def writer(contours: Sequence[Contour]) -> Callable[[Path], None]:
        return lambda path: write_segmentation(contours, path)

    report = write_report_folder(
        folder, html, document, tables, {name: writer(contours) for name, contours in overlays.items()}
    )
    say(f"Wrote {report}.")
