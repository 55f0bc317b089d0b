"""AssessedObject: the DICOM objects that hold the contours a report is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from ContourQALib.errors import StructureError
from ContourQALib.formats.dicom.reading import quietly, read_dataset
from ContourQALib.formats.dicom.segment_terminology import SegmentCodes, codes_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

UIDS = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


@dataclass(frozen=True)
class DicomInstance:
    """One DICOM object and where it belongs, by UIDs."""

    class_uid: str
    instance_uid: str
    series_uid: str
    study_uid: str

    @classmethod
    def of(cls, dataset: Any) -> DicomInstance:
        """The identity of a dataset of pydicom."""
        return cls(
            str(dataset.SOPClassUID),
            str(dataset.SOPInstanceUID),
            str(dataset.SeriesInstanceUID),
            str(dataset.StudyInstanceUID),
        )

    def evidence(self) -> Dataset:
        """What a document lists of an object that it refers to (PS3.3 section C.17.2)."""
        from pydicom.dataset import Dataset

        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = self.class_uid, self.instance_uid
        dataset.SeriesInstanceUID, dataset.StudyInstanceUID = self.series_uid, self.study_uid
        return dataset


@dataclass(frozen=True)
class AssessedContour:
    """Where one contour lies.

    Attributes:
        segment: its Segment Number in the segmentation.
        tracking_uid: the segment's Tracking UID; None gives the contour a new one.
        roi: its ROI Number in the structure set; None where it came from none.
        error_segment: Segment Number of its predicted error in the error maps; None where it has none.
        codes: what the segment is, in codes; a report names them, but does not give them back.
    """

    segment: int
    tracking_uid: str | None = None
    roi: int | None = None
    error_segment: int | None = None
    codes: SegmentCodes | None = field(default=None, compare=False)


@dataclass(frozen=True)
class AssessedObject:
    """The segmentation whose masks were assessed, and the structure set that they came from, if any.

    Measurements of a volume refer to a segment (TID 1411, row 7), which programs that read reports know. The
    template allows a structure set too (row 12b), but in place of the segment, few programs know that, and
    what was assessed is the mask: the report refers to the segment and names the structure set beside it.

    Attributes:
        segmentation: the DICOM segmentation.
        contours: one entry for each assessed structure, in that order.
        structure_set: the RTSTRUCT.
        error_maps: the fractional segmentation that shows where contours are probably wrong.
    """

    segmentation: DicomInstance
    contours: tuple[AssessedContour, ...]
    structure_set: DicomInstance | None = None
    error_maps: DicomInstance | None = None

    @property
    def instances(self) -> tuple[DicomInstance, ...]:
        """All objects that a report refers to beside the images."""
        return tuple(one for one in (self.segmentation, self.structure_set, self.error_maps) if one)

    def explained_by(
        self, error_maps: str | PathLike[str] | Dataset, segments: Sequence[int | None]
    ) -> AssessedObject:
        """The same with the error maps of a SEG file.

        Args:
            error_maps: the file, or what will be written to it.
            segments: Segment Number of each contour's error, None for one without.

        Raises:
            FormatError: the file is missing or damaged.
        """
        contours = [
            replace(one, error_segment=number) for one, number in zip(self.contours, segments, strict=True)
        ]
        with quietly():
            instance = DicomInstance.of(_header(error_maps, UIDS))
        return replace(self, contours=tuple(contours), error_maps=instance)

    @classmethod
    def of(
        cls,
        segmentation: str | PathLike[str] | Dataset,
        segments: Sequence[int],
        structure_set: str | PathLike[str] | None = None,
        rois: Sequence[int | None] = (),
    ) -> AssessedObject:
        """Read the headers of the files that hold the contours.

        Args:
            segmentation: the SEG file, or what will be written to it.
            segments: Segment Numbers of the assessed structures, in their order.
            structure_set: the RTSTRUCT file that they came from, if any.
            rois: their ROI Numbers in it; None for one that it does not hold.

        Raises:
            FormatError: a file is missing or damaged.
            StructureError: the segmentation has no segment of such a number.
        """
        with quietly():
            header = _header(segmentation, (*UIDS, "SegmentSequence"))
            found = {int(item.SegmentNumber): item for item in header.SegmentSequence}
            missing = [number for number in segments if number not in found]
            if missing:
                name = segmentation if isinstance(segmentation, str | PathLike) else "The segmentation"
                raise StructureError(
                    f"{name} has no segment number {missing[0]}; write the contours as SEG again."
                )
            numbers = rois or [None] * len(segments)
            contours = [
                AssessedContour(number, found[number].get("TrackingUID"), roi, codes=codes_of(found[number]))
                for number, roi in zip(segments, numbers, strict=True)
            ]
            origin = structure_set and DicomInstance.of(read_dataset(structure_set, UIDS))
            return cls(DicomInstance.of(header), tuple(contours), origin or None)


def _header(source: str | PathLike[str] | Dataset, keywords: Sequence[str]) -> Dataset:
    """These elements of a file, or the data set that is there already."""
    return read_dataset(source, keywords) if isinstance(source, str | PathLike) else source
