"""Image, Contour, ProbabilityMap and Case: arrays on a Grid, with names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid, Kind, Placement, place

Drawn = TypeVar("Drawn", "Contour", "ProbabilityMap")


def _check_shape(array: np.ndarray, grid: Grid, what: str) -> None:
    if array.shape != grid.shape:
        raise GeometryError(f"{what} has shape {array.shape} but its grid needs {grid.shape}.")


RASTERIZED_TAG = "ContourQA.Rasterized"
"""Tag of a contour that was no mask where it came from: says by which rule it became one."""

REMARKS_TAG = "ContourQA.Remarks"
"""Tag of a contour that could not be checked, or not be taken just as its source has it: what and why."""

STANDARD_TAG = "ContourQA.StandardName"
"""Tag of a contour whose TG-263 name the user's own table of names says: that name."""

SPELLED_TAG = "ContourQA.Spelled"
"""Tag of a contour that goes by another name than its source gives it: the source's spelling."""


@dataclass(frozen=True)
class SeriesIdentity:
    """The DICOM series that an image came from, by its UIDs: nothing of the patient.

    Attributes:
        study_uid: Study Instance UID.
        series_uid: Series Instance UID.
        frame_uid: Frame of Reference UID; "" where the series has none.
        modality: "CT", "MR" …
        instance_uids: SOP Instance UID of each slice, in the order of K; of a multi-frame image its one.
    """

    study_uid: str
    series_uid: str
    frame_uid: str
    modality: str
    instance_uids: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Image:
    """An image.

    Attributes:
        values: (K, J, I) as the file holds them; HU for CT.
        grid: where they lie.
        name: what to call it.
        path: the file, or the folder of the DICOM series, it came from.
        series: the DICOM series it came from, if any.
    """

    values: np.ndarray
    grid: Grid
    name: str = "image"
    path: Path | None = None
    series: SeriesIdentity | None = None

    def __post_init__(self) -> None:
        _check_shape(self.values, self.grid, f"Image {self.name}")


@dataclass(frozen=True, eq=False)
class Contour:
    """The mask of one structure.

    Attributes:
        mask: bool (K, J, I).
        grid: where the mask lies.
        name: the structure's name as its source spells it.
        color: red, green, blue in [0, 1], or None where the source gives none.
        tags: further facts of the source (terminology, status), kept when the contour is written again.
        path: file it came from, if any.
        resampled: whether bringing it onto this grid interpolated voxels.
        lost_cc: foreground left outside when it was brought onto this grid.
        volume_polygons_cc: what the polygons that it was drawn as enclose by their own areas, the same on any
            grid (`planar.areas`); None for what was a mask, or was changed since.
    """

    mask: np.ndarray
    grid: Grid
    name: str
    color: tuple[float, float, float] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None
    resampled: bool = False
    lost_cc: float = 0.0
    volume_polygons_cc: float | None = None

    def __post_init__(self) -> None:
        _check_shape(self.mask, self.grid, f"Contour {self.name}")
        if self.mask.dtype != bool:
            raise GeometryError(f"Contour {self.name} must be a bool mask, not {self.mask.dtype}.")

    @property
    def volume_cc(self) -> float:
        """Volume of the mask, cc."""
        return float(np.count_nonzero(self.mask)) * self.grid.voxel_volume_cc

    @property
    def rasterized(self) -> str | None:
        """By which rule polygons or a surface became this mask; None where it was a mask from the start."""
        return self.tags.get(RASTERIZED_TAG)

    @property
    def remarks(self) -> str | None:
        """What a reader must know of its source and `rasterized` does not say; None for nothing."""
        return self.tags.get(REMARKS_TAG)

    @property
    def standard_name(self) -> str | None:
        """TG-263 name that the user's table of names gives it; None where the table gives none."""
        return self.tags.get(STANDARD_TAG)

    @property
    def spelled(self) -> str | None:
        """How its source spells its name, where it goes by another one; else None."""
        return _spelled(self)

    def called(self, name: str) -> Contour:
        """This contour under another name; the first spelling is kept (see `spelled`)."""
        return _called(self, name)

    def on(self, grid: Grid) -> Contour:
        """This contour on `grid`: itself, padded or cropped, or resampled with nearest neighbor.

        Raises:
            GeometryError: it lies wholly outside `grid`.
        """
        placed = _place_named(self.mask, self.grid, grid, "mask", f"Contour {self.name}", self.path)
        return replace(
            self,
            mask=placed.values,
            grid=grid,
            resampled=self.resampled or placed.resampled,
            lost_cc=self.lost_cc + placed.lost_cc,
        )


@dataclass(frozen=True, eq=False)
class ProbabilityMap:
    """Probability of one structure, or the share of each voxel that it takes.

    Attributes:
        values: float32 (K, J, I) in [0, 1]; other numbers become float32.
        grid: where the values lie.
        name: the structure's name as its source spells it.
        path: file it came from, if any.
        resampled: whether bringing it onto this grid interpolated values.
        color: as of `Contour`.
        tags: likewise.
    """

    values: np.ndarray
    grid: Grid
    name: str
    path: Path | None = None
    resampled: bool = False
    color: tuple[float, float, float] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_shape(self.values, self.grid, f"Probability map {self.name}")
        # Thresholds are compared as float32, whatever a network or a file gave.
        object.__setattr__(self, "values", np.asarray(self.values, np.float32))

    @property
    def spelled(self) -> str | None:
        """As of `Contour`."""
        return _spelled(self)

    @property
    def remarks(self) -> str | None:
        """As of `Contour`."""
        return self.tags.get(REMARKS_TAG)

    def called(self, name: str) -> ProbabilityMap:
        """As of `Contour`."""
        return _called(self, name)

    def on(self, grid: Grid) -> ProbabilityMap:
        """This map on `grid`: itself, padded or cropped, or resampled linearly.

        Raises:
            GeometryError: it lies wholly outside `grid`.
        """
        placed = _place_named(
            self.values, self.grid, grid, "linear", f"Probability map {self.name}", self.path
        )
        return replace(self, values=placed.values, grid=grid, resampled=self.resampled or placed.resampled)


def _spelled(structure: Contour | ProbabilityMap) -> str | None:
    spelled = structure.tags.get(SPELLED_TAG)
    return None if spelled == structure.name else spelled


def _called(structure: Drawn, name: str) -> Drawn:
    if name == structure.name:
        return structure
    return replace(structure, name=name, tags={SPELLED_TAG: structure.name, **structure.tags})


def _place_named(
    values: np.ndarray, source: Grid, target: Grid, kind: Kind, what: str, path: Path | None
) -> Placement:
    try:
        return place(values, source, target, kind)
    except GeometryError as error:
        origin = f" ({path})" if path else ""
        raise GeometryError(f"{what}{origin}: {error}.") from error


@dataclass(frozen=True, eq=False)
class Case:
    """One patient's image with contours of one model and, where they exist, reference and probabilities."""

    name: str
    image: Image | None = None
    contours: tuple[Contour, ...] = ()
    reference: tuple[Contour, ...] = ()
    probabilities: tuple[ProbabilityMap, ...] = ()
