"""What `contourqa assess --dicom` and `contourqa pacs assess` write: an assessment as DICOM objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.errors import GeometryError, SettingError
from ContourQALib.formats.dicom.contour_object import contour_object
from ContourQALib.formats.dicom.elements import in_one_line
from ContourQALib.formats.dicom.reading import quietly, read_dataset
from ContourQALib.formats.dicom.recognizing import Kind, names_dicom
from ContourQALib.formats.dicom.segment_item import LONG_STRING, UNKNOWN
from ContourQALib.formats.dicom.segment_tags import ALGORITHM_TYPE_TAG
from ContourQALib.formats.dicom.segmentation_out import Algorithm, write_fractional_seg, write_seg
from ContourQALib.formats.dicom.source_series import SourceSeries
from ContourQALib.formats.dicom.structure_set import NUMBER_TAG
from ContourQALib.formats.output import output_folder
from ContourQALib.geometry import Relation
from ContourQALib.quality.assessment import Assessment, StructureAssessment
from ContourQALib.report.structured.assessed_object import AssessedObject
from ContourQALib.report.structured.assessment_sr import write_assessment_sr

REPORT_FILE, CONTOURS_FILE, ERRORS_FILE = "assessment.sr.dcm", "contours.seg.dcm", "error-maps.seg.dcm"

CONTOURS_DESCRIPTION = "ContourQA: contours that were assessed"
ERRORS_DESCRIPTION = "ContourQA: where contours are probably wrong (research only)"
ERROR = "error of "
"""How the names of error maps begin."""


def save_assessment_dicom(
    folder: Path,
    result: Assessment,
    image: Image,
    contours: Sequence[Contour],
    source: SourceSeries,
    contours_path: Path | None,
) -> tuple[Path, ...]:
    """Write an assessment as a structured report, with the segmentations that it refers to.

    Contours that are segments of a SEG file are referred to where they are. Others are written as a SEG of
    the very masks that were assessed, and the report names the RTSTRUCT and the regions of interest that they
    came from beside it.

    Args:
        folder: where to; made where it is missing.
        result: with the error maps, where the model has them.
        image: the image, on the grid of `source`.
        contours: the assessed contours, in the order of `result.structures`.
        source: the series that the image was read from.
        contours_path: the file or folder that the contours were read from; None for contours of no file.

    Returns:
        The files that were written, the report last: where it is new, everything it refers to is.

    Raises:
        GeometryError: the image is not the series.
        StructureError: a name that DICOM cannot hold.
        SettingError: nothing was assessed, or the contours' own file would be replaced.
        FormatError: the header of the series cannot be taken over.
        OutputError: the folder cannot be written.
    """
    if image.grid.relation_to(source.grid) is not Relation.SAME:
        raise GeometryError(
            f"The image that was assessed lies elsewhere than the series in {source.path}; name the series "
            "itself as the image."
        )
    folder = output_folder(folder)
    file, kind = _origin(contours_path)
    numbers = _segments_of(file, contours) if file and kind is Kind.SEGMENTATION else None
    written = []
    if file and numbers:
        assessed = AssessedObject.of(file, numbers)
    else:
        written.append(folder / CONTOURS_FILE)
        if file and written[0].exists() and written[0].samefile(file):
            raise SettingError(f"{file} would be replaced by what is made of it; let -o name another folder.")
        write_seg(contours, source, written[0], Algorithm(UNKNOWN, ""), CONTOURS_DESCRIPTION)
        drawn = file if kind is Kind.STRUCTURE_SET else None
        rois = [_roi_of(contour) for contour in contours] if drawn else ()
        assessed = AssessedObject.of(written[0], range(1, len(contours) + 1), drawn, rois)
    explained = [n for n, one in enumerate(result.structures) if one.error is not None]
    if explained:
        written.append(folder / ERRORS_FILE)
        maps = [_error_map(result.structures[n]) for n in explained]
        write_fractional_seg(maps, source, written[-1], _models(result, explained), ERRORS_DESCRIPTION)
        segments = {n: segment for segment, n in enumerate(explained, start=1)}
        assessed = assessed.explained_by(written[-1], [segments.get(n) for n in range(len(contours))])
    for earlier in (folder / CONTOURS_FILE, folder / ERRORS_FILE):
        if earlier not in written and earlier.exists() and not (file and earlier.samefile(file)):
            earlier.unlink()  # it would be taken, and sent, for this assessment's
    report = folder / REPORT_FILE
    write_assessment_sr(result, source, assessed, report)
    return (*written, report)


def _origin(path: Path | None) -> tuple[Path, Kind] | tuple[None, None]:
    """The DICOM file that the contours were read from, and its kind."""
    return contour_object(path) if path is not None and names_dicom(path) else (None, None)


def _segments_of(file: Path, contours: Sequence[Contour]) -> list[int] | None:
    """Segment Numbers of contours as they lie in a file; None where one of them is no segment of it."""
    with quietly():
        header = read_dataset(file, ["SegmentSequence"])
        labels = [
            (in_one_line(str(one.get("SegmentLabel") or "")), int(one.SegmentNumber))
            for one in header.SegmentSequence
        ]
    times, numbers = Counter(label for label, _ in labels), dict(labels)
    found = []
    for contour in contours:
        name = contour.spelled or contour.name
        # merged contours have no such tag; edited and thresholded ones no such path
        if contour.path != file or ALGORITHM_TYPE_TAG not in contour.tags or times[name] != 1:
            return None
        found.append(numbers[name])
    return found


def _roi_of(contour: Contour) -> int | None:
    number = contour.tags.get(NUMBER_TAG)
    return None if number is None else int(number)


def _error_map(structure: StructureAssessment) -> ProbabilityMap:
    """Where a contour is probably wrong, in the box that was looked at."""
    assert structure.error is not None
    name = f"{ERROR}{structure.structure}"
    if len(name) > LONG_STRING:
        name = f"{name[: LONG_STRING - 1]}…"
    return ProbabilityMap(structure.error.probability, structure.error.grid, name)


def _models(result: Assessment, explained: Sequence[int]) -> Algorithm:
    """Which models the error maps are of."""
    models = dict.fromkeys(result.identity_of(result.structures[n]) for n in explained)
    named = [model for model in models if model is not None]
    return Algorithm(
        ", ".join(str(model.name) for model in named), ", ".join(str(model.version) for model in named)
    )
