"""Small data folders for segmenters, in each layout: boxes of known place in ramps of known intensity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from files_on_disk import write

SHAPE = (12, 20, 24)
SPACING = (3.0, 3.0, 2.5)
BRAINSTEM, CORD = 1, 2


def ct_values(seed: int) -> np.ndarray:
    """CT numbers of noise about 0 HU, int16."""
    return np.random.default_rng(seed).normal(0, 60, SHAPE).astype(np.int16)


def label_values(seed: int, labels: tuple[int, ...] = (BRAINSTEM, CORD)) -> np.ndarray:
    """One box for each label, its place shifted by the seed: label n in slices 2 n - 1 and 2 n."""
    values = np.zeros(SHAPE, np.uint8)
    for label in labels:
        values[2 * label - 1 : 2 * label + 1, 6:12, 5 + seed : 11 + seed] = label
    return values


def write_openkbp(folder: Path, patients: Mapping[str, Mapping[str, int]]) -> Path:
    """A folder with meta.json; each patient's organs with their labels (0: listed, but without a voxel)."""
    folder.mkdir(parents=True)
    meta = {}
    for seed, (patient, organs) in enumerate(patients.items()):
        labels = tuple(label for label in organs.values() if label)
        write(folder / f"{patient}_ct.nii.gz", ct_values(seed), SPACING)
        write(folder / f"{patient}_oar.nii.gz", label_values(seed, labels), SPACING)
        meta[patient] = {"spacing": SPACING, "oars": list(organs)}
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder


def write_plain(folder: Path, names: Mapping[str, tuple[int, ...]], table: str = "") -> Path:
    """A folder with images/ and labels/; each case's labels; labels.csv where there is a `table`."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for seed, (name, labels) in enumerate(names.items()):
        write(folder / "images" / f"{name}.nii.gz", ct_values(seed), SPACING)
        write(folder / "labels" / f"{name}.nii.gz", label_values(seed, labels), SPACING)
    if table:
        (folder / "labels.csv").write_text(table)
    return folder
