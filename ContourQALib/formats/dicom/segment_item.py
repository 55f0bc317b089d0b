"""An item of the Segment Sequence: what a new DICOM segmentation says of one of our contours or maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ContourQALib.errors import StructureError
from ContourQALib.formats.dicom.display_color import to_cielab
from ContourQALib.formats.dicom.elements import in_one_line
from ContourQALib.formats.dicom.segment_codes import codes_named
from ContourQALib.formats.dicom.segment_tags import (
    ALGORITHM_FAMILY_TAG,
    ALGORITHM_NAME_TAG,
    ALGORITHM_TYPE_TAG,
    ALGORITHM_TYPES,
    ALGORITHM_VERSION_TAG,
    AUTOMATIC,
    DESCRIPTION_TAG,
    LINES,
    MANUAL,
    TRACKING_ID_TAG,
    TRACKING_UID_TAG,
)
from ContourQALib.formats.dicom.segment_terminology import (
    TERMINOLOGY_TAG,
    Code,
    code_from_text,
    codes_from_entry,
    item_of,
    put_codes,
)
from ContourQALib.formats.dicom.structure_set import ALGORITHM_TAG as ROI_ALGORITHM_TAG
from ContourQALib.formats.segmentation import Color

LONG_STRING = 64
"""Characters of a long string, as a label and the name of an algorithm are (PS3.5 6.2, LO)."""

SHORT_TEXT = 1024
"""Characters of a short text, as a description is (PS3.5 6.2, ST)."""

ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")


UNKNOWN = "Unknown"
"""Name of an algorithm that somebody's file calls automatic and does not name: it must have one."""


@dataclass(frozen=True)
class Algorithm:
    """What made the contours of a segmentation, where their tags do not say it.

    Attributes:
        name: such as a model's; at most 64 characters.
        version: at most 64 characters.
        is_manual: people drew them; nothing else is written then.
        family: kind of algorithm (PS3.16 CID 7162).
    """

    name: str
    version: str
    is_manual: bool = False
    family: Code = ARTIFICIAL_INTELLIGENCE


def segment_item(
    number: int,
    name: str,
    color: Color | None,
    tags: Mapping[str, str],
    algorithm: Algorithm,
    remarks: Sequence[str] = (),
) -> Any:
    """Describe a segment (PS3.3 C.8.20.2, C.8.20.4).

    Args:
        number: Segment Number, from 1.
        name: of the structure; kept as Segment Label.
        color: sRGB in [0, 1]; None recommends none.
        tags: the contour's. What they say of codes, algorithm and tracking is written instead of what the
            name and `algorithm` say.
        algorithm: who made what says nothing of that itself.
        remarks: what is to be known of the voxels, for the description.

    Raises:
        StructureError: DICOM cannot hold the name.
    """
    from pydicom.dataset import Dataset

    item = Dataset()
    item.SegmentNumber = number
    item.SegmentLabel = segment_label(name)
    told = [start + tags[tag] for tag, start in LINES.items() if tags.get(tag)]
    description = [line for line in (tags.get(DESCRIPTION_TAG), *remarks, *told) if line]
    if description:
        item.SegmentDescription = "\r\n".join(description)[:SHORT_TEXT]
    put_codes(codes_from_entry(tags.get(TERMINOLOGY_TAG, "")) or codes_named(name), item)
    _put_algorithm(item, tags, algorithm)
    if tags.get(TRACKING_ID_TAG) and tags.get(TRACKING_UID_TAG):
        item.TrackingID, item.TrackingUID = tags[TRACKING_ID_TAG], tags[TRACKING_UID_TAG]
    if color is not None:
        item.RecommendedDisplayCIELabValue = to_cielab(color)
    return item


def segment_label(name: str) -> str:
    """The Segment Label that a name becomes.

    Raises:
        StructureError: DICOM cannot hold the name.
    """
    stripped = name.strip()  # spaces around a text do not count (PS3.5 6.2)
    if not 0 < len(stripped) <= LONG_STRING or "\\" in stripped or in_one_line(stripped) != stripped:
        raise StructureError(
            f"The name {name!r} cannot be that of a DICOM segment, which has 1 to {LONG_STRING} characters,"
            " none of them a backslash or a control character; give the structure another name."
        )
    return stripped


def _put_algorithm(item: Any, tags: Mapping[str, str], algorithm: Algorithm) -> None:
    """Say who drew a segment: what its tags say, else `algorithm`."""
    from pydicom.dataset import Dataset

    said = next((tags[tag] for tag in (ALGORITHM_TYPE_TAG, ROI_ALGORITHM_TAG) if tags.get(tag)), None)
    if said in ALGORITHM_TYPES:
        name, version = tags.get(ALGORITHM_NAME_TAG) or UNKNOWN, tags.get(ALGORITHM_VERSION_TAG)
        family = code_from_text(tags.get(ALGORITHM_FAMILY_TAG, ""))
    else:
        said = MANUAL if algorithm.is_manual else AUTOMATIC
        name, version, family = algorithm.name, algorithm.version, algorithm.family
    item.SegmentAlgorithmType = said
    if said == MANUAL:
        return
    item.SegmentAlgorithmName = name[:LONG_STRING]
    if version and family:
        identified = Dataset()
        identified.AlgorithmFamilyCodeSequence = [item_of(family)]
        identified.AlgorithmName, identified.AlgorithmVersion = name[:LONG_STRING], version[:LONG_STRING]
        item.SegmentationAlgorithmIdentificationSequence = [identified]
