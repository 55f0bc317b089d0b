"""Which contours of a study are assessed, on which images: what was named, or what cannot be mistaken."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from ContourQALib.errors import SettingError
from ContourQALib.formats.dicom.image_series import LISTED, UID_END
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.errors import NotThereError
from ContourQALib.pacs.records import WRITTEN_FIELDS, InstanceRecord, SeriesRecord
from ContourQALib.pacs.searching import find_instances

CONTOURS = ("RTSTRUCT", "SEG")
IMAGES = ("CT", "MR", "PT")
"""Modalities (PS3.3 C.7.3.1.1.1) of series that hold contours, and of those that contours are drawn on."""

OURS = "ContourQA"
"""Manufacturer of what this program writes."""

_Record = TypeVar("_Record", SeriesRecord, InstanceRecord)


def choose_contours(
    archive: Archive,
    series: Sequence[SeriesRecord],
    wanted: str | None = None,
    option: str = "--contours",
) -> InstanceRecord:
    """The RTSTRUCT or SEG of a study that is meant.

    Without a word of the user's it is the only one; what this program wrote itself does not count. Of
    several none is taken for being the newest: an older plan's contours are as easily meant, and nobody
    would notice.

    Args:
        archive: whom to ask.
        series: of the study.
        wanted: SOP Instance UID, Series Instance UID, or the end of one, at least `UID_END` letters.
        option: what the user wrote it behind.

    Raises:
        NotThereError: there is none.
        SettingError: none is wanted, or several may be meant; the sentence lists them.
        PacsError: the archive does not answer.
    """
    instances = [
        replace(instance, modality=one.modality)  # not every archive repeats it
        for one in series
        if one.modality in CONTOURS
        for instance in find_instances(archive, one.study_uid, one.series_uid, WRITTEN_FIELDS)
    ]
    if wanted is not None:
        names = (lambda one: one.instance_uid, lambda one: one.series_uid)
        return _wanted(instances, wanted, option, names)
    foreign = [one for one in instances if one.manufacturer != OURS]
    if not foreign:
        raise NotThereError(
            f"{archive.address.url} holds no RTSTRUCT or SEG of this study"
            + (" that ContourQA did not write itself; name one by --contours." if instances else ".")
        )
    if len(foreign) > 1:
        raise SettingError(
            f"The study holds {len(foreign)} objects with contours; choose one with --contours: "
            f"{_listed(foreign)}."
        )
    return foreign[0]


def choose_images(
    series: Sequence[SeriesRecord], wanted: str | None = None, referenced: Collection[str] = ()
) -> SeriesRecord:
    """The image series of a study that is meant.

    Args:
        series: of the study.
        wanted: Series Number, Series Instance UID, or the end of one, at least `UID_END` letters.
        referenced: Series Instance UIDs that the contours refer to.

    Raises:
        SettingError: there is none, none that is wanted, or several that may be meant; they are listed.
    """
    images = [one for one in series if one.modality in IMAGES]
    if not images:
        raise SettingError(
            "The study holds no CT, MR or PET images; name the study that the contours refer to."
        )
    if wanted is not None:
        return _wanted(images, wanted, "--series", (lambda one: one.series_uid, lambda one: str(one.number)))
    drawn_on = [one for one in images if one.series_uid in referenced]
    if referenced and not drawn_on:
        raise SettingError(
            f"The contours refer to no series of the study; choose one with --series: {_listed(images)}."
        )
    candidates = drawn_on or images
    if len(candidates) > 1:
        raise SettingError(
            f"The study holds {len(candidates)} series that may be meant; choose one with --series: "
            f"{_listed(candidates)}."
        )
    return candidates[0]


def _wanted(
    records: Sequence[_Record], wanted: str, option: str, exact: Sequence[Callable[[_Record], str]]
) -> _Record:
    """The record of which a UID (or number) is wanted, or whose UID alone ends like it."""
    wanted = wanted.strip()
    tests = [[one for one in records if name(one) == wanted] for name in exact]
    if len(wanted) >= UID_END:
        tests.append([one for one in records if any(uid.endswith(wanted) for uid in one.uids)])
    for found in tests:
        if len(found) == 1:
            return found[0]
        if found:
            raise SettingError(
                f"{option} {wanted} may mean {len(found)}; name one by its UID: {_listed(found)}."
            )
    raise SettingError(f"{option} {wanted} is not in the study; it holds {_listed(records) or 'none'}.")


def _listed(records: Sequence[SeriesRecord] | Sequence[InstanceRecord]) -> str:
    more = f"; and {len(records) - LISTED} more" if len(records) > LISTED else ""
    return "; ".join(one.label for one in records[:LISTED]) + more
