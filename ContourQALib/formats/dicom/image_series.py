"""ImageSeries: the files of one series, and which series of a folder is meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.elements import shown_uid
from ContourQALib.formats.dicom.instances import Instance

if TYPE_CHECKING:
    from ContourQALib.formats.dicom.folder import DicomFolder

UID_END = 5
"""Letters that name a series by the end of its UID: fewer may be a number that no series has."""

LISTED = 12
"""Series that an error names; a whole study's would be a page."""


@dataclass(frozen=True)
class ImageSeries:
    """An image series, of which headers were read but no pixels.

    Attributes:
        source: the folder or file that the user named.
        instances: its files, unsorted; at least one.
    """

    source: Path
    instances: tuple[Instance, ...] = field(repr=False)

    @property
    def study_uid(self) -> str:
        """Study Instance UID."""
        return self.instances[0].study_uid

    @property
    def series_uid(self) -> str:
        """Series Instance UID."""
        return self.instances[0].series_uid

    @property
    def frame_uid(self) -> str:
        """Frame of Reference UID, "" where it has none."""
        return self.instances[0].frame_uid

    @property
    def modality(self) -> str:
        """What took it, such as "CT" or "MR"."""
        return self.instances[0].modality

    @property
    def number(self) -> int | None:
        """Series Number."""
        return self.instances[0].number

    @property
    def description(self) -> str:
        """Series Description: free text, for a user's eyes, never for errors or logs."""
        return self.instances[0].description

    @property
    def files(self) -> tuple[Path, ...]:
        """Its files, in the order of `instances`."""
        return tuple(one.path for one in self.instances)

    @property
    def instance_uids(self) -> tuple[str, ...]:
        """SOP Instance UID of each file."""
        return tuple(one.instance_uid for one in self.instances)

    @property
    def image_count(self) -> int:
        """How many slices its files hold."""
        return sum(one.frames for one in self.instances)

    @property
    def label(self) -> str:
        """What to call it in a message: number, modality, images and UID, nothing that was typed freely."""
        number = "without a number" if self.number is None else str(self.number)
        units = f" in {self.instances[0].units}" if self.instances[0].units else ""
        images = "1 image" if self.image_count == 1 else f"{self.image_count} images"
        modality = self.modality or "no modality"
        return f"series {number} ({modality}{units}, {images}, UID {shown_uid(self.series_uid)})"


def choose_series(
    folder: DicomFolder, wanted: str | None = None, referenced: Collection[str] = ()
) -> ImageSeries:
    """The series of a folder that is meant.

    Args:
        folder: as it was scanned.
        wanted: a series' number, its UID, or at least five letters that only its UID ends with.
        referenced: Series Instance UIDs that contours refer to. Without `wanted`, the series is meant that
            the file named by the user belongs to; else the one of these that is there; else the only one.

    Raises:
        FormatError: there is none, none that is wanted, or several that may be meant; several patients are
            counted.
    """
    if not folder.series:
        raise FormatError(f"{folder.source} holds no CT, MR or PET images{_first_left_out(folder)}.")
    if wanted is not None:
        return _wanted(folder, wanted.strip())
    named = _named_by_file(folder)
    if named is not None:
        return named
    candidates = [one for one in folder.series if one.series_uid in referenced] or folder.series
    if len(candidates) == 1:
        return candidates[0]
    patients = len({one.instances[0].patient for one in candidates})
    count = f"{len(candidates)} series" + (f" of {patients} patients" if patients > 1 else "")
    raise FormatError(f"{folder.source} holds {count}; choose one with --series: {_list(candidates)}.")


def _wanted(folder: DicomFolder, wanted: str) -> ImageSeries:
    tests = (
        lambda one: one.series_uid == wanted,
        lambda one: str(one.number) == wanted,
        lambda one: len(wanted) >= UID_END and one.series_uid.endswith(wanted),
    )
    for test in tests:
        found = [one for one in folder.series if test(one)]
        if len(found) == 1:
            return found[0]
        if found:
            raise FormatError(
                f'{folder.source} holds {len(found)} series that "{wanted}" may mean; '
                f"name one by its UID: {_list(found)}."
            )
    raise FormatError(f'{folder.source} holds no series "{wanted}"; it holds {_list(folder.series)}.')


def _named_by_file(folder: DicomFolder) -> ImageSeries | None:
    """The series of the file that the user named; of a multi-frame file nothing but that file."""
    for series in folder.series:
        for instance in series.instances:
            if instance.path == folder.source:
                return series if instance.slice else replace(series, instances=(instance,))
    return None


def _first_left_out(folder: DicomFolder) -> str:
    if not folder.left_out:
        return ""
    first, count = folder.left_out[0], len(folder.left_out)
    return f": {first.path.name} {first.reason}" + (
        f", and {count - 1} more were left out" if count > 1 else ""
    )


def _list(series: Sequence[ImageSeries]) -> str:
    names = [one.label for one in series[:LISTED]]
    return ", ".join(names) + (f" and {len(series) - LISTED} more" if len(series) > LISTED else "")
