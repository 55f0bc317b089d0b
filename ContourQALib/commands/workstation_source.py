"""What the workstation opens when it is given no folder: the files of one case, or a phantom."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ContourQALib.commands.phantom import MANIFEST, write_phantom
from ContourQALib.commands.reading import CaseReading, match_map_files
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.dicom.recognizing import names_dicom
from ContourQALib.formats.file_type import stem_of
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.workstation.cases.file_roles import Role, name_folder

PHANTOM_SEED = 0
PHANTOM_MODEL = "pelvis-phantom"
"""Named, since a model for teaching is never chosen by itself."""

CASE_MANIFEST = "case.csv"
COLUMNS = ("case", "structure", "image", "series", "contour", "reference", "probability")


@dataclass(frozen=True)
class CaseFilesGiven:
    """The files of one case, as the command line names them.

    Attributes:
        image: what the contours were drawn on.
        contours: what is to be assessed.
        reference: contours held to be right; None where there are none.
        probabilities: maps, "PATH" or "NAME=PATH".
        naming: how labels become structures.
        series: which DICOM series is the image, as --series says it.
    """

    image: Path | None = None
    contours: Path | None = None
    reference: Path | None = None
    probabilities: Sequence[str] = ()
    naming: LabelNaming = field(default_factory=LabelNaming)
    series: str | None = None

    def __bool__(self) -> bool:
        """True where anything was named."""
        return bool(self.image or self.contours or self.reference or self.probabilities)


def write_case(given: CaseFilesGiven, results: Path) -> tuple[Path, tuple[Path, ...]]:
    """Put the files of one case into a manifest, which is what the workstation opens.

    Returns:
        The manifest, in the results folder, and what may be read for it: the files that it names, and the
        folder of a DICOM file, beside which the rest of its series lies.

    Raises:
        SettingError: image or contours are missing.
        FormatError: a file does not exist, or the contours cannot be read to tell whose the maps are.
        StructureError: no map is of any contour.
        OutputError: the results folder cannot be written.
    """
    if given.image is None or given.contours is None:
        raise SettingError("Name --image and --contours together, or a folder of cases, or nothing at all.")
    named = [path for path in (given.image, given.contours, given.reference) if path is not None]
    for path in named:
        if not path.exists():
            raise FormatError(f"{path} does not exist; check its spelling.")
    maps = []
    if given.probabilities:
        reading = CaseReading(given.naming, given.series, quiet=True)
        structures = [contour.name for contour in reading.drawn(given.contours, given.image)]
        for one, name in match_map_files(given.probabilities, structures, given.contours, given.naming):
            # a segment is found again by the name that its file gives it
            maps.append((one.path, (one.structure or name) if names_dicom(one.path) else name))
    series = given.series or ""
    reference = "" if given.reference is None else str(given.reference.resolve())
    image = given.image.resolve()
    rows = [(_case_name(image), "", str(image), series, str(given.contours.resolve()), reference, "")]
    rows += [(_case_name(image), name, "", "", "", "", str(path.resolve())) for path, name in maps]
    manifest = output_folder(results) / CASE_MANIFEST
    with write_atomically(manifest) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    around = [image.parent] if image.is_file() and names_dicom(image) else []
    return manifest, (*named, *around, *(path for path, _ in maps))


def _case_name(image: Path) -> str:
    """What to call the case: its file, of DICOM the folder, or the one around it where that is "image"."""
    if not names_dicom(image):
        return stem_of(image)
    folder = image if image.is_dir() else image.parent
    return (folder.parent if name_folder(folder).role is Role.IMAGE else folder).name


def phantom_case(results: Path) -> tuple[Path, str]:
    """A phantom's files in the results folder, drawn when they are not there yet.

    Returns:
        Its folder and the name of its case.

    Raises:
        OutputError: the results folder cannot be written.
    """
    from ContourQALib.phantom import pelvis

    name = f"phantom_{PHANTOM_SEED}"
    folder = output_folder(results) / name
    if not (folder / MANIFEST).is_file():
        write_phantom(pelvis(seed=PHANTOM_SEED), PHANTOM_SEED, folder)
    return folder, name
