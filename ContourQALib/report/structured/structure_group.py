"""One assessed structure as a measurement group of a report (TID 1411)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ContourQALib import __version__
from ContourQALib.formats.dicom.segment_item import LONG_STRING
from ContourQALib.quality.assessment import ModelIdentity, StructureAssessment
from ContourQALib.quality.verdict import Levels
from ContourQALib.report.structured import codes
from ContourQALib.report.structured.assessed_object import AssessedContour, AssessedObject
from ContourQALib.report.structured.codes import CUBIC_CENTIMETER, MILLIMETER, NO_UNITS, PATIENTS, SLICES
from ContourQALib.report.structured.image_library import image_of_slice
from ContourQALib.report.structured.items import code, number, text, with_children, yes_or_no

if TYPE_CHECKING:
    from highdicom.sr import (
        AlgorithmIdentification,
        CodedConcept,
        ContentItem,
        FindingSite,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )

    from ContourQALib.formats.dicom.segment_terminology import Code, SegmentCodes
    from ContourQALib.formats.dicom.source_series import SourceSeries

RULES_ALONE = "ContourQA rules on masks, no model"
"""Algorithm of a structure that no model knows."""


def structure_group(
    structure: StructureAssessment,
    model: ModelIdentity | None,
    levels: Levels,
    contour: AssessedContour,
    assessed: AssessedObject,
    source: SourceSeries,
) -> VolumetricROIMeasurementsAndQualitativeEvaluations:
    """The group of one structure: verdict and reasons first, then the figures.

    Args:
        structure: what was predicted.
        model: the model that predicted it; None where mask-only rules alone did.
        levels: the accept and reject levels behind the verdict.
        contour: where the contour lies in the objects of `assessed`.
        assessed: the segmentation, and the structure set it came from.
        source: the image series.
    """
    import highdicom

    known = contour.codes
    group = highdicom.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=highdicom.sr.TrackingIdentifier(
            contour.tracking_uid or highdicom.UID(), structure.structure
        ),
        referenced_segment=highdicom.sr.ReferencedSegment(
            assessed.segmentation.class_uid,
            assessed.segmentation.instance_uid,
            contour.segment,
            source_series=highdicom.sr.SourceSeriesForSegmentation(source.identity.series_uid),
        ),
        finding_category=_coded(known.category) if known else None,
        finding_type=_coded(known.type) if known else None,
        finding_sites=_sites(known),
        algorithm_id=_algorithm(model),
    )
    group[0].ContentSequence.extend(
        [
            *_origin(contour, assessed),
            *_explanation(contour, assessed),
            *_judgment(structure, levels),
            *_figures(structure),
            *_slices(structure, source),
        ]
    )
    return group


def _sites(known: SegmentCodes | None) -> list[FindingSite] | None:
    """Where the structure lies, where more is known of it than what it is."""
    from highdicom.sr import FindingSite

    if known is None or not (known.modifier or known.region):
        return None
    side = known.region_modifier if known.region else known.modifier
    place = _coded(known.region or known.type)
    return None if place is None else [FindingSite(place, laterality=_coded(side))]


def _coded(code: Code | None) -> CodedConcept | None:
    """A code of a segment; None for one without what PS3.3 section 8.8 asks for, as some files have them."""
    if code is None or not (code.scheme and code.meaning):
        return None
    return codes.Concept(code.value, code.meaning[:LONG_STRING], code.scheme).coded()


def _origin(contour: AssessedContour, assessed: AssessedObject) -> list[ContentItem]:
    """Structure set and ROI that the contour came from."""
    from highdicom.sr import CompositeContentItem

    found = assessed.structure_set
    if found is None:
        return []
    reference = CompositeContentItem(
        codes.STRUCTURE_SET.coded(), found.class_uid, found.instance_uid, relationship_type="CONTAINS"
    )
    if contour.roi is None:
        return [reference]
    return [reference, text(codes.ROI_IDENTIFIER, str(contour.roi))]


def _explanation(contour: AssessedContour, assessed: AssessedObject) -> list[ContentItem]:
    """The map of where the contour is probably wrong (TID 1411, row 13b)."""
    from highdicom.sr import ImageContentItem

    found = assessed.error_maps
    if found is None or contour.error_segment is None:
        return []
    return [
        ImageContentItem(
            codes.VISUAL_EXPLANATION.coded(),
            found.class_uid,
            found.instance_uid,
            referenced_segment_numbers=contour.error_segment,
            relationship_type="CONTAINS",
        )
    ]


def _judgment(structure: StructureAssessment, levels: Levels) -> list[ContentItem]:
    """Verdict, status and novelty, and the sentences behind them."""
    novelty = structure.novelty
    inside = {True: codes.YES, False: codes.NO, None: codes.UNDETERMINED}[novelty.inside_training_range]
    behind = [
        number(codes.ACCEPT_LEVEL, levels.accept, NO_UNITS, "HAS PROPERTIES"),
        number(codes.REJECT_LEVEL, levels.reject, NO_UNITS, "HAS PROPERTIES"),
    ]
    items: list[ContentItem] = [
        with_children(code(codes.VERDICT, codes.VERDICTS[structure.verdict]), behind),
        *(text(codes.REASON, reason) for reason in structure.reasons),
        code(codes.STATUS, codes.STATUSES[structure.status]),
        code(codes.INSIDE_TRAINING_RANGE, inside),
        *(text(codes.RANGE_REASON, reason) for reason in novelty.reasons),
        yes_or_no(codes.RESAMPLED, structure.resampled),
    ]
    said = (
        (codes.INTERVAL_REASON, structure.interval_reason),
        (codes.RASTERIZED, structure.rasterized),
        (codes.REMARKS, structure.remarks),
        (codes.STANDARD_NAME, structure.standard_name),
        (codes.SPELLED, structure.spelled),
    )
    return items + [text(concept, words) for concept, words in said if words]


def _figures(structure: StructureAssessment) -> list[ContentItem]:
    """The numbers; the three that a model predicts are named even where it did not."""
    items: list[ContentItem] = [
        number(codes.PREDICTED_DICE, structure.dice, NO_UNITS),
        *_bounds(structure.dice_interval, codes.DICE_LOW, codes.DICE_HIGH, NO_UNITS),
        number(codes.PREDICTED_HD95, structure.hd95_mm, MILLIMETER),
        *_bounds(structure.hd95_interval_mm, codes.HD95_LOW, codes.HD95_HIGH, MILLIMETER),
        number(codes.PREDICTED_MSD, structure.msd_mm, MILLIMETER),
        *_bounds(structure.msd_interval_mm, codes.MSD_LOW, codes.MSD_HIGH, MILLIMETER),
    ]
    said = (
        (codes.INTERVAL_LEVEL, structure.interval_level, NO_UNITS),
        (codes.INTERVAL_CASES, structure.interval_cases, PATIENTS),
        (codes.DICE_AT_LEAST, structure.dice_at_least, NO_UNITS),
        (codes.EXPECTED_DICE, structure.expected_dice, NO_UNITS),
        (codes.AGREEMENT_DICE, structure.agreement_dice, NO_UNITS),
        (codes.VOLUME, structure.volume_cc, CUBIC_CENTIMETER),
        (codes.LOST_VOLUME, structure.lost_cc, CUBIC_CENTIMETER),
        (codes.POLYGONS_VOLUME, structure.volume_polygons_cc, CUBIC_CENTIMETER),
    )
    return items + [number(concept, value, unit) for concept, value, unit in said if value is not None]


def _bounds(
    interval: tuple[float, float] | None, below: codes.Concept, above: codes.Concept, unit: codes.Concept
) -> list[ContentItem]:
    """An interval as two figures of their own: viewers list those of a group, not what is below one."""
    if interval is None:
        return []
    low, high = interval
    return [number(below, low, unit), number(above, high, unit)]


def _slices(structure: StructureAssessment, source: SourceSeries) -> list[ContentItem]:
    """Slices to look at first, each with the image that it is."""
    if structure.slices is None:
        return []
    items: list[ContentItem] = [number(codes.SLICES_LISTED, len(structure.slices), SLICES)]
    for one in structure.slices:
        image = image_of_slice(source, one.index)
        index = text(codes.SLICE_INDEX, str(one.index), "HAS PROPERTIES")
        wrong = number(codes.SLICE_ERROR, one.error_volume_cc, CUBIC_CENTIMETER)
        items.append(with_children(wrong, [index, image]))
    return items


def _algorithm(model: ModelIdentity | None) -> AlgorithmIdentification:
    """Who predicted it (TID 4019): the model, or this program's rules alone."""
    from highdicom.sr import AlgorithmIdentification

    if model is None or model.name is None:
        return AlgorithmIdentification(RULES_ALONE, __version__)
    return AlgorithmIdentification(model.name, str(model.version))
