"""Probability maps in."""

from __future__ import annotations

from os import PathLike

import numpy as np

from ContourQALib.case import ProbabilityMap
from ContourQALib.errors import FormatError
from ContourQALib.formats.file_type import stem_of
from ContourQALib.formats.volume import read_volume

ROUNDING = 1e-5
"""How far a value may lie outside [0, 1]: softmax and resampling in float32 overshoot by about 1e-6."""


def read_probability(path: str | PathLike[str], name: str | None = None) -> ProbabilityMap:
    """Read the probability map of one structure.

    Whole numbers are taken only when they are 0 and 1: a map of percent or of 0 to 255 is not guessed at.

    Args:
        path: .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd with one value per voxel.
        name: the structure; the file's stem where not given.

    Raises:
        FormatError: the file cannot be read, or holds values outside [0, 1].
        GeometryError: its spacing or orientation is impossible.
    """
    volume = read_volume(path)
    lowest, highest = float(volume.values.min()), float(volume.values.max())
    if lowest < -ROUNDING or highest > 1 + ROUNDING:
        raise FormatError(
            f"{volume.path} holds values from {lowest:g} to {highest:g}, but probabilities lie"
            " between 0 and 1; divide percent by 100 and 8-bit maps by 255, pass logits through a sigmoid."
        )
    values = np.clip(volume.values.astype(np.float32), 0.0, 1.0)
    return ProbabilityMap(values, volume.grid, name or stem_of(volume.path), volume.path)
