"""N4: the bias field of an image, corrected as the paper does, and kept on disk because it takes its time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.geometry import Vector

FOLDER = "n4"
"""Folder of the corrected images in that of the cache."""


def corrected(values: np.ndarray, spacing_kji: Vector, cache: Path | None = None) -> np.ndarray:
    """An image without its bias field: SimpleITK's N4 with default parameters, over the whole image.

    Args:
        values: intensities (K, J, I), at least 4 voxels along each axis.
        spacing_kji: mm.
        cache: folder where corrected images are kept; not kept without it.

    Returns:
        float32 (K, J, I), in the image's unit.

    Raises:
        OutputError: the cache cannot be written.
    """
    if cache is None:
        return _n4(values, spacing_kji)
    path = output_folder(cache / FOLDER) / f"{_digest(values, spacing_kji)}.npy"
    if not path.is_file():
        with write_atomically(path) as temporary:
            np.save(temporary, _n4(values, spacing_kji), allow_pickle=False)
    found: np.ndarray = np.load(path, allow_pickle=False)
    return found


def _n4(values: np.ndarray, spacing_kji: Vector) -> np.ndarray:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(values.astype(np.float32))
    image.SetSpacing(spacing_kji[::-1])
    return np.asarray(sitk.GetArrayFromImage(sitk.N4BiasFieldCorrectionImageFilter().Execute(image)))


def _digest(values: np.ndarray, spacing_kji: Vector) -> str:
    import SimpleITK as sitk

    facts = f"{sitk.Version_VersionString()} {values.shape} {[round(mm, 6) for mm in spacing_kji]}"
    return hashlib.sha256(facts.encode() + values.astype(np.float32).tobytes()).hexdigest()
