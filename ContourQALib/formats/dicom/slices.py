"""Slice: one plane of an image, as its header describes it, whether it has a file to itself or is a frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ContourQALib.formats.dicom.elements import count_of, items_of, numbers_of, raw_of, tag_of, text_of
from ContourQALib.formats.dicom.native_pixels import NativePixels
from ContourQALib.formats.dicom.reading import DamagedError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

ORIENTATION, POSITION = "ImageOrientationPatient", "ImagePositionPatient"
SPACING, THICKNESS, DISTANCE = "PixelSpacing", "SliceThickness", "SpacingBetweenSlices"
SLOPE, INTERCEPT = "RescaleSlope", "RescaleIntercept"
LATTICE = (ORIENTATION, POSITION, SPACING, THICKNESS, DISTANCE, SLOPE, INTERCEPT, "Rows", "Columns")

PHASES = (
    "AcquisitionNumber",
    "TemporalPositionIdentifier",
    "TriggerTime",
    "EchoNumbers",
    "EchoTime",
    "InversionTime",
    "FlipAngle",
    "DiffusionBValue",
    "ImageType",
    "ConvolutionKernel",
    "AcquisitionTime",
)
"""What tells images of one place apart in a series of several phases, echoes or reconstructions."""

PLACES = {
    ORIENTATION: "PlaneOrientationSequence",
    POSITION: "PlanePositionSequence",
    SPACING: "PixelMeasuresSequence",
    THICKNESS: "PixelMeasuresSequence",
    DISTANCE: "PixelMeasuresSequence",
    SLOPE: "PixelValueTransformationSequence",
    INTERCEPT: "PixelValueTransformationSequence",
}
"""The functional group that holds an element of a multi-frame image (PS3.3 C.7.6.16.2)."""

FRAME_PHASES = {
    "TemporalPositionIndex": "FrameContentSequence",
    "FrameAcquisitionNumber": "FrameContentSequence",
    "StackID": "FrameContentSequence",
    "EffectiveEchoTime": "MREchoSequence",
    "DiffusionBValue": "MRDiffusionSequence",
    "InversionTimes": "MRModifierSequence",
    "NominalPercentageOfCardiacPhase": "CardiacSynchronizationSequence",
    "FrameType": "MRImageFrameTypeSequence",
}
"""The same of frames, with the functional group of each."""


@dataclass(frozen=True)
class Slice:
    """One plane of an image.

    What its header does not say, or says in a way that is no number, is None.

    Attributes:
        path: its file.
        instance_uid: SOP Instance UID.
        frame: which frame of the file it is, from 0.
        rows: pixels along J.
        columns: pixels along I.
        position: center of its first pixel, LPS mm.
        orientation: cosines of I, then of J.
        spacing: of rows, then of columns: along J and I, mm.
        thickness_mm: what it stands for along its normal.
        distance_mm: from slice to slice, as the header has it.
        slope: value of one stored step; 1 where nothing is said.
        intercept: value of a stored zero; 0 where nothing is said.
        phases: what may tell it from another image of its place, by keyword.
        native: where its pixels lie, if they can be read without a decoder.
    """

    path: Path
    instance_uid: str
    frame: int
    rows: int
    columns: int
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    thickness_mm: float | None
    distance_mm: float | None
    slope: float | None
    intercept: float | None
    phases: Mapping[str, str] = field(default_factory=dict)
    native: NativePixels | None = None


def single_slice(header: Dataset, path: Path, native: NativePixels | None) -> Slice:
    """The slice of a file that holds one (PS3.3 C.7.6.2, C.11.1), and where its pixels lie.

    Raises:
        ValueError: its rows or columns are no whole numbers.
    """
    return _slice(header, lambda keyword: header, PHASES, path, 0, native)


def frame_slices(dataset: Dataset, path: Path) -> list[Slice]:
    """The slices of a multi-frame file, in the order of its frames (PS3.3 C.7.6.16).

    Raises:
        DamagedError: it does not describe as many frames as it says it holds.
        ValueError: its rows or columns are no whole numbers.
    """
    shared = next(iter(items_of(dataset, "SharedFunctionalGroupsSequence")), None)
    frames = items_of(dataset, "PerFrameFunctionalGroupsSequence")
    if len(frames) != count_of(dataset, "NumberOfFrames", 1):
        raise DamagedError(path, "does not describe each of its frames")
    groups = PLACES | FRAME_PHASES
    return [
        _slice(dataset, partial(_group, groups, frame, shared), FRAME_PHASES, path, number)
        for number, frame in enumerate(frames)
    ]


def _group(groups: Mapping[str, str], frame: Dataset, shared: Dataset | None, keyword: str) -> Dataset | None:
    """The functional group that holds an element: the frame's own, else the one that all frames share."""
    for one in (frame, shared):
        items = items_of(one, groups[keyword]) if one is not None else ()
        if items and tag_of(keyword) in items[0]:
            return items[0]
    return None


def _slice(
    header: Dataset,
    holder: Callable[[str], Dataset | None],
    phases: Iterable[str],
    path: Path,
    frame: int,
    native: NativePixels | None = None,
) -> Slice:
    """A slice of elements each of which lies in the data set that `holder` names."""

    def numbers(keyword: str, count: int) -> tuple[float, ...] | None:
        place = holder(keyword)
        return None if place is None else numbers_of(place, keyword, count)

    def number(keyword: str, default: float | None = None) -> float | None:
        place = holder(keyword)
        if place is None or raw_of(place, keyword) is None:
            return default
        found = numbers_of(place, keyword, 1)
        return found[0] if found else None

    told = {keyword: raw_of(place, keyword) for keyword in phases if (place := holder(keyword)) is not None}
    return Slice(
        path,
        text_of(header, "SOPInstanceUID"),
        frame,
        count_of(header, "Rows"),
        count_of(header, "Columns"),
        numbers(POSITION, 3),
        numbers(ORIENTATION, 6),
        numbers(SPACING, 2),
        number(THICKNESS),
        number(DISTANCE),
        number(SLOPE, 1.0),
        number(INTERCEPT, 0.0),
        {keyword: str(value) for keyword, value in told.items() if value is not None},
        native,
    )
