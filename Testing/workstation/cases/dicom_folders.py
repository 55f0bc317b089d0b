"""Folders of made-up DICOM cases: a small series, and structure sets that refer to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dicom_samples import disk_contours, small_grid, small_values, write_series, write_structure_set

GRID = small_grid()
CENTER = (4, 4)
RADIUS_MM = 4.0


def series(folder: Path, modality: str = "CT", **other: Any) -> list[Any]:
    return write_series(folder, small_values(GRID), GRID, modality, **other)


def structures(path: Path, image: Sequence[Any], *names: str, **other: Any) -> Path:
    """An RTSTRUCT with a disk on three slices for each name, GTV alone where none is given."""
    disks = disk_contours(GRID, CENTER, RADIUS_MM, (1, 2, 3))
    write_structure_set(path, image, dict.fromkeys(names or ("GTV",), disks), **other)
    return path


def patient(folder: Path, modality: str = "CT", **other: Any) -> Path:
    """A case as the sarcoma collection's: a folder of slices beside one with the structure set."""
    structures(folder / "mask" / "RS.dcm", series(folder / "image", modality, **other))
    return folder
