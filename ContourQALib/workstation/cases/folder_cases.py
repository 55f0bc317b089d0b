"""Cases of a folder without a manifest: its own files, or those of folders such as images and labels."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.file_type import extension_of
from ContourQALib.names import counted
from ContourQALib.workstation.cases.case_grouping import Grouped, group
from ContourQALib.workstation.cases.file_check import FileCheck
from ContourQALib.workstation.cases.file_roles import NamedFile, Role, name_file, name_folder
from ContourQALib.workstation.decisions.edited_contours import is_edited_file


@dataclass(frozen=True)
class Listing:
    """What lies in a folder: files that can be read, folders and tables, each by name; nothing hidden."""

    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    tables: tuple[Path, ...]


def look_into(folder: Path, allowed: FileCheck) -> Listing:
    """What lies in a folder; contours that readers edited are left out, since decisions name them.

    Raises:
        AccessError: it lies outside of what may be read.
        FormatError: it is not there, or cannot be read.
    """
    allowed.check(folder)
    files: list[Path] = []
    folders: list[Path] = []
    tables: list[Path] = []
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    folders.append(folder / entry.name)
                elif entry.name.lower().endswith(".csv"):
                    tables.append(folder / entry.name)
                elif extension_of(entry.name) and not is_edited_file(entry.name):
                    files.append(folder / entry.name)
    except OSError as error:
        raise FormatError(f"{folder} cannot be read ({error.strerror}); name another folder.") from error
    return Listing(
        *(tuple(sorted(paths, key=lambda path: counted(path.name))) for paths in (files, folders, tables))
    )


def folder_cases(listing: Listing, place: str, allowed: FileCheck, *, apart: bool = False) -> Grouped:
    """The cases of one folder: those of folders such as images and labels in it, else of its own files.

    Args:
        listing: what lies in it.
        place: its name.
        allowed: what may be read.
        apart: whether the names of its cases begin with it.

    Raises:
        AccessError, FormatError: one of the folders may not, or cannot, be read.
    """
    roled = [named for named in map(name_folder, listing.folders) if named.role is not None]
    if any(folder.role is Role.IMAGE for folder in roled):
        side_by_side = list(_files_in(roled, allowed))
        if side_by_side:  # else the folder of images holds DICOM
            return group(side_by_side, place, apart=apart, lone_takes_all=False)
    return group([name_file(path) for path in listing.files], place, apart=apart)


def _files_in(folders: Sequence[NamedFile], allowed: FileCheck) -> Iterator[NamedFile]:
    for folder in folders:
        for path in look_into(folder.path, allowed).files:
            yield name_file(path, folder)
