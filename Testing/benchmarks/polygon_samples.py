"""A head-and-neck structure set on 512x512x150 voxels, drawn as a planning system does."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ContourQALib.geometry import Grid

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the tests' own samples

SIZE, SPACING = (512, 512, 150), (0.977, 0.977, 2.0)

ORGANS = {
    # centers and radii, mm from the middle of the scan; x to the left, y to the back, z to the head
    "BODY": ((0, 0, 0), (190, 130, 175)),
    "Brain": ((0, -5, 95), (68, 85, 60)),
    "Brainstem": ((0, 20, 45), (16, 14, 27)),
    "SpinalCord": ((0, 45, -45), (6, 6, 95)),
    "Parotid_L": ((58, 15, 12), (16, 22, 28)),
    "Parotid_R": ((-58, 15, 12), (16, 22, 28)),
    "Glnd_Submand_L": ((32, -12, -22), (10, 15, 17)),
    "Glnd_Submand_R": ((-32, -12, -22), (10, 15, 17)),
    "Bone_Mandible": ((0, -35, -8), (52, 38, 30)),
    "Cavity_Oral": ((0, -42, -2), (30, 30, 25)),
    "Larynx": ((0, -8, -60), (19, 20, 22)),
    "Esophagus": ((0, 22, -105), (9, 8, 45)),
    "Eye_L": ((31, -68, 42), (12, 12, 12)),
    "Eye_R": ((-31, -68, 42), (12, 12, 12)),
    "Lens_L": ((31, -78, 42), (4.5, 2.5, 4.5)),
    "Lens_R": ((-31, -78, 42), (4.5, 2.5, 4.5)),
    "OpticNrv_L": ((18, -45, 42), (12, 4, 4)),
    "OpticNrv_R": ((-18, -45, 42), (12, 4, 4)),
    "CTV_High": ((22, -5, -10), (34, 32, 55)),
    "PTV_High": ((22, -5, -10), (39, 37, 60)),
}

HOLLOW = {"Bone_Mandible": 0.75, "PTV_High": 0.4}
"""Structures with a hole of this part of their radius, a contour of its own within the outer one."""


def grid_of(size: tuple[int, int, int] = SIZE) -> Grid:
    """The scan around (0, 0, 0); another size is the same field of view with other voxels."""
    extent = np.multiply(SIZE, SPACING)
    spacing = extent / size
    origin = -extent / 2 + spacing / 2
    return Grid(size, tuple(spacing), tuple(origin))


def rois_of(grid: Grid) -> dict[str, list[np.ndarray]]:
    """Contours (N, 3) LPS mm of each structure, one for each slice that it reaches, points 1 mm apart.

    Coordinates are rounded to 0.01 mm, as files have them.
    """
    levels = grid.origin[2] + grid.spacing[2] * np.arange(grid.size[2])
    found = {}
    for number, (name, (center, radii)) in enumerate(ORGANS.items()):
        parts = (1.0, HOLLOW[name]) if name in HOLLOW else (1.0,)
        found[name] = [
            _contour(z, np.array(center), np.array(radii) * part, phase=number)
            for z in levels
            for part in parts
            if abs(z - center[2]) < radii[2] * part
        ]
    return found


def _contour(z: float, center: np.ndarray, radii: np.ndarray, phase: int) -> np.ndarray:
    level = (z - center[2]) / radii[2]
    size = np.sqrt(1 - level**2)
    points = max(8, round(2 * np.pi * radii[:2].max() * size))
    angle = np.arange(points) * 2 * np.pi / points
    wavy = size * (1 + 0.06 * np.cos(3 * angle + phase + level) + 0.03 * np.sin(7 * angle + phase))
    x, y = center[0] + radii[0] * wavy * np.cos(angle), center[1] + radii[1] * wavy * np.sin(angle)
    return np.round(np.column_stack([x, y, np.full(points, z)]), 2)


def write_samples(folder: Path, grid: Grid) -> tuple[Path, Path]:
    """Write a CT of zeros and its RTSTRUCT; the folder of the one and the path of the other."""
    from dicom_samples import write_series, write_structure_set

    datasets = write_series(folder / "ct", np.zeros(grid.shape, np.int16), grid)
    write_structure_set(folder / "RS.dcm", datasets, rois_of(grid))
    return folder / "ct", folder / "RS.dcm"
