"""Folders of made-up cases: names matter, so most files are empty."""

from __future__ import annotations

from pathlib import Path

from ContourQALib.workstation.cases.case_list import CaseList, list_cases
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders


def empty_files(folder: Path, *names: str) -> Path:
    """A folder with empty files; a name may lie in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def listed(source: Path, *further: Path) -> CaseList:
    """The cases of a folder or manifest that may itself be read, and `further` folders."""
    return list_cases(source, AllowedFolders([source if source.is_dir() else source.parent, *further]))
