"""The cases that the demo opens in the workstation, as files that show what its input looks like."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

from ContourQALib.commands.phantom import MANIFEST, write_phantom
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.perturbation import perturb
from ContourQALib.phantom import pelvis

STRUCTURE = "hippocampus"
COLUMNS = ("case", "patient", "structure", "image", "contour", "reference")


@dataclass(frozen=True)
class Spoiled:
    """A patient and what is done to his clinical contour before it is assessed.

    Attributes:
        patient: one of those that the bundled model never saw.
        error: a contour error; "" leaves the contour as the clinic drew it.
        severity: in the error's unit.
    """

    patient: str
    error: str = ""
    severity: float = 0.0


REAL_CASES = (
    Spoiled("hippocampus_015"),
    Spoiled("hippocampus_023", "dent", 9.0),
    Spoiled("hippocampus_053", "missing-slices", 5.0),
    Spoiled("hippocampus_074", "bulge", 9.0),
    Spoiled("hippocampus_135", "shift", 2.0),
)
"""From one that is fine to those that are not: what a worklist is there to sort."""


def write_demo_cases(folder: Path, seed: int, data: Path | None) -> Path:
    """Write the phantom and, where there is data, real patients; what is there already stays.

    What stays keeps its assessments and decisions, so that a second demo goes on where the first was left.

    Args:
        folder: a folder for each kind of case goes in here.
        seed: which phantom.
        data: the folder of the hippocampus cases; None where there is none.

    Returns:
        The folder.

    Raises:
        OutputError: it cannot be written.
        FormatError: a file of the data folder cannot be read.
    """
    phantom = folder / f"phantom_{seed}"
    if not (phantom / MANIFEST).is_file():
        write_phantom(pelvis(seed=seed), seed, phantom)
    real = folder / STRUCTURE
    if data is not None and not (real / MANIFEST).is_file():
        _write_real(real, data)
    return folder


def _write_real(folder: Path, data: Path) -> None:
    output_folder(folder)
    rows = []
    for case in REAL_CASES:
        (clinical,) = read_contours(data / "labels" / f"{case.patient}.nii.gz", merge=STRUCTURE)
        contour = perturb(clinical, case.error, case.severity) if case.error else clinical
        image, drawn, reference = (
            f"{case.patient}{suffix}"
            for suffix in ("_image.nii.gz", "_contours.seg.nrrd", "_reference.seg.nrrd")
        )
        with write_atomically(folder / image) as temporary:
            shutil.copyfile(data / "images" / f"{case.patient}.nii.gz", temporary)
        write_segmentation([contour], folder / drawn)
        write_segmentation([clinical], folder / reference)
        rows.append((case.patient, case.patient, STRUCTURE, image, drawn, reference))
    with (
        write_atomically(folder / MANIFEST) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
