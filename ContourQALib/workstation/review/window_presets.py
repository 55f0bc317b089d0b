"""WindowPreset: gray scales that readers know by name."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ContourQALib.case import Image
from ContourQALib.quality.modality import modality_of

SAMPLED_VOXELS = 1_000_000
"""Percentiles of so many voxels, evenly spread, are those of the image on a screen."""


@dataclass(frozen=True)
class WindowPreset:
    """A gray scale: black at `level - width / 2`, white at `level + width / 2`."""

    name: str
    width: float
    level: float


CT_PRESETS = (
    WindowPreset("Soft tissue", 400, 40),
    WindowPreset("Lung", 1500, -600),
    WindowPreset("Bone", 2000, 300),
    WindowPreset("Brain", 80, 40),
)
"""Width and level in HU."""

PERCENTILES = ((1.0, 99.0), (0.1, 99.9), (5.0, 95.0), (25.0, 99.9))
"""Presets of images without a scale of their own, such as MR."""

FULL = "Full"


def presets_of(image: Image) -> tuple[WindowPreset, ...]:
    """Five presets that fit an image; takes some tenths of a second for a large one.

    Args:
        image: a CT is known by DICOM, else by values far below zero.
    """
    low, high = float(np.min(image.values)), float(np.max(image.values))
    full = _between(FULL, low, high)
    if modality_of(image) == "CT":
        return *CT_PRESETS, full
    step = math.ceil(image.values.size / SAMPLED_VOXELS)
    sample = image.values.reshape(-1)[::step]
    bounds = np.percentile(sample, PERCENTILES)
    named = (f"{a:g}\u2013{b:g}" for a, b in PERCENTILES)
    return *(_between(name, float(a), float(b)) for name, (a, b) in zip(named, bounds, strict=True)), full


def _between(name: str, low: float, high: float) -> WindowPreset:
    width = high - low if high > low else 1.0
    return WindowPreset(name, width, low + width / 2)
