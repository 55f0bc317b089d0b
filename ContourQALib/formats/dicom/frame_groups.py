"""Functional groups of a new DICOM segmentation: where frames lie, what they show, what they came from."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ContourQALib.formats.dicom.segment_terminology import Code, item_of

if TYPE_CHECKING:
    from pydicom.dataelem import RawDataElement
    from pydicom.dataset import Dataset

    from ContourQALib.formats.dicom.source_series import SourceSeries

ITEM = struct.Struct("<HHI")
"""What an item of a sequence begins with: its tag and its length (PS3.5 7.5)."""

INDICES = struct.Struct("<II")
"""Dimension Index Values: of the segment and of the position."""

SEGMENTATION = Code("113076", "DCM", "Segmentation")
SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation")


def shared_groups(source: SourceSeries) -> Dataset:
    """Orientation and spacing of a segmentation on a series' grid (PS3.3 C.7.6.16.2.1, C.7.6.16.2.4)."""
    from pydicom.dataset import Dataset

    columns_mm, rows_mm, planes_mm = source.grid.spacing
    orientation, measures, shared = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = _decimals(source.grid.axes.T[:2].ravel())
    measures.PixelSpacing = _decimals((rows_mm, columns_mm))
    (measures.SpacingBetweenSlices,) = _decimals((planes_mm,))
    measures.SliceThickness = source.datasets[0].get("SliceThickness") or measures.SpacingBetweenSlices
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    return shared


def frame_groups(source: SourceSeries, places: Sequence[tuple[int, int]]) -> RawDataElement:
    """Segment, position and source image of frames (PS3.3 C.8.20.3, C.7.6.16.2.3, C.7.6.16.2.6).

    pydicom takes a millisecond to write what is said of one frame, and most of it is the same for all frames
    of a plane: so that is encoded once for each plane, and the pieces are put together.

    Args:
        source: the series that the segmentation is of.
        places: segment and K of each frame.

    Returns:
        The Per-frame Functional Groups Sequence in explicit little endian.
    """
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    levels = {k: level for level, k in enumerate(sorted({k for _, k in places}), start=1)}
    origins = {k: _encoded("DerivationImageSequence", _derivation(*source.images[k])) for k in levels}
    positions = {k: _encoded("PlanePositionSequence", _position(source, k)) for k in levels}
    segments = {n: _encoded("SegmentIdentificationSequence", _segment(n)) for n in {n for n, _ in places}}
    content = _encoded("FrameContentSequence", _content())
    items = []
    for segment, k in places:
        indices = INDICES.pack(segment, levels[k])
        item = b"".join([origins[k], content[: -len(indices)], indices, positions[k], segments[segment]])
        items.append(ITEM.pack(0xFFFE, 0xE000, len(item)) + item)
    value = b"".join(items)
    tag = Tag("PerFrameFunctionalGroupsSequence")
    return RawDataElement(tag, "SQ", len(value), value, 0, False, True, True)


def _encoded(keyword: str, item: Dataset) -> bytes:
    """A sequence of one item, as it stands in a file."""
    from pydicom.dataset import Dataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    whole, file = Dataset(), DicomBytesIO()
    setattr(whole, keyword, [item])
    file.is_implicit_VR, file.is_little_endian = False, True
    write_dataset(file, whole)
    return file.getvalue()


def _content() -> Dataset:
    """Frame Content, whose last bytes are the two indices that are to be put in."""
    from pydicom.dataset import Dataset

    content = Dataset()
    content.DimensionIndexValues = [0, 0]
    return content


def _segment(number: int) -> Dataset:
    from pydicom.dataset import Dataset

    identified = Dataset()
    identified.ReferencedSegmentNumber = number
    return identified


def _position(source: SourceSeries, k: int) -> Dataset:
    from pydicom.dataset import Dataset

    position = Dataset()
    # of the grid, not of the slice: those are rounded, and what is read again must lie on the image's lattice
    position.ImagePositionPatient = _decimals(source.grid.index_to_world((0, 0, k)))
    return position


def _derivation(image: Any, frame: int | None) -> Dataset:
    from pydicom.dataset import Dataset

    origin, derivation = Dataset(), Dataset()
    origin.ReferencedSOPClassUID, origin.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    if frame is not None:
        origin.ReferencedFrameNumber = frame
    origin.SpatialLocationsPreserved = "YES"
    origin.PurposeOfReferenceCodeSequence = [item_of(SOURCE_IMAGE)]
    derivation.SourceImageSequence = [origin]
    derivation.DerivationCodeSequence = [item_of(SEGMENTATION)]
    return derivation


def _decimals(numbers: Any) -> list[str]:
    """Numbers in the 16 characters that a decimal string has (PS3.5 6.2)."""
    from pydicom.valuerep import format_number_as_ds

    return [format_number_as_ds(float(number)) for number in numbers]
