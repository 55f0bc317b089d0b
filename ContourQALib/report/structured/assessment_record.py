"""AssessmentRecord: what a structured report of ours says, read back."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.reading import quietly, read_dataset
from ContourQALib.formats.dicom.recognizing import Kind, kind_of
from ContourQALib.quality.assessment import Assessment, ModelIdentity, Novelty, StructureAssessment
from ContourQALib.quality.error_map import SuspiciousSlice
from ContourQALib.quality.verdict import Levels
from ContourQALib.report.structured import codes
from ContourQALib.report.structured.assessed_object import AssessedContour, AssessedObject, DicomInstance
from ContourQALib.report.structured.content_tree import ContentTree

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MEASUREMENT_REPORT = "1500"


@dataclass(frozen=True)
class AssessmentRecord:
    """An assessment as its report has it.

    Attributes:
        assessment: every figure and sentence; error maps are in a SEG of their own.
        assessed: the objects that hold the contours.
        instance_uid: SOP Instance UID of the report.
        study_uid: Study Instance UID of report and images.
        series_uid: Series Instance UID of the images that were assessed.
        program_version: version of ContourQA that wrote it.
        comments: what holds of all of it: what it may be used for, and the models' own notes.
    """

    assessment: Assessment
    assessed: AssessedObject
    instance_uid: str
    study_uid: str
    series_uid: str
    program_version: str
    comments: tuple[str, ...]


def read_assessment_sr(path: str | PathLike[str]) -> AssessmentRecord:
    """Read a report that `write_assessment_sr` wrote.

    Raises:
        FormatError: the file is missing, damaged, or no such report.
    """
    path = Path(path)
    with quietly():
        dataset = read_dataset(path)
        if kind_of(str(dataset.get("SOPClassUID"))) is not Kind.REPORT:
            raise FormatError(f"{path} is no structured report; name a report that ContourQA wrote.")
        try:
            return _record(dataset)
        except Exception as error:  # a damaged file makes pydicom raise nearly anything
            raise FormatError(
                f"{path} is a measurement report of another program, or damaged; name one of ContourQA's."
            ) from error


def _record(dataset: Dataset) -> AssessmentRecord:
    if dataset.ContentTemplateSequence[0].TemplateIdentifier != MEASUREMENT_REPORT:
        raise ValueError("another template")
    root = ContentTree(dataset)
    remarks = next(root.below(codes.QUALITATIVE_EVALUATIONS))
    measurements = next(root.below(codes.IMAGING_MEASUREMENTS))
    groups = list(measurements.below(codes.MEASUREMENT_GROUP))
    models = tuple(_model(item) for item in remarks.below(codes.MODEL))
    elapsed = remarks.number(codes.ELAPSED)  # comes last: a file that was cut short lacks it
    if elapsed is None:
        raise ValueError("no end")
    assessment = Assessment(
        models[0] if models else ModelIdentity(None, None, None),
        tuple(_structure(group, {model.name for model in models}) for group in groups),
        elapsed,
        models,
        _levels(groups[0]),
    )
    return AssessmentRecord(
        assessment,
        _assessed(groups, dataset),
        str(dataset.SOPInstanceUID),
        str(dataset.StudyInstanceUID),
        str(next(groups[0].below(codes.SOURCE_SERIES)).item.UID),
        str(dataset.SoftwareVersions),
        remarks.texts(codes.COMMENT),
    )


def _model(item: ContentTree) -> ModelIdentity:
    return ModelIdentity(
        str(item.item.TextValue),
        item.text(codes.MODEL_VERSION),
        item.text(codes.LICENSE),
        item.text(codes.MODEL_STATUS),
        item.is_yes(codes.TEACHING_ONLY),
    )


def _levels(group: ContentTree) -> Levels:
    verdict = next(group.below(codes.VERDICT))
    accept, reject = verdict.number(codes.ACCEPT_LEVEL), verdict.number(codes.REJECT_LEVEL)
    if accept is None or reject is None:
        raise ValueError("no levels")
    return Levels(accept, reject)


def _structure(group: ContentTree, models: set[str | None]) -> StructureAssessment:
    verdicts = {concept.key: verdict for verdict, concept in codes.VERDICTS.items()}
    statuses = {concept.key: status for status, concept in codes.STATUSES.items()}
    inside = {codes.YES.key: True, codes.NO.key: False, codes.UNDETERMINED.key: None}
    algorithm = group.text(codes.ALGORITHM_NAME)
    volume, lost = group.number(codes.VOLUME), group.number(codes.LOST_VOLUME)
    if volume is None or lost is None:
        raise ValueError("no volume")
    return StructureAssessment(
        structure=str(next(group.below(codes.TRACKING_IDENTIFIER)).item.TextValue),
        status=statuses[_answer(group, codes.STATUS)],
        dice=group.number(codes.PREDICTED_DICE),
        verdict=verdicts[_answer(group, codes.VERDICT)],
        reasons=group.texts(codes.REASON),
        novelty=Novelty(inside[_answer(group, codes.INSIDE_TRAINING_RANGE)], group.texts(codes.RANGE_REASON)),
        volume_cc=volume,
        resampled=group.is_yes(codes.RESAMPLED),
        lost_cc=lost,
        dice_interval=_interval(group, codes.DICE_LOW, codes.DICE_HIGH),
        interval_level=group.number(codes.INTERVAL_LEVEL),
        interval_cases=group.whole_number(codes.INTERVAL_CASES),
        interval_reason=group.text(codes.INTERVAL_REASON),
        dice_at_least=group.number(codes.DICE_AT_LEAST),
        hd95_mm=group.number(codes.PREDICTED_HD95),
        hd95_interval_mm=_interval(group, codes.HD95_LOW, codes.HD95_HIGH),
        msd_mm=group.number(codes.PREDICTED_MSD),
        msd_interval_mm=_interval(group, codes.MSD_LOW, codes.MSD_HIGH),
        slices=_slices(group),
        model=algorithm if algorithm in models else None,
        expected_dice=group.number(codes.EXPECTED_DICE),
        agreement_dice=group.number(codes.AGREEMENT_DICE),
        rasterized=group.text(codes.RASTERIZED),
        remarks=group.text(codes.REMARKS),
        standard_name=group.text(codes.STANDARD_NAME),
        spelled=group.text(codes.SPELLED),
        volume_polygons_cc=group.number(codes.POLYGONS_VOLUME),
    )


def _answer(group: ContentTree, concept: codes.Concept) -> tuple[str, str]:
    code = group.code(concept)
    if code is None:
        raise ValueError("no answer")
    return code


def _interval(group: ContentTree, below: codes.Concept, above: codes.Concept) -> tuple[float, float] | None:
    low, high = group.number(below), group.number(above)
    return None if low is None or high is None else (low, high)


def _slices(group: ContentTree) -> tuple[SuspiciousSlice, ...] | None:
    if group.first(codes.SLICES_LISTED) is None:
        return None
    return tuple(_slice(item) for item in group.below(codes.SLICE_ERROR))


def _slice(item: ContentTree) -> SuspiciousSlice:
    index, wrong = item.text(codes.SLICE_INDEX), item.value
    if index is None or wrong is None:
        raise ValueError("no slice")
    return SuspiciousSlice(int(index), wrong)


def _assessed(groups: list[ContentTree], dataset: Dataset) -> AssessedObject:
    places = {
        str(one.ReferencedSOPInstanceUID): (str(series.SeriesInstanceUID), str(study.StudyInstanceUID))
        for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
        for study in dataset.get(keyword) or ()
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }
    segmentation = next(groups[0].below(codes.REFERENCED_SEGMENT)).reference
    origin = groups[0].first(codes.STRUCTURE_SET)
    maps = next((found for group in groups if (found := group.first(codes.VISUAL_EXPLANATION))), None)
    return AssessedObject(
        _instance(segmentation, places),
        tuple(_contour(group) for group in groups),
        None if origin is None else _instance(origin.reference, places),
        None if maps is None else _instance(maps.reference, places),
    )


def _contour(group: ContentTree) -> AssessedContour:
    segment = next(group.below(codes.REFERENCED_SEGMENT)).reference
    roi, error = group.text(codes.ROI_IDENTIFIER), group.first(codes.VISUAL_EXPLANATION)
    return AssessedContour(
        int(segment.ReferencedSegmentNumber),
        str(next(group.below(codes.TRACKING_UID)).item.UID),
        None if roi is None else int(roi),
        None if error is None else int(error.reference.ReferencedSegmentNumber),
    )


def _instance(reference: Any, places: dict[str, tuple[str, str]]) -> DicomInstance:
    uid = str(reference.ReferencedSOPInstanceUID)
    series, study = places[uid]
    return DicomInstance(str(reference.ReferencedSOPClassUID), uid, series, study)
