"""Digests: which bytes a result was made of, one SHA-256 for a file and one for a DICOM series."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from os import PathLike

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.contour_object import contour_object
from ContourQALib.formats.dicom.folder import scan
from ContourQALib.formats.dicom.image_series import ImageSeries, choose_series
from ContourQALib.formats.dicom.recognizing import names_dicom

READERS = 4
"""Files hashed at a time: disks answer several questions together, and hashing leaves Python's lock."""


def hash_file(path: str | PathLike[str]) -> str:
    """SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        FormatError: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FormatError(f"Cannot read {path} ({error.strerror}); check that the file exists.") from error


def digest_of_series(series: ImageSeries) -> str:
    """One SHA-256 of a DICOM series, whatever its files are called and wherever they lie.

    It is that of the lines "SOP Instance UID, space, SHA-256 of the file", sorted, each ended by a newline.

    Raises:
        FormatError: a file cannot be read.
    """
    with ThreadPoolExecutor(READERS) as pool:
        hashes = pool.map(hash_file, series.files)
        lines = sorted(f"{uid} {found}\n" for uid, found in zip(series.instance_uids, hashes, strict=True))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def hash_image(path: str | PathLike[str], series: str | None = None, referenced: Iterable[str] = ()) -> str:
    """SHA-256 of what is read as an image: of a file's bytes, or of a DICOM series by `digest_of_series`.

    Args:
        path: an image file, or DICOM: a folder or file.
        series: which series, by its UID or number.
        referenced: UIDs of the series that contours refer to.

    Raises:
        FormatError: it cannot be read, or it is not clear which series is meant.
    """
    if not names_dicom(path):
        return hash_file(path)
    return digest_of_series(choose_series(scan(path), series, tuple(referenced)))


def hash_contours(path: str | PathLike[str]) -> str:
    """SHA-256 of the file that is read as contours or as a probability map; in a DICOM folder its only one.

    Raises:
        FormatError: it cannot be read, or the folder holds none or several.
    """
    return hash_file(contour_object(path)[0] if names_dicom(path) else path)
