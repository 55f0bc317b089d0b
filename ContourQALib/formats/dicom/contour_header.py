"""ContourHeader: what an RTSTRUCT or SEG file refers to, without a word of what was drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from os import PathLike
from typing import TYPE_CHECKING

from ContourQALib.formats.dicom.elements import text_of
from ContourQALib.formats.dicom.reading import DamagedError, parse, quietly
from ContourQALib.formats.file_type import check_readable

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LAST_TAG = 0x30060010
"""Referenced Frame of Reference Sequence: the last that is wanted; behind it lie contours and frames."""


@dataclass(frozen=True)
class ContourHeader:
    """What a list of cases must know of a contour file: a fraction of the time that reading it takes.

    Attributes:
        series_uids: Series Instance UIDs of the images that it refers to.
        frame_uids: Frame of Reference UIDs that its contours lie in, as far as it says so.
        is_fractional: whether it is a SEG of probabilities or of shares of voxels.
    """

    series_uids: tuple[str, ...]
    frame_uids: tuple[str, ...]
    is_fractional: bool


def read_contour_header(path: str | PathLike[str]) -> ContourHeader:
    """Read what an RTSTRUCT (PS3.3 C.8.8.5) or a SEG (PS3.3 C.12.1, C.8.20.2) refers to.

    Raises:
        FormatError: the file is missing, a folder, cut short or no DICOM file, or pydicom is not installed.
    """
    path = check_readable(path)
    with quietly(), path.open("rb") as file:
        dataset = parse(file, path, stop=lambda tag, representation, length: tag > LAST_TAG)
        try:
            is_fractional = dataset.get("SegmentationType") == "FRACTIONAL"
            series = chain(series_of_structures(dataset), series_of_segments(dataset))
            return ContourHeader(_once(series), _once(_frames(dataset)), is_fractional)
        except Exception as error:  # damaged elements make pydicom raise nearly anything
            raise DamagedError(path, "is damaged or cut short") from error


def series_of_structures(dataset: Dataset) -> Iterator[str]:
    """Series Instance UIDs of images that an RTSTRUCT refers to (PS3.3 C.8.8.5); "" of what names none."""
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ():
        for study in frame.get("RTReferencedStudySequence") or ():
            for series in study.get("RTReferencedSeriesSequence") or ():
                yield text_of(series, "SeriesInstanceUID")


def series_of_segments(dataset: Dataset) -> Iterator[str]:
    """Series Instance UIDs that a SEG refers to (PS3.3 C.12.2); "" of what names none."""
    for series in dataset.get("ReferencedSeriesSequence") or ():
        yield text_of(series, "SeriesInstanceUID")


def _once(uids: Iterable[object]) -> tuple[str, ...]:
    return tuple(filter(None, dict.fromkeys(map(str, uids))))


def _frames(dataset: Dataset) -> Iterator[object]:
    yield dataset.get("FrameOfReferenceUID") or ""
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ():
        yield frame.get("FrameOfReferenceUID") or ""
