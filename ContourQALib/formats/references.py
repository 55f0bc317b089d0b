"""Which image a contour file was drawn on, where it says so."""

from __future__ import annotations

from os import PathLike

from ContourQALib.formats.dicom.contour_header import read_contour_header
from ContourQALib.formats.dicom.contour_object import contour_object
from ContourQALib.formats.dicom.recognizing import names_dicom


def referenced_series(path: str | PathLike[str]) -> tuple[str, ...]:
    """Series Instance UIDs of the images that an RTSTRUCT or SEG refers to; none for a file that is no DICOM.

    Args:
        path: any contour file, or a folder with one RTSTRUCT or SEG.

    Raises:
        FormatError: it is DICOM without contours, or damaged.
    """
    return read_contour_header(contour_object(path)[0]).series_uids if names_dicom(path) else ()
