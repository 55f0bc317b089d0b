"""ContourHeader: what an RTSTRUCT or SEG file refers to, without a word of what was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

from ContourQALib.formats.dicom.reading import DamagedError, begins_like_dicom, quietly
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
        from pydicom.filereader import read_partial

        if not begins_like_dicom(file):
            raise DamagedError(path, "is no DICOM file")
        try:
            dataset = read_partial(file, stop_when=lambda tag, vr, length: tag > LAST_TAG, force=True)
            is_fractional = dataset.get("SegmentationType") == "FRACTIONAL"
            return ContourHeader(_once(_series(dataset)), _once(_frames(dataset)), is_fractional)
        except Exception as error:  # a damaged file makes pydicom raise nearly anything
            raise DamagedError(path, "is damaged or cut short") from error


def _once(uids: Iterator[object]) -> tuple[str, ...]:
    return tuple(filter(None, dict.fromkeys(map(str, uids))))


def _frames(dataset: Dataset) -> Iterator[object]:
    yield dataset.get("FrameOfReferenceUID") or ""
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ():
        yield frame.get("FrameOfReferenceUID") or ""


def _series(dataset: Dataset) -> Iterator[object]:
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ():
        for study in frame.get("RTReferencedStudySequence") or ():
            for series in study.get("RTReferencedSeriesSequence") or ():
                yield series.get("SeriesInstanceUID") or ""
    for series in dataset.get("ReferencedSeriesSequence") or ():
        yield series.get("SeriesInstanceUID") or ""
