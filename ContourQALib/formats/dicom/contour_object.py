"""Which DICOM file holds the contours that a path names: itself, or the only one in a folder."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.folder import scan
from ContourQALib.formats.dicom.recognizing import Kind, dicom_kind

CONTOURS = (Kind.STRUCTURE_SET, Kind.SEGMENTATION)


def contour_object(path: str | PathLike[str]) -> tuple[Path, Kind]:
    """The RTSTRUCT or SEG file that a path names, and which of the two it is.

    Args:
        path: such a file, or a folder of any nesting that holds exactly one.

    Raises:
        FormatError: the file holds something else, or the folder none or several.
    """
    path = Path(path)
    if not path.is_dir():
        kind = dicom_kind(path)
        if kind in CONTOURS:
            return path, kind
        raise FormatError(f"{path} is DICOM without contours ({kind.value}); name an RTSTRUCT or SEG file.")
    folder = scan(path)
    sets, segmentations = len(folder.structure_sets), len(folder.segmentations)
    if sets + segmentations == 1:
        file = (*folder.structure_sets, *folder.segmentations)[0]
        return file, Kind.STRUCTURE_SET if sets else Kind.SEGMENTATION
    if not sets + segmentations:
        raise FormatError(f"{path} holds neither an RTSTRUCT nor a SEG file; name the file of the contours.")
    raise FormatError(
        f"{path} holds {sets} RTSTRUCT and {segmentations} SEG files; name one of them "
        "(contourqa dicom list shows them)."
    )
