"""Header of a new DICOM segmentation: all of it but segments and frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ContourQALib import __version__
from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.carried_identity import CHARACTER_SET, CarriedIdentity, require_highdicom
from ContourQALib.formats.dicom.segmentation_file import FRACTIONAL

if TYPE_CHECKING:
    from highdicom import SOPClass

    from ContourQALib.formats.dicom.source_series import SourceSeries

SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"
UNCOMPRESSED, RUN_LENGTHS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
"""Transfer syntaxes: of masks, whose bits every reader of SEG takes as they are, and of maps, which shrink to
a tenth as runs."""

PROGRAM = "ContourQA"
PROBABILITY, OCCUPANCY = "PROBABILITY", "OCCUPANCY"
"""Segmentation Fractional Types (PS3.3 C.8.20.2.3): how likely a voxel is inside, and how much of it is."""

LARGEST = 255
"""Maximum Fractional Value of maps."""

LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")


def new_header(
    source: SourceSeries,
    kind: str,
    label: str,
    description: str,
    series_number: int,
    fractional_type: str = PROBABILITY,
) -> SOPClass:
    """Begin a segmentation of an image series (PS3.3 A.51) as an instance of its own in a series of its own.

    Patient and study are the source's, and so is the frame of reference; name, birth date and the like are
    not in it before `CarriedIdentity.complete` puts them there.

    Args:
        source: the series.
        kind: BINARY or FRACTIONAL.
        label: Content Label, in capitals.
        description: Series Description and Content Description, at most 64 characters.
        series_number: Series Number.
        fractional_type: PROBABILITY or OCCUPANCY; counts where the kind is FRACTIONAL.

    Raises:
        FormatError: the series has no frame of reference, its header cannot be taken over, or highdicom is
            not installed.
    """
    require_highdicom()
    import highdicom

    if not source.identity.frame_uid:
        raise FormatError(
            f"{source.path} has no frame of reference, without which a segmentation has no place in space;"
            " write the contours as .seg.nrrd."
        )
    header = CarriedIdentity.of(source.datasets[0]).header
    try:
        dataset = highdicom.SOPClass(
            study_instance_uid=header.StudyInstanceUID,
            series_instance_uid=highdicom.UID(),
            series_number=series_number,
            series_description=description,
            sop_instance_uid=highdicom.UID(),
            sop_class_uid=SEGMENTATION_STORAGE,
            instance_number=1,
            modality="SEG",
            manufacturer=PROGRAM,
            manufacturer_model_name=PROGRAM,
            device_serial_number=__version__,
            software_versions=__version__,
            transfer_syntax_uid=RUN_LENGTHS if kind == FRACTIONAL else UNCOMPRESSED,
        )
        dataset.SpecificCharacterSet = CHARACTER_SET  # highdicom before 0.28 has no argument for it
        dataset.copy_patient_and_study_information(header)
    except (AttributeError, KeyError, TypeError, ValueError):
        # highdicom's words may quote a value of the header
        raise FormatError(
            f"A segmentation cannot take over the header of {source.path}, which is incomplete or damaged;"
            " write the contours as .seg.nrrd."
        ) from None
    dataset.ContentLabel, dataset.ContentDescription, dataset.ContentCreatorName = label, description, ""
    dataset.FrameOfReferenceUID = source.identity.frame_uid
    dataset.PositionReferenceIndicator = header.get("PositionReferenceIndicator") or ""
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.LossyImageCompression = "00"
    if header.get("LossyImageCompression") == "01":
        for keyword in LOSSY:
            if keyword in header:
                dataset.add(header[keyword])
    _put_pixel_format(dataset, source, kind)
    if kind == FRACTIONAL:
        dataset.SegmentationFractionalType, dataset.MaximumFractionalValue = fractional_type, LARGEST
    _put_dimensions(dataset)
    _put_references(dataset, source)
    return dataset


def _put_pixel_format(dataset: Any, source: SourceSeries, kind: str) -> None:
    """Image Pixel and Segmentation Image modules (PS3.3 C.7.6.3, C.8.20.2)."""
    dataset.Columns, dataset.Rows, _ = source.grid.size
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.PixelRepresentation = 0
    dataset.BitsAllocated = dataset.BitsStored = 8 if kind == FRACTIONAL else 1
    dataset.HighBit = dataset.BitsStored - 1
    dataset.SegmentationType = kind


def _put_dimensions(dataset: Any) -> None:
    """Frames are in the order of segments, then of positions (PS3.3 C.7.6.17)."""
    import highdicom
    from pydicom.datadict import tag_for_keyword

    organization = highdicom.UID()
    dataset.DimensionOrganizationSequence = [_item(DimensionOrganizationUID=organization)]
    dataset.DimensionIndexSequence = [
        _item(
            DimensionOrganizationUID=organization,
            DimensionIndexPointer=tag_for_keyword(element),
            FunctionalGroupPointer=tag_for_keyword(group),
            DimensionDescriptionLabel=label,
        )
        for element, group, label in (
            ("ReferencedSegmentNumber", "SegmentIdentificationSequence", "Referenced Segment Number"),
            ("ImagePositionPatient", "PlanePositionSequence", "Image Position Patient"),
        )
    ]


def _put_references(dataset: Any, source: SourceSeries) -> None:
    """Every image of the series, which a reader may need to show the segmentation (PS3.3 C.12.2, C.7.6.1)."""
    images = [
        _item(ReferencedSOPClassUID=one.SOPClassUID, ReferencedSOPInstanceUID=one.SOPInstanceUID)
        for one in source.datasets
    ]
    dataset.SourceImageSequence = images
    dataset.ReferencedSeriesSequence = [
        _item(SeriesInstanceUID=source.identity.series_uid, ReferencedInstanceSequence=images)
    ]


def _item(**values: Any) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item
