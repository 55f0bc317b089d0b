"""Files of folders put together to cases, by the words of their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.cases.file_roles import (
    MODALITIES,
    REFERENCE_BESIDE_OTHERS,
    WORDS,
    NamedFile,
    Role,
    preference,
)

Key = tuple[str, ...]
"""The words of an image's name that say no role: what the names of the case's other files begin with."""


@dataclass(frozen=True)
class Grouped:
    """The cases that files make, by name, and the files that belong to none."""

    cases: tuple[CaseEntry, ...]
    left_over: tuple[Path, ...] = ()


@dataclass(eq=False)
class _Draft:
    """A case while its files are gathered: its name, and the words that its files' names begin with."""

    title: str
    key: Key
    images: list[NamedFile] = field(default_factory=list)
    others: list[NamedFile] = field(default_factory=list)


def group(
    files: Sequence[NamedFile], place: str, *, apart: bool = False, lone_takes_all: bool = True
) -> Grouped:
    """Put the files of one folder, or of folders side by side, together to cases.

    Each image makes a case; another file is that image's whose words its own begin with. Where no name says
    what is an image, those are images whose names say nothing at all, if there are contours beside them.

    Args:
        files: what lies there, in the order of their names.
        place: the folder's name, which is that of a case whose files have none of their own.
        apart: whether names begin with the folder's, to be unlike those of other folders.
        lone_takes_all: whether a single image takes every file that names no other modality than it.

    Example:
        group([name_file(Path("ct.nrrd")), name_file(Path("vendor.seg.nrrd"))], "patient_7").cases
    """
    files = _with_images(files)
    images = [file for file in files if file.role is Role.IMAGE]
    drafts: dict[Key, _Draft] = {}
    for image in images:
        draft = drafts.setdefault(image.key, _Draft(image.title, image.key))
        draft.images.append(image)
    lone = next(iter(drafts.values())) if len(drafts) == 1 and lone_takes_all else None
    left: list[Path] = []
    orphans: dict[Key, _Draft] = {}
    for file in files:
        if file.role is Role.IMAGE:
            continue
        owner = _owner(file, drafts) or (lone if lone and _same_modality(file, lone) else None)
        if owner is None and file.role in (Role.CONTOURS, Role.REFERENCE):
            key, title = (file.key, file.title) if images or not lone_takes_all else ((), "")
            owner = orphans.setdefault(key, _Draft(title, key))
        if owner is None or file.role is None:
            left.append(file.path)
        else:
            owner.others.append(file)
    cases = []
    for draft in (*drafts.values(), *orphans.values()):
        case, unused = _entry(draft, place, apart)
        cases.append(case)
        left += unused
    return Grouped(tuple(cases), tuple(left))


def _with_images(files: Sequence[NamedFile]) -> list[NamedFile]:
    """The files, those that nothing is said of made images where no other is and contours are there."""
    roles = {file.role for file in files}
    if Role.IMAGE in roles or Role.CONTOURS not in roles:
        return list(files)
    return [file if file.role else replace(file, role=Role.IMAGE) for file in files]


def _owner(file: NamedFile, drafts: dict[Key, _Draft]) -> _Draft | None:
    """The draft of the longest key that the file's words begin with, its modality left out if need be."""
    for key in (file.key, tuple(word for word in file.key if word not in MODALITIES)):
        for length in range(len(key), 0, -1):
            if key[:length] in drafts:
                return drafts[key[:length]]
    return None


def _same_modality(file: NamedFile, draft: _Draft) -> bool:
    """False for a mask of the CT beside an image that says it is the MR."""
    named = frozenset().union(*(image.modalities for image in draft.images))
    return not named or file.modalities <= named


def _entry(draft: _Draft, place: str, apart: bool) -> tuple[CaseEntry, list[Path]]:
    """A draft as a case, and those of its files that no role is left for."""
    sources: dict[str, NamedFile] = {}
    unused = [image.path for image in draft.images[1:]]
    of_role = {role: [file for file in draft.others if file.role is role] for role in Role}
    for file in of_role[Role.CONTOURS]:
        name = _source(file, draft)
        if name in sources:
            unused.append(file.path)
        else:
            sources[name] = file
    names = sorted(sources, key=lambda name: (preference(name), name))
    references = of_role[Role.REFERENCE]
    unused += [file.path for file in references[1:]]
    assessed, *others = names or [""]
    if not references:
        references = [sources[name] for name in others if name.casefold() in REFERENCE_BESIDE_OTHERS]
        others = [name for name in others if sources[name] is not next(iter(references), None)]
    maps = [file for file in of_role[Role.PROBABILITY] if _is_of(file, assessed, others, draft)]
    name = name_apart(draft.title, place) if apart else draft.title or place
    case = CaseEntry(
        name=name,
        patient=place if set(draft.key) <= MODALITIES else name,
        image=draft.images[0].path if draft.images else None,
        contours=_files([sources[assessed]] if assessed else []),
        reference=_files(references[:1]),
        models={name: _files([sources[name]]) for name in others},
        probabilities=_files(maps),
        problem=_problem(draft),
        assessed="" if assessed in WORDS[Role.CONTOURS] else assessed,
    )
    return case, unused


def name_apart(name: str, place: str) -> str:
    """A case's name that begins with its folder's, to be unlike those of other folders."""
    if not name:
        return place
    return name if name.startswith(place) else f"{place}-{name}"


def _source(file: NamedFile, draft: _Draft) -> str:
    """Whose contours a file holds: by its folder, else by the words behind the case's, else "contours"."""
    return file.source or "_".join(_own(file, draft)) or file.kind or "contours"


def _own(file: NamedFile, draft: _Draft) -> list[str]:
    """The words of a file's name that are not the case's and no modality."""
    length = len(draft.key)
    begins = bool(draft.images) and file.key[:length] == draft.key
    return [word for word in file.words[length if begins else 0 :] if word.casefold() not in MODALITIES]


def _is_of(file: NamedFile, assessed: str, others: Sequence[str], draft: _Draft) -> bool:
    """Whether a map is of the assessed contours: it names them, or nobody else."""
    name = (file.source or "_".join(_own(file, draft))).casefold()
    found = [one for one in (assessed, *others) if f"{name}_".startswith(f"{one.casefold()}_")]
    return not found or max(found, key=len) == assessed


def _files(found: Sequence[NamedFile]) -> tuple[StructureFile, ...]:
    return tuple(StructureFile(file.path) for file in found)


def _problem(draft: _Draft) -> str | None:
    if len(draft.images) > 1:
        names = " and ".join(image.path.name for image in draft.images[:2])
        return f"{names} could both be its image; keep one, or name one in a manifest."
    contours = [file for file in draft.others if file.role is Role.CONTOURS]
    if not draft.images:
        return f"There is no image for {draft.others[0].path}; put it beside it as image.nrrd or ct.nrrd."
    if not contours:
        return f"There are no contours for {draft.images[0].path}; put them beside it as .seg.nrrd."
    return None
