"""Which files are DICOM, and what each is, by as little of it as can be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import StrEnum
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.elements import text_of
from ContourQALib.formats.dicom.reading import PIXEL_GROUP, PREAMBLE, DamagedError, parse, require_pydicom
from ContourQALib.formats.file_type import check_readable, extension_of

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

STORAGE = "1.2.840.10008.5.1.4."
"""How the UIDs of what can be stored begin (PS3.4 B.5, C.6)."""

DIRECTORY = "1.2.840.10008.1.3.10"
"""Media Storage Directory: the DICOMDIR of a disk."""

_IMAGES = STORAGE + "1.1."
SINGLE_FRAME = frozenset(_IMAGES + ending for ending in ("2", "4", "128"))
"""CT, MR and PET Storage: one slice a file, also where a file says that it has one frame."""

IMAGES = SINGLE_FRAME | frozenset(
    _IMAGES + ending
    for ending in (
        "2.1",  # enhanced CT
        "2.2",  # legacy converted enhanced CT
        "4.1",  # enhanced MR
        "4.4",  # legacy converted enhanced MR
        "13.1.1",  # X-ray 3D angiographic, such as a cone beam CT
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
REPORT_TREE_TAG = 0x0040A730
LARGE_GROUPS = frozenset({0x0004, 0x0062, 0x3006, PIXEL_GROUP})
"""Groups of a DICOMDIR's records, a SEG's segments, an RTSTRUCT's structures, and of pixels."""


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
    head = parse(file, path, ("SOPClassUID",), lambda tag, representation, length: tag > SOP_CLASS_TAG)
    file.seek(0)
    return named_sop_class(head, path)


def named_sop_class(head: FileDataset, path: Path) -> str:
    """SOP Class UID that the beginning of a file names.

    Raises:
        DamagedError: it names none.
    """
    sop_class = text_of(head.file_meta, "MediaStorageSOPClassUID") or text_of(head, "SOPClassUID")
    if not sop_class:
        raise DamagedError(path, "is no DICOM file, or does not say of which kind")
    return sop_class


def at_large(tag: int, representation: str | None, length: int) -> bool:
    """Whether an element is one that takes long to read and that no image has before its pixels.

    It holds pixels, a directory's records, a report's tree, a segmentation's segments or a plan's structures.
    """
    return tag >> 16 in LARGE_GROUPS or tag == REPORT_TREE_TAG


def _is_dicom_file(path: Path) -> bool:
    try:
        if not path.is_file():  # a pipe would keep its reader waiting
            return False
        with path.open("rb") as file:
            if file.read(PREAMBLE + 4)[PREAMBLE:] == b"DICM":
                return True
            file.seek(0)
            return sop_class_of(file, path).startswith(STORAGE)
    except (OSError, ValueError, FormatError):
        return False
