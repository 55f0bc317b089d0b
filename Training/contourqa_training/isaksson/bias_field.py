"""N4: the bias field of an image, corrected as the paper does, and kept on disk because it takes its time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.geometry import Vector

FOLDER = "n4"
"""Folder of the corrected images in that of the cache."""


def corrected(
    values: np.ndarray, spacing_kji: Vector, cache: Path | None = None, shrink: int = 1
) -> np.ndarray:
    """An image without its bias field: SimpleITK's N4 with default parameters, over the whole image.

    Args:
        values: intensities (K, J, I), at least 4 voxels along each axis after shrinking.
        spacing_kji: mm.
        cache: folder where corrected images are kept; not kept without it.
        shrink: the smooth field is estimated on every so many voxels along each axis; 1 for all of them.

    Returns:
        float32 (K, J, I), in the image's unit.

    Raises:
        OutputError: the cache cannot be written.
    """
    if cache is None:
        return _n4(values, spacing_kji, shrink)
    path = output_folder(cache / FOLDER) / f"{_digest(values, spacing_kji, shrink)}.npy"
    if not path.is_file():
        with write_atomically(path) as temporary:
            np.save(temporary, _n4(values, spacing_kji, shrink), allow_pickle=False)
    found: np.ndarray = np.load(path, allow_pickle=False)
    return found


def _n4(values: np.ndarray, spacing_kji: Vector, shrink: int) -> np.ndarray:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(values.astype(np.float32))
    image.SetSpacing(spacing_kji[::-1])
    filter_ = sitk.N4BiasFieldCorrectionImageFilter()
    if shrink == 1:
        return np.asarray(sitk.GetArrayFromImage(filter_.Execute(image)))
    filter_.Execute(sitk.Shrink(image, [shrink] * 3))
    field = sitk.Exp(filter_.GetLogBiasFieldAsImage(image))
    return np.asarray(sitk.GetArrayFromImage(image / field)).astype(np.float32)


def _digest(values: np.ndarray, spacing_kji: Vector, shrink: int) -> str:
    import SimpleITK as sitk

    facts = f"{sitk.Version_VersionString()} {values.shape} {[round(mm, 6) for mm in spacing_kji]}"
    if shrink > 1:
        facts += f" {shrink}"
    return hashlib.sha256(facts.encode() + values.astype(np.float32).tobytes()).hexdigest()
