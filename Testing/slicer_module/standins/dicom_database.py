# ruff: noqa: N801
"""`slicer.app.dicomDatabase()`: which file holds which DICOM instance.

By ctkDICOMDatabase.h and .cpp (August 2026): `isOpen` is a property; an instance that is not known has the
file ""; nobody looks whether a file is still there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class ctkDICOMDatabase:
    """The part of the database that is asked for files; a test says what was imported."""

    def __init__(self) -> None:
        self.isOpen = True
        self._files: dict[str, str] = {}

    def imported(self, files: Mapping[str, Path]) -> None:
        """Knows these files from now on, by the SOP Instance UIDs of what they hold."""
        self._files |= {uid: str(file.absolute()) for uid, file in files.items()}

    def removed(self, uid: str) -> None:
        """Forgets an instance; its file stays where it is."""
        del self._files[uid]

    def fileForInstance(self, uid: str) -> str:
        return self._files.get(uid, "")
