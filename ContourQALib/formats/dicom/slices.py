"""Slice: one plane of an image, as its header describes it, whether it has a file to itself or is a frame."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def single_slice(header: Dataset, path: Path) -> Slice:
    """The slice of a file that holds one (PS3.3 C.7.6.2, C.11.1)."""
    phases = {keyword: str(header.get(keyword)) for keyword in PHASES if header.get(keyword) is not None}
    return _slice(header, {name: header.get(name) for name in LATTICE}, path, 0, phases)


def frame_slices(dataset: Dataset, path: Path) -> list[Slice]:
    """The slices of a multi-frame file, in the order of its frames (PS3.3 C.7.6.16).

    Raises:
        DamagedError: it does not describe as many frames as it says it holds.
    """
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [None])[0]
    frames = dataset.get("PerFrameFunctionalGroupsSequence") or []
    if len(frames) != int(dataset.get("NumberOfFrames") or 1):
        raise DamagedError(path, "does not describe each of its frames")
    slices = []
    for number, frame in enumerate(frames):
        values = {keyword: _grouped(keyword, group, frame, shared) for keyword, group in PLACES.items()}
        values |= {name: dataset.get(name) for name in ("Rows", "Columns")}
        phases = {
            keyword: str(value)
            for keyword, group in FRAME_PHASES.items()
            if (value := _grouped(keyword, group, frame, shared)) is not None
        }
        slices.append(_slice(dataset, values, path, number, phases))
    return slices


def _grouped(keyword: str, group: str, frame: Dataset, shared: Dataset | None) -> Any:
    """An element of a frame's functional group, or of the one that all frames share."""
    for groups in (frame, shared):
        items = groups.get(group) if groups is not None else None
        if items and items[0].get(keyword) is not None:
            return items[0].get(keyword)
    return None


def _slice(
    header: Dataset, values: Mapping[str, Any], path: Path, frame: int, phases: Mapping[str, str]
) -> Slice:
    position, orientation, spacing = (
        _numbers(values[name], count) for name, count in ((POSITION, 3), (ORIENTATION, 6), (SPACING, 2))
    )
    thickness, distance = (_numbers(values[name], 1) for name in (THICKNESS, DISTANCE))
    slope, intercept = (
        (default,) if values[name] is None else _numbers(values[name], 1)
        for name, default in ((SLOPE, 1.0), (INTERCEPT, 0.0))
    )
    return Slice(
        path,
        str(header.get("SOPInstanceUID") or ""),
        frame,
        int(values["Rows"] or 0),
        int(values["Columns"] or 0),
        position,
        orientation,
        spacing,
        thickness[0] if thickness else None,
        distance[0] if distance else None,
        slope[0] if slope else None,
        intercept[0] if intercept else None,
        phases,
    )


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """So many finite numbers, or None."""
    if value is None or value == "":
        return None
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    try:
        numbers = tuple(float(one) for one in values)
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == count and all(math.isfinite(one) for one in numbers) else None
