"""SegmentationFile: a DICOM segmentation, described; its frames are decoded when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ContourQALib.case import SeriesIdentity
from ContourQALib.errors import ContourQAError, FormatError
from ContourQALib.formats.dicom.contour_header import series_of_segments
from ContourQALib.formats.dicom.display_color import from_cielab
from ContourQALib.formats.dicom.elements import NO_FRAME, in_one_line
from ContourQALib.formats.dicom.reading import DamagedError, quietly, read_dataset
from ContourQALib.formats.dicom.recognizing import Kind, kind_of
from ContourQALib.formats.dicom.segment_tags import tags_of
from ContourQALib.formats.dicom.segment_terminology import codes_of
from ContourQALib.formats.dicom.segmentation_frames import LABEL_MAP, SegmentationFrames, place_frames
from ContourQALib.formats.segmentation import Color

BINARY, FRACTIONAL = "BINARY", "FRACTIONAL"
KINDS = (BINARY, LABEL_MAP, FRACTIONAL)
"""Segmentation Types (PS3.3 C.8.20.2): a fractional one holds shares of its Maximum Fractional Value."""

BACKGROUND = ("DCM", "125040")
"""Code of what is no structure: label maps may describe their background as a segment."""


@dataclass(frozen=True)
class Segment:
    """What a file says of a segment.

    Attributes:
        number: Segment Number.
        name: Segment Label; with the number where an earlier segment has the same.
        color: sRGB in [0, 1], or None where no color is recommended.
        tags: codes, algorithm, tracking and description; see `segment_tags`.
    """

    number: int
    name: str
    color: Color | None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SegmentationFile:
    """A DICOM segmentation (PS3.3 A.51).

    Attributes:
        path: as the user gave it.
        dataset: all of it, pixels undecoded.
        kind: Segmentation Type: BINARY, LABELMAP or FRACTIONAL.
        segments: in the order of the file, without the background.
        frames: where the frames lie.
        largest: the number that stands for all of a voxel: Maximum Fractional Value, and 1 of masks.
        frame_uid: Frame of Reference UID; "" where the file has none.
    """

    path: Path
    dataset: Any
    kind: str
    segments: tuple[Segment, ...]
    frames: SegmentationFrames
    largest: int
    frame_uid: str

    def planes_of(self, segment: Segment) -> Iterator[tuple[int, np.ndarray]]:
        """The planes that have a frame of a segment: K, and (J, I) as stored, in a label map as 0 and 1.

        Raises:
            FormatError: a frame cannot be decoded: it is damaged, or nothing here knows its compression.
        """
        in_label_map = self.kind == LABEL_MAP
        places = self.frames.of_segment(0 if in_label_map else segment.number)
        for (_, plane), pixels in zip(places, self._decoded([frame for frame, _ in places]), strict=True):
            yield plane, (pixels == segment.number).astype(np.uint8) if in_label_map else pixels

    def belonging(self, series: SeriesIdentity) -> str:
        """What is to be said of the segmentation laid over an image, "" where all is as it should be.

        The frame of reference decides whether positions mean the same (PS3.3 C.7.4.1).

        Raises:
            FormatError: it lies in another frame of reference and does not refer to the image's series.
        """
        if not (self.frame_uid and series.frame_uid):
            return NO_FRAME
        if self.frame_uid == series.frame_uid:
            return ""
        if series.series_uid not in _series_referenced(self.dataset, self.path):
            raise FormatError(
                f"{self.path} lies in another frame of reference than the image and refers to another series;"
                " name the image that it was drawn on."
            )
        return "another frame of reference, but it refers to the image's series"

    def _decoded(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        syntax = self.dataset.file_meta.TransferSyntaxUID
        try:
            if self.dataset.BitsAllocated == 1 and syntax.is_little_endian and not syntax.is_encapsulated:
                yield from (self._unpacked(index) for index in indices)
            elif indices:
                from pydicom.pixels import get_decoder

                for pixels, _ in get_decoder(syntax).iter_array(self.dataset, indices=indices, raw=True):
                    yield pixels
        except Exception as error:  # decoders raise nearly anything
            raise FormatError(
                f"{self.path} holds frames that cannot be decoded, because they are damaged or nothing here"
                f" knows their transfer syntax ({syntax.name}); export it uncompressed."
            ) from error

    def _unpacked(self, index: int) -> np.ndarray:
        """A frame of bits, which follow each other from frame to frame, without a gap to the next byte.

        pydicom 3.0.2 takes one byte too few for some frames that begin and end within one (PS3.5 8.1.1).
        """
        rows, columns = int(self.dataset.Rows), int(self.dataset.Columns)
        first, offset = divmod(index * rows * columns, 8)
        count = -(-(offset + rows * columns) // 8)
        packed = np.frombuffer(self.dataset.PixelData, np.uint8, count, first)
        bits = np.unpackbits(packed, count=offset + rows * columns, bitorder="little")
        return bits[offset:].reshape(rows, columns)


def open_segmentation(path: str | PathLike[str]) -> SegmentationFile:
    """Read a DICOM segmentation, all but the decoding of its frames.

    Raises:
        FormatError: the file is missing, damaged, no segmentation, or its frames have no place in space.
        GeometryError: its frames fit no regular grid.
    """
    path = Path(path)
    with quietly():
        dataset = read_dataset(path, pixels=True)
        try:
            return _understood(dataset, path)
        except ContourQAError:
            raise
        except Exception as error:  # elements that are missing or senseless raise nearly anything
            raise FormatError(
                f"{path} describes its segments or frames in a way that cannot be understood; export it"
                " again."
            ) from error


def _understood(dataset: Any, path: Path) -> SegmentationFile:
    kind = str(dataset.get("SegmentationType"))
    if kind_of(str(dataset.get("SOPClassUID"))) is not Kind.SEGMENTATION or kind not in KINDS:
        raise FormatError(f"{path} is no DICOM segmentation; name a SEG file.")
    _check_pixels(dataset, path)
    frames = place_frames(dataset, path)
    segments = tuple(_described(dataset))
    unknown = (
        set(frames.segments.tolist()) - {0} - {int(one.SegmentNumber) for one in dataset.SegmentSequence}
    )
    if unknown or not segments:
        what = f"frames of segment {min(unknown)}, which it does not describe" if unknown else "no segments"
        raise FormatError(f"{path} holds {what}; export it again.")
    largest = int(dataset.MaximumFractionalValue) if kind == FRACTIONAL else 1
    if largest < 1:
        raise FormatError(f"{path} has a Maximum Fractional Value of {largest}; export it again.")
    frame_uid = str(dataset.get("FrameOfReferenceUID") or "")
    return SegmentationFile(path, dataset, kind, segments, frames, largest, frame_uid)


def _series_referenced(dataset: Any, path: Path) -> tuple[str, ...]:
    """Series Instance UIDs that a segmentation refers to (PS3.3 C.12.2), each once.

    Raises:
        DamagedError: what it refers to cannot be understood.
    """
    try:
        found = tuple(dict.fromkeys(series_of_segments(dataset)))
        if "" in found:
            raise ValueError("a series without its UID")
        return found
    except Exception as error:  # elements that are missing or senseless raise nearly anything
        raise DamagedError(path, "refers to images in a way that cannot be understood") from error


def _check_pixels(dataset: Any, path: Path) -> None:
    """See that there are as many pixels as the header says, where they lie uncompressed."""
    bits = int(dataset.Rows) * int(dataset.Columns) * int(dataset.BitsAllocated) * int(dataset.NumberOfFrames)
    compressed = dataset.file_meta.TransferSyntaxUID.is_encapsulated
    if "PixelData" not in dataset or not (compressed or len(dataset.PixelData) * 8 >= bits):
        raise DamagedError(path, "ends before its last frame")


def _described(dataset: Any) -> Iterator[Segment]:
    names: set[str] = set()
    for item in dataset.SegmentSequence:
        number = int(item.SegmentNumber)
        codes = codes_of(item)
        if codes and (codes.type.scheme, codes.type.value) == BACKGROUND:
            continue
        name = in_one_line(str(item.get("SegmentLabel") or "")) or f"label_{number}"
        while name in names:
            name += f" (segment {number})"
        names.add(name)
        stored = item.get("RecommendedDisplayCIELabValue")
        yield Segment(number, name, from_cielab(stored) if stored else None, tags_of(item))
