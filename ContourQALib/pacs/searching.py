"""What is asked of an archive: which studies, series of a study, instances of a series it holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ContourQALib.errors import SettingError
from ContourQALib.pacs.archive import PAGE, Archive
from ContourQALib.pacs.records import InstanceRecord, SeriesRecord, StudyRecord, is_uid

DATE = re.compile(r"\d{8}|\d{8}-(\d{8})?|-\d{8}")
"""A day, days from one to another, from one on, or up to one (PS3.4 C.2.2.2.5)."""

_Record = TypeVar("_Record", StudyRecord, SeriesRecord, InstanceRecord)


@dataclass(frozen=True)
class StudyFilter:
    """Which studies are looked for; "" is any.

    Attributes:
        patient_id: of this patient; * and ? stand for any letters where the archive knows them.
        study_date: a day or range of days, such as 20240101-20240131.
        modality: with a series of this kind.

    Raises:
        SettingError: a date that is none.
    """

    patient_id: str = ""
    study_date: str = ""
    modality: str = ""

    def __post_init__(self) -> None:
        if self.study_date and not DATE.fullmatch(self.study_date):
            raise SettingError(
                "--study-date is a day such as 20240131, or a range such as 20240101-20240131, 20240101- or "
                "-20240131."
            )

    def searched(self) -> dict[str, str]:
        """Keywords of DICOM with the values looked for."""
        wanted = {
            "PatientID": self.patient_id,
            "StudyDate": self.study_date,
            "ModalitiesInStudy": self.modality.upper(),
        }
        return {keyword: value for keyword, value in wanted.items() if value}


def check_uid(text: str, option: str) -> str:
    """The UID that a user typed.

    Raises:
        SettingError: it is none.
    """
    if not is_uid(text):
        raise SettingError(f"{option} {text} is no UID (digits and dots, at most 64); copy it from a query.")
    return text


def find_studies(archive: Archive, wanted: StudyFilter, limit: int) -> tuple[StudyRecord, ...]:
    """Studies of an archive, in its order.

    Args:
        archive: whom to ask.
        wanted: which studies.
        limit: at most so many; one more than is shown tells whether there are more.

    Raises:
        PacsError: the archive does not answer.
    """
    filters = wanted.searched()

    def page(offset: int) -> Iterable[StudyRecord]:
        asked = min(PAGE, limit - offset)
        rows = archive.search(
            "studies",
            limit=asked,
            offset=offset,
            search_filters=filters,
            fields=["StudyDescription", "ModalitiesInStudy"],
        )
        return map(StudyRecord.of, rows)

    return _all(page, lambda one: one.study_uid, limit)


def find_series(archive: Archive, study_uid: str) -> tuple[SeriesRecord, ...]:
    """All series of a study, () where the archive does not hold it.

    Raises:
        PacsError: the archive does not answer.
    """

    def page(offset: int) -> Iterable[SeriesRecord]:
        rows = archive.search("series", study_uid, limit=PAGE, offset=offset, fields=["SeriesDescription"])
        return (SeriesRecord.of(row, study_uid) for row in rows)

    return _all(page, lambda one: one.series_uid)


def find_instances(
    archive: Archive, study_uid: str, series_uid: str, fields: Sequence[str] = (), **only: str
) -> tuple[InstanceRecord, ...]:
    """All instances of a series, () where the archive does not hold it.

    Args:
        archive: whom to ask.
        study_uid: Study Instance UID.
        series_uid: Series Instance UID.
        fields: keywords of DICOM that are asked for beyond what every archive tells.
        only: keywords of DICOM with the values that an instance must have.

    Raises:
        PacsError: the archive does not answer.
    """

    def page(offset: int) -> Iterable[InstanceRecord]:
        how = {"fields": list(fields), "search_filters": only}
        asked = {name: value for name, value in how.items() if value}
        rows = archive.search("instances", study_uid, series_uid, limit=PAGE, offset=offset, **asked)
        return (InstanceRecord.of(row, study_uid, series_uid) for row in rows)

    return _all(page, lambda one: one.instance_uid)


def _all(
    page: Callable[[int], Iterable[_Record]], uid: Callable[[_Record], str], limit: int | None = None
) -> tuple[_Record, ...]:
    """Pages until one brings nothing new: archives may have a limit of their own, or give all at once."""
    found: dict[str, _Record] = {}
    while limit is None or len(found) < limit:
        before = len(found)
        for record in page(before):
            if is_uid(uid(record)):
                found.setdefault(uid(record), record)
        if len(found) == before:
            break
    return tuple(found.values())[:limit]
