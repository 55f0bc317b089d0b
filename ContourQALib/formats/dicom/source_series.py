"""SourceSeries: the headers of an image series, which what is written of it carries over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ContourQALib.case import SeriesIdentity
from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.folder import scan, scan_files
from ContourQALib.formats.dicom.image_series import ImageSeries, choose_series
from ContourQALib.formats.dicom.reading import from_each, quietly, read_dataset
from ContourQALib.formats.dicom.recognizing import files_below
from ContourQALib.formats.dicom.series_image import identity_of, stack_of
from ContourQALib.geometry import Grid

MOST_FILES = 10_000
"""Files among which a series is looked for without being asked: more than a study has, less than a disk."""


@dataclass(frozen=True, eq=False)
class SourceSeries:
    """An image series without its pixels.

    Attributes:
        identity: its UIDs.
        grid: where its slices lie.
        datasets: whole headers (pydicom data sets) in the order of K; of a multi-frame image its one. They
            name the patient: for what is written, never for messages.
        path: the folder or file that the user named.
    """

    identity: SeriesIdentity
    grid: Grid
    datasets: tuple[Any, ...]
    path: Path

    @cached_property
    def images(self) -> tuple[tuple[Any, int | None], ...]:
        """The data set of each K, and which frame of it that is, from 1; None where a file is one slice.

        A file of one slice may state its one frame; what describes frames is multi-frame.
        """
        first = self.datasets[0]
        frames = first.get("PerFrameFunctionalGroupsSequence")
        if not frames:
            return tuple((one, None) for one in self.datasets)
        shared = first.get("SharedFunctionalGroupsSequence") or [{}]
        points = [
            (one if "PlanePositionSequence" in one else shared[0])
            .PlanePositionSequence[0]
            .ImagePositionPatient
            for one in frames
        ]
        planes = np.rint(self.grid.world_to_index(np.array(points, float))[:, 2]).astype(int).tolist()
        number = {k: frame for frame, k in enumerate(planes, start=1)}
        return tuple((first, number[k]) for k in range(self.grid.size[2]))


def source_series(
    path: str | PathLike[str], wanted: str | None = None, referenced: Collection[str] = ()
) -> SourceSeries:
    """The headers of the series that an image was read from.

    Args:
        path: as the image was named.
        wanted: as for `choose_series`.
        referenced: as for `choose_series`.

    Raises:
        FormatError: there is no such series, or it mixes patients or frames of reference.
        DamagedError: a file is damaged.
        GeometryError: its slices are no regular volume.
    """
    return headers_of(choose_series(scan(path), wanted, referenced))


def series_of_files(files: Sequence[Path], series_uid: str) -> SourceSeries:
    """The headers of a series whose files are known one by one; all of them have to be of use.

    Args:
        files: at least one.
        series_uid: Series Instance UID.

    Raises:
        FormatError: a file is gone, damaged or no image of a volume, or is of another series.
        DamagedError: a file is damaged.
        GeometryError: the slices are no regular volume.
    """
    folder = files[0].parent  # of most series that of all files
    found = scan_files(files, folder)
    series = choose_series(found, series_uid)
    others = len(files) - len(series.instances)
    if others:
        first = f" ({found.left_out[0].path.name} {found.left_out[0].reason})" if found.left_out else ""
        raise FormatError(
            f"{others} of the {len(files)} DICOM files in {folder} are no images of the series{first}; load "
            "the series again."
        )
    return headers_of(series)


def series_beside(
    path: Path, series_uids: Collection[str], instance_uids: Collection[str] = ()
) -> SourceSeries | None:
    """The series that a contour file refers to, in the file's folder or the folder above; None if not there.

    A folder with more than `MOST_FILES` files below it is not looked through.

    Args:
        path: the file.
        series_uids: Series Instance UIDs that it names.
        instance_uids: SOP Instance UIDs of slices that it names.

    Raises:
        FormatError: it names several that are there, or the series mixes patients or frames of reference.
        DamagedError: a file of the series is damaged.
        GeometryError: the slices are no regular volume.
    """
    folder, slices = path.absolute().parent, set(instance_uids)
    for place in dict.fromkeys((folder, folder.parent)):
        if next(islice(files_below(place), MOST_FILES, None), None) is not None:
            break
        there = [
            series.series_uid
            for series in scan(place).series
            if series.series_uid in series_uids or not slices.isdisjoint(series.instance_uids)
        ]
        if there:
            return source_series(place, referenced=there)
    return None


def headers_of(series: ImageSeries) -> SourceSeries:
    """The headers of a series that was chosen before.

    Raises:
        FormatError: it mixes patients or frames of reference.
        DamagedError: a file is damaged.
        GeometryError: its slices are no regular volume.
    """
    with quietly():
        stack = stack_of(series)
        datasets = tuple(from_each(read_dataset, dict.fromkeys(one.path for one in stack.slices)))
    return SourceSeries(identity_of(series, stack), stack.grid, datasets, series.source)
