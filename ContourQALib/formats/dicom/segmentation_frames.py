"""Frames of a DICOM segmentation: which segment each one shows, on which plane of which regular grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ContourQALib.errors import FormatError, GeometryError
from ContourQALib.geometry import DIRECTION_TOLERANCE, POSITION_TOLERANCE_MM, Grid

LABEL_MAP = "LABELMAP"
"""Segmentation Type whose frames hold the numbers of segments (PS3.3 C.8.20.2)."""

OFF_GRID = 0.05
"""How far a frame may lie from its place in the regular grid, as a share of a voxel: positions are rounded,
to 0.01 mm by many scanners, while a frame that was moved or belongs to another grid lies further off."""

LEANING = 1e-3
"""How far frames may move sideways, as a share of the way along their normal: cosines are rounded, while a
tilted gantry moves slices by 0.02 and more."""

MOST_PLANES = 10_000
"""More planes than any scan has: positions that need them fit no regular grid."""


@dataclass(frozen=True, eq=False)
class SegmentationFrames:
    """Where the frames of a segmentation lie.

    Attributes:
        grid: the regular grid that holds every frame; planes may be without any.
        planes: (frames,) K of each frame.
        segments: (frames,) number of the segment that each frame shows; zeros in a label map, whose frames
            show all of them.
    """

    grid: Grid
    planes: np.ndarray
    segments: np.ndarray

    def of_segment(self, number: int) -> list[tuple[int, int]]:
        """The frames of a segment and their planes."""
        frames = np.flatnonzero(self.segments == number)
        return [(int(frame), int(self.planes[frame])) for frame in frames]


def place_frames(segmentation: Any, path: Path) -> SegmentationFrames:
    """Place the frames of a segmentation (PS3.3 A.51.5, C.7.6.16).

    Frames may lie apart, since planes without anything on them are left out of most files: planes are as
    far apart as Spacing Between Slices says, where every frame fits that, else as the closest two frames.

    Args:
        segmentation: the dataset; pixels are not looked at.
        path: the file, for errors.

    Raises:
        FormatError: the frames have no place in space, or are not described one by one.
        GeometryError: frames are turned or shifted against each other, or lie at distances that fit no grid.
    """
    if "TotalPixelMatrixColumns" in segmentation:
        raise FormatError(
            f"{path} is a segmentation of a microscope's slide; only those of volumes can be read."
        )
    frames = segmentation.get("PerFrameFunctionalGroupsSequence") or ()
    count = int(segmentation.get("NumberOfFrames") or 0)
    if not count or len(frames) != count:
        raise FormatError(f"{path} announces {count} frames and describes {len(frames)}; export it again.")
    shared = (segmentation.get("SharedFunctionalGroupsSequence") or [{}])[0]
    measures = _groups(frames, shared, "PixelMeasuresSequence", path)
    orientations = _groups(frames, shared, "PlaneOrientationSequence", path)
    places = _groups(frames, shared, "PlanePositionSequence", path)
    in_plane = _same(orientations, "ImageOrientationPatient", path).reshape(2, 3)
    spacing_mm = _same(measures, "PixelSpacing", path)[::-1]  # of columns, which is along I, then of rows
    points = np.broadcast_to([_numbers(one, "ImagePositionPatient", path) for one in places], (count, 3))
    normal = np.cross(*in_plane)
    first = points[np.argmin(points @ normal)]
    along_mm = (points - first) @ normal
    _check_straight((points - first) @ in_plane.T, along_mm, spacing_mm, path)
    step_mm = _step_mm(along_mm, measures[0], path)
    planes = np.round(along_mm / step_mm).astype(int)
    segments = _segments(segmentation, frames, shared, path)
    if len(set(zip(segments.tolist(), planes.tolist(), strict=True))) < count:
        raise FormatError(
            f"{path} holds several frames of one segment on one plane (of several times?); export one"
            " segmentation for each."
        )
    i_mm, j_mm = (float(mm) for mm in spacing_mm)
    x, y, z = (float(mm) for mm in first)
    grid = Grid(
        (int(segmentation.Columns), int(segmentation.Rows), int(planes.max()) + 1),
        (i_mm, j_mm, step_mm),
        (x, y, z),
        tuple(np.column_stack([*in_plane, normal]).ravel().tolist()),
    )
    return SegmentationFrames(grid, planes, segments)


def _check_straight(
    sideways_mm: np.ndarray, along_mm: np.ndarray, spacing_mm: np.ndarray, path: Path
) -> None:
    """See that frames lie one behind the other: (frames, 2) in their plane, (frames,) along the normal."""
    off_mm = np.abs(sideways_mm)
    if (off_mm > np.maximum(OFF_GRID * spacing_mm, LEANING * along_mm[:, None])).any():
        raise GeometryError(
            f"{path} holds frames that are shifted against each other by up to {off_mm.max():.2g} mm (a"
            " tilted gantry?); resample the segmentation onto a straight grid first."
        )


def _groups(frames: Sequence[Any], shared: Any, keyword: str, path: Path) -> list[Any]:
    """A functional group's item of every frame, or the one that all share."""
    if shared.get(keyword):
        return [shared[keyword][0]]
    found = [one[keyword][0] for one in frames if one.get(keyword)]
    if len(found) < len(frames):
        raise _unplaced(path)
    return found


def _numbers(item: Any, keyword: str, path: Path) -> np.ndarray:
    value = item.get(keyword)
    if value is None:
        raise _unplaced(path)
    return np.array(value, float)


def _unplaced(path: Path) -> FormatError:
    return FormatError(
        f"{path} does not say where every frame lies and which segment it shows; export it as a segmentation"
        " of a CT or MR series."
    )


def _same(items: Sequence[Any], keyword: str, path: Path) -> np.ndarray:
    """Numbers that are the same in all items."""
    values = np.array([_numbers(one, keyword, path) for one in items])
    tolerance = DIRECTION_TOLERANCE if keyword == "ImageOrientationPatient" else POSITION_TOLERANCE_MM
    if np.ptp(values, axis=0).max() > tolerance:
        raise GeometryError(f"{path} holds frames of different {keyword}; export one segmentation for each.")
    return np.asarray(values[0])


def _step_mm(offsets_mm: np.ndarray, measures: Any, path: Path) -> float:
    """Distance of planes: `offsets_mm` are the frames' along the normal, from the first."""
    gaps = np.diff(np.sort(offsets_mm))
    gaps = gaps[gaps > POSITION_TOLERANCE_MM]
    said_mm = abs(float(measures.get("SpacingBetweenSlices") or 0))
    if not gaps.size:
        step_mm = said_mm or float(measures.get("SliceThickness") or 0)
        if not step_mm:
            raise GeometryError(
                f"{path} holds one plane and does not say how thick; export it with slice thickness."
            )
        return step_mm
    if said_mm and _fits(offsets_mm, said_mm, gaps.size):
        return said_mm
    close_mm = gaps[gaps < 1.5 * gaps.min()].mean()
    # over all planes the rounding of single positions hardly counts
    step_mm = float(offsets_mm.max() / max(1.0, np.round(offsets_mm.max() / close_mm)))
    if not _fits(offsets_mm, step_mm, gaps.size):
        raise GeometryError(
            f"{path} holds planes {gaps.min():.4g} to {gaps.max():.4g} mm apart, which fit no regular grid;"
            " resample the segmentation onto one first."
        )
    return step_mm


def _fits(offsets_mm: np.ndarray, step_mm: float, gaps: int) -> bool:
    """Whether all frames lie on planes `step_mm` apart, one plane more than there are gaps between frames."""
    places = np.round(offsets_mm / step_mm)
    off = np.abs(offsets_mm / step_mm - places).max()
    return bool(off <= OFF_GRID and places.max() < MOST_PLANES and len(np.unique(places)) == gaps + 1)


def _segments(segmentation: Any, frames: Sequence[Any], shared: Any, path: Path) -> np.ndarray:
    if segmentation.get("SegmentationType") == LABEL_MAP:
        return np.zeros(len(frames), int)
    groups = _groups(frames, shared, "SegmentIdentificationSequence", path)
    numbers = [one.get("ReferencedSegmentNumber") for one in groups]
    if None in numbers:
        raise _unplaced(path)
    return np.broadcast_to(np.array(numbers, int), len(frames))
