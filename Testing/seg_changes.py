"""A small DICOM segmentation of overlapping masks, and one of a map, for tests that change them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.formats.dicom.segmentation_out import Algorithm, write_fractional_seg, write_seg
from ContourQALib.formats.dicom.source_series import SourceSeries, source_series
from dicom_samples import small_grid, small_values, write_series

GRID = small_grid(slices=8, rows=6, columns=5)  # 30 pixels: frames end within a byte
USED = [1, 2, 5]
"""Planes that have a frame: 3 and 6 mm from the first one's, then a gap."""

Change = Callable[[Any], Any]


def write_source(folder: Path) -> SourceSeries:
    """The image that both segmentations are of."""
    write_series(folder, small_values(GRID), GRID)
    return source_series(folder)


def mask(seed: int) -> np.ndarray:
    values = np.zeros(GRID.shape, bool)
    values[USED] = np.random.default_rng(seed).random((len(USED), *GRID.shape[1:])) < 0.5
    return values


def write_masks(source: SourceSeries, path: Path) -> Dataset:
    """A file of two segments that overlap."""
    named = [Contour(mask(1), GRID, "Bladder"), Contour(mask(2), GRID, "Rectum")]
    write_seg(named, source, path, Algorithm("test", "1"), "Contours")
    return pydicom.dcmread(path)


def write_map(source: SourceSeries, path: Path) -> Dataset:
    """A file of one map, which is not compressed."""
    one = ProbabilityMap(mask(1) * np.linspace(0, 1, 5), GRID, "Bladder")
    write_fractional_seg([one], source, path, Algorithm("test", "1"), "Maps")
    sample = pydicom.dcmread(path)
    sample.decompress(generate_instance_uid=False)
    return sample


def saved(sample: Dataset, change: Change, path: Path) -> Path:
    changed = deepcopy(sample)
    change(changed)
    changed.save_as(path)
    return path


def frames(sample: Dataset) -> list[Dataset]:
    return list(sample.PerFrameFunctionalGroupsSequence)


def shared(sample: Dataset) -> Dataset:
    return sample.SharedFunctionalGroupsSequence[0]


def without_spacing(sample: Dataset) -> None:
    del shared(sample).PixelMeasuresSequence[0].SpacingBetweenSlices


def all_per_frame(sample: Dataset) -> None:
    for frame in frames(sample):
        for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence"):
            setattr(frame, keyword, deepcopy(shared(sample)[keyword].value))
    del shared(sample).PixelMeasuresSequence, shared(sample).PlaneOrientationSequence
