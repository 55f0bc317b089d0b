"""Small libraries and configurations for the error network: two balls in noise, and contours of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np

from contourqa_training.error_config import ErrorConfig, read_error_config
from contourqa_training.library import CASES, FACTS, TABLE, LibraryContour, packed
from ContourQALib.metrics.pair import measure
from shapes import ball_mask

SHAPE = (14, 16, 26)
STRUCTURES = ("left", "right")
MIDDLES = {"left": (6.5, 7.5, 18.5), "right": (6.5, 7.5, 6.5)}
"""Axes run to superior, posterior and left: the left ball has the larger third index."""
NETWORKS = ("first", "second")
REGIME_GAINS = {"8-bit": 1.0, "float": 20.0, "scaled": 4000.0}

CONFIG = """
[model]
name = "balls"
aliases = ["left=sphere left"]
mirrored = ["left=right"]
[network]
widths = [4, 8]
stride = [2, 2, 2]
group_count = 2
[preprocessing]
size = [12, 12, 12]
lower_percentile = 1.0
clip = true
[training]
batch_size = 2
batches_per_epoch = 2
epochs = 2
window_jitter = 0.5
choosing = 2
[spatial]
share = 0.5
elastic_mm = 0.3
[intensity]
share = 0.3
noise = 0.05
"""


def error_config(folder: Path, text: str = CONFIG) -> ErrorConfig:
    """`CONFIG`, or another, read from a file, for the structures of the libraries written here."""
    path = folder / "balls.toml"
    path.write_text(text)
    return read_error_config(str(path)).for_structures(STRUCTURES)


def plain(config: ErrorConfig) -> ErrorConfig:
    """Neither bent nor moved nor changed in intensity."""
    return replace(
        config,
        spatial=replace(config.spatial, share=0.0),
        intensity=replace(config.intensity, share=0.0),
        training=replace(config.training, window_jitter=0.0),
    )


def write_library(folder: Path, splits: Mapping[str, int], seed: int = 0) -> Path:
    """A library of so many patients of each split, in the three intensity regimes by turns.

    Every structure of a patient has two networks' contours (the first with its map), the reference, and, but
    for calibration patients, a reference moved and a patient's other ball; their figures are exact.
    """
    (folder / CASES).mkdir(parents=True)
    rows: list[LibraryContour] = []
    for number, split in enumerate(kind for kind, count in splits.items() for _ in range(count)):
        rows += _write_patient(folder, f"patient_{number:02d}", split, number + 100 * seed)
    with (folder / TABLE).open("w", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(LibraryContour)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    facts = {"settings": {"structures": STRUCTURES}, "fingerprint": f"balls {seed}"}
    (folder / FACTS).write_text(json.dumps(facts))
    return folder


def _write_patient(folder: Path, patient: str, split: str, seed: int) -> list[LibraryContour]:
    random = np.random.default_rng(seed)
    references = {
        name: ball_mask(SHAPE, tuple(np.array(middle) + random.uniform(-0.5, 0.5, 3)), random.uniform(3, 3.6))
        for name, middle in MIDDLES.items()
    }
    both = references["left"] | references["right"]
    gain = list(REGIME_GAINS.values())[seed % 3]
    values = ((random.normal(60, 5, SHAPE) + 60 * both) * gain).astype(np.float32)
    rows, masks, maps = [], [], []
    for structure, reference in references.items():
        first, second, third = (np.roll(reference, shift, axis) for axis, shift in enumerate((1, 1, 2)))
        maps.append(((reference * 0.6 + first * 0.4) * 255).round().astype(np.uint8))
        drawn = [
            ("N", "first", first, len(maps) - 1),
            ("N", "second", second, -1),
            ("G", "reference", reference, -1),
        ]
        if split != "calibrate":
            other = references[STRUCTURES[1 - STRUCTURES.index(structure)]]
            drawn += [("S", "shift", third, -1), ("O", "other-patient", other, -1)]
        for stratum, kind, mask, map_number in drawn:
            found = measure(reference, mask, (1.0, 1.0, 1.0))
            natural = stratum == "N"
            rows.append(
                LibraryContour(
                    len(masks), patient, structure, split, stratum, kind, 1 if natural else None,
                    0.5 if natural else None, 0.0, 0, map_number, found.counts.dice,
                    float(found.distances.hd95_mm), float(found.distances.msd_mm), float(mask.sum()) / 1000,
                )
            )  # fmt: skip
            masks.append(packed(mask))
    np.savez(
        folder / CASES / f"{patient}.npz",
        values=values,
        spacing_kji=np.ones(3),
        structures=np.array(list(references)),
        references=np.stack([packed(mask) for mask in references.values()]),
        masks=np.stack(masks),
        maps=np.stack(maps),
    )
    return rows
