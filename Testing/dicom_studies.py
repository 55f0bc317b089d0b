"""A made-up patient as DICOM files: two series, a structure set with what has no area, and maps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import command_line
from command_line import Command, Outcome
from ContourQALib.case import Image, ProbabilityMap
from ContourQALib.formats.dicom.segmentation_out import Algorithm, write_fractional_seg
from ContourQALib.formats.dicom.source_series import source_series
from ContourQALib.formats.images import write_image
from ContourQALib.geometry import Grid
from dicom_samples import disk_contours, tells_nothing, uid, write_series, write_structure_set

GRID = Grid((24, 20, 10), (2.0, 2.0, 3.0), (-20.3, -18.7, 5.0))
HEART = disk_contours(GRID, (11, 9), 12.0, range(2, 8))
BLADDER = disk_contours(GRID, (17, 12), 6.0, range(3, 7))
ROIS = {"Heart": HEART, "Blase": BLADDER, "Iso": [np.array([[1.5, 2.5, 20.5]])], "Nothing": []}
KINDS = {"Iso": "POINT"}
RULE = "voxels whose center lies inside"
BY_ME = Algorithm("by nobody", "1")


@dataclass(frozen=True)
class Study:
    """Files of a made-up patient.

    Attributes:
        folder: everything below.
        ct: folder of the series that the structures were drawn on.
        mr: another series of the same study and frame, its gray values far below zero.
        structures: RTSTRUCT with two structures, an isocenter and an empty region.
        mask: NIfTI label map of the heart alone.
        maps: fractional SEG of both structures.
    """

    folder: Path
    ct: Path
    mr: Path
    structures: Path
    mask: Path
    maps: Path


def make_study(folder: Path) -> Study:
    """Write the files."""
    values = np.random.default_rng(3).integers(-900, 900, GRID.shape).astype(np.int16)
    frame = uid("frame of the study")
    datasets = write_series(folder / "images" / "ct", values, GRID, frame_uid=frame, series_number=2)
    write_series(folder / "images" / "mr", values, GRID, "MR", frame_uid=frame, series_number=7)
    write_structure_set(folder / "rs" / "RS.dcm", datasets, ROIS, kinds=KINDS, frame_uid=frame)
    ct = folder / "images" / "ct"
    heart = inside(HEART, GRID)
    write_image(Image(heart.astype(np.uint8), GRID), folder / "heart.nii.gz")
    maps = [ProbabilityMap(0.8 * heart, GRID, "Heart"), ProbabilityMap(0.6 * heart, GRID, "Bladder")]
    write_fractional_seg(maps, source_series(ct), folder / "maps.dcm", BY_ME, "maps")
    return Study(
        folder,
        ct,
        folder / "images" / "mr",
        folder / "rs" / "RS.dcm",
        folder / "heart.nii.gz",
        folder / "maps.dcm",
    )


def inside(circles: list[np.ndarray], grid: Grid) -> np.ndarray:
    """Voxels whose center is nearer to the circles' axis than their points, on their slices."""
    k, j, i = np.meshgrid(*map(np.arange, grid.shape), indexing="ij")
    centers = grid.index_to_world(np.stack([i, j, k], axis=-1))
    mask = np.zeros(grid.shape, bool)
    for circle in circles:
        middle = circle.mean(axis=0)
        radius = np.linalg.norm(circle[0] - middle)
        near = np.linalg.norm(centers[..., :2] - middle[:2], axis=-1) < radius
        mask |= near & (np.abs(centers[..., 2] - middle[2]) < grid.spacing[2] / 2)
    return mask


def own_volume_cc(circles: list[np.ndarray]) -> float:
    """Area of a regular polygon times the distance of slices, for all of some circles."""
    corners, radius_mm = len(circles[0]), np.linalg.norm(circles[0][0] - circles[0].mean(axis=0))
    area_mm2 = corners / 2 * np.sin(2 * np.pi / corners) * radius_mm**2
    return float(len(circles) * area_mm2 * GRID.spacing[2] / 1000)


def one_sentence(outcome: Outcome, *says: str) -> None:
    """As of the command line, and nothing of the patient."""
    command_line.one_sentence(outcome, *says)
    assert tells_nothing(outcome.err), outcome.err


def assessed(contourqa: Command, study: Study, *further: object) -> Outcome:
    return contourqa("assess", "--image", study.ct, "--contours", study.structures, *further)


# what is read, and what is said of it
