"""The golden values of METRICS.md section 4, radiographer against oncologist, to 1e-5, on both paths."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import pytest

from ContourQALib.formats.contours import read_contours
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.definitions import Status
from ContourQALib.metrics.pair import measure
from ContourQALib.metrics.surface import surface_voxels

pytestmark = pytest.mark.realdata

GOLDEN = {
    ("full/0522c0017", "Parotid-Lt"): {
        "dice": 0.828940,
        "hd_mm": 11.433844,
        "hd95_mm": 5.500909,
        "msd_mm": 1.028109,
        "hd95_slicerrt_mm": 4.093064,
        "masd_mm": 1.019335,
        "surface_dice": 0.838739,
    },
    ("cropped/0522c0331", "Parotid-Lt"): {
        "hd95_mm": 30.537096,
        "hd95_pooled_mm": 20.235146,
        "hd95_slicerrt_mm": 17.103949,
        "hd_mm": 41.419087,
    },
    ("full/0522c0017", "Brain"): {
        "dice": 0.991775,
        "hd_mm": 7.269911,
        "hd95_mm": 1.385929,
        "msd_mm": 0.241995,
    },
    ("full/0522c0017", "Brainstem"): {"hd95_mm": 5.0, "hd95_pooled_mm": 2.771859, "hd95_slicerrt_mm": 3.75},
    ("full/0522c0017", "Lung-Lt"): {"hd_mm": 3.176728},
    ("full/0522c0017", "Lens-Lt"): {"dice": 0.898204, "hd_mm": 0.98, "msd_mm": 0.169474, "masd_mm": 0.167222},
    ("full/TCGA-CV-7236", "Parotid-Lt"): {"hd_mm": 9.160052, "hd95_mm": 5.0, "msd_mm": 1.299359},
}
SURFACE_VOXELS = {
    "Brain": (43933, 43458),
    "Lung-Lt": (35443, 36258),
    "Mandible": (7081, 6965),
    "Parotid-Lt": (2133, 2338),
    "Spinal-Cord": (2584, 3215),
    "Lens-Lt": (70, 63),
}


@cache
def observed(folder: Path, organ: str, path: str) -> Comparison:
    """The pair compared on the path that the fixture of that name has chosen."""
    a, b = (read_contours(folder / f"{organ}_{w}.nrrd")[0] for w in ("oncologist", "radiographer"))
    return compare(a, b)


@pytest.mark.parametrize(
    ("case", "organ", "figure", "value"),
    [(*where, name, value) for where, figures in GOLDEN.items() for name, value in figures.items()],
)
def test_golden_value(path: str, data: Path, case: str, organ: str, figure: str, value: float) -> None:
    found = observed(data / "headneck_observers" / case, organ, path)
    assert getattr(found, figure) == pytest.approx(value, abs=1e-5)


def test_the_left_lung_touches_the_edge_of_the_scan(path: str, data: Path) -> None:
    assert observed(data / "headneck_observers/full/0522c0017", "Lung-Lt", path).touches_edge


def test_counts_of_the_left_parotid(path: str, data: Path) -> None:
    folder = data / "headneck_observers/full/0522c0017"
    a, b = (read_contours(folder / f"Parotid-Lt_{w}.nrrd")[0] for w in ("oncologist", "radiographer"))
    counts = measure(a.mask, b.mask, a.grid.spacing_kji).counts
    assert (counts.true_positive, counts.false_positive, counts.false_negative) == (4984, 1544, 513)


@pytest.mark.parametrize("organ", SURFACE_VOXELS)
def test_surface_voxel_counts(data: Path, organ: str) -> None:
    folder = data / "headneck_observers/full/0522c0017"
    masks = (read_contours(folder / f"{organ}_{w}.nrrd")[0].mask for w in ("oncologist", "radiographer"))
    assert tuple(len(surface_voxels(mask)) for mask in masks) == SURFACE_VOXELS[organ]


def test_an_organ_that_nobody_drew_is_flagged(path: str, data: Path) -> None:
    found = observed(data / "headneck_observers/full/TCGA-CV-7236", "Submandibular-Lt", path)
    assert found.status is Status.BOTH_EMPTY
    assert math.isnan(found.dice)
    assert math.isnan(found.hd_mm)
