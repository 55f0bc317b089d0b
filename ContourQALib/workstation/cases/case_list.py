"""CaseList: the cases of a folder or manifest, each with its files or with why it cannot be opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ContourQALib.errors import ContourQAError, FormatError
from ContourQALib.formats.manifest import Manifest, read_manifest
from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.cases.case_grouping import name_apart
from ContourQALib.workstation.cases.dicom_cases import dicom_cases
from ContourQALib.workstation.cases.file_check import FileCheck
from ContourQALib.workstation.cases.folder_cases import Listing, folder_cases, look_into
from ContourQALib.workstation.cases.manifest_cases import assessed_model, manifest_cases, names_images
from ContourQALib.workstation.decisions.decision import storable
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders

MANIFESTS = ("cases.csv", "manifest.csv", "cohort.csv")
"""Names under which a folder's manifest is looked for first; then any other .csv that reads as one."""

LOOKED_FOR = (
    "looked for a manifest (a .csv with the columns case and image), for an image with contours beside it, "
    "for folders of these, for folders images and labels side by side, and for DICOM series with contours."
)


@dataclass(frozen=True)
class CaseList:
    """What can be opened.

    Attributes:
        source: the folder or manifest.
        cases: by manifest in its order, else by name.
        problems: sentences on what was left out, such as files that belong to no case.
        notes: sentences on what was chosen, such as whose contours are assessed.
    """

    source: Path
    cases: tuple[CaseEntry, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def list_cases(source: Path, folders: AllowedFolders) -> CaseList:
    """Find the cases of a folder or manifest; of their files only CSVs and the headers of DICOM are read.

    A folder is read by the manifest in it; else folders such as images and labels in it are put together by
    file names; else its own files make cases, and so do those of each folder in it. See `file_roles` for what
    a file's name says. DICOM files, in folders of any nesting, are put together by what refers to what.

    Args:
        source: a manifest, or a folder.
        folders: what may be read; a case with a file elsewhere cannot be opened.

    Raises:
        FormatError: nothing there makes a case, or the manifest cannot be read.
        AccessError: the source itself may not be read.
    """
    source = Path(source)
    check = FileCheck(folders)
    check.check(source)
    if source.is_dir():
        found = _of_folder(source, check)
    elif source.suffix.lower() == ".csv" or not source.exists():
        found = _of_manifest(source, read_manifest(source))
    else:
        raise FormatError(f"{source} is neither a folder nor a manifest (.csv); name the folder of the case.")
    if not found.cases:
        why = found.problems[0] if found.problems else LOOKED_FOR
        raise FormatError(f"{source} holds no case; {why[:1].lower()}{why[1:]}")
    return _checked(replace(found, cases=_unlike(found.cases)), check)


def _of_manifest(source: Path, manifest: Manifest) -> CaseList:
    cases = manifest_cases(manifest)
    model = assessed_model(manifest)
    note = f"{manifest.path.name} has no column contour: the contours of {model} are assessed."
    return CaseList(source, cases, notes=(note,) if model else ())


def _of_folder(source: Path, allowed: FileCheck) -> CaseList:
    listing = look_into(source, allowed)
    manifest = _manifest_in(source, listing, allowed)
    if manifest is not None:
        return _of_manifest(source, manifest)
    own = folder_cases(listing, source.resolve().name, allowed)
    side_by_side = any(file.path.parent != source for case in own.cases for _, file in case.files)
    below = [] if side_by_side else [_of_folder_below(folder, allowed) for folder in listing.folders]
    cases = [*own.cases, *(case for found in below for case in found.cases)]
    left = [*own.left_over, *(path for found in below for path in found.left_over)]
    notes = dict.fromkeys(note for found in below for note in found.notes)
    dicom = dicom_cases(source, allowed, cases, [found.folder for found in below if found.has_manifest])
    problems = [_belong_nowhere(left)] if left and dicom.cases else []
    return CaseList(source, dicom.cases, (*problems, *dicom.problems), (*notes, *dicom.notes))


@dataclass(frozen=True)
class _Below:
    """What a folder in the source holds."""

    folder: Path
    cases: tuple[CaseEntry, ...]
    left_over: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    has_manifest: bool = False


def _of_folder_below(folder: Path, allowed: FileCheck) -> _Below:
    """The cases of a folder in the source; one that cannot be read is a case with a problem."""
    try:
        listing = look_into(folder, allowed)
        manifest = _manifest_in(folder, listing, allowed)
        if manifest is None:
            grouped = folder_cases(listing, folder.name, allowed, apart=True)
            return _Below(folder, grouped.cases, grouped.left_over)
        listed = _of_manifest(folder, manifest)
    except ContourQAError as error:
        broken = CaseEntry(folder.name, folder.name, None, (), problem=str(error))
        return _Below(folder, (broken,), has_manifest=True)
    cases = [replace(case, name=name_apart(case.name, folder.name)) for case in listed.cases]
    return _Below(folder, tuple(cases), notes=listed.notes, has_manifest=True)


def _manifest_in(folder: Path, listing: Listing, allowed: FileCheck) -> Manifest | None:
    """The folder's manifest, if it has one.

    Raises:
        AccessError: it is a link to where nothing may be read.
        FormatError: it has the name of one and cannot be read as one, or several tables could be it.
    """
    by_name = {path.name.lower(): path for path in listing.tables}
    for name in MANIFESTS:
        if name in by_name:
            allowed.check(by_name[name])
            return read_manifest(by_name[name])
    found = []
    for path in listing.tables:
        try:
            allowed.check(path)
            manifest = read_manifest(path)
        except ContourQAError:
            continue  # any table may lie here
        if names_images(manifest):
            found.append(manifest)
    if len(found) > 1:
        names = " and ".join(manifest.path.name for manifest in found[:2])
        raise FormatError(f"{folder} holds several manifests ({names}); name the one that is meant.")
    return found[0] if found else None


def _belong_nowhere(left: Sequence[Path]) -> str:
    if len(left) == 1:
        return f"{left[0]} belongs to no case by its name."
    return f"{len(left)} files belong to no case by their names; the first is {left[0]}."


def _unlike(cases: Sequence[CaseEntry]) -> tuple[CaseEntry, ...]:
    """The cases, a number behind each name that was there before: decisions are kept by name.

    Names are as every file and page can hold them; a file's name may have bytes that are no text.
    """
    taken: set[str] = set()
    result = []
    for case in cases:
        own = storable(case.name)
        name, number = own, 1
        while name in taken:
            number += 1
            name = f"{own}-{number}"
        taken.add(name)
        models = {storable(model): files for model, files in case.models.items()}
        result.append(
            replace(
                case,
                name=name,
                patient=storable(case.patient),
                models=models,
                assessed=storable(case.assessed),
            )
        )
    return tuple(result)


def _checked(found: CaseList, check: FileCheck) -> CaseList:
    """The list with a problem for each case that lacks a file; what a case can do without is left out."""
    cases = tuple(map(check.case, found.cases))
    problems = [*found.problems]
    if len(check.lost) > 1:
        problems.append(f"{len(check.lost)} files of references or models are left out; {check.lost[0]}")
    elif check.lost:
        problems.append(check.lost[0])
    return replace(found, cases=cases, problems=tuple(map(storable, problems)))
