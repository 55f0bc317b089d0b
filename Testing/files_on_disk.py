"""Small cases on disk, for tests of commands and formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from shapes import ball_mask

SHAPE = (30, 32, 34)
BALL = ball_mask(SHAPE, (15, 16, 17), 9).astype(np.uint8)
SHIFTED = ball_mask(SHAPE, (15, 16, 20), 9).astype(np.uint8)


def write(path: Path, values: np.ndarray, spacing=(1.0, 1.0, 1.0), origin=(0.0, 0.0, 0.0)) -> Path:
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    sitk.WriteImage(image, str(path), useCompression=True)
    return path
