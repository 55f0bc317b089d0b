"""An assessment as DICOM files: the structured report and the segmentations that it refers to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.errors import GeometryError, OutputError, SettingError
from ContourQALib.formats.dicom.contour_object import contour_object
from ContourQALib.formats.dicom.elements import in_one_line
from ContourQALib.formats.dicom.reading import quietly, read_dataset
from ContourQALib.formats.dicom.recognizing import Kind, names_dicom
from ContourQALib.formats.dicom.segment_item import LONG_STRING, UNKNOWN
from ContourQALib.formats.dicom.segment_tags import ALGORITHM_TYPE_TAG
from ContourQALib.formats.dicom.segmentation_out import Algorithm, fractional_seg_of, seg_of
from ContourQALib.formats.dicom.source_series import SourceSeries
from ContourQALib.formats.dicom.structure_set import NUMBER_TAG
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.geometry import Relation
from ContourQALib.quality.assessment import Assessment, StructureAssessment
from ContourQALib.report.structured.assessed_object import AssessedObject
from ContourQALib.report.structured.assessment_sr import write_assessment_sr

if TYPE_CHECKING:
    from highdicom import SOPClass

REPORT_FILE, CONTOURS_FILE, ERRORS_FILE = "assessment.sr.dcm", "contours.seg.dcm", "error-maps.seg.dcm"

CONTOURS_DESCRIPTION = "ContourQA: contours that were assessed"
ERRORS_DESCRIPTION = "ContourQA: where contours are probably wrong (research only)"
ERROR = "error of "
"""How the names of error maps begin."""

Progress = Callable[[int, int, str], None]
"""Told before each part: how many are done, how many there are, and the next one's name."""


def save_assessment_dicom(
    folder: Path,
    result: Assessment,
    image: Image,
    contours: Sequence[Contour],
    source: SourceSeries,
    contours_path: Path | None,
    progress: Progress | None = None,
) -> tuple[Path, ...]:
    """Write an assessment as a structured report, with the segmentations that it refers to.

    All files are written or none: they go to their names together, when the last one is complete. Of an
    earlier assessment in the folder nothing stays that this one does not have.

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
        progress: told before each contour, each error map and the report.

    Returns:
        The files that were written, the report last.

    Raises:
        GeometryError: the image is not the series.
        StructureError: a name that DICOM cannot hold.
        SettingError: nothing was assessed, or the contours' own file would be replaced.
        FormatError: the header of the series cannot be taken over.
        OutputError: the folder cannot be written.
    """
    if image.grid.relation_to(source.grid) is not Relation.SAME:
        raise GeometryError(
            f"The image that was assessed lies elsewhere than its DICOM series in {source.path}; assess the "
            "series itself, neither moved nor resampled."
        )
    folder = output_folder(folder)
    file, kind = _origin(contours_path)
    numbers = _segments_of(file, contours) if file and kind is Kind.SEGMENTATION else None
    explained = [n for n, one in enumerate(result.structures) if one.error is not None]
    if file and not numbers and _is_same(folder / CONTOURS_FILE, file):
        raise SettingError(
            f"{folder / CONTOURS_FILE} would be replaced by what is made of it; name another folder."
        )
    parts = _Parts((0 if numbers else len(contours)) + len(explained) + 1, progress)
    made: dict[str, SOPClass] = {}
    if file and numbers:
        assessed = AssessedObject.of(file, numbers)
    else:
        made_by = Algorithm(UNKNOWN, "")
        seg = made[CONTOURS_FILE] = seg_of(contours, source, made_by, CONTOURS_DESCRIPTION, parts.next)
        drawn = file if kind is Kind.STRUCTURE_SET else None
        rois = [_roi_of(contour) for contour in contours] if drawn else ()
        assessed = AssessedObject.of(seg, range(1, len(contours) + 1), drawn, rois)
    if explained:
        maps, made_by = [_error_map(result.structures[n]) for n in explained], _models(result, explained)
        seg = made[ERRORS_FILE] = fractional_seg_of(
            maps, source, made_by, ERRORS_DESCRIPTION, told=parts.next
        )
        segments = {n: segment for segment, n in enumerate(explained, start=1)}
        assessed = assessed.explained_by(seg, [segments.get(n) for n in range(len(contours))])
    parts.next(REPORT_FILE)
    with _together([folder / name for name in (REPORT_FILE, *made)]) as places:
        write_assessment_sr(result, source, assessed, places[folder / REPORT_FILE])
        for name, dataset in made.items():  # last: a process ended by force earlier leaves no mask behind
            dataset.save_as(places[folder / name], enforce_file_format=True)
    for earlier in (folder / CONTOURS_FILE, folder / ERRORS_FILE):
        if earlier.name not in made and earlier.exists() and not (file and earlier.samefile(file)):
            earlier.unlink()  # it would be taken, and sent, for this assessment's
    return tuple(folder / name for name in (*made, REPORT_FILE))


class _Parts:
    """Counts the parts of the work as they begin."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def next(self, what: str) -> None:
        """Tell that a part begins."""
        if self._progress is not None:
            self._progress(self._done, self._total, what)
        self._done += 1


@contextmanager
def _together(paths: Sequence[Path]) -> Iterator[dict[Path, Path]]:
    """A temporary file for each path; all move there when the block ends well, the first of them last.

    Raises:
        OutputError: as of `write_atomically`.
    """
    with ExitStack() as files:
        places = {path: files.enter_context(write_atomically(path)) for path in paths}
        try:
            yield places
        except OutputError as error:
            told = str(error)
            for path, place in places.items():
                told = told.replace(str(place), str(path))  # the user knows of no temporary file
            raise OutputError(told) from error


def _is_same(path: Path, file: Path) -> bool:
    return path.exists() and path.samefile(file)


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
