"""What `contourqa assess -o FOLDER` writes: page, tables, and where the contours are probably wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ContourQALib.case import Contour, Image
from ContourQALib.commands.printing import say
from ContourQALib.commands.saving import today
from ContourQALib.formats.images import write_image
from ContourQALib.formats.segmentation import Color, write_segmentation
from ContourQALib.geometry import Grid
from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.report.assessment_section import assessment_section
from ContourQALib.report.cohort_overlays import file_stem
from ContourQALib.report.folder import write_report_folder
from ContourQALib.report.html import page
from ContourQALib.report.outlines import LEFT_OUT, TOO_MUCH, Look
from ContourQALib.report.provenance import Provenance
from ContourQALib.report.records import assessment_rows, to_csv

CONTOURS_FILE, ERRORS_FILE = "contours.seg.nrrd", "errors.seg.nrrd"

Writer = Callable[[Path], None]


def save_assessment(
    folder: Path,
    result: Assessment,
    image: Image,
    contours: Sequence[Contour],
    provenance: Provenance,
    document: Mapping[str, Any],
) -> None:
    """Write an assessment's report, tables, the contours on the image's grid, and their predicted errors.

    Args:
        folder: where to.
        result: with the error maps, where the model has them.
        image: the image.
        contours: the assessed contours, in the order of `result.structures`.
        provenance: where the result comes from.
        document: the result as `assessment_document` gives it.

    Raises:
        OutputError: the folder cannot be written.
    """
    placed = [contour.on(image.grid) for contour in contours]
    section = assessment_section(result, image, placed)
    html = page("Contour assessment", [section], provenance, generated=today())
    files: dict[str, Writer] = {CONTOURS_FILE: partial(write_segmentation, placed)}
    report = write_report_folder(
        folder,
        html,
        document,
        {"report.csv": to_csv(assessment_rows(result))},
        files | error_files(result, image),
    )
    say(f"Wrote {report}.")


def error_files(result: Assessment, image: Image) -> dict[str, Writer]:
    """What writes each predicted error map, and one segmentation of the voxels that are probably wrong.

    Args:
        result: with the error maps.
        image: the image; its grid is the files'.

    Returns:
        By file name; nothing where no contour has an error map.
    """
    files: dict[str, Writer] = {}
    segments: list[Contour] = []
    taken: set[str] = set()
    for structure in result.structures:
        if structure.error is None:
            continue
        name = f"{file_stem('error', [structure.structure], taken)}.nrrd"
        files[name] = partial(_write_map, structure.error, image.grid, f"error of {structure.structure}")
        over, under = structure.error.marked()
        for mask, look, words in ((over, TOO_MUCH, "too much"), (under, LEFT_OUT, "left out")):
            title = f"{structure.structure} {words}"
            segments.append(Contour(mask, structure.error.grid, title, _rgb(look)))
    if segments:
        files[ERRORS_FILE] = partial(_write_marked, segments, image.grid)
    return files


def _write_map(error: ErrorMap, grid: Grid, name: str, path: Path) -> None:
    write_image(Image(error.padded(grid), grid, name), path)


def _write_marked(segments: Sequence[Contour], grid: Grid, path: Path) -> None:
    write_segmentation([segment.on(grid) for segment in segments], path)


def _rgb(look: Look) -> Color:
    red, green, blue = (int(look.color[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return red, green, blue
