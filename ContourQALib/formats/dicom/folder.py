"""DicomFolder: which series, structure sets and segmentations lie in a folder, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ContourQALib.formats.dicom.image_series import ImageSeries
from ContourQALib.formats.dicom.instances import HEADER, Instance, read_instance
from ContourQALib.formats.dicom.reading import DamagedError, parse, quietly
from ContourQALib.formats.dicom.recognizing import (
    DIRECTORY,
    Kind,
    at_large,
    files_below,
    kind_of,
    named_sop_class,
    sop_class_of,
)
from ContourQALib.formats.file_type import check_readable


@dataclass(frozen=True)
class LeftOut:
    """A file that was not used.

    Attributes:
        path: the file.
        reason: why, a predicate without the file's name: "is cut short".
    """

    path: Path
    reason: str


@dataclass(frozen=True)
class DicomFolder:
    """What a folder holds.

    Attributes:
        source: the folder or file that the user named.
        series: image series, in the order of study, number and UID.
        structure_sets: RTSTRUCT files.
        segmentations: SEG files.
        left_out: files that are none of these or cannot be used.
    """

    source: Path
    series: tuple[ImageSeries, ...]
    structure_sets: tuple[Path, ...]
    segmentations: tuple[Path, ...]
    left_out: tuple[LeftOut, ...]


class _Found:
    """What was found so far."""

    def __init__(self) -> None:
        self.instances: list[Instance] = []
        self.contours: dict[Kind, list[Path]] = {Kind.STRUCTURE_SET: [], Kind.SEGMENTATION: []}
        self.left_out: list[LeftOut] = []

    def look_at(self, path: Path) -> None:
        """Put a file where it belongs by its header."""
        try:
            if not path.is_file():  # a pipe would keep its reader waiting
                raise OSError
            with path.open("rb") as file:
                header = parse(file, path, HEADER, at_large)
                left = path.stat().st_size - file.tell()
            sop_class = named_sop_class(header, path)
            kind = kind_of(sop_class)
            if kind in self.contours:
                self.contours[kind].append(path)
            elif kind is Kind.IMAGE:
                self.instances.append(read_instance(header, sop_class, left, path))
            else:
                self.left_out.append(LeftOut(path, _what(sop_class)))
        except DamagedError as error:
            self.left_out.append(LeftOut(path, error.reason))
        except OSError:
            self.left_out.append(LeftOut(path, "cannot be opened"))


def scan(path: str | PathLike[str], only: Callable[[Path], bool] | None = None) -> DicomFolder:
    """What lies in a folder of any nesting, or in the folder of a file.

    Headers alone are read. A file that cannot be used is left out, with the reason, and the rest is used:
    what is no DICOM file, a damaged one, an image in color, a plan, a dose, a scout, a copy.

    Args:
        path: a folder; the DICOMDIR of a disk, which stands for its folder; or any other DICOM file, which
            stands for the files beside it.
        only: says of each file, before it is opened, whether to look at it; all where None.

    Raises:
        FormatError: pydicom is not installed, or nothing lies under the path.
        DamagedError: it is a file but no DICOM file.
    """
    path = Path(path)
    found = _Found()
    with quietly():
        for file in _files(path):
            if only is None or only(file):
                found.look_at(file)
    series = _by_series(found, path)
    return DicomFolder(
        path,
        tuple(sorted(series, key=lambda one: (one.study_uid, one.number or 0, one.series_uid))),
        tuple(found.contours[Kind.STRUCTURE_SET]),
        tuple(found.contours[Kind.SEGMENTATION]),
        tuple(sorted(found.left_out, key=lambda one: one.path)),
    )


def _files(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return files_below(path)
    check_readable(path)
    with path.open("rb") as file:
        if sop_class_of(file, path) == DIRECTORY:
            return files_below(path.parent)
    return sorted(one for one in path.parent.iterdir() if one.is_file())


def _what(sop_class: str) -> str:
    """Why a file of another kind is left out."""
    from pydicom.uid import UID

    if sop_class == DIRECTORY:
        return "is the list of a disk's files"
    name = UID(sop_class).name  # the UID itself where the standard has no name for it
    return f"holds no CT, MR or PET image ({name.removesuffix(' Storage')})"


def _by_series(found: _Found, source: Path) -> Iterator[ImageSeries]:
    """Series of the images found, without copies and scouts."""
    series: dict[tuple[str, str], dict[Hashable, Instance]] = {}
    for one in found.instances:
        instances = series.setdefault((one.study_uid, one.series_uid), {})
        # elsewhere it is no copy: a series whose UIDs were spoiled must not shrink to one slice
        first = instances.setdefault((one.instance_uid, one.slice and one.slice.position), one)
        if first is not one:
            found.left_out.append(LeftOut(one.path, f"holds the same image as {first.path.name}"))
    for instances in series.values():
        scouts = [one for one in instances.values() if one.localizer]
        found.left_out += [LeftOut(one.path, "is a scout (localizer), no part of a volume") for one in scouts]
        if len(scouts) < len(instances):
            yield ImageSeries(source, tuple(one for one in instances.values() if not one.localizer))
