"""DicomFolder: which series, structure sets and segmentations lie in a folder, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ContourQALib.formats.dicom.elements import name_of
from ContourQALib.formats.dicom.image_series import ImageSeries
from ContourQALib.formats.dicom.instances import HEADER, Instance, read_instance
from ContourQALib.formats.dicom.reading import DamagedError, from_each, parse, quietly
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


@dataclass(frozen=True)
class _Contours:
    """A file that holds contours."""

    path: Path
    kind: Kind


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
    return _sorted_out(path, (file for file in _files(path) if only is None or only(file)))


def scan_files(files: Iterable[Path], source: Path) -> DicomFolder:
    """What some files are, wherever they lie; otherwise as `scan`.

    Args:
        files: the files; nothing beside them is looked at.
        source: what to call them all together in messages.

    Raises:
        FormatError: pydicom is not installed.
    """
    return _sorted_out(source, files)


def _sorted_out(path: Path, files: Iterable[Path]) -> DicomFolder:
    with quietly():
        found = list(from_each(_look_at, files))
    left_out = [one for one in found if isinstance(one, LeftOut)]
    series = _by_series([one for one in found if isinstance(one, Instance)], path, left_out)
    contours = [one for one in found if isinstance(one, _Contours)]
    return DicomFolder(
        path,
        tuple(sorted(series, key=lambda one: (one.study_uid, one.number or 0, one.series_uid))),
        tuple(one.path for one in contours if one.kind is Kind.STRUCTURE_SET),
        tuple(one.path for one in contours if one.kind is Kind.SEGMENTATION),
        tuple(sorted(left_out, key=lambda one: one.path)),
    )


def _files(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return files_below(path)
    check_readable(path)
    with path.open("rb") as file:
        if sop_class_of(file, path) == DIRECTORY:
            return files_below(path.parent)
    return sorted(one for one in path.parent.iterdir() if one.is_file())


def _look_at(path: Path) -> Instance | _Contours | LeftOut:
    """What a file is, by its header."""
    try:
        if not path.is_file():  # a pipe would keep its reader waiting
            return LeftOut(path, "cannot be opened")
        with path.open("rb") as file:
            header = parse(file, path, HEADER, at_large)
            left = path.stat().st_size - file.tell()
        sop_class = named_sop_class(header, path)
        kind = kind_of(sop_class)
        if kind is Kind.IMAGE:
            return read_instance(header, sop_class, left, path)
        if kind in (Kind.STRUCTURE_SET, Kind.SEGMENTATION):
            return _Contours(path, kind)
        return LeftOut(path, _what(sop_class))
    except DamagedError as error:
        return LeftOut(path, error.reason)
    except OSError:
        return LeftOut(path, "cannot be opened")


def _what(sop_class: str) -> str:
    """Why a file of another kind is left out."""
    if sop_class == DIRECTORY:
        return "is the list of a disk's files"
    return f"holds no CT, MR or PET image ({name_of(sop_class).removesuffix(' Storage')})"


def _by_series(found: Sequence[Instance], source: Path, left_out: list[LeftOut]) -> list[ImageSeries]:
    """Series of images; copies and scouts are added to what is left out."""
    series: dict[tuple[str, str], dict[Hashable, Instance]] = {}
    for one in found:
        instances = series.setdefault((one.study_uid, one.series_uid), {})
        # elsewhere it is no copy: a series whose UIDs were spoiled must not shrink to one slice
        first = instances.setdefault((one.instance_uid, one.slice and one.slice.position), one)
        if first is not one:
            left_out.append(LeftOut(one.path, f"holds the same image as {first.path.name}"))
        elif one.localizer:
            left_out.append(LeftOut(one.path, "is a scout (localizer), no part of a volume"))
    volumes = [tuple(one for one in some.values() if not one.localizer) for some in series.values()]
    return [ImageSeries(source, instances) for instances in volumes if instances]
