"""Cohorts on disk: manifests over small masks, and over two observers' contours of real patients.

    python Testing/cohort_folders.py headneck_observers/cropped FOLDER [--patients 5]

writes FOLDER/manifest.csv: the oncologist's contours as references, and two models, the radiographer's
(Radiographer) and copies of the oncologist's that the library's own contour errors spoiled (Perturbed).
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ContourQALib.case import Contour
from ContourQALib.errors import ContourQAError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.perturbation import perturb

COLUMNS = ("dataset", "case", "patient", "structure", "reference")

ERRORS = (("shift", 2.0), ("dilate", 1.5), ("erode", 1.0), ("smooth", 2.0), ("noise", 0.2))
"""Applied in turn, patient by patient."""

SHAPE = (4, 12, 12)
"""Small enough that thousands are measured in a test."""


def write_manifest(path: Path, models: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """A manifest of rows of dataset, case, patient, structure, reference and each model's path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, *models])
        writer.writerows(rows)
    return path


def box(first: int, last: int) -> np.ndarray:
    """A box of voxels `first` to `last` - 1 along the rows, so that overlaps can be counted by hand."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[1:3, 2:10, first:last] = 1
    return mask


def write_mask(path: Path, mask: np.ndarray) -> Path:
    """A label file on a grid of 1 x 1 x 2 mm."""
    image = sitk.GetImageFromArray(mask)
    image.SetSpacing((1.0, 1.0, 2.0))
    sitk.WriteImage(image, str(path), useCompression=False)
    return path


def break_off(path: Path, **how: object) -> tuple[Contour, ...]:
    """Reads as a file does that ends the process: without a word."""
    os._exit(9)


def small_cohort(folder: Path, cases: int, sets: int | None = None) -> Path:
    """A manifest of two models over small boxes, two datasets and two structures.

    Args:
        folder: where files and manifest go.
        cases: rows.
        sets: so many sets of files, used in turn; by default every row has files of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for n in range(cases):
        number = n % (sets or cases)
        names = [f"{kind}_{number:05d}.nrrd" for kind in ("reference", "vpm", "lft")]
        shift = number % 5
        masks = (box(2, 9), box(2 + shift, 9), box(2, 9 + shift % 3))
        for name, mask in zip(names, masks, strict=True):
            if not (folder / name).exists():
                write_mask(folder / name, mask)
        dataset, structure = ("ExVal", "GenEva")[n % 2], ("CTV", "Rectum")[n // 2 % 2]
        rows.append([dataset, f"case_{n:05d}", f"patient_{n:05d}", structure, *names])
    return write_manifest(folder / "manifest.csv", ["VPM", "LFT"], rows)


def observers_cohort(data: Path, folder: Path, patients: int | None = None) -> Path:
    """A manifest over two observers' contours, with spoiled copies of the first's as another model.

    Args:
        data: a folder for each patient with ORGAN_oncologist.nrrd and ORGAN_radiographer.nrrd.
        folder: where the spoiled copies and the manifest go.
        patients: only so many; all by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, patient in enumerate(sorted(path for path in data.iterdir() if path.is_dir())[:patients]):
        dataset = "TCGA" if patient.name.startswith("TCGA") else "TCIA"
        for reference in sorted(patient.glob("*_oncologist.nrrd")):
            organ = reference.name.removesuffix("_oncologist.nrrd")
            other = patient / f"{organ}_radiographer.nrrd"
            spoiled = folder / f"{patient.name}_{organ}.seg.nrrd"
            if not spoiled.exists():
                (contour,) = read_contours(reference)
                error, severity = ERRORS[(number + len(rows)) % len(ERRORS)]
                with suppress(ContourQAError):  # an empty contour cannot be spoiled, and stays as it is
                    contour = perturb(contour, error, severity, seed=number)
                write_segmentation([contour], spoiled)
            named = other.resolve() if other.exists() else ""
            rows.append(
                [dataset, patient.name, patient.name, organ, reference.resolve(), named, spoiled.name]
            )
    return write_manifest(folder / "manifest.csv", ["Radiographer", "Perturbed"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of patients")
    parser.add_argument("folder", type=Path, help="where to write")
    parser.add_argument("--patients", type=int, help="only so many patients")
    given = parser.parse_args()
    sys.stdout.write(f"{observers_cohort(given.data, given.folder, given.patients)}\n")


if __name__ == "__main__":
    main()
