"""TrainingCase: a patient's image and reference contour, ready to be bent, cut and spoiled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ContourQALib.case import Contour, Image
from ContourQALib.errors import FormatError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import read_image
from ContourQALib.geometry import Grid
from ContourQALib.quality.preprocessing import standard_spacing, to_standard_axes

REGIME_LIMITS = (255.0, 3e5)
"""Largest intensity of the 8-bit hippocampus images, least maximum of the scaled ones (data/README.md)."""


@dataclass(frozen=True, eq=False)
class TrainingCase:
    """One patient, turned so that the axes K, J, I run to superior, posterior and left.

    Attributes:
        patient: the patient's identifier, the file's stem.
        image: float32 intensities.
        reference: the reference contour on the image's grid.
    """

    patient: str
    image: Image
    reference: Contour

    @property
    def regime(self) -> str:
        """The intensity regime of the image; see `regime_of`."""
        return regime_of(self.image.values)


def regime_of(values: np.ndarray) -> str:
    """The intensity regime by the image's maximum: "8-bit", "float" or "scaled"."""
    highest = float(values.max())
    if highest <= REGIME_LIMITS[0]:
        return "8-bit"
    return "scaled" if highest >= REGIME_LIMITS[1] else "float"


def load_case(folder: Path, patient: str, structure: str) -> TrainingCase:
    """Read images/PATIENT.nii.gz and labels/PATIENT.nii.gz, all labels merged into `structure`.

    Raises:
        FormatError: a file is missing or cannot be read.
        GeometryError: contour and image lie apart.
    """
    image = read_image(folder / "images" / f"{patient}.nii.gz")
    (contour,) = read_contours(folder / "labels" / f"{patient}.nii.gz", merge=structure)
    axes = image.grid.axes
    values = np.ascontiguousarray(to_standard_axes(image.values.astype(np.float32), axes))
    mask = np.ascontiguousarray(to_standard_axes(contour.on(image.grid).mask, axes))
    k, j, i = standard_spacing(image.grid.spacing_kji, axes)
    grid = Grid.for_shape(values.shape, (i, j, k))
    return TrainingCase(patient, Image(values, grid, patient), Contour(mask, grid, structure))


def patients_of(folder: Path) -> list[str]:
    """Patients of a folder with images/ and labels/, in ascending order.

    Raises:
        FormatError: the folder has no images.
    """
    found = sorted(p.name.removesuffix(".nii.gz") for p in (folder / "images").glob("*.nii.gz"))
    if not found:
        raise FormatError(f"{folder} holds no training data: it has no images/*.nii.gz.")
    return found
