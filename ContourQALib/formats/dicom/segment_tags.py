"""Tags of a contour that a DICOM segment can carry: codes, who drew it, how it is tracked, a description.

Names of tags are Slicer's where Slicer has some, so that they mean the same in a .seg.nrrd file.
"""

from __future__ import annotations

from typing import Any

from ContourQALib.case import RASTERIZED_TAG, SPELLED_TAG
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

LINES = {RASTERIZED_TAG: "Rasterized: ", SPELLED_TAG: "Spelled: "}
"""How lines of a Segment Description begin that hold a tag for which DICOM has no element."""


def tags_of(segment: Any) -> dict[str, str]:
    """Tags of an item of the Segment Sequence (PS3.3 C.8.20.2, C.8.20.4)."""
    identified = (segment.get("SegmentationAlgorithmIdentificationSequence") or [{}])[0]
    family, _ = coded(identified, "AlgorithmFamilyCodeSequence")
    codes = codes_of(segment)
    lines = str(segment.get("SegmentDescription") or "").splitlines()
    told = {
        tag: " ".join(line.removeprefix(start) for line in lines if line.startswith(start))
        for tag, start in LINES.items()
    }
    others = [line for line in lines if not line.startswith(tuple(LINES.values()))]
    tags = {
        TERMINOLOGY_TAG: entry_of(codes) if codes else None,
        ALGORITHM_TYPE_TAG: segment.get("SegmentAlgorithmType"),
        ALGORITHM_NAME_TAG: segment.get("SegmentAlgorithmName"),
        ALGORITHM_VERSION_TAG: identified.get("AlgorithmVersion"),
        ALGORITHM_FAMILY_TAG: text_of(family) if family else None,
        DESCRIPTION_TAG: " ".join(others),
        TRACKING_ID_TAG: segment.get("TrackingID"),
        TRACKING_UID_TAG: segment.get("TrackingUID"),
        **told,
    }
    return {tag: str(value).strip() for tag, value in tags.items() if value}
