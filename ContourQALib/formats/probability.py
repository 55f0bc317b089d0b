"""Probability maps in: one value per voxel, or a segment of a fractional DICOM SEG."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np

from ContourQALib.case import ProbabilityMap, SeriesIdentity
from ContourQALib.errors import FormatError, StructureError
from ContourQALib.formats.dicom.contour_object import contour_object
from ContourQALib.formats.dicom.recognizing import Kind, names_dicom
from ContourQALib.formats.dicom.segmentation_file import open_segmentation
from ContourQALib.formats.dicom.segmentation_in import read_seg_probabilities
from ContourQALib.formats.file_type import stem_of
from ContourQALib.formats.volume import read_volume

ROUNDING = 1e-5
"""How far a value may lie outside [0, 1]: softmax and resampling in float32 overshoot by about 1e-6."""


def read_probability(
    path: str | PathLike[str],
    name: str | None = None,
    segment: str | None = None,
    series: SeriesIdentity | None = None,
) -> ProbabilityMap:
    """Read the probability map of one structure.

    Whole numbers are taken only when they are 0 and 1: a map of percent or of 0 to 255 is not guessed at.

    Args:
        path: .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd with one value per voxel; or DICOM: a fractional SEG,
            or a folder that holds it alone.
        name: the structure; where not given what the segment is called, or the file's stem.
        segment: which of several segments, in any spelling; the structure's where not given.
        series: the DICOM series that a SEG shall belong to, as of `segmentation_in.read_seg`.

    Raises:
        FormatError: the file cannot be read, holds values outside [0, 1], is a SEG of masks, or belongs to
            another image.
        StructureError: no segment, or several, can be meant.
        GeometryError: its spacing or orientation is impossible.
    """
    if names_dicom(path):
        return _segment(path, name, segment or name, series)
    volume = read_volume(path)
    lowest, highest = float(volume.values.min()), float(volume.values.max())
    if lowest < -ROUNDING or highest > 1 + ROUNDING:
        raise FormatError(
            f"{volume.path} holds values from {lowest:g} to {highest:g}, but probabilities lie"
            " between 0 and 1; divide percent by 100 and 8-bit maps by 255, pass logits through a sigmoid."
        )
    values = np.clip(volume.values.astype(np.float32), 0.0, 1.0)
    return ProbabilityMap(values, volume.grid, name or stem_of(volume.path), volume.path)


def segment_names(path: str | PathLike[str]) -> tuple[str, ...]:
    """What a DICOM SEG has maps of, in its order; none for a file of another kind, which holds one map.

    Raises:
        FormatError: as of `read_probability`.
        GeometryError: likewise.
    """
    if not names_dicom(path):
        return ()
    return tuple(segment.name for segment in open_segmentation(_seg(path)).segments)


def _seg(path: str | PathLike[str]) -> Path:
    file, kind = contour_object(path)
    if kind is not Kind.SEGMENTATION:
        raise FormatError(f"{path} holds polygons (RTSTRUCT), not probabilities; name a fractional SEG.")
    return file


def _segment(
    path: str | PathLike[str], name: str | None, wanted: str | None, series: SeriesIdentity | None
) -> ProbabilityMap:
    """The segment that is wanted, or the only one, under the structure's name."""
    there = segment_names(path)
    if wanted is None and len(there) > 1:
        raise StructureError(f"{path} holds the maps of {', '.join(there)}; say which with NAME={path}.")
    meant = there[0] if len(there) == 1 else wanted
    (found,) = read_seg_probabilities(_seg(path), meant, series)
    return replace(found, name=name or found.name)
