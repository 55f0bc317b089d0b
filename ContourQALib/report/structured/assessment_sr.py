"""Write an assessment as a DICOM structured report: TID 1500, Comprehensive SR."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from ContourQALib import __version__
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.dicom.carried_identity import CHARACTER_SET, CarriedIdentity, require_highdicom
from ContourQALib.formats.output import write_atomically
from ContourQALib.quality.assessment import Assessment, ModelIdentity
from ContourQALib.report.provenance import DISCLAIMER
from ContourQALib.report.structured import codes
from ContourQALib.report.structured.assessed_object import AssessedObject, DicomInstance
from ContourQALib.report.structured.image_library import image_library
from ContourQALib.report.structured.items import number, text, with_children, yes_or_no
from ContourQALib.report.structured.structure_group import structure_group

if TYPE_CHECKING:
    from highdicom.sr import ComprehensiveSR, ContainerContentItem, ContentItem, MeasurementReport

    from ContourQALib.formats.dicom.source_series import SourceSeries

PROGRAM = "ContourQA"

SERIES_NUMBER = 9100
"""Series Number of our reports: far from what scanners and planning systems count."""

SERIES_DESCRIPTION = "ContourQA contour assessment (research, not a medical device)"

DEVICE_UID = "2.25.276608260188602236364080144750436315407"
"""Device Observer UID (TID 1004) of every copy of this program; its version is the equipment's."""


def write_assessment_sr(
    result: Assessment,
    source: SourceSeries,
    assessed: AssessedObject,
    path: str | PathLike[str],
    overwrite: bool = True,
) -> str:
    """Write an assessment as a structured report.

    The document is complete, preliminary and unverified: nobody has signed it (PS3.3 section C.17.2). Patient
    and study are the source's, series and instance are new.

    Args:
        result: the assessment; one measurement group a structure.
        source: the image series that was assessed.
        assessed: where the contours lie, in the order of `result.structures`.
        path: the file.
        overwrite: False refuses to replace a file.

    Returns:
        The document's SOP Instance UID.

    Raises:
        SettingError: no structure was assessed, or `assessed` is of another number of them.
        FormatError: the header of the series lacks what a report takes over, or highdicom is not installed.
        OutputError: the file cannot be written.
    """
    if not result.structures or len(result.structures) != len(assessed.contours):
        raise SettingError(
            f"A structured report needs one contour in DICOM for each assessed structure, not "
            f"{len(assessed.contours)} for {len(result.structures)}; assess contours that can be written."
        )
    document = _document(result, source, assessed)
    with write_atomically(path, overwrite) as temporary:
        document.save_as(temporary, enforce_file_format=True)
    return str(document.SOPInstanceUID)


def _document(result: Assessment, source: SourceSeries, assessed: AssessedObject) -> ComprehensiveSR:
    require_highdicom()
    import highdicom
    from highdicom.coding_schemes import CodingSchemeIdentificationItem

    identity = CarriedIdentity.of(source.datasets[0])
    objects = [*assessed.instances, *map(DicomInstance.of, source.datasets[1:])]
    scheme = CodingSchemeIdentificationItem(
        codes.SCHEME, codes.SCHEME_NAME, responsible_organization=codes.SCHEME_ORGANIZATION
    )
    content = _content(result, source, assessed)
    try:
        document = highdicom.sr.ComprehensiveSR(
            evidence=[identity.header, *(one.evidence() for one in objects)],
            content=content,
            series_instance_uid=highdicom.UID(),
            series_number=SERIES_NUMBER,
            series_description=SERIES_DESCRIPTION,
            sop_instance_uid=highdicom.UID(),
            instance_number=1,
            manufacturer=PROGRAM,
            manufacturer_model_name=PROGRAM,
            software_versions=__version__,
            is_complete=True,
            coding_schemes=[scheme],
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        # highdicom's words may quote a value of the header
        raise FormatError(
            f"A report cannot take over the header of {source.path}, which is incomplete or damaged; save "
            "the results as an ordinary report."
        ) from None
    document.SpecificCharacterSet = CHARACTER_SET  # highdicom before 0.28 has no argument for it
    identity.complete(document)
    return document


def _content(result: Assessment, source: SourceSeries, assessed: AssessedObject) -> MeasurementReport:
    """The content tree (TID 1500)."""
    from highdicom import sr

    observer = sr.ObserverContext(
        codes.DEVICE.coded(),
        sr.DeviceObserverIdentifyingAttributes(
            DEVICE_UID, name=PROGRAM, manufacturer_name=PROGRAM, model_name=f"{PROGRAM} {__version__}"
        ),
    )
    groups = [
        structure_group(one, result.identity_of(one), result.levels, contour, assessed, source)
        for one, contour in zip(result.structures, assessed.contours, strict=True)
    ]
    report = sr.MeasurementReport(
        sr.ObservationContext(observer_device_context=observer),
        codes.IMAGING_PROCEDURE.coded(),
        groups,
    )
    items = report[0].ContentSequence
    measurements = next(n for n, item in enumerate(items) if item.name == codes.IMAGING_MEASUREMENTS.coded())
    items.insert(measurements, image_library(source))
    items.append(_remarks(result))
    return report


def _remarks(result: Assessment) -> ContainerContentItem:
    """What holds of the whole document: what it may be used for, who answered, how long it took."""
    from highdicom.sr import ContainerContentItem

    container = ContainerContentItem(codes.QUALITATIVE_EVALUATIONS.coded(), relationship_type="CONTAINS")
    remarks: list[ContentItem] = [text(codes.COMMENT, words) for words in (DISCLAIMER, *result.notes)]
    models = [_model(one) for one in dict.fromkeys((result.model, *result.models)) if one.name]
    return with_children(
        container, [*remarks, *models, number(codes.ELAPSED, result.elapsed_s, codes.SECOND)]
    )


def _model(model: ModelIdentity) -> ContentItem:
    """A model and what its card says of it; TID 4019 would allow one alone, and nothing of licenses."""
    said = (
        (codes.MODEL_VERSION, model.version),
        (codes.LICENSE, model.license),
        (codes.MODEL_STATUS, model.status),
    )
    about: list[ContentItem] = [text(concept, words, "HAS PROPERTIES") for concept, words in said if words]
    about.append(yes_or_no(codes.TEACHING_ONLY, model.teaching_only, "HAS PROPERTIES"))
    return with_children(text(codes.MODEL, str(model.name)), about)
