"""DicomFiles: the DICOM files that a volume was loaded from, as Slicer's DICOM database knows them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from ContourQALib.errors import ContourQAError
from ContourQALib.mrml.dicom_series import series_of

if TYPE_CHECKING:
    from ContourQALib.case import SeriesIdentity


class NoDicomFilesError(ContourQAError):
    """A volume was not loaded from DICOM, or its files are not known any more."""


@dataclass(frozen=True)
class DicomFiles:
    """The files of a series.

    Attributes:
        seriesUid: Series Instance UID.
        paths: one for each slice, or the one of a multi-frame image; whether they still lie there, nobody
            has looked.
    """

    seriesUid: str
    paths: tuple[Path, ...]


class DicomFinder:
    """Finds the files of volumes, and keeps why those of the last one could not be found.

    The database is asked for each slice, which takes too long for every change that the panel hears of.
    """

    def __init__(self) -> None:
        self._last: tuple[SeriesIdentity | None, str] | None = None

    def find(self, volumeNode: Any) -> DicomFiles:
        """The files that a volume was loaded from.

        Args:
            volumeNode: the volume, or None.

        Raises:
            NoDicomFilesError: the scene does not know the volume's series, or the database not all its files.
        """
        return _files(series_of(volumeNode) if volumeNode is not None else None)

    def whyNot(self, volumeNode: Any) -> str:
        """Why `find` would fail, a sentence; "" where it would not."""
        series = series_of(volumeNode) if volumeNode is not None else None
        if self._last is None or self._last[0] != series:
            try:
                _files(series)
                self._last = series, ""
            except NoDicomFilesError as error:
                self._last = series, str(error)
        return self._last[1]

    def forget(self) -> None:
        """Ask anew the next time: files may have been imported or removed."""
        self._last = None


def _files(series: SeriesIdentity | None) -> DicomFiles:
    if series is None or not series.instance_uids:
        raise NoDicomFilesError(
            _(
                "The volume was not loaded from DICOM itself, so there is no patient and study to save for: "
                "load the series in the DICOM module and assess that volume."
            )
        )
    database = slicer.app.dicomDatabase() if hasattr(slicer.app, "dicomDatabase") else None
    if database is None or not database.isOpen:
        raise NoDicomFilesError(
            _("Slicer's DICOM database is not open: choose its folder in the DICOM module.")
        )
    paths = [database.fileForInstance(uid) for uid in series.instance_uids]
    unknown = sum(not path for path in paths)
    if unknown:
        raise NoDicomFilesError(
            _(
                "Slicer's DICOM database does not know {count} of the {total} files of this volume: import "
                "the series in the DICOM module."
            ).format(count=unknown, total=len(paths))
        )
    return DicomFiles(series.series_uid, tuple(map(Path, paths)))
