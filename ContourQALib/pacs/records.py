"""What an archive says it holds: studies, series and instances, as rows of a search (PS3.18 10.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ContourQALib.formats.dicom.elements import in_one_line

UID = re.compile(r"[0-9]+(\.[0-9]+)*")
UID_LENGTH = 64
"""What a UID is made of (PS3.5 9); nothing else from an archive becomes a file's name or an address."""


def is_uid(text: str) -> bool:
    """Whether a text is a UID."""
    return len(text) <= UID_LENGTH and UID.fullmatch(text) is not None


@dataclass(frozen=True)
class StudyRecord:
    """A study.

    Attributes:
        study_uid: Study Instance UID.
        study_date: as DICOM writes it (20200131), "" where it is not said.
        patient_id: the patient's number.
        modalities: of its series.
        series_count: how many series, None where it is not said.
        instance_count: how many instances.
        patient_name: family and given name as DICOM writes them.
        description: free text.
    """

    study_uid: str
    study_date: str
    patient_id: str
    modalities: tuple[str, ...]
    series_count: int | None
    instance_count: int | None
    patient_name: str
    description: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> StudyRecord:
        """A row of a search for studies."""
        return cls(
            _text(row, "0020000D"),
            _text(row, "00080020"),
            _text(row, "00100020"),
            tuple(map(_plain, _values(row, "00080061"))),
            _count(row, "00201206"),
            _count(row, "00201208"),
            _text(row, "00100010"),
            _text(row, "00081030"),
        )


@dataclass(frozen=True)
class SeriesRecord:
    """A series of a study.

    Attributes:
        study_uid: Study Instance UID.
        series_uid: Series Instance UID.
        modality: "CT", "RTSTRUCT" and the like.
        number: Series Number, None where it has none.
        instance_count: how many instances, None where it is not said.
        description: free text.
    """

    study_uid: str
    series_uid: str
    modality: str
    number: int | None
    instance_count: int | None
    description: str

    @property
    def uids(self) -> tuple[str, ...]:
        """By which it can be named."""
        return (self.series_uid,)

    @property
    def place(self) -> str:
        """Where it is, below the root of its archive (PS3.18 10.1)."""
        return f"/studies/{self.study_uid}/series/{self.series_uid}"

    @property
    def label(self) -> str:
        """What to call it in a message: nothing that was typed freely."""
        number = "without a number" if self.number is None else str(self.number)
        files = "" if self.instance_count is None else f", {self.instance_count} files"
        return f"series {number} ({self.modality}{files}, UID {self.series_uid})"

    @classmethod
    def of(cls, row: Mapping[str, Any], study_uid: str) -> SeriesRecord:
        """A row of a search for the series of a study."""
        return cls(
            study_uid,
            _text(row, "0020000E"),
            _text(row, "00080060"),
            _count(row, "00200011"),
            _count(row, "00201209"),
            _text(row, "0008103E"),
        )


@dataclass(frozen=True)
class InstanceRecord:
    """An instance of a series, which is one file.

    Attributes:
        study_uid: Study Instance UID.
        series_uid: Series Instance UID.
        instance_uid: SOP Instance UID.
        modality: of its series.
        manufacturer: who made the program that wrote it, "" where the archive does not say.
        written: date and time of its content, as DICOM writes them with a blank between, "" where not said.
    """

    study_uid: str
    series_uid: str
    instance_uid: str
    modality: str
    manufacturer: str
    written: str

    @property
    def uids(self) -> tuple[str, ...]:
        """By which it can be named: its own, and that of its series where this holds nothing else."""
        return self.instance_uid, self.series_uid

    @property
    def place(self) -> str:
        """Where it is, below the root of its archive (PS3.18 10.1)."""
        return f"/studies/{self.study_uid}/series/{self.series_uid}/instances/{self.instance_uid}"

    @property
    def label(self) -> str:
        """What to call it in a message."""
        written = f" of {self.written}" if self.written else ""
        return f"{self.modality}{written} (UID {self.instance_uid})"

    @classmethod
    def of(cls, row: Mapping[str, Any], study_uid: str, series_uid: str) -> InstanceRecord:
        """A row of a search for the instances of a series."""
        date = _text(row, "00080023") or _text(row, "30060008")
        time = _text(row, "00080033") or _text(row, "30060009")
        return cls(
            study_uid,
            series_uid,
            _text(row, "00080018"),
            _text(row, "00080060"),
            _text(row, "00080070"),
            f"{date} {time.partition('.')[0]}".strip(),
        )


WRITTEN_FIELDS = ("Manufacturer", "ContentDate", "ContentTime", "StructureSetDate", "StructureSetTime")
"""What is asked for beyond what every archive tells of an instance (PS3.18 table 10.6.1-5)."""


def _values(row: Mapping[str, Any], tag: str) -> list[Any]:
    element = row.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return [value for value in values if value is not None] if isinstance(values, list) else []


def _text(row: Mapping[str, Any], tag: str) -> str:
    values = _values(row, tag)
    return _plain(values[0]) if values else ""


def _plain(value: Any) -> str:
    """A value on one line, without what a terminal would obey."""
    if isinstance(value, dict):  # a person's name in its three spellings
        value = value.get("Alphabetic") or next(iter(value.values()), "")
    return in_one_line(str(value))


def _count(row: Mapping[str, Any], tag: str) -> int | None:
    text = _text(row, tag)
    return int(text) if re.fullmatch(r"-?[0-9]{1,12}", text) else None
