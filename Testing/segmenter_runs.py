"""Small segmenters for tests: bright boxes in dark noise, and configurations that train in a second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from contourqa_training.patients import Fold
from contourqa_training.segmenter import train_segmenter
from contourqa_training.segmenter_config import SegmenterConfig, parse_segmenter_config
from contourqa_training.segmenter_data import SegmenterData
from files_on_disk import write

PATIENTS = tuple(f"case_{n:02d}" for n in range(8))
SHAPE = (6, 14, 18)
SPACING = (3.0, 3.0, 2.5)
ORIGIN = (-20.0, 30.0, 5.0)

CONFIG = """
[model]
name = "boxes"
structures = ["liver", "spleen"]
multi_label = true
split = "drawn"
choose_share = 0.25
[network]
filters = [4, 8]
decoder_filters = []
dropout = 0.2
[slices]
size = 16
[training]
batch_size = 8
epochs = 3
learning_rate = 1e-2
running_mean = 2
stages = [1, 3]
precision = "full"
"""


def boxes_config(changes: str = "", *, old: str = "") -> SegmenterConfig:
    """`CONFIG`, with the line `old` replaced by `changes`."""
    assert not old or old in CONFIG
    return parse_segmenter_config(CONFIG.replace(old, changes) if old else CONFIG + changes)


def write_boxes(folder: Path, patients: Sequence[str] = PATIENTS, without_spleen: Sequence[str] = ()) -> Path:
    """A plain data folder: a liver of 100 HU and a spleen of 220 HU, boxes in noise of 20 HU about -80 HU."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for seed, patient in enumerate(patients):
        random = np.random.default_rng(seed)
        labels = np.zeros(SHAPE, np.uint8)
        j, i = random.integers(0, 4, 2)
        labels[1:5, 2 + j : 8 + j, 2 + i : 7 + i] = 1
        if patient not in without_spleen:
            labels[2:5, 3 + j : 7 + j, 10 + i : 13 + i] = 2
        values = random.normal(-80, 20, SHAPE) + 180 * (labels == 1) + 300 * (labels == 2)
        write(folder / "images" / f"{patient}.nii.gz", values.astype(np.int16), SPACING, ORIGIN)
        write(folder / "labels" / f"{patient}.nii.gz", labels, SPACING, ORIGIN)
    (folder / "labels.csv").write_text("number,name\n1,liver\n2,spleen\n")
    return folder


def train_boxes(
    config: SegmenterConfig, folder: Path, run: Path, fold: Fold | None = None, *, resume: bool = False
) -> Path:
    """Train without a cache, on one thread and without a progress bar."""
    data = SegmenterData.load(folder, config, fold)
    return train_segmenter(config, data, run, resume=resume, threads=1, progress=False)
