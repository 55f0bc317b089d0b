"""Which modality an image is: what its file says, else what its values look like."""

from __future__ import annotations

import numpy as np

from ContourQALib.case import Image

CT_BELOW_HU = -200.0
"""Air and lung lie below this in CT; MR intensities, even after a bias correction, do not reach it."""


def modality_of(image: Image) -> str:
    """The modality that DICOM says ("CT", "MR", "PT" …), else a guess by `guess_modality`."""
    if image.series is not None and image.series.modality:
        return image.series.modality
    return guess_modality(image)


def guess_modality(image: Image) -> str:
    """Tell CT (values far below zero) from MR; NIfTI, NRRD and MetaImage carry no such field.

    A CT cropped to soft tissue alone is taken for MR: name the model with `--model` there.
    """
    return "CT" if float(np.min(image.values)) < CT_BELOW_HU else "MR"
