"""Which kind of file a path names, by its extension."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ContourQALib.errors import FormatError

KINDS: dict[str, str] = {
    ".seg.nrrd": "NRRD",
    ".nii.gz": "NIfTI",
    ".nii": "NIfTI",
    ".nrrd": "NRRD",
    ".nhdr": "NRRD",
    ".mha": "MetaImage",
    ".mhd": "MetaImage",
}
"""Extensions that are read, the longer before the shorter that they end with."""


def extension_of(path: str | PathLike[str]) -> str:
    """Extension as `KINDS` spells it (".nii.gz" for "A.NII.GZ"), or "" for any other file."""
    name = Path(path).name.lower()
    return next((extension for extension in KINDS if name.endswith(extension)), "")


def stem_of(path: str | PathLike[str]) -> str:
    """File name without its extension: "case" for "case.nii.gz", "a.b" for "a.b.txt"."""
    path = Path(path)
    extension = extension_of(path)
    return path.name[: -len(extension)] if extension else path.stem


def check_readable(path: str | PathLike[str]) -> Path:
    """The path of a file that is there, is a file and can be opened.

    Raises:
        FormatError: missing, a folder, or not permitted to be read.
    """
    path = Path(path)
    if path.is_dir():
        raise FormatError(f"{path} is a folder; name one image or contour file in it.")
    try:
        with path.open("rb"):
            return path
    except PermissionError as error:
        raise FormatError(f"{path} cannot be opened; ask for permission to read it.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        raise FormatError(f"{path} does not exist; check the path.") from error
