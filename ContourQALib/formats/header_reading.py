"""Which reader a file's header needs, by its extension."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats import metaimage, nifti, nrrd
from ContourQALib.formats.file_type import KINDS, check_readable, extension_of
from ContourQALib.formats.header import Header

READERS: dict[str, Callable[[Path], Header]] = {
    "NIfTI": nifti.read_header,
    "NRRD": nrrd.read_header,
    "MetaImage": metaimage.read_header,
}
"""The reader of each kind of header."""


def read_header(path: str | PathLike[str]) -> Header:
    """Header of a NIfTI, NRRD or MetaImage file, after the amount of voxel data was verified.

    Raises:
        FormatError: missing, a folder, unreadable, another format than its extension says, or truncated.
    """
    path = check_readable(path)
    kind = KINDS.get(extension_of(path))
    if kind is None:
        raise FormatError(
            f"{path} is of a kind that cannot be read; give DICOM or one of {', '.join(KINDS)}."
        )
    return READERS[kind](path)
