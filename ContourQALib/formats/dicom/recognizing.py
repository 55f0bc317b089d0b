"""Which files are DICOM, and what each is, by as little of it as can be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import StrEnum
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.reading import PREAMBLE, DamagedError, begins_like_dicom, require_pydicom
from ContourQALib.formats.file_type import check_readable, extension_of

STORAGE = "1.2.840.10008.5.1.4."
"""How the UIDs of what can be stored begin (PS3.4 B.5, C.6)."""

DIRECTORY = "1.2.840.10008.1.3.10"
"""Media Storage Directory: the DICOMDIR of a disk."""

_IMAGES = STORAGE + "1.1."
IMAGES = frozenset(
    _IMAGES + ending
    for ending in (
        "2",  # CT
        "2.1",  # enhanced CT
        "2.2",  # legacy converted enhanced CT
        "4",  # MR
        "4.1",  # enhanced MR
        "4.4",  # legacy converted enhanced MR
        "13.1.1",  # X-ray 3D angiographic, such as a cone beam CT
        "128",  # PET
        "128.1",  # legacy converted enhanced PET
        "130",  # enhanced PET
    )
)
"""Storage SOP classes of images whose slices have a place in space (PS3.4 B.5)."""

SEGMENTATIONS = frozenset({_IMAGES + "66.4", _IMAGES + "66.7"})
"""Segmentation and Label Map Segmentation Storage."""

STRUCTURE_SET = _IMAGES + "481.3"
REPORTS = _IMAGES + "88."
"""How the UIDs of structured reports begin."""

SOP_CLASS_TAG = 0x00080016


class Kind(StrEnum):
    """What a DICOM file is."""

    IMAGE = "image"
    STRUCTURE_SET = "structure set"
    SEGMENTATION = "segmentation"
    REPORT = "report"
    OTHER = "other"


def kind_of(sop_class: str) -> Kind:
    """What a SOP class stands for."""
    if sop_class in IMAGES:
        return Kind.IMAGE
    if sop_class == STRUCTURE_SET:
        return Kind.STRUCTURE_SET
    if sop_class in SEGMENTATIONS:
        return Kind.SEGMENTATION
    return Kind.REPORT if sop_class.startswith(REPORTS) else Kind.OTHER


def dicom_kind(path: str | PathLike[str]) -> Kind:
    """What one DICOM file is, by its SOP class.

    Raises:
        FormatError: pydicom is not installed, or the file is missing or a folder.
        DamagedError: it is no DICOM file.
    """
    path = check_readable(path)
    with path.open("rb") as file:
        return kind_of(sop_class_of(file, path))


def is_dicom(path: str | PathLike[str]) -> bool:
    """Whether a file is DICOM, or a folder of any nesting holds such a file; nothing else of it is read.

    A file is one if it has the preamble's four letters, or none but begins with an element and names what
    it stores. What cannot be opened is not.
    """
    path = Path(path)
    return any(_is_dicom_file(file) for file in (files_below(path) if path.is_dir() else (path,)))


def names_dicom(path: str | PathLike[str]) -> bool:
    """Whether a path that a user names is to be read as DICOM: by `is_dicom`, if no other format claims it.

    Files that end in .nii.gz or the like are not opened for this.
    """
    return not extension_of(path) and is_dicom(path)


def files_below(folder: Path) -> Iterator[Path]:
    """The files of a folder of any nesting: its own by name, then those of the folders in it.

    Links to folders are not followed: they may lead in a circle.
    """
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))


def sop_class_of(file: BinaryIO, path: Path) -> str:
    """SOP Class UID of an open file, which is set to its beginning again.

    Raises:
        FormatError: pydicom is not installed.
        DamagedError: the file is no DICOM file.
    """
    require_pydicom()
    from pydicom.filereader import read_partial

    if not begins_like_dicom(file):
        raise DamagedError(path, "is no DICOM file")
    try:
        # a directory's or a segmentation's sequences would take seconds
        head = read_partial(file, stop_when=lambda tag, vr, length: tag > SOP_CLASS_TAG, force=True)
        sop_class = head.file_meta.get("MediaStorageSOPClassUID") or head.get("SOPClassUID")
    except Exception as error:  # a damaged file makes pydicom raise nearly anything
        raise DamagedError(path, "is damaged or cut short") from error
    finally:
        file.seek(0)
    if not sop_class:
        raise DamagedError(path, "is no DICOM file, or does not say of which kind")
    return str(sop_class)


def _is_dicom_file(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if file.read(PREAMBLE + 4)[PREAMBLE:] == b"DICM":
                return True
            file.seek(0)
            return sop_class_of(file, path).startswith(STORAGE)
    except (OSError, ValueError, FormatError):
        return False
