"""Small results of every kind for the report's tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.assessment import (
    Assessment,
    ModelIdentity,
    Novelty,
    StructureAssessment,
)
from ContourQALib.quality.error_map import SuspiciousSlice
from ContourQALib.quality.verdict import Verdict

GRID = Grid.for_shape((10, 24, 24), (1.5, 1.0, 3.0))


def ball(center_kji: tuple[int, int, int], radius_mm: float, name: str = "CTV") -> Contour:
    index = np.indices(GRID.shape)
    offsets = [(i - c) * s for i, c, s in zip(index, center_kji, GRID.spacing_kji, strict=True)]
    return Contour(np.sum(np.square(offsets), axis=0) <= radius_mm**2, GRID, name)


@pytest.fixture(scope="session")
def reference() -> Contour:
    return ball((5, 12, 12), 8.0)


@pytest.fixture(scope="session")
def shifted() -> Contour:
    return ball((5, 14, 13), 8.0)


@pytest.fixture(scope="session")
def empty(reference: Contour) -> Contour:
    return replace(reference, mask=np.zeros(GRID.shape, bool))


@pytest.fixture(scope="session")
def image(reference: Contour) -> Image:
    noise = np.random.default_rng(0).normal(0, 20, GRID.shape)
    return Image((noise + 60.0 * reference.mask).astype(np.int16), GRID, "planning CT")


@pytest.fixture(scope="session")
def pair(reference: Contour, shifted: Contour) -> Comparison:
    return compare(reference, shifted, per_slice=True, reference_label="a/ref.nrrd", test_label="a/vpm.nrrd")


@pytest.fixture(scope="session")
def missed(reference: Contour, empty: Contour) -> Comparison:
    return compare(reference, empty, reference_label="a/ref.nrrd", test_label="b/vpm.nrrd")


@pytest.fixture(scope="session")
def assessment() -> Assessment:
    good = StructureAssessment(
        structure="hippocampus",
        status=Status.OK,
        dice=0.871,
        verdict=Verdict.ACCEPT,
        reasons=("predicted Dice 0.87 is at or above 0.80",),
        novelty=Novelty(True),
        volume_cc=3.21,
        resampled=False,
        lost_cc=0.0,
        dice_interval=(0.81, 0.93),
        interval_level=0.9,
        interval_cases=40,
        hd95_mm=1.2,
        hd95_interval_mm=(0.9, 2.4),
        slices=(SuspiciousSlice(4, 0.12),),
        model="hippocampus-t1",
    )
    bad = StructureAssessment(
        structure="CTV",
        status=Status.EMPTY,
        dice=None,
        verdict=Verdict.REJECT,
        reasons=("the contour is empty",),
        novelty=Novelty(False, ("volume 0 cc",)),
        volume_cc=0.0,
        resampled=True,
        lost_cc=2.0,
    )
    return Assessment(ModelIdentity("hippocampus-t1", "0.1.0", "CC-BY-SA-4.0", "preview"), (good, bad), 0.5)
