"""Small training data for tests: bright balls in noise, and configurations that train in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from contourqa_training.cases import TrainingCase
from contourqa_training.config import TrainingConfig, parse_config
from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from files_on_disk import write
from shapes import ball_mask

SHAPE = (20, 22, 18)

NETWORK = """
[network]
filters = [8, 8, 16]
repeats = [1, 1]
kernels = [3, 3]
bifpn_blocks = 1
bifpn_filters = 16
stem_stride = [2, 2, 2]
norm = "group"
input_shift = 128.0
input_scale = 64.0
"""

PAPERS_SCHEME = (
    NETWORK
    + """
[preprocessing]
size = [24, 26, 22]
center = "image"
[training]
batch_size = 2
epochs = 10
[model]
structure = "ball"
"""
)


def config(text: str = PAPERS_SCHEME) -> TrainingConfig:
    return parse_config(text)


def training_case(patient: str, seed: int, shape: tuple[int, int, int] = SHAPE) -> TrainingCase:
    """A ball of 5 to 6 mm, its place off the middle by up to 1 mm, bright in an image of noise."""
    random = np.random.default_rng(seed)
    center = (np.asarray(shape) - 1) / 2 + random.uniform(-1, 1, 3)
    mask = ball_mask(shape, tuple(center), random.uniform(5, 6))
    values = (random.normal(100, 10, shape) + 80 * mask).astype(np.float32)
    grid = Grid.for_shape(shape)
    return TrainingCase(patient, Image(values, grid, patient), Contour(mask, grid, "ball"))


def training_cases(count: int = 4) -> list[TrainingCase]:
    return [training_case(f"ball_{n}", n) for n in range(count)]


def write_cases(folder: Path, patients: Sequence[str]) -> Path:
    """A data folder with images/ and labels/ of these patients."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for seed, patient in enumerate(patients):
        case = training_case(patient, seed)
        write(folder / "images" / f"{patient}.nii.gz", case.image.values)
        write(folder / "labels" / f"{patient}.nii.gz", case.reference.mask.astype(np.uint8))
    return folder
