"""Which image a contour file was drawn on, where it says so."""

from __future__ import annotations

from os import PathLike

from ContourQALib.formats.dicom.contour_object import contour_object
from ContourQALib.formats.dicom.recognizing import Kind, names_dicom
from ContourQALib.formats.dicom.segmentation_in import seg_references
from ContourQALib.formats.dicom.structure_set import read_structure_set


def referenced_series(path: str | PathLike[str]) -> tuple[str, ...]:
    """Series Instance UIDs of the images that an RTSTRUCT or SEG refers to; none for a file that is no DICOM.

    Args:
        path: any contour file, or a folder with one RTSTRUCT or SEG.

    Raises:
        FormatError: it is DICOM without contours, or damaged.
    """
    if not names_dicom(path):
        return ()
    file, kind = contour_object(path)
    return read_structure_set(file).series_uids if kind is Kind.STRUCTURE_SET else seg_references(file)
