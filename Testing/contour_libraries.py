"""Small contour libraries on disk: balls in noise, each drawn by two networks, one better than the other."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from contourqa_training.library import CASES, FACTS, TABLE, LibraryContour, packed
from ContourQALib.metrics.overlap import overlap
from shapes import ball_mask

SHAPE = (16, 18, 14)
STRUCTURE = "ball"
NETWORKS = ("first", "second")
STAGES = (1, 5)
REGIMES = {"8-bit": 1.0, "float": 20.0, "scaled": 4000.0}


def write_library(folder: Path, patients: int, *, test: int = 0, empty: tuple[int, ...] = ()) -> Path:
    """A library of `patients` who train and `test` who are tested on, regimes in turn.

    The first network's last contour of the patients numbered in `empty` is empty.
    """
    (folder / CASES).mkdir(parents=True)
    rows = []
    for number in range(patients + test):
        random = np.random.default_rng(number)
        split = "train" if number < patients else "test"
        name = f"patient_{number:02d}"
        center = (np.asarray(SHAPE) - 1) / 2 + random.uniform(-1, 1, 3)
        radius = random.uniform(4, 5)
        reference = ball_mask(SHAPE, tuple(center), radius)
        gain = list(REGIMES.values())[number % len(REGIMES)]
        values = ((random.normal(60, 5, SHAPE) + 60 * reference) * gain).astype(np.float32)
        masks = []
        for network, lack in zip(NETWORKS, (0.3, 0.8), strict=True):
            for stage in STAGES:
                shift = random.uniform(-lack, lack, 3) * (2 if stage == STAGES[0] else 1)
                mask = ball_mask(SHAPE, tuple(center + shift), radius - lack * random.uniform(0, 1))
                if network == NETWORKS[0] and stage == STAGES[-1] and number in empty:
                    mask = np.zeros(SHAPE, bool)
                rows.append(
                    LibraryContour(
                        len(masks), name, STRUCTURE, split, "N", network, stage, 0.5, 0.0, 0, 0,
                        overlap(reference, mask).dice, 1.0, 0.5, float(mask.sum()) / 1000,
                    )
                )  # fmt: skip
                masks.append(packed(mask))
        np.savez(
            folder / CASES / f"{name}.npz",
            values=values,
            spacing_kji=np.ones(3),
            structures=np.array([STRUCTURE]),
            references=np.array([packed(reference)]),
            image_file=np.array(f"{name}.nii.gz"),
            masks=np.array(masks),
            maps=np.array([np.where(reference, 255, 0)], np.uint8),
        )
    with (folder / TABLE).open("w", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(LibraryContour)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    (folder / FACTS).write_text(json.dumps({"settings": {"structures": [STRUCTURE]}}))
    return folder
