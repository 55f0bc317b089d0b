"""FileStamp: which file was read, and whether it is still the same."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ContourQALib.errors import ContourQAError
from ContourQALib.formats.color_table import SUFFIXES
from ContourQALib.formats.dicom.recognizing import files_below
from ContourQALib.formats.digests import hash_contours
from ContourQALib.formats.file_type import stem_of

HEADERS = (".mhd", ".nhdr")
"""Files whose voxels lie in another file of the same stem."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """Which file was read.

    Attributes:
        sha256: of its bytes.
        state: sizes and times of it and of what is read with it (see `state_of`).
    """

    sha256: str
    state: str


def state_of(path: str) -> str:
    """Sizes and times of a file and of what is read with it; "" for a file that is not there.

    With it are read a color table beside a label file, and the voxels of a separate header. Of a folder (of
    DICOM) it is those of all files below it.
    """
    if os.path.isdir(path):
        return _state_of_folder(Path(path))
    folder, name = os.path.split(path)
    stem = stem_of(name)
    beside = {stem + suffix for suffix in SUFFIXES} - {name}
    try:
        if name.lower().endswith(HEADERS):
            beside |= {other for other in os.listdir(folder or ".") if other.startswith(f"{stem}.")} - {name}
        states = [_state(path)]
    except (OSError, ValueError):  # ValueError: a NUL character in the name
        return ""
    for other in sorted(beside):
        with suppress(OSError):
            states.append(_state(os.path.join(folder, other)))
    return " ".join(states)


def stamp_of(path: str) -> FileStamp | None:
    """Which file lies there now; None for one that cannot be read."""
    state = state_of(path)  # before reading: a file that changes meanwhile is measured again by the next run
    try:
        return FileStamp(hash_contours(path), state)
    except (ContourQAError, ValueError):  # ValueError: a NUL character in the name
        return None  # reading it says what is wrong


def _state_of_folder(folder: Path) -> str:
    states = hashlib.sha256()
    for file in files_below(folder):
        with suppress(OSError):
            states.update(
                f"{file.relative_to(folder)}\0{_state(str(file))}\n".encode(errors="surrogateescape")
            )
    return states.hexdigest()


def _state(path: str) -> str:
    status = os.stat(path)
    return f"{status.st_size}@{status.st_mtime_ns}"
