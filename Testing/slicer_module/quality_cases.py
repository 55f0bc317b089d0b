"""A small scene to assess, and assessments that a fake worker answers with."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.assessment import Assessment, ModelIdentity, Novelty, StructureAssessment
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.quality.redeciding import redecide
from ContourQALib.quality.verdict import Levels, Verdict
from ContourQALib.worker_requests import AssessRequest

GRID = Grid((40, 36, 30), (2.0, 2.0, 3.0), (-40.0, -36.0, 10.0))
CENTERS = {"Parotid": (8, 12, 12), "Brainstem": (15, 20, 28), "Cord": (22, 26, 12)}
"""Middle of each ball, (k, j, i)."""

RADIUS_MM = 9.0
DICES = {"Parotid": 0.91, "Brainstem": 0.55, "Cord": 0.78}
MODEL = ModelIdentity("toy", "2.0", "MIT", "preview")


def patience() -> float:
    """By how much longer things may take where others want the cores too; 1 on an idle machine."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@dataclass(frozen=True)
class Patient:
    """The nodes of a small scene, and the segments' IDs by name."""

    volume: Any
    segmentation: Any
    ids: Mapping[str, str]


def ball(center: Sequence[float], radius_mm: float = RADIUS_MM, grid: Grid = GRID) -> np.ndarray:
    """Bool (K, J, I) of a ball around a continuous index (k, j, i)."""
    axes = [
        (np.arange(count) - at) * spacing
        for count, at, spacing in zip(grid.shape, center, grid.spacing_kji, strict=True)
    ]
    distances = sum(axis.reshape([-1 if a == n else 1 for a in range(3)]) ** 2 for n, axis in enumerate(axes))
    return np.asarray(distances) <= radius_mm**2


def add_patient(scene: Any, centers: Mapping[str, Sequence[float]] = CENTERS, grid: Grid = GRID) -> Patient:
    """An image of noise with a ball for each name, as nodes."""
    from ContourQALib.mrml.segmentations import add_segmentation, segments_of
    from ContourQALib.mrml.volumes import add_volume

    values = np.random.default_rng(0).normal(0, 200, grid.shape).astype(np.int16)
    volume = add_volume(scene, Image(values, grid), "Patient")
    contours = [Contour(ball(center, grid=grid), grid, name) for name, center in centers.items()]
    segmentation = add_segmentation(scene, contours, "Contours", volume)
    return Patient(volume, segmentation, {one.name: one.id for one in segments_of(segmentation)})


def assessed(request: AssessRequest, dices: Mapping[str, float] = DICES) -> Assessment:
    """What a model might say: the same figures for the same names, decided with the request's levels."""
    structures = tuple(_structure(contour, request, dices.get(contour.name)) for contour in request.contours)
    anything = Levels(0.0, 0.0)
    return redecide(Assessment(MODEL, structures, 0.4, (MODEL,), anything), request.levels)


def _structure(contour: Contour, request: AssessRequest, dice: float | None) -> StructureAssessment:
    if dice is None or not contour.mask.any():
        empty = not contour.mask.any()
        reason = "The contour is empty." if empty else "No model knows this structure: mask-only rules alone."
        return StructureAssessment(
            structure=contour.name,
            status=Status.EMPTY if empty else Status.OK,
            dice=None,
            verdict=Verdict.REJECT if empty else Verdict.REVIEW,
            reasons=(reason,),
            novelty=Novelty(None),
            volume_cc=contour.volume_cc,
            resampled=False,
            lost_cc=0.0,
        )
    error = error_of(contour, request.image.grid)
    return StructureAssessment(
        structure=contour.name,
        status=Status.OK,
        dice=dice,
        verdict=Verdict.ACCEPT,
        reasons=(),
        novelty=Novelty(True),
        volume_cc=contour.volume_cc,
        resampled=False,
        lost_cc=0.0,
        dice_interval=(dice - 0.04, min(dice + 0.03, 1.0)),
        interval_level=0.9,
        interval_cases=52,
        hd95_mm=4.1,
        hd95_interval_mm=(3.0, 7.2),
        msd_mm=1.2,
        msd_interval_mm=(0.8, 2.0),
        slices=error.slices_to_look_at(),
        model=MODEL.name,
        error=error,
    )


def error_of(contour: Contour, grid: Grid) -> ErrorMap:
    """An error map in the contour's own box: its upper half is probably wrong, the more the higher."""
    first = np.round(grid.world_to_index(contour.grid.origin)).astype(int)
    steps = np.linspace(0, 0.98, contour.mask.shape[0], dtype=np.float32).reshape(-1, 1, 1)
    probability = np.broadcast_to(steps, contour.mask.shape).copy()
    return ErrorMap(probability, contour.mask, contour.grid, tuple(int(at) for at in first[::-1]))
