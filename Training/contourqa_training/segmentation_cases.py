"""SegmentationCase: an image and the labels that a segmentation network learns from, and where they lie.

Three layouts of a data folder are known:

* OpenKBP: meta.json with PATIENT_ct.nii.gz and PATIENT_oar.nii.gz beside it, or a folder of such folders
  (train/, validation/). meta.json says which organs were contoured.
* Plain, for a user's own data: images/NAME.* and labels/NAME.* (any image format), and labels.csv with the
  columns number and name. A name may have several rows: its labels are joined.
* Hippocampus: images/ and labels/ without labels.csv; label 1 is anterior, 2 is posterior, hippocampus both.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ContourQALib.case import Image
from ContourQALib.errors import FormatError, GeometryError, SettingError, StructureError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.file_type import extension_of, stem_of
from ContourQALib.formats.images import read_image
from ContourQALib.geometry import Relation
from ContourQALib.names import normalize

OPENKBP = {
    "Brainstem": (1,),
    "SpinalCord": (2,),
    "RightParotid": (3,),
    "LeftParotid": (4,),
    "Esophagus": (5,),
    "Larynx": (6,),
    "Mandible": (7,),
}
"""Labels of the OpenKBP files (data/README.md)."""

HIPPOCAMPUS = {"anterior": (1,), "posterior": (2,), "hippocampus": (1, 2)}

GROSS_ERRORS = {("pt_215", "SpinalCord"), ("pt_216", "SpinalCord")}
"""OpenKBP contours of something else: an avoidance wedge of some 500 cc. They count as not contoured."""

META = "meta.json"
LABELS = "labels.csv"


@dataclass(frozen=True, eq=False)
class SegmentationCase:
    """One patient's files.

    Attributes:
        name: the patient.
        image: the image's file.
        labels: the label map's file.
        label_numbers: labels that make up each structure, by the structure's name as it was asked for.
        present: structures that were contoured, as far as the data set says; a structure without a voxel
            counts as not contoured all the same.
    """

    name: str
    image: Path
    labels: Path
    label_numbers: Mapping[str, tuple[int, ...]]
    present: frozenset[str]


def find_cases(folder: Path, structures: Sequence[str]) -> list[SegmentationCase]:
    """The cases of a data folder of any layout, patients in the order of their numbers; opens no image.

    Args:
        folder: see the module.
        structures: which to look for; spellings may differ as in `ContourQALib.names`.

    Raises:
        FormatError: the folder holds no data, or its meta.json or labels.csv cannot be read.
        SettingError: no structure is named, or one twice.
        StructureError: the data set has no such structure.
    """
    meanings = [normalize(name) for name in structures]
    if not structures or len(set(meanings)) < len(meanings):
        raise SettingError("Name one or more structures to segment, each once.")
    parts = [folder, *sorted(path for path in _content(folder) if path.is_dir())]
    metas = [part / META for part in parts if (part / META).is_file()]
    if metas:
        found = [case for meta in metas for case in _openkbp(meta, structures)]
    else:
        found = _plain(folder, structures)
    twice = {case.name for case in found if sum(case.name == other.name for other in found) > 1}
    if twice:
        raise FormatError(f"{folder} holds {', '.join(sorted(twice))} more than once; rename or remove one.")
    return sorted(found, key=lambda case: _by_number(case.name))


def named_structures(folder: Path) -> tuple[str, ...]:
    """The structures that a folder of data names itself: those of its labels.csv, or of OpenKBP.

    Raises:
        FormatError: the folder cannot be read, or its labels have no names.
    """
    parts = [folder, *sorted(path for path in _content(folder) if path.is_dir())]
    if any((part / META).is_file() for part in parts):
        return tuple(OPENKBP)
    table = folder / LABELS
    if not table.is_file():
        raise FormatError(
            f"{folder} holds no {LABELS}; write the line number,name and below it one for each label, as"
            " 1,liver."
        )
    found = tuple(_read_labels(table))
    if not found:
        raise FormatError(f"{table} names no label; write one line for each, as 1,liver.")
    return found


def read_case(case: SegmentationCase) -> tuple[Image, dict[str, np.ndarray]]:
    """The image of a case, and a bool mask (K, J, I) of each structure that is not empty.

    Raises:
        FormatError: a file is missing, damaged or of another kind.
        GeometryError: image and labels do not have the same voxels.
    """
    image = read_image(case.image)
    numbers = sorted({number for several in case.label_numbers.values() for number in several})
    contours = read_contours(case.labels, labels={number: f"label {number}" for number in numbers})
    if contours[0].grid.relation_to(image.grid) is not Relation.SAME:
        raise GeometryError(
            f"{case.labels} has {_voxels(contours[0].grid.size)} and {case.image} has"
            f" {_voxels(image.grid.size)}, or they lie elsewhere; labels must have the image's voxels."
        )
    by_number = {contour.name: contour.mask for contour in contours}
    missing = [number for number in numbers if f"label {number}" not in by_number]
    if missing:  # a file of segments, to which label numbers do not apply
        raise FormatError(f"{case.labels} holds segments instead of labels; export it as a label map.")
    masks = {
        structure: np.logical_or.reduce([by_number[f"label {number}"] for number in several])
        for structure, several in case.label_numbers.items()
        if structure in case.present
    }
    return image, {structure: mask for structure, mask in masks.items() if mask.any()}


def fingerprint(cases: Iterable[SegmentationCase]) -> str:
    """SHA-256 over names and bytes of the files of `cases` and over what their labels mean, in any order.

    A missing file counts as one: whoever reads it says so.
    """
    digest = hashlib.sha256()
    for case in sorted(cases, key=lambda case: case.name):
        meaning = sorted((s, case.label_numbers[s], s in case.present) for s in case.label_numbers)
        digest.update(repr((case.name, meaning)).encode())
        for path in (case.image, case.labels):
            content = path.read_bytes() if path.is_file() else None
            digest.update(hashlib.sha256(content).digest() if content is not None else b"missing")
    return digest.hexdigest()


def _content(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise FormatError(f"{folder} is not a folder that can be read; name a folder of data.") from error


def _openkbp(meta: Path, structures: Sequence[str]) -> list[SegmentationCase]:
    """The cases of one folder with a meta.json."""
    numbers = _chosen(OPENKBP, structures, meta)
    try:
        patients = json.loads(meta.read_text(encoding="utf-8"))
        contoured = {
            patient: {normalize(name) for name in facts["oars"] if (patient, name) not in GROSS_ERRORS}
            for patient, facts in patients.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(f"{meta} does not list patients with their oars; get the file again.") from error
    return [
        SegmentationCase(
            patient,
            meta.parent / f"{patient}_ct.nii.gz",
            meta.parent / f"{patient}_oar.nii.gz",
            numbers,
            frozenset(name for name in structures if normalize(name) in organs),
        )
        for patient, organs in contoured.items()
    ]


def _plain(folder: Path, structures: Sequence[str]) -> list[SegmentationCase]:
    """The cases of a folder with images/ and labels/, each image with a file of labels, there or not."""
    images = _by_stem(folder / "images")
    if not images:
        raise FormatError(
            f"{folder} holds no data to learn from: it has neither {META} nor images/ with images in it."
        )
    table = folder / LABELS
    numbers = _chosen(_read_labels(table) if table.is_file() else HIPPOCAMPUS, structures, folder)
    labels = _by_stem(folder / "labels")
    return [
        SegmentationCase(
            name, path, labels.get(name, folder / "labels" / path.name), numbers, frozenset(structures)
        )
        for name, path in images.items()
    ]


def _by_stem(folder: Path) -> dict[str, Path]:
    files = [path for path in _content(folder) if extension_of(path)] if folder.is_dir() else []
    by_stem = {stem_of(path): path for path in files}
    if len(by_stem) < len(files):
        twice = next(path for path in files if path not in by_stem.values())
        raise FormatError(f"{folder} holds {stem_of(twice)} in two formats; remove one of them.")
    return by_stem


def _read_labels(path: Path) -> dict[str, tuple[int, ...]]:
    """Labels by structure of a labels.csv."""
    found: dict[str, tuple[int, ...]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file, strict=True, skipinitialspace=True):
                name, number = row["name"].strip(), int(row["number"])
                if not name or number < 1:
                    raise ValueError
                found[name] = (*found.get(name, ()), number)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, csv.Error) as error:
        raise FormatError(
            f"{path} does not name labels; write the line number,name and below it one for each label, as"
            " 1,liver."
        ) from error
    return found


def _chosen(
    known: Mapping[str, tuple[int, ...]], structures: Sequence[str], source: Path
) -> dict[str, tuple[int, ...]]:
    """Labels of the structures that are asked for, under the names they are asked for by."""
    by_meaning = {normalize(name): numbers for name, numbers in known.items()}
    missing = [name for name in structures if normalize(name) not in by_meaning]
    if missing:
        raise StructureError(
            f"{source} has no structure {', '.join(missing)}; there are {', '.join(known) or 'none'}"
            f" (other labels are named in {LABELS})."
        )
    return {name: by_meaning[normalize(name)] for name in structures}


def _by_number(name: str) -> list[str | int]:
    """Sorts pt_9 before pt_10."""
    return [int(part) if number % 2 else part for number, part in enumerate(re.split(r"(\d+)", name))]


def _voxels(size: Sequence[int]) -> str:
    return "x".join(str(n) for n in size) + " voxels"
