"""Contours that a reader decided to use, as a DICOM segmentation of their image."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from ContourQALib.case import Contour
from ContourQALib.formats.dicom.image_series import ImageSeries
from ContourQALib.formats.dicom.segment_item import UNKNOWN
from ContourQALib.formats.dicom.segment_tags import ALGORITHM_TYPE_TAG
from ContourQALib.formats.dicom.segmentation_out import Algorithm, write_seg
from ContourQALib.formats.dicom.source_series import headers_of
from ContourQALib.formats.dicom.structure_set import ALGORITHM_TAG as ROI_ALGORITHM_TAG

DESCRIPTION = "ContourQA: contours accepted or edited by a reader"

BY_HAND, BOTH = "MANUAL", "SEMIAUTOMATIC"
"""Segment Algorithm Types (PS3.3 C.8.20.2) of what a person drew, alone or on top of a program's contour."""


def decided_segmentation(contours: Sequence[Contour], edited: Collection[str], series: ImageSeries) -> bytes:
    """The bytes of a DICOM segmentation (see `write_seg`); blocks.

    Args:
        contours: at least one.
        edited: names of those that a reader changed.
        series: the image that they were drawn on.

    Raises:
        ContourQAError: the headers of the series cannot be read, or a contour's name is none of DICOM.
    """
    drawn = [_edited(contour) if contour.name in edited else contour for contour in contours]
    with tempfile.TemporaryDirectory(prefix="contourqa-seg-") as folder:
        path = Path(folder, "contours.dcm")
        write_seg(drawn, headers_of(series), path, Algorithm(UNKNOWN, ""), DESCRIPTION)
        return path.read_bytes()


def _edited(contour: Contour) -> Contour:
    """The contour with the tag of how it was made: by hand, unless a program had made what was edited."""
    before = contour.tags.get(ALGORITHM_TYPE_TAG) or contour.tags.get(ROI_ALGORITHM_TAG)
    made = BOTH if before in ("AUTOMATIC", BOTH) else BY_HAND
    return replace(contour, tags={**contour.tags, ALGORITHM_TYPE_TAG: made})
