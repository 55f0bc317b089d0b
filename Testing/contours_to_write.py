"""Contours with everything that DICOM can say of them, for tests of segmentations that go out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ContourQALib.case import RASTERIZED_TAG, SPELLED_TAG, Contour
from ContourQALib.formats.dicom.segment_tags import (
    ALGORITHM_FAMILY_TAG,
    ALGORITHM_NAME_TAG,
    ALGORITHM_TYPE_TAG,
    ALGORITHM_VERSION_TAG,
    DESCRIPTION_TAG,
    TRACKING_ID_TAG,
    TRACKING_UID_TAG,
)
from ContourQALib.formats.dicom.segment_terminology import TERMINOLOGY_TAG
from ContourQALib.formats.dicom.segmentation_out import Algorithm
from ContourQALib.formats.dicom.source_series import SourceSeries, source_series
from ContourQALib.geometry import Grid
from dicom_samples import small_grid, small_values, write_series

GRID = small_grid(slices=6, rows=7, columns=9)  # 63 pixels: frames begin and end within bytes
NET = Algorithm("A network", "1.2")

TAGS = {
    TERMINOLOGY_TAG: "Segmentation category and type - DICOM master list"
    "~SCT^85756007^Tissue~SCT^10200004^Liver~^^"
    "~Anatomic codes - DICOM master list~SCT^818983003^Abdomen~SCT^24028007^Right",
    ALGORITHM_TYPE_TAG: "SEMIAUTOMATIC",
    ALGORITHM_NAME_TAG: "Somebody's tool",
    ALGORITHM_VERSION_TAG: "7",
    ALGORITHM_FAMILY_TAG: "DCM^123107^Cluster Analysis",
    DESCRIPTION_TAG: "After two weeks, größer",
    TRACKING_ID_TAG: "lesion 1",
    TRACKING_UID_TAG: "2.25.1234",
    RASTERIZED_TAG: "by the rule of voxel centers, 12 contours on 4 planes",
    SPELLED_TAG: "Leber",
}


def write_source(folder: Path) -> SourceSeries:
    """The image that the contours are of."""
    write_series(folder, small_values(GRID), GRID)
    return source_series(folder)


def random_mask(seed: int, grid: Grid = GRID, planes: slice = slice(1, 4)) -> np.ndarray:
    mask = np.zeros(grid.shape, bool)
    mask[planes] = np.random.default_rng(seed).random(mask[planes].shape) < 0.4
    return mask


def contours(grid: Grid = GRID) -> list[Contour]:
    """Two that overlap, one of them with everything that DICOM can say, and an empty one between them."""
    return [
        Contour(random_mask(1, grid), grid, "Parotid_L", (1 / 255, 128 / 255, 1.0)),
        Contour(np.zeros(grid.shape, bool), grid, "Leer, äöü 空", None),
        Contour(random_mask(2, grid, slice(2, 6)), grid, "Liver", (0.2, 0.4, 0.6), TAGS),
    ]
