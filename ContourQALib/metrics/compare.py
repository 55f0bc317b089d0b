"""Two contours of one structure in, one `Comparison` out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.metrics.definitions import (
    DEFAULT_TOLERANCE_MM,
    FULL_REFERENCE,
    REASONS,
    Status,
    comparison_status,
)
from ContourQALib.metrics.overlap import ratio
from ContourQALib.metrics.pair import measure
from ContourQALib.metrics.slices import SliceComparison, compare_slices
from ContourQALib.metrics.surface import check_tolerance


@dataclass(frozen=True)
class Comparison:
    """How a test contour agrees with a reference, on the reference's grid.

    An undefined number is nan; a distance to nothing is +inf; `reason` says why. The figures' definitions
    are in `definitions.DEFINITIONS`.

    Attributes:
        structure: the structure's name, as the reference spells it.
        reference: where the reference comes from (the path the user gave, or a name).
        test: where the test contour comes from.
        lost_cc: test foreground that lay outside the reference's grid and was left out.
        slices: agreement slice by slice, where it was asked for.
        rasterized_reference, rasterized_test: by which rule polygons or a surface became the mask; None for
            what was a mask from the start.
        remarks_reference, remarks_test: what else a reader must know of the source; None for nothing.
        standard_name: TG-263 name that the user's table of names gives the structure; None where it gives
            none.
        spelled_reference, spelled_test: how the source spells the structure, where that is another spelling
            than `structure`; else None.
        volume_polygons_reference_cc, volume_polygons_test_cc: what the polygons that became the mask enclose,
            by their own areas; None for what was a mask from the start.
    """

    structure: str
    reference: str
    test: str
    status: Status
    reason: str | None
    dice: float
    sensitivity: float
    specificity: float
    precision: float
    volume_reference_cc: float
    volume_test_cc: float
    volume_error_percent: float
    hd_mm: float
    hd95_mm: float
    hd95_pooled_mm: float
    hd95_slicerrt_mm: float
    msd_mm: float
    masd_mm: float
    surface_dice: float
    tolerance_mm: float
    touches_edge: bool
    resampled: bool
    lost_cc: float
    slices: tuple[SliceComparison, ...] | None = None
    rasterized_reference: str | None = None
    rasterized_test: str | None = None
    remarks_reference: str | None = None
    remarks_test: str | None = None
    standard_name: str | None = None
    spelled_reference: str | None = None
    spelled_test: str | None = None
    volume_polygons_reference_cc: float | None = None
    volume_polygons_test_cc: float | None = None

    @property
    def undefined_reason(self) -> str | None:
        """Why a figure is undefined; None where all are defined."""
        if self.reason is None and math.isnan(self.specificity):
            return FULL_REFERENCE
        return self.reason


def compare(
    reference: Contour,
    test: Contour,
    tolerance_mm: float = DEFAULT_TOLERANCE_MM,
    *,
    per_slice: bool = False,
    reference_label: str | None = None,
    test_label: str | None = None,
) -> Comparison:
    """Compare two contours with every figure of METRICS.md section 1.

    Args:
        reference: the contour held to be right; its grid is the domain of every count.
        test: the contour to judge; brought onto the reference's grid (see `Contour.on`).
        tolerance_mm: tolerance of surface Dice, mm.
        per_slice: also compare slice by slice, with distances in the slice's plane.
        reference_label: what `Comparison.reference` says; the reference's path or name by default.
        test_label: the same for the test contour.

    Raises:
        SettingError: the tolerance is negative or not finite.
        GeometryError: the test contour lies wholly outside the reference's grid.

    Example:
        >>> grid = Grid.for_shape((1, 1, 4))
        >>> a = Contour(np.array([[[1, 1, 0, 0]]], bool), grid, "a")
        >>> compare(a, replace(a, mask=np.array([[[0, 1, 0, 0]]], bool))).dice
        0.6666666666666666
    """
    check_tolerance(tolerance_mm)
    grid = reference.grid
    placed = test.on(grid)
    measured = measure(reference.mask, placed.mask, grid.spacing_kji)
    counts, distances = measured.counts, measured.distances
    status = comparison_status(counts.reference, counts.test)
    return Comparison(
        structure=reference.name,
        reference=reference_label or str(reference.path or reference.name),
        test=test_label or str(test.path or test.name),
        status=status,
        reason=REASONS.get(status),
        dice=counts.dice,
        sensitivity=counts.sensitivity,
        specificity=counts.specificity,
        precision=counts.precision,
        volume_reference_cc=counts.reference * grid.voxel_volume_cc,
        volume_test_cc=counts.test * grid.voxel_volume_cc,
        volume_error_percent=100.0 * ratio(counts.test - counts.reference, counts.reference),
        hd_mm=distances.hd_mm,
        hd95_mm=distances.hd95_mm,
        hd95_pooled_mm=distances.hd95_pooled_mm,
        hd95_slicerrt_mm=distances.hd95_slicerrt_mm,
        msd_mm=distances.msd_mm,
        masd_mm=distances.masd_mm,
        surface_dice=distances.surface_dice(tolerance_mm),
        tolerance_mm=float(tolerance_mm),
        touches_edge=measured.touches_edge,
        resampled=placed.resampled,
        lost_cc=placed.lost_cc,
        slices=compare_slices(reference.mask, placed.mask, grid.spacing_kji[1:]) if per_slice else None,
        rasterized_reference=reference.rasterized,
        rasterized_test=test.rasterized,
        remarks_reference=reference.remarks,
        remarks_test=test.remarks,
        standard_name=reference.standard_name or test.standard_name,
        spelled_reference=reference.spelled,
        spelled_test=test.spelled,
        volume_polygons_reference_cc=reference.volume_polygons_cc,
        volume_polygons_test_cc=test.volume_polygons_cc,
    )


def error_maps(reference: Contour, test: Contour) -> tuple[np.ndarray, np.ndarray]:
    """Over- and under-contoured voxels of `test`, bool (K, J, I) on the reference's grid."""
    mask = test.on(reference.grid).mask
    return mask & ~reference.mask, reference.mask & ~mask
