"""FileCheck: whether the files of cases are there and may be read, without opening them."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

from ContourQALib.errors import ContourQAError
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders


class FileCheck:
    """Judges the files of one list of cases.

    Args:
        folders: what may be read.

    Attributes:
        lost: why files that a case can do without were left out, a sentence each.
    """

    def __init__(self, folders: AllowedFolders) -> None:
        self.lost: list[str] = []
        self._folders = folders
        self._open: dict[Path, bool] = {}

    def case(self, case: CaseEntry) -> CaseEntry:
        """The case with a problem where a file is missing that it needs, and without others that are missing.

        Image, assessed contours and their maps are needed; references and other models are not.
        """
        needed = [*([case.image] if case.image else [])]
        needed += [file.path for file in (*case.contours, *case.probabilities)]
        problem = next(filter(None, map(self.problem_of, dict.fromkeys(needed))), None)
        models = {name: kept for name, files in case.models.items() if (kept := self._there(files))}
        reference = self._there(case.reference)
        return replace(case, reference=reference, models=models, problem=case.problem or problem)

    def problem_of(self, path: Path) -> str | None:
        """Why a file cannot be read, as far as that shows without opening it; None where it can."""
        try:
            state = os.lstat(path)
        except (OSError, ValueError):  # ValueError: a NUL character in the name
            state = None
        # Following every link of every path takes most of a listing's time: once a folder is enough
        # where the file itself is no link.
        if state is None or stat.S_ISLNK(state.st_mode) or not self._is_open(path.parent):
            try:
                self._folders.check(path)
            except ContourQAError as error:
                return str(error)
            if not path.is_file():
                return f"{path} does not exist; check the path."
        elif not stat.S_ISREG(state.st_mode):
            return f"{path} is no file; check the path."
        return None

    def _is_open(self, folder: Path) -> bool:
        if folder not in self._open:
            try:
                self._folders.check(folder)
                self._open[folder] = True
            except ContourQAError:
                self._open[folder] = False
        return self._open[folder]

    def _there(self, files: tuple[StructureFile, ...]) -> tuple[StructureFile, ...]:
        problems = {path: self.problem_of(path) for path in dict.fromkeys(file.path for file in files)}
        self.lost += [problem for problem in problems.values() if problem]
        return tuple(file for file in files if not problems[file.path])
