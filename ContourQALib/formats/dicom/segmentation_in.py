"""DICOM segmentations in: segments as contours, and shares of voxels as probability maps."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

import numpy as np

from ContourQALib.case import REMARKS_TAG, Contour, ProbabilityMap, SeriesIdentity
from ContourQALib.errors import FormatError, StructureError
from ContourQALib.formats.dicom.reading import quietly
from ContourQALib.formats.dicom.segmentation_file import (
    FRACTIONAL,
    Segment,
    SegmentationFile,
    open_segmentation,
)
from ContourQALib.names import normalize


def read_seg(
    path: str | PathLike[str],
    each: Callable[[Contour], Contour] | None = None,
    series: SeriesIdentity | None = None,
) -> tuple[Contour, ...]:
    """Read the segments of a DICOM segmentation in their order, those without a frame too, as empty contours.

    Binary segmentations, whose segments may overlap, and label maps. All lie on the regular grid that holds
    the file's frames, which is often a part of the image's: `Contour.on` pads it. A fractional segmentation
    that holds nothing between zero and its largest number is a mask at any threshold, and read as one.

    Args:
        path: the file.
        each: applied to every contour before the next is made, such as to cut it to its box.
        series: the image that the contours are for, if they must belong to it; where that cannot be checked
            their tag `REMARKS_TAG` says so.

    Raises:
        FormatError: the file cannot be read, holds shares of voxels, or belongs to another image.
        GeometryError: its frames fit no regular grid.
    """
    with quietly():
        file = open_segmentation(path)
        remarks = _remarks(file, series)
        found = []
        for segment in file.segments:
            tags = {**segment.tags, **remarks}
            contour = Contour(
                _mask(file, segment), file.frames.grid, segment.name, segment.color, tags, file.path
            )
            found.append(each(contour) if each else contour)
            del contour  # before the next one takes as much
        return tuple(found)


def read_seg_probabilities(
    path: str | PathLike[str], name: str | None = None, series: SeriesIdentity | None = None
) -> tuple[ProbabilityMap, ...]:
    """Read the segments of a fractional DICOM segmentation, as shares of its Maximum Fractional Value.

    Probability and occupancy (PS3.3 C.8.20.2.3) become the same kind of map, 0 on planes without a frame.

    Args:
        path: the file.
        name: only the segment of this name, however it is spelled.
        series: as of `read_seg`.

    Raises:
        FormatError: the file cannot be read, is not fractional, or belongs to another image.
        StructureError: it holds no segment of that name, or several.
        GeometryError: its frames fit no regular grid.
    """
    with quietly():
        file = open_segmentation(path)
        if file.kind != FRACTIONAL:
            raise FormatError(f"{file.path} holds masks, not probabilities; name it as contours.")
        wanted = file.segments if name is None else (_named(file, name),)
        remarks = _remarks(file, series)
        return tuple(
            ProbabilityMap(
                _shares(file, one),
                file.frames.grid,
                one.name,
                file.path,
                color=one.color,
                tags={**one.tags, **remarks},
            )
            for one in wanted
        )


def _remarks(file: SegmentationFile, series: SeriesIdentity | None) -> dict[str, str]:
    """The tag that says what must be known of a file laid over an image; none where there is no image."""
    remark = "" if series is None else file.belonging(series)
    return {REMARKS_TAG: remark} if remark else {}


def _mask(file: SegmentationFile, segment: Segment) -> np.ndarray:
    mask = np.zeros(file.frames.grid.shape, bool)
    for k, stored in file.planes_of(segment):
        mask[k] = stored != 0
        if file.kind == FRACTIONAL and ((stored != 0) & (stored != file.largest)).any():
            raise FormatError(
                f"{file.path} holds probabilities, not masks; name it with --probability, and let"
                " contourqa thresholds say where to cut."
            )
    return mask


def _named(file: SegmentationFile, name: str) -> Segment:
    """The segment of a name: of the same text, else the only one of the same letters."""
    same = [one for one in file.segments if one.name == name]
    found = same or [one for one in file.segments if normalize(one.name) == normalize(name)]
    if len(found) != 1:
        count = "several segments" if found else "no segment"
        held = ", ".join(one.name for one in file.segments)
        raise StructureError(f"{file.path} holds {count} {name}; it holds {held}.")
    return found[0]


def _shares(file: SegmentationFile, segment: Segment) -> np.ndarray:
    values = np.zeros(file.frames.grid.shape, np.float32)
    for k, stored in file.planes_of(segment):
        if stored.max(initial=0) > file.largest:
            raise FormatError(
                f"{file.path} holds {stored.max()} where its Maximum Fractional Value is {file.largest};"
                " export it again."
            )
        np.divide(stored, np.float32(file.largest), out=values[k])
    return values
