"""Functional groups of a new DICOM segmentation: where frames lie, what they show, what they came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ContourQALib.formats.dicom.segment_terminology import Code, item_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from ContourQALib.formats.dicom.source_series import SourceSeries

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


def frame_groups(source: SourceSeries, places: Sequence[tuple[int, int]]) -> list[Dataset]:
    """Segment, position and source image of frames (PS3.3 C.8.20.3, C.7.6.16.2.3, C.7.6.16.2.6).

    Args:
        source: the series that the segmentation is of.
        places: segment and K of each frame.
    """
    from pydicom.dataset import Dataset

    levels = {k: level for level, k in enumerate(sorted({k for _, k in places}), start=1)}
    images = _images(source)
    # frames of one plane share these two: thousands of frames are written, and each item costs
    positions = {k: _position(source, k) for k in levels}
    derivations = {k: _derivation(*images[k]) for k in levels}
    groups = []
    for segment, k in places:
        content, identified, group = Dataset(), Dataset(), Dataset()
        content.DimensionIndexValues = [segment, levels[k]]
        identified.ReferencedSegmentNumber = segment
        group.DerivationImageSequence = [derivations[k]]
        group.FrameContentSequence = [content]
        group.PlanePositionSequence = [positions[k]]
        group.SegmentIdentificationSequence = [identified]
        groups.append(group)
    return groups


def _images(source: SourceSeries) -> list[tuple[Any, int | None]]:
    """The dataset of each K, and which of its frames that is where it has several, from 1."""
    first = source.datasets[0]
    frames = first.get("PerFrameFunctionalGroupsSequence")
    if not frames:
        return [(one, None) for one in source.datasets]
    shared = first.SharedFunctionalGroupsSequence[0]
    points = [
        (one if "PlanePositionSequence" in one else shared).PlanePositionSequence[0].ImagePositionPatient
        for one in frames
    ]
    planes = np.round(source.grid.world_to_index(np.array(points, float))[:, 2]).astype(int)
    numbers = {int(k): number for number, k in enumerate(planes, start=1)}
    return [(first, numbers[k]) for k in range(source.grid.size[2])]


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
