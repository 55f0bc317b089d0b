"""DICOM segmentations out: contours as masks, and probability maps as shares of 255."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.formats.dicom.new_segmentation import NewSegmentation
from ContourQALib.formats.dicom.segment_item import LONG_STRING, Algorithm, segment_item
from ContourQALib.formats.dicom.segment_tags import DESCRIPTION_TAG
from ContourQALib.formats.dicom.segmentation_file import BINARY, FRACTIONAL
from ContourQALib.formats.dicom.segmentation_header import LARGEST, OCCUPANCY, PROBABILITY
from ContourQALib.formats.output import write_atomically

if TYPE_CHECKING:
    from highdicom import SOPClass

    from ContourQALib.formats.dicom.source_series import SourceSeries

__all__ = [
    "OCCUPANCY",
    "PROBABILITY",
    "Algorithm",
    "fractional_seg_of",
    "seg_of",
    "write_fractional_seg",
    "write_seg",
]

CONTOURS_SERIES, MAPS_SERIES = 9200, 9300
"""Series Numbers of ours: far from what scanners and planning systems count."""

_FRACTIONAL_WORDS = {
    PROBABILITY: ("PROBABILITIES", "Probabilities"),
    OCCUPANCY: ("SHARES", "Shares of voxels"),
}
"""Content Label, and what descriptions call the numbers."""


def write_seg(
    contours: Sequence[Contour],
    source: SourceSeries,
    path: str | PathLike[str],
    algorithm: Algorithm,
    description: str,
    overwrite: bool = True,
) -> str:
    """Write contours as a binary DICOM segmentation of an image series; they may overlap (`seg_of`).

    Args:
        contours: as of `seg_of`.
        source: likewise.
        path: the file.
        algorithm: as of `seg_of`.
        description: likewise.
        overwrite: False refuses a name that is taken; see `write_atomically`.

    Returns:
        The object's SOP Instance UID.

    Raises:
        StructureError, SettingError, GeometryError, FormatError: as of `seg_of`.
        OutputError: the file cannot be written.
    """
    return _saved(seg_of(contours, source, algorithm, description), path, overwrite)


def write_fractional_seg(
    maps: Sequence[ProbabilityMap],
    source: SourceSeries,
    path: str | PathLike[str],
    algorithm: Algorithm,
    description: str,
    overwrite: bool = True,
    fractional_type: str = PROBABILITY,
) -> str:
    """Write maps as a fractional DICOM segmentation (`fractional_seg_of`); otherwise as `write_seg`."""
    return _saved(fractional_seg_of(maps, source, algorithm, description, fractional_type), path, overwrite)


def seg_of(
    contours: Sequence[Contour],
    source: SourceSeries,
    algorithm: Algorithm,
    description: str,
    told: Callable[[str], None] | None = None,
) -> SOPClass:
    """Contours as a binary DICOM segmentation of an image series, to be saved; they may overlap.

    Each is brought onto the series' grid, and its segment's description says when that interpolated voxels or
    cut some off. Names, colors (as 8-bit numbers) and the tags of `segment_tags` are kept; an empty contour
    is a segment without frames.

    Args:
        contours: at least one, with names that differ.
        source: the series; patient and study are its own, series and instance are new.
        algorithm: what made the contours whose tags do not say so.
        description: of the new series, at most 64 characters.
        told: gets the name of each contour before it is worked on; what it raises ends the work.

    Returns:
        The object, with the patient's name in it.

    Raises:
        StructureError: there is no contour, or a name that DICOM cannot hold.
        SettingError: the description is too long.
        GeometryError: a contour lies wholly outside the series.
        FormatError: the header of the series cannot be taken over.
    """
    new = _begun(contours, source, BINARY, "CONTOURS", description)
    for number, contour in enumerate(contours, start=1):
        if told is not None:
            told(contour.name)
        placed = contour.on(source.grid)
        item = segment_item(number, contour.name, contour.color, contour.tags, algorithm, _remarks(placed))
        new.add(item, placed.mask)
        del placed  # before the next one takes as much
    return new.finished()


def fractional_seg_of(
    maps: Sequence[ProbabilityMap],
    source: SourceSeries,
    algorithm: Algorithm,
    description: str,
    fractional_type: str = PROBABILITY,
    told: Callable[[str], None] | None = None,
) -> SOPClass:
    """Maps as a fractional DICOM segmentation, rounded to 1/255, which descriptions say.

    `fractional_type` tells probabilities from shares of voxels (`OCCUPANCY`). Otherwise as `seg_of`.
    """
    label, rounded = _FRACTIONAL_WORDS[fractional_type]
    new = _begun(maps, source, FRACTIONAL, label, description, fractional_type)
    for number, one in enumerate(maps, start=1):
        if told is not None:
            told(one.name)
        placed = one.on(source.grid)
        remarks = [f"{rounded} rounded to 1/{LARGEST}."]
        if placed.resampled:
            remarks.append("Resampled onto the grid of the image (linear).")
        said = one.tags.get(DESCRIPTION_TAG, "")  # of a map that such a file held
        remarks = [remark for remark in remarks if remark not in said]
        item = segment_item(number, one.name, one.color, one.tags, algorithm, remarks)
        new.add(item, _shares(placed.values))
        del placed
    return new.finished()


def _shares(values: np.ndarray) -> np.ndarray:
    """Probabilities (K, J, I) as whole shares of `LARGEST`; plane by plane, for most hold nothing."""
    shares = np.zeros(values.shape, np.uint8)
    for k in np.flatnonzero(values.any(axis=(1, 2))):
        shares[k] = np.round(values[k] * LARGEST)
    return shares


def _begun(
    named: Sequence[Contour] | Sequence[ProbabilityMap],
    source: SourceSeries,
    kind: str,
    label: str,
    description: str,
    fractional_type: str = PROBABILITY,
) -> NewSegmentation:
    if not named:
        raise StructureError("There is no structure to write as a DICOM segmentation; name at least one.")
    if not 0 < len(description) <= LONG_STRING or "\\" in description:
        raise SettingError(
            f"The description of a DICOM segmentation has 1 to {LONG_STRING} characters, none of them a"
            f" backslash, and the given one has {len(description)}; change it."
        )
    number = MAPS_SERIES if kind == FRACTIONAL else CONTOURS_SERIES
    return NewSegmentation(source, kind, label, description, number, fractional_type)


def _remarks(placed: Contour) -> list[str]:
    remarks = []
    if placed.resampled:
        remarks.append("Resampled onto the grid of the image (nearest neighbor).")
    if placed.lost_cc:
        remarks.append(f"{placed.lost_cc:.3g} cc outside of the image are left out.")
    return remarks


def _saved(dataset: SOPClass, path: str | PathLike[str], overwrite: bool) -> str:
    with write_atomically(Path(path), overwrite) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
    return str(dataset.SOPInstanceUID)
