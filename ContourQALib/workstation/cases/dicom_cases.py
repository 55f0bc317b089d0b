"""Cases of DICOM files: each image series with the contours that refer to it, wherever they lie."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from os.path import commonpath
from pathlib import Path

from ContourQALib.errors import ContourQAError, FormatError
from ContourQALib.formats.dicom.contour_header import ContourHeader, read_contour_header
from ContourQALib.formats.dicom.folder import DicomFolder, scan
from ContourQALib.formats.dicom.image_series import ImageSeries
from ContourQALib.formats.dicom.recognizing import files_below, is_dicom
from ContourQALib.formats.file_type import extension_of
from ContourQALib.names import counted
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.cases.file_check import FileCheck
from ContourQALib.workstation.cases.file_roles import MODELS, Role, name_file, name_folder, preference
from ContourQALib.workstation.cases.file_states import may_be_dicom
from ContourQALib.workstation.cases.mixed_cases import folder_of, mixed_cases
from ContourQALib.workstation.decisions.edited_contours import is_edited_file
from ContourQALib.workstation.errors import AccessError

SAYS_NOTHING = frozenset(
    {"rs", "rtss", "rtst", "rtstruct", "rtstructureset", "ss", "seg", "dicom", "dcm", "series", "study"}
)
"""Words of DICOM files' and folders' names that say nothing of whose contours they hold."""

REPORT = "assessment.sr.dcm"
"""A folder with this file holds what `contourqa assess --dicom` wrote: results, and nothing to assess."""

HASH_DIGITS = 6
"""Tell apart the series of one folder; a million folders of thirty series each have one such name twice."""


@dataclass(frozen=True)
class _Drawn:
    """A contour file, what it refers to, and what it is to its case."""

    path: Path
    header: ContourHeader
    role: Role

    def may_lie_on(self, series: ImageSeries) -> bool:
        """Whether its positions may be positions in an image that it does not refer to."""
        frames = self.header.frame_uids
        return not frames or not series.frame_uid or series.frame_uid in frames


@dataclass(eq=False)
class _Draft:
    """A series while its contours are gathered."""

    series: ImageSeries
    drawn: list[_Drawn] = field(default_factory=list)

    @property
    def image(self) -> Path:
        """The folder of its files."""
        return folder_of(self.series)

    @property
    def folder(self) -> Path:
        """The folder that all files of the case lie in."""
        return Path(commonpath([self.image, *(one.path.parent for one in self.drawn)]))


@dataclass(frozen=True)
class DicomCases:
    """The cases of a folder that DICOM files are part of.

    Attributes:
        cases: those of other files first, then by name.
        problems: sentences on files that are left out.
        notes: sentences on what was chosen.
    """

    cases: tuple[CaseEntry, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def dicom_cases(
    source: Path, allowed: FileCheck, others: Sequence[CaseEntry] = (), without: Sequence[Path] = ()
) -> DicomCases:
    """Find the cases of the DICOM files in a folder of any nesting; headers alone are read.

    A contour file belongs to the series that it refers to; where that is not there, to the only series of its
    frame of reference in the nearest folder around it. Nothing of a patient is in a case's name: it is that
    of the case's folder, below the source; where a folder holds several, with modality, series number and a
    hash of the series' UID.

    Args:
        source: the folder.
        allowed: what may be read.
        others: the cases of other files; image and contours of which one is DICOM find each other.
        without: folders in it whose files make no cases here.

    Returns:
        The others, one case for each series with contours, and one with its problem for each contour file
        that has no series. Series without contours make none, and a problem says so.

    Raises:
        FormatError: DICOM cannot be read here, and there are no others.
    """

    @cache
    def holds_results(folder: Path) -> bool:
        return (folder / REPORT).is_file()

    def is_meant(path: Path) -> bool:
        is_other = bool(extension_of(path)) or any(path.is_relative_to(folder) for folder in without)
        return not is_other and not holds_results(path.parent) and _may_be_read(path, allowed)

    if not any(is_dicom(path) for path in files_below(source) if is_meant(path)):
        return DicomCases(tuple(others))
    try:
        found = scan(source, is_meant)
    except FormatError as error:  # DICOM cannot be read here
        if not others:
            raise
        return DicomCases(tuple(others), (str(error),))
    drafts = {one.series_uid: _Draft(one) for one in found.series}
    lone: list[CaseEntry] = []
    for path in sorted((*found.structure_sets, *found.segmentations), key=lambda one: counted(str(one))):
        if is_edited_file(path):
            continue
        try:
            drawn = _drawn(source, path)
        except ContourQAError as error:
            lone.append(_lone(source, path, str(error)))
            continue
        owner = _owner(drawn, drafts, source)
        if owner is None:
            lone.append(_lone(source, path, f"There is no image for {path}; {_looked_for(drawn)}."))
        else:
            owner.drawn.append(drawn)
    with_contours = [draft for draft in drafts.values() if draft.drawn]
    names = _names(source, with_contours)
    cases = [_entry(draft, name) for draft, name in zip(with_contours, names, strict=True)]
    unused = [one.series for one in drafts.values() if not one.drawn]
    mixed, lone, unused = mixed_cases(others, lone, unused)
    several = [case for case in cases if case.models and case.assessed]
    every = (*mixed, *sorted((*cases, *lone), key=lambda case: counted(case.name)))
    return DicomCases(every, tuple(_left_over(found, unused)), tuple(_chosen(several)))


def _left_over(found: DicomFolder, unused: Sequence[ImageSeries]) -> Iterator[str]:
    """What of a folder makes no case, in at most two sentences."""
    if unused:
        series = "An image series has" if len(unused) == 1 else f"{len(unused)} image series have"
        first = "it is" if len(unused) == 1 else "the first is"
        yield f"{series} no contours; {first} {unused[0].label} in {folder_of(unused[0])}."
    left = [one for one in found.left_out if may_be_dicom(one.path.name)]
    if left and found.series:
        files = "A file is" if len(left) == 1 else f"{len(left)} files are"
        first = "it" if len(left) == 1 else "the first"
        yield f"{files} left out; {first}, {left[0].path}, {left[0].reason}."


def _chosen(several: Sequence[CaseEntry]) -> Iterator[str]:
    if several:
        first = several[0]
        what = f"{len(several)} cases have" if len(several) > 1 else f"{first.name} has"
        yield f"{what} several contour files; in {first.name} those of {first.assessed} are assessed."


def _may_be_read(path: Path, allowed: FileCheck) -> bool:
    try:
        allowed.check(path)
    except AccessError:
        return False
    return True


def _drawn(source: Path, path: Path) -> _Drawn:
    header = read_contour_header(path)
    role = next((one for one in _roles(source, path) if one is Role.REFERENCE), Role.CONTOURS)
    return _Drawn(path, header, Role.PROBABILITY if header.is_fractional else role)


def _roles(source: Path, path: Path) -> Iterator[Role | None]:
    """What the names of a file and of the folders around it, below the source, say that it is."""
    yield name_file(path).role
    for folder in path.relative_to(source).parents[:-1]:
        yield name_folder(folder).role


def _owner(drawn: _Drawn, drafts: dict[str, _Draft], source: Path) -> _Draft | None:
    """The series that contours refer to, else the only one that fits in the nearest folder around them."""
    referred = [drafts[uid] for uid in drawn.header.series_uids if uid in drafts]
    if referred:
        return referred[0]
    fitting = [draft for draft in drafts.values() if drawn.may_lie_on(draft.series)]
    for folder in drawn.path.parents:
        around = [draft for draft in fitting if draft.image.is_relative_to(folder)]
        if around or folder == source:
            return around[0] if len(around) == 1 else None
    return None


def _looked_for(drawn: _Drawn) -> str:
    uids = len(drawn.header.series_uids)
    if not uids:
        return "it refers to no series; put it beside its image's folder"
    what = f"series {drawn.header.series_uids[0]}" if uids == 1 else f"any of the {uids} series"
    return f"{what} that it refers to is not here; put the image's files into the same folder"


def _lone(source: Path, path: Path, problem: str) -> CaseEntry:
    folder = _below(source, path.parent)
    return CaseEntry(folder, _patient(folder), None, (StructureFile(path),), problem=problem)


def _names(source: Path, drafts: Sequence[_Draft]) -> list[str]:
    """Names of cases, unlike each other: by folders, and where these hold several by series."""
    shared = Counter(draft.folder for draft in drafts)
    images = Counter(draft.image for draft in drafts)
    names = []
    for draft in drafts:
        if shared[draft.folder] == 1:
            names.append(_below(source, draft.folder))
        elif images[draft.image] == 1:
            names.append(_below(source, _without_roles(source, draft.image)))
        else:
            names.append(f"{_below(source, draft.image)}/{_series_name(draft.series)}")
    return names


def _below(source: Path, folder: Path) -> str:
    """A folder's name below the source: "STS_001/MR_T1"; the source's own name for the source."""
    return source.resolve().name if folder == source else folder.relative_to(source).as_posix()


def _without_roles(source: Path, folder: Path) -> Path:
    """A folder without the parts of its path that only say what it holds: "anna" of "images/anna"."""
    parts = [part for part in folder.relative_to(source).parts if name_folder(Path(part)).role is None]
    return source.joinpath(*parts) if parts else folder


def _series_name(series: ImageSeries) -> str:
    number = "" if series.number is None else f"-{series.number}"
    digest = hashlib.sha256(series.series_uid.encode()).hexdigest()[:HASH_DIGITS]
    return f"{series.modality or 'image'}{number}-{digest}"


def _patient(name: str) -> str:
    """Whose case it is: the outermost folder's name, where cases lie below folders of their own."""
    return name.split("/")[0]


def _entry(draft: _Draft, name: str) -> CaseEntry:
    of_role = {role: [one.path for one in draft.drawn if one.role is role] for role in Role}
    sources = _named(of_role[Role.CONTOURS], draft.folder, name)
    ordered = sorted(sources, key=preference)  # stable: those that say nothing stay in their order
    assessed, *others = ordered or [""]
    references = of_role[Role.REFERENCE]
    models = {one: (StructureFile(sources[one]),) for one in others}
    models |= {f"reference-{n}": (StructureFile(path),) for n, path in enumerate(references[1:], 2)}
    is_model = len(sources) > 1 or bool(set(assessed.casefold().split("_")) & MODELS)
    return CaseEntry(
        name=name,
        patient=_patient(name),
        image=draft.image,
        contours=(StructureFile(sources[assessed]),) if assessed else (),
        reference=tuple(StructureFile(path) for path in references[:1]),
        models=models,
        probabilities=tuple(StructureFile(path) for path in of_role[Role.PROBABILITY]),
        problem=None if assessed else f"There are no contours to assess for {draft.image} beside its maps.",
        assessed=assessed if is_model else "",
        series=draft.series,
    )


def _named(paths: Sequence[Path], folder: Path, case: str) -> dict[str, Path]:
    """Contour files by whose they are, as far as file and folders say it; unlike each other."""
    named: dict[str, Path] = {}
    for path in paths:
        parts = [part for part in path.relative_to(folder).parts if part not in case.split("/")]
        own = "_".join(word for part in parts for word in _telling(part)) or "contours"
        name, number = own, 1
        while name in named:
            number += 1
            name = f"{own}-{number}"
        named[name] = path
    return named


def _telling(part: str) -> list[str]:
    """The words of a file's or folder's name that may say whose contours it holds: no role, no UID."""
    words = name_file(Path(re.sub(r"\.dcm$", "", part, flags=re.IGNORECASE).replace(".", "_"))).words
    return [word for word in words if word.casefold() not in SAYS_NOTHING and not word.isdecimal()]
