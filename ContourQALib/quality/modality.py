"""Which modality an image is, where its file does not say."""

from __future__ import annotations

import numpy as np

from ContourQALib.case import Image

CT_BELOW_HU = -200.0
"""Air and lung lie below this in CT; MR intensities, even after a bias correction, do not reach it."""


def guess_modality(image: Image) -> str:
    """Tell CT (values far below zero) from MR; NIfTI, NRRD and MetaImage carry no such field.

    A CT cropped to soft tissue alone is taken for MR: name the model with `--model` there.
    """
    return "CT" if float(np.min(image.values)) < CT_BELOW_HU else "MR"
