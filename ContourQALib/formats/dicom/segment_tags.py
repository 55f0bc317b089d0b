"""Tags of a contour that a DICOM segment can carry: codes, who drew it, how it is tracked, a description.

Names of tags are Slicer's where Slicer has some, so that they mean the same in a .seg.nrrd file.
"""

from __future__ import annotations

from typing import Any

from ContourQALib.case import RASTERIZED_TAG
from ContourQALib.formats.dicom.segment_terminology import (
    TERMINOLOGY_TAG,
    coded,
    codes_of,
    entry_of,
    text_of,
)

ALGORITHM_TYPE_TAG = "DICOM.SegmentAlgorithmType"
ALGORITHM_NAME_TAG = "DICOM.SegmentAlgorithmName"
ALGORITHM_VERSION_TAG = "DICOM.SegmentAlgorithmVersion"
ALGORITHM_FAMILY_TAG = "DICOM.SegmentAlgorithmFamily"
DESCRIPTION_TAG = "DICOM.SegmentDescription"
TRACKING_ID_TAG = "DICOM.TrackingID"
TRACKING_UID_TAG = "DICOM.TrackingUID"

MANUAL, AUTOMATIC = "MANUAL", "AUTOMATIC"
ALGORITHM_TYPES = (MANUAL, "SEMIAUTOMATIC", AUTOMATIC)
"""Segment Algorithm Type (PS3.3 C.8.20.2)."""

RASTERIZED = "Rasterized: "
"""How the line of a Segment Description begins that says by which rule polygons became the segment."""


def tags_of(segment: Any) -> dict[str, str]:
    """Tags of an item of the Segment Sequence (PS3.3 C.8.20.2, C.8.20.4)."""
    identified = (segment.get("SegmentationAlgorithmIdentificationSequence") or [{}])[0]
    family, _ = coded(identified, "AlgorithmFamilyCodeSequence")
    codes = codes_of(segment)
    lines = str(segment.get("SegmentDescription") or "").splitlines()
    rules = [line.removeprefix(RASTERIZED) for line in lines if line.startswith(RASTERIZED)]
    others = [line for line in lines if not line.startswith(RASTERIZED)]
    tags = {
        TERMINOLOGY_TAG: entry_of(codes) if codes else None,
        ALGORITHM_TYPE_TAG: segment.get("SegmentAlgorithmType"),
        ALGORITHM_NAME_TAG: segment.get("SegmentAlgorithmName"),
        ALGORITHM_VERSION_TAG: identified.get("AlgorithmVersion"),
        ALGORITHM_FAMILY_TAG: text_of(family) if family else None,
        DESCRIPTION_TAG: " ".join(others),
        TRACKING_ID_TAG: segment.get("TrackingID"),
        TRACKING_UID_TAG: segment.get("TrackingUID"),
        RASTERIZED_TAG: " ".join(rules),
    }
    return {tag: str(value).strip() for tag, value in tags.items() if value}
