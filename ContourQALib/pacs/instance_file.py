"""Which instance a DICOM file holds: the three UIDs by which an archive knows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.reading import quietly, read_dataset
from ContourQALib.pacs.records import is_uid

UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


@dataclass(frozen=True)
class InstanceFile:
    """A file and the instance in it.

    Attributes:
        path: the file.
        study_uid: Study Instance UID.
        series_uid: Series Instance UID.
        instance_uid: SOP Instance UID.
    """

    path: Path
    study_uid: str
    series_uid: str
    instance_uid: str

    @classmethod
    def read(cls, path: Path) -> InstanceFile:
        """The instance of a file, from its header.

        Raises:
            FormatError: it is no DICOM file, a damaged one, or does not say which instance it is.
        """
        with quietly():
            header = read_dataset(path, UIDS)
            uids = [str(header.get(keyword) or "") for keyword in UIDS]
        if not header.preamble:
            raise FormatError(f"{path} lacks the preamble of a DICOM file (PS3.10 7.1); export it again.")
        if not all(map(is_uid, uids)):
            raise FormatError(
                f"{path} does not say of which study, series and instance it is; export it again."
            )
        return cls(path, *uids)
