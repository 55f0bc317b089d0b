"""What files were like when they were read: of DICOM, where a folder is named, what its files were like."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from ContourQALib.cohort.file_stamp import state_of
from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.decisions.edited_contours import is_edited_file

SUFFIXES = ("", ".dcm", ".dicom", ".ima")
"""Of DICOM files; a suffix of digits is the end of a UID. What else lies in a folder may change."""


def state_in_case(entry: CaseEntry, path: Path) -> str:
    """Sizes and times of a case's file, or of the files of a DICOM folder; "" where nothing is there.

    Edited contours, results and the like that are written beside DICOM files change nothing.

    Args:
        entry: the case.
        path: one of its files.
    """
    if entry.series is not None and path == entry.image:
        return joint_state(entry.series.files)
    return joint_state(_dicom_like(path)) if path.is_dir() else state_of(str(path))


def joint_state(files: Sequence[Path]) -> str:
    """A text that changes with the name, size or time of any of the files; "" where there is none."""
    states = [state_of(str(file)) for file in files]
    if not states or not all(states):
        return ""
    text = "\n".join(f"{file}\0{state}" for file, state in zip(files, states, strict=True))
    return f"{len(states)} files {hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()}"


def _dicom_like(folder: Path) -> list[Path]:
    found = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return sorted(path for path in found if may_be_dicom(path.name))


def may_be_dicom(name: str) -> bool:
    """Whether a file that is called so may be DICOM; those that readers edited are not meant."""
    if name.startswith(".") or is_edited_file(name):
        return False
    suffix = Path(name).suffix.lower()
    return suffix in SUFFIXES or suffix[1:].isdigit()
