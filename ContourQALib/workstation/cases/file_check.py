"""FileCheck: whether the files of cases may be read and are there, without opening them."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ContourQALib.errors import ContourQAError
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders


class FileCheck:
    """Judges the files and folders of one list of cases, while it is made.

    Args:
        folders: what may be read.

    Attributes:
        lost: why files that a case can do without were left out, a sentence each.
    """

    def __init__(self, folders: AllowedFolders) -> None:
        self.lost: list[str] = []
        self._folders = folders
        self._judged: set[Path] = set()
        self._open: set[Path] = set()

    def case(self, case: CaseEntry) -> CaseEntry:
        """The case with a problem where a file is missing that it needs, and without others that are missing.

        Image, assessed contours and their maps are needed; references and other models are not.
        """
        needed = [*([case.image] if case.image else []), *(case.series.files if case.series else ())]
        needed += [file.path for file in (*case.contours, *case.probabilities)]
        problem = next(filter(None, map(self.problem_of, dict.fromkeys(needed))), None)
        models = {name: kept for name, files in case.models.items() if (kept := self._there(files))}
        reference = self._there(case.reference)
        return replace(case, reference=reference, models=models, problem=case.problem or problem)

    def problem_of(self, path: Path) -> str | None:
        """Why a file cannot be read, as far as that shows without opening it; None where it can."""
        try:
            self.check(path)
        except ContourQAError as error:
            return str(error)
        return None if path.exists() else f"{path} does not exist; check the path."

    def check(self, path: Path) -> None:
        """See that a file or folder may be read, before anything of it is looked at.

        Raises:
            AccessError: it lies outside the folders.
        """
        if path not in self._open and not self._is_in_open_folder(path):
            self._folders.check(path)

    def _is_in_open_folder(self, path: Path) -> bool:
        """Whether it is no link and its folder may be read: following every link of every path is slow."""
        try:
            if path.name in ("", "..") or stat.S_ISLNK(os.lstat(path).st_mode):
                return False
        except (OSError, ValueError):  # ValueError: a NUL character in the name
            return False
        if path.parent not in self._judged:
            self._judged.add(path.parent)
            with suppress(ContourQAError):
                self.check(path.parent)
                self._open.add(path.parent)
        return path.parent in self._open

    def _there(self, files: tuple[StructureFile, ...]) -> tuple[StructureFile, ...]:
        problems = {path: self.problem_of(path) for path in dict.fromkeys(file.path for file in files)}
        self.lost += [problem for problem in problems.values() if problem]
        return tuple(file for file in files if not problems[file.path])
